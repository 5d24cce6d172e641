use std::{
    collections::HashSet,
    future::Future,
    hash::{BuildHasher, RandomState},
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use gatehall_domain::{Change, Identity, KeyId, Timestamp, User, UserId};
use gatehall_gateway::Live;
use gatehall_identity::{Arrivals, NewArrival, NewIdentity};
use gatehall_portal::{Desk, DeskError};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::sleep,
};
use uuid::Uuid;

/// How long a request waits until the user it added can be seen.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many users are added or bound at once.
const AT_ONCE: usize = 1000;

/// How long bindings gather.
const BINDINGS_GATHER: Duration = Duration::from_millis(500);

/// A key's use is noted at most once in so many seconds.
const USE_SECONDS: i64 = 30;

/// Places to remember when a key's use was last noted. Two keys that share one are noted more
/// often, and no use is missed.
const PLACES: usize = 4096;

/// A user to be added, and who waits for it.
type Arrival = (NewArrival, oneshot::Sender<()>);

/// What waits to be written.
pub(super) struct Queues {
    arrivals: mpsc::Receiver<Arrival>,
    bindings: mpsc::Receiver<NewIdentity>,
}

/// Fulfils what the doors write with the store.
pub(super) struct Reception {
    desk: Desk,
    live: OnceLock<Arc<Live>>,
    reload: Arc<Notify>,
    uses: mpsc::Sender<(KeyId, Timestamp)>,
    arrivals: mpsc::Sender<Arrival>,
    bindings: mpsc::Sender<NewIdentity>,
    noted: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Reception {
    /// A reception, and the queues that somebody has to work off.
    pub(super) fn new(desk: Desk) -> (Self, Queues, mpsc::Receiver<(KeyId, Timestamp)>) {
        let (uses, key_uses) = mpsc::channel(4096);
        let (arrivals, waiting) = mpsc::channel(AT_ONCE);
        let (bindings, unbound) = mpsc::channel(AT_ONCE);
        let noted = (0..PLACES).map(|_| AtomicU64::new(0)).collect();
        let reception = Self {
            desk,
            live: OnceLock::new(),
            reload: Arc::default(),
            uses,
            arrivals,
            bindings,
            noted,
            hasher: RandomState::new(),
        };
        (reception, Queues { arrivals: waiting, bindings: unbound }, key_uses)
    }

    /// Learns where newer snapshots appear.
    pub(super) fn open(&self, live: Arc<Live>) {
        let _ = self.live.set(live);
    }

    /// Rings when there is a newer revision that should be loaded at once.
    pub(super) fn reload(&self) -> Arc<Notify> {
        Arc::clone(&self.reload)
    }

    /// Writes what the doors ask for, many at once: each write is a revision that every replica
    /// reads.
    pub(super) async fn work(self: Arc<Self>, mut queues: Queues) {
        let (mut arrivals, mut bindings) = (Vec::new(), Vec::new());
        loop {
            tokio::select! {
                biased;
                count = queues.arrivals.recv_many(&mut arrivals, AT_ONCE) => if count == 0 { return },
                count = queues.bindings.recv_many(&mut bindings, AT_ONCE) => {
                    if count == 0 {
                        return;
                    }
                    // Nobody waits for a binding; more may come.
                    sleep(BINDINGS_GATHER).await;
                    while let Ok(binding) = queues.bindings.try_recv() {
                        bindings.push(binding);
                    }
                }
            }
            let arrived: Vec<NewArrival> = arrivals.iter().map(|(it, _)| it).cloned().collect();
            match self.write(&arrived, &bindings).await {
                Ok(()) => self.reload.notify_one(),
                Err(error) => tracing::error!(%error, "users could not be added or bound"),
            }
            // Whoever waits looks into the next snapshot.
            for (_, written) in arrivals.drain(..) {
                let _ = written.send(());
            }
            bindings.clear();
        }
    }

    async fn write(
        &self,
        arrivals: &[NewArrival],
        bindings: &[NewIdentity],
    ) -> Result<(), DeskError> {
        let now = self.desk.clock().now();
        self.desk
            .change(|snapshot| {
                let company = snapshot.company();
                let mut changes = Vec::new();
                let (mut emails, mut subjects) = (HashSet::new(), HashSet::new());
                // What was written meanwhile is left out, and so is what was asked for twice.
                for it in arrivals {
                    if company.user_by_email(&it.email).is_none()
                        && company.user_by_identity(it.issuer, &it.subject).is_none()
                        && emails.insert(&it.email)
                        && subjects.insert((it.issuer, &it.subject))
                    {
                        let user = new_user(it, now);
                        let identity = new_identity(it.issuer, &it.subject, user.id, now);
                        changes.extend([Change::Add(user.into()), Change::Add(identity.into())]);
                    }
                }
                let mut users = HashSet::new();
                for it in bindings {
                    if company.users.contains_key(&it.user)
                        && company.subject_of(it.user, it.issuer).is_none()
                        && company.user_by_identity(it.issuer, &it.subject).is_none()
                        && users.insert(it.user)
                        && subjects.insert((it.issuer, &it.subject))
                    {
                        let identity = new_identity(it.issuer, &it.subject, it.user, now);
                        changes.push(Change::Add(identity.into()));
                    }
                }
                Ok((changes, ()))
            })
            .await
    }
}

fn new_user(arrival: &NewArrival, now: Timestamp) -> User {
    User {
        id: UserId(Uuid::now_v7()),
        email: arrival.email.clone(),
        name: arrival.name.clone(),
        admin: false,
        enabled: true,
        created_at: now,
    }
}

fn new_identity(issuer: &str, subject: &str, user: UserId, now: Timestamp) -> Identity {
    Identity {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        user,
        stale: false,
        created_at: now,
    }
}

impl Arrivals for Reception {
    fn add_user(
        &self,
        arrival: NewArrival,
    ) -> Pin<Box<dyn Future<Output = Option<UserId>> + Send + '_>> {
        let email = arrival.email.clone();
        let added = async move {
            let live = self.live.get()?;
            let mut revisions = live.revisions();
            let (written, done) = oneshot::channel();
            self.arrivals.send((arrival, written)).await.ok()?;
            done.await.ok()?;
            loop {
                if let Some(user) = live.snapshot().company().user_by_email(&email) {
                    return Some(user.id);
                }
                revisions.changed().await.ok()?;
            }
        };
        Box::pin(async { tokio::time::timeout(PATIENCE, added).await.ok()? })
    }

    fn bind(&self, identity: NewIdentity) {
        // A full queue is no loss: the next request of the user asks again.
        let _ = self.bindings.try_send(identity);
    }

    fn key_used(&self, key: &KeyId, at: Timestamp) {
        let hash = self.hasher.hash_one(key);
        let period = (at.seconds() / USE_SECONDS) as u64;
        // The upper half tells keys apart, the lower half says when.
        let stamp = hash & 0xffff_ffff_0000_0000 | period & 0xffff_ffff;
        let place = &self.noted[hash as usize % PLACES];
        if place.load(Ordering::Relaxed) != stamp {
            place.store(stamp, Ordering::Relaxed);
            // A full queue loses a use that the next period notes again.
            let _ = self.uses.try_send((key.clone(), at));
        }
    }
}
