use std::{
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
use gatehall_identity::{Arrivals, NewArrival};
use gatehall_portal::{Desk, DeskError};
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

/// How long a request waits until the user it added can be seen.
const PATIENCE: Duration = Duration::from_secs(3);

/// A key's use is noted at most once in so many seconds.
const USE_SECONDS: i64 = 30;

/// Places to remember when a key's use was last noted. Two keys that share one are noted more
/// often, and no use is missed.
const PLACES: usize = 4096;

/// Fulfils what the doors write with the store.
pub(super) struct Reception {
    desk: Desk,
    live: OnceLock<Arc<Live>>,
    reload: Arc<Notify>,
    uses: mpsc::Sender<(KeyId, Timestamp)>,
    noted: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Reception {
    /// A reception, and the queue of key uses that somebody has to keep.
    pub(super) fn new(desk: Desk) -> (Self, mpsc::Receiver<(KeyId, Timestamp)>) {
        let (uses, receiver) = mpsc::channel(4096);
        let noted = (0..PLACES).map(|_| AtomicU64::new(0)).collect();
        let reception = Self {
            desk,
            live: OnceLock::new(),
            reload: Arc::default(),
            uses,
            noted,
            hasher: RandomState::new(),
        };
        (reception, receiver)
    }

    /// Learns where newer snapshots appear.
    pub(super) fn open(&self, live: Arc<Live>) {
        let _ = self.live.set(live);
    }

    /// Rings when there is a newer revision that should be loaded at once.
    pub(super) fn reload(&self) -> Arc<Notify> {
        Arc::clone(&self.reload)
    }

    async fn add(&self, arrival: NewArrival) -> Result<UserId, DeskError> {
        let now = self.desk.clock().now();
        self.desk
            .change(|snapshot| {
                // Another request may have added them meanwhile.
                if let Some(user) = snapshot.company().user_by_email(&arrival.email) {
                    return Ok((Vec::new(), user.id));
                }
                let user = User {
                    id: UserId(Uuid::now_v7()),
                    email: arrival.email.clone(),
                    name: arrival.name.clone(),
                    admin: false,
                    enabled: true,
                    created_at: now,
                };
                let identity = Identity {
                    issuer: arrival.issuer.to_owned(),
                    subject: arrival.subject.clone(),
                    user: user.id,
                    created_at: now,
                };
                let id = user.id;
                Ok((vec![Change::Add(user.into()), Change::Add(identity.into())], id))
            })
            .await
    }
}

impl Arrivals for Reception {
    fn add_user(
        &self,
        arrival: NewArrival,
    ) -> Pin<Box<dyn Future<Output = Option<UserId>> + Send + '_>> {
        Box::pin(async move {
            let live = self.live.get()?;
            let user = match self.add(arrival).await {
                Ok(user) => user,
                Err(error) => {
                    tracing::error!(%error, "a user could not be added");
                    return None;
                }
            };
            self.reload.notify_one();
            let mut revisions = live.revisions();
            let seen = async {
                while !live.snapshot().company().users.contains_key(&user) {
                    revisions.changed().await.ok()?;
                }
                Some(user)
            };
            tokio::time::timeout(PATIENCE, seen).await.ok()?
        })
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
