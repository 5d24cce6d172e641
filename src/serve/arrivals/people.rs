use std::{collections::HashSet, sync::Arc, time::Duration};

use gatehall_control::DeskError;
use gatehall_domain::{Change, Company, Session, UserId};
use gatehall_identity::{Rejection, Snapshots, Visit};
use gatehall_store::StoreError;
use tokio::sync::{mpsc, oneshot};

use super::{
    Reception, not_kept,
    queues::{AT_ONCE, Queues, Waiter},
};

/// How long a request waits until what it brought can be seen.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hands something in and waits until it is written.
async fn hand_in<T, Done>(queue: &mpsc::Sender<Waiter<T, Done>>, it: T) -> Result<Done, Rejection> {
    let (written, done) = oneshot::channel();
    queue.send((it, written)).await.map_err(|_| Rejection::NotKept)?;
    done.await.map_err(|_| Rejection::NotKept)?
}

impl Reception {
    /// Settles a visit, and waits until a snapshot in place holds it.
    pub(super) async fn settle_visit(&self, visit: Visit) -> Result<UserId, Rejection> {
        let settled = async {
            let live = self.live.get().ok_or(Rejection::NotKept)?;
            let mut revisions = live.revisions();
            let asked = visit.clone();
            let user = hand_in(&self.people.visits, visit).await?;
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

    /// Begins a session, and waits until it is written and known here.
    pub(super) async fn begin_session(&self, session: Session) -> Result<(), Rejection> {
        hand_in(&self.people.sessions, session).await
    }

    /// Writes what the doors ask for, many at once: every replica reads each write.
    pub(in crate::serve) async fn work(self: Arc<Self>, queues: Queues) {
        tokio::join!(self.settle_visits(queues.visits), self.begin_sessions(queues.sessions));
    }

    async fn settle_visits(&self, mut visits: mpsc::Receiver<Waiter<Visit, UserId>>) {
        let mut waiters = Vec::new();
        while visits.recv_many(&mut waiters, AT_ONCE).await > 0 {
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

    async fn begin_sessions(&self, mut sessions: mpsc::Receiver<Waiter<Session, ()>>) {
        let mut waiters = Vec::new();
        while sessions.recv_many(&mut waiters, AT_ONCE).await > 0 {
            let (sessions, waiters): (Vec<_>, Vec<_>) = waiters.drain(..).unzip();
            let written = match self.write_sessions(&sessions).await {
                // Perhaps it is one of them that the database does not take.
                Err(StoreError::Unfit(_) | StoreError::Database(_)) if sessions.len() > 1 => {
                    for (session, waiter) in sessions.into_iter().zip(waiters) {
                        let written = self.write_sessions(&[session]).await;
                        let _ = waiter.send(written.map_err(not_kept));
                    }
                    continue;
                }
                written => written.map_err(not_kept),
            };
            for waiter in waiters {
                // Whoever went away need not be told.
                let _ = waiter.send(written.clone());
            }
        }
    }

    async fn write_sessions(&self, sessions: &[Session]) -> Result<(), StoreError> {
        self.store.add_sessions(sessions).await?;
        self.sessions.learn(sessions.iter().cloned());
        Ok(())
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
