use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use gatehall_domain::{KeyId, Timestamp};
use gatehall_store::Store;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

/// A key's use is noted at most once in so many seconds.
const USE_SECONDS: i64 = 30;

/// Places to remember when a key's use was last noted. Two keys that share one are noted more
/// often, and no use is missed.
const PLACES: usize = 65_536;

/// How long key uses gather.
const GATHER: Duration = Duration::from_secs(5);

/// Notes that keys were used, without waiting.
pub(super) struct KeyUses {
    uses: mpsc::Sender<(KeyId, Timestamp)>,
    noted: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl KeyUses {
    pub(super) fn new() -> (Self, mpsc::Receiver<(KeyId, Timestamp)>) {
        let (uses, waiting) = mpsc::channel(4096);
        let noted = (0..PLACES).map(|_| AtomicU64::new(0)).collect();
        (Self { uses, noted, hasher: RandomState::new() }, waiting)
    }

    pub(super) fn note(&self, key: &KeyId, at: Timestamp) {
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

/// Keeps when keys were last used.
pub(in crate::serve) async fn record_key_uses(
    store: Store,
    mut uses: mpsc::Receiver<(KeyId, Timestamp)>,
    stop: CancellationToken,
) {
    loop {
        let mut gathered: HashMap<KeyId, Timestamp> = HashMap::new();
        let stopped = match stop.run_until_cancelled(uses.recv()).await {
            Some(None) => return,
            Some(Some((key, at))) => {
                gathered.insert(key, at);
                // Taken as they come, since more keys may be used meanwhile than have room.
                let gather = async {
                    while let Some((key, at)) = uses.recv().await {
                        gathered.insert(key, at);
                    }
                };
                stop.run_until_cancelled(timeout(GATHER, gather)).await.is_none()
            }
            None => true,
        };
        while let Ok((key, at)) = uses.try_recv() {
            gathered.insert(key, at);
        }
        if !gathered.is_empty()
            && let Err(error) = store.record_key_uses(&gathered).await
        {
            tracing::warn!(%error, "the last use of keys could not be kept");
        }
        if stopped {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test has tasks of its own")]

    use gatehall_test_support::{Database, Kind};

    use super::*;

    #[tokio::test]
    async fn more_keys_than_the_queue_has_room_for_are_noted() {
        let database = Database::new(Kind::Sqlite);
        let store = Store::open(&database.url).await.unwrap();
        let (uses, waiting) = KeyUses::new();
        let stop = CancellationToken::new();
        let recording = tokio::spawn(record_key_uses(store.clone(), waiting, stop.clone()));
        let now = Timestamp::from_micros(1);
        let keys: Vec<KeyId> = (0..10_000).map(|n| format!("key{n:09}").parse().unwrap()).collect();
        for some in keys.chunks(1_000) {
            some.iter().for_each(|key| uses.note(key, now));
            for _ in some {
                tokio::task::yield_now().await;
            }
        }
        stop.cancel();
        recording.await.unwrap();
        let kept = store.key_uses().await.unwrap();
        assert_eq!(kept.len(), keys.len());
    }
}
