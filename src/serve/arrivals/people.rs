use std::{collections::HashSet, sync::Arc, time::Duration};

use gatehall_control::DeskError;
use gatehall_domain::{Change, Company, UserId};
use gatehall_identity::{Rejection, Snapshots, Visit};
use tokio::sync::oneshot;

use super::{
    Reception,
    queues::{AT_ONCE, Queues, Waiter},
};

/// How long a request waits until what it brought can be seen.
const PATIENCE: Duration = Duration::from_secs(10);

impl Reception {
    /// Settles a visit, and waits until a snapshot in place holds it.
    pub(super) async fn settle_visit(&self, visit: Visit) -> Result<UserId, Rejection> {
        let settled = async {
            let live = self.live.get().ok_or(Rejection::NotKept)?;
            let mut revisions = live.revisions();
            let (written, done) = oneshot::channel();
            let asked = visit.clone();
            self.people.visits.send((visit, written)).await.map_err(|_| Rejection::NotKept)?;
            let user = done.await.map_err(|_| Rejection::NotKept)??;
            loop {
                let snapshot = live.snapshot();
                let now = self.desk.clock().now();
                // Nothing is left to do when the snapshot agrees.
                if asked.settle(snapshot.company(), now).is_ok_and(|(_, left)| left.is_empty()) {
                    return Ok(user);
                }
                revisions.changed().await.map_err(|_| Rejection::NotKept)?;
            }
        };
        tokio::time::timeout(PATIENCE, settled).await.unwrap_or(Err(Rejection::NotKept))
    }

    /// Writes what the doors ask for, many at once: each write is a revision that every replica
    /// reads.
    pub(in crate::serve) async fn work(self: Arc<Self>, mut queues: Queues) {
        let mut waiters: Vec<Waiter> = Vec::new();
        while queues.visits.recv_many(&mut waiters, AT_ONCE).await > 0 {
            let visits: Vec<&Visit> = waiters.iter().map(|(visit, _)| visit).collect();
            let answers = match self.settle_all(&visits).await {
                Ok(answers) => answers,
                Err(error) => {
                    tracing::error!(%error, "users could not be added or changed");
                    vec![Err(Rejection::NotKept); visits.len()]
                }
            };
            for ((_, waiter), answer) in waiters.drain(..).zip(answers) {
                let _ = waiter.send(answer);
            }
        }
    }

    /// Settles visits one after the other, as one revision.
    async fn settle_all(
        &self,
        visits: &[&Visit],
    ) -> Result<Vec<Result<UserId, Rejection>>, DeskError> {
        let now = self.desk.clock().now();
        let (answers, written) = self
            .desk
            .change_from(self.snapshot(), |snapshot| {
                let mut company: Company = snapshot.company().clone();
                let (mut changes, mut answers) = (Vec::new(), Vec::new());
                let mut seen = HashSet::new();
                for visit in visits {
                    let settled = visit.settle(&company, now);
                    let first = seen.insert((&visit.issuer, &visit.subject));
                    answers.push(settled.and_then(|(user, new)| {
                        // Each is settled after those before it; twice the same is nothing new.
                        let apply = |change: &Change| company.apply(change).is_ok();
                        if !new.iter().all(apply) {
                            tracing::warn!(first, "a visit could not be settled");
                            return Err(Rejection::NotKept);
                        }
                        changes.extend(new);
                        Ok(user)
                    }));
                }
                Ok::<_, DeskError>((changes, answers))
            })
            .await?;
        if let Some(snapshot) = written {
            self.written.send_replace(Some(snapshot));
        }
        Ok(answers)
    }
}
