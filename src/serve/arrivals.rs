//! Fulfils what the doors write with the store.

mod key_uses;
mod people;
mod queues;
mod sessions;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use gatehall_control::Desk;
use gatehall_domain::{Digest, EntryEvent, KeyId, Session, Sessions, Snapshot, Timestamp, UserId};
use gatehall_gateway::{Live, Recorder};
use gatehall_identity::{Arrivals, Pending, Rejection, SessionIndex, Snapshots, Visit};
use gatehall_store::Store;
use tokio::sync::{mpsc, watch};

use self::key_uses::KeyUses;
pub(super) use self::{key_uses::record_key_uses, queues::Queues, sessions::keep_sessions};

/// Who receives those who come through the doors.
pub(super) struct Reception {
    desk: Desk,
    store: Store,
    live: OnceLock<Arc<Live>>,
    /// The newest company that was made of visits, for whoever serves it.
    written: watch::Sender<Option<Arc<Snapshot>>>,
    people: queues::Waiting,
    key_uses: KeyUses,
    sessions: Arc<SessionIndex>,
    entries: mpsc::Sender<EntryEvent>,
    recorder: Recorder,
}

/// What others have to work off.
pub(super) struct Work {
    pub(super) queues: Queues,
    pub(super) key_uses: mpsc::Receiver<(KeyId, Timestamp)>,
    pub(super) entries: mpsc::Receiver<EntryEvent>,
}

/// So long somebody waits for the end of a session to be written.
const PATIENCE: Duration = Duration::from_secs(5);

/// Events of the doors that wait to be written to the audit.
const ENTRIES: usize = 8192;

impl Reception {
    pub(super) fn new(
        desk: Desk,
        sessions: Arc<SessionIndex>,
        recorder: Recorder,
    ) -> (Arc<Self>, Work) {
        let (people, queues) = queues::Waiting::new();
        let (key_uses, uses) = KeyUses::new();
        let (entries, events) = mpsc::channel(ENTRIES);
        let store = desk.store().clone();
        let (live, written) = (OnceLock::new(), watch::Sender::default());
        let reception =
            Self { desk, store, live, written, people, key_uses, sessions, entries, recorder };
        (Arc::new(reception), Work { queues, key_uses: uses, entries: events })
    }

    /// Learns where newer snapshots appear.
    pub(super) fn open(&self, live: Arc<Live>) {
        let _ = self.live.set(live);
    }

    /// Brings each company that was made of visits, to be served at once.
    pub(super) fn written(&self) -> watch::Receiver<Option<Arc<Snapshot>>> {
        self.written.subscribe()
    }
}

impl Reception {
    /// Writes the end of sessions, and what is owed for it is paid.
    async fn write_end(
        &self,
        which: &Sessions,
        owed: &[Sessions],
        now: Timestamp,
    ) -> Result<u64, Rejection> {
        let written = tokio::time::timeout(PATIENCE, self.store.end_sessions(which, now));
        let ended = written.await.map_err(|_| Rejection::NotKept)?.map_err(not_kept)?;
        owed.iter().for_each(|it| self.sessions.paid(it, now));
        Ok(ended)
    }
}

impl Snapshots for Reception {
    fn snapshot(&self) -> Arc<Snapshot> {
        match self.live.get() {
            Some(live) => live.snapshot(),
            None => Arc::new(Snapshot::new(0, Default::default())),
        }
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.live.get().is_some_and(|live| live.is_fresh(now))
    }
}

impl Arrivals for Reception {
    fn settle(&self, visit: Visit) -> Pending<'_, Result<UserId, Rejection>> {
        Box::pin(self.settle_visit(visit))
    }

    fn key_used(&self, key: &KeyId, at: Timestamp) {
        self.key_uses.note(key, at);
    }

    fn add_session(&self, session: Session) -> Pending<'_, Result<(), Rejection>> {
        Box::pin(self.begin_session(session))
    }

    fn session(&self, id: Digest) -> Pending<'_, Result<Option<Session>, Rejection>> {
        Box::pin(
            async move { self.store.session(id, self.desk.clock().now()).await.map_err(not_kept) },
        )
    }

    fn end_sessions(&self, which: Sessions) -> Pending<'_, Result<u64, Rejection>> {
        Box::pin(async move {
            let now = self.desk.clock().now();
            // Here they end at once, whatever becomes of the rest.
            self.sessions.owe(&which, now);
            self.sessions.end(&which, now);
            self.write_end(&which, std::slice::from_ref(&which), now).await
        })
    }

    fn end_claimed_sessions(&self, which: Sessions) -> Pending<'_, Result<u64, Rejection>> {
        Box::pin(async move {
            let now = self.desk.clock().now();
            let owed = self.sessions.end_claimed(&which, now);
            self.write_end(&which, &owed, now).await
        })
    }

    fn use_link(&self, digest: Digest) -> Pending<'_, Result<Option<UserId>, Rejection>> {
        let now = self.desk.clock().now();
        Box::pin(async move { self.store.use_sign_in_link(digest, now).await.map_err(not_kept) })
    }

    fn record(&self, event: EntryEvent) {
        if self.entries.try_send(event).is_err() {
            self.recorder.lose(1);
            tracing::error!("the audit queue of the doors is full: an event is lost");
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err hands it over")]
fn not_kept(error: gatehall_store::StoreError) -> Rejection {
    tracing::error!(%error, "the database could not be asked for a session");
    Rejection::NotKept
}
