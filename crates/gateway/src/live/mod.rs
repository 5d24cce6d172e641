//! What the gateway knows now, and who changes it.

mod made_of;
mod moment;
mod retired;
mod status;
mod told;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use foldhash::{HashMap, HashMapExt};
use gatehall_domain::{Clock, ConnectionId, Credential, Snapshot, Timestamp, snapshot::Site};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

pub(crate) use moment::{Document, DocumentKey, Moment};
pub use status::{ConnectionStatus, State};

use self::{made_of::MadeOf, retired::Retired, told::Told};

use crate::{
    GatewaySettings, Recorder,
    catalogue::{Board, Catalogue, Offer, keep},
    upstream::{Builder, Facts, Upstream, UpstreamError},
};

/// How many upstreams are asked for their tools at once.
const TURNS: usize = 64;

/// Offers that come within this time of each other make one new catalogue.
const GATHER: Duration = Duration::from_millis(10);

/// What the gateway knows now. Requests load a [`Moment`] and never wait; changes go through here,
/// one after the other.
#[derive(Debug)]
pub struct Live {
    moment: ArcSwap<Moment>,
    writer: Mutex<Writer>,
    builder: Builder,
    recorder: Recorder,
    /// The newest revision, for those who wait for it.
    revision: watch::Sender<u64>,
    /// When the store last confirmed that the snapshot is the newest.
    confirmed: AtomicI64,
    turns: Arc<Semaphore>,
    /// Rings when there are new offers.
    gathered: Notify,
    /// Cancelled when calls under way have to end.
    cut: CancellationToken,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Writer {
    kept: HashMap<ConnectionId, Kept>,
    offers: HashMap<ConnectionId, Arc<Offer>>,
    /// Those of `kept`.
    upstreams: Arc<HashMap<ConnectionId, Arc<Upstream>>>,
    retired: Retired,
}

/// An upstream, and what it was made of.
#[derive(Debug)]
struct Kept {
    upstream: Arc<Upstream>,
    made_of: MadeOf,
    stop: CancellationToken,
    status: ConnectionStatus,
    told: Told,
}

impl Live {
    /// Begins with this snapshot: starts to ask every upstream for its tools.
    pub(crate) fn start(
        snapshot: Snapshot,
        builder: Builder,
        recorder: Recorder,
        clock: Clock,
    ) -> Arc<Self> {
        let moment = Moment::new(
            Arc::new(Snapshot::new(0, Default::default())),
            Arc::default(),
            Arc::default(),
        );
        let tasks = builder.tasks.clone();
        let live = Arc::new(Self {
            moment: ArcSwap::from_pointee(moment),
            writer: Mutex::default(),
            builder,
            recorder,
            revision: watch::Sender::new(snapshot.revision()),
            confirmed: AtomicI64::new(clock.now().micros()),
            turns: Arc::new(Semaphore::new(TURNS)),
            gathered: Notify::new(),
            cut: CancellationToken::new(),
            clock,
        });
        live.publish(Arc::new(snapshot));
        let gathering = Arc::downgrade(&live);
        tasks.spawn_until_stop(async move {
            while let Some(live) = gathering.upgrade() {
                live.gathered.notified().await;
                tokio::time::sleep(GATHER).await;
                let mut writer = live.writer();
                live.bind(&mut writer, live.load().snapshot.clone(), true);
            }
        });
        live
    }

    /// What is known now. A request loads it once and keeps it to its end.
    pub(crate) fn load(&self) -> Arc<Moment> {
        self.moment.load_full()
    }

    /// The newest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.moment.load().snapshot)
    }

    /// Tells when the revision changes.
    pub fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// The store has confirmed that the snapshot is the newest.
    pub fn confirm(&self, now: Timestamp) {
        self.confirmed.store(now.micros(), Ordering::Relaxed);
    }

    /// How long ago the store last confirmed it.
    pub fn age(&self, now: Timestamp) -> Duration {
        let micros = now.micros().saturating_sub(self.confirmed.load(Ordering::Relaxed));
        Duration::from_micros(micros.max(0) as u64)
    }

    /// Whether the gateway may still answer from what it knows.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.age(now) <= self.settings().stale_after
    }

    /// Ends the calls under way: each is answered that the gate stops.
    pub(crate) fn cut_calls(&self) {
        self.cut.cancel();
    }

    /// Waits until calls under way have to end.
    pub(crate) async fn cut(&self) {
        self.cut.cancelled().await;
    }

    pub(crate) const fn builder(&self) -> &Builder {
        &self.builder
    }

    pub(crate) fn settings(&self) -> &GatewaySettings {
        &self.builder.settings
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a newer snapshot in place. What it closes is closed from here on; upstreams whose
    /// records changed are made anew.
    pub fn publish(self: &Arc<Self>, snapshot: Arc<Snapshot>) {
        let writer = self.writer();
        // Whoever made a change may bring it sooner than the store tells of an older one.
        if snapshot.revision() >= self.load().snapshot.revision() {
            self.serve(writer, snapshot);
        }
    }

    /// Puts an older snapshot in place, since the store has nothing newer any more.
    pub fn go_back(self: &Arc<Self>, snapshot: Arc<Snapshot>) {
        self.serve(self.writer(), snapshot);
    }

    fn serve(self: &Arc<Self>, mut writer: MutexGuard<'_, Writer>, snapshot: Arc<Snapshot>) {
        let served = Arc::clone(&self.load().snapshot);
        let withdrawn = match snapshot.connects_as(&served) {
            true => false,
            false => self.keep_upstreams(&mut writer, &snapshot),
        };
        let revision = snapshot.revision();
        self.bind(&mut writer, snapshot, withdrawn);
        writer.retired.add(served);
        drop(writer);
        self.let_go();
        self.revision.send_replace(revision);
    }

    /// Starts and ends upstreams, so that there is one for every connection that is open, made of
    /// what it is now. Says whether offers are gone.
    fn keep_upstreams(self: &Arc<Self>, writer: &mut Writer, snapshot: &Snapshot) -> bool {
        let company = snapshot.company();
        let mut credentials: HashMap<ConnectionId, Vec<Arc<Credential>>> = HashMap::new();
        for credential in company.credentials.values() {
            credentials.entry(credential.connection).or_default().push(Arc::clone(credential));
        }
        let mut before = std::mem::take(&mut writer.kept);
        let mut withdrawn = false;
        for site in snapshot.sites().filter(|site| site.off.is_none()) {
            let id = site.connection.id;
            let made_of = MadeOf::new(site, credentials.remove(&id).unwrap_or_default());
            let kept = match before.remove(&id) {
                Some(kept) if kept.made_of == made_of => kept,
                Some(kept) if kept.made_of.differs_in_credentials_alone(&made_of) => {
                    self.renew(kept, site, made_of, snapshot)
                }
                old => {
                    if !old.as_ref().is_some_and(|old| old.made_of.leads_where(&made_of)) {
                        withdrawn |= writer.offers.remove(&id).is_some();
                    }
                    if let Some(old) = old {
                        old.stop.cancel();
                    }
                    self.start_keeping(site, made_of, snapshot)
                }
            };
            writer.kept.insert(id, kept);
        }
        for (id, gone) in before {
            gone.stop.cancel();
            withdrawn |= writer.offers.remove(&id).is_some();
        }
        writer.upstreams = writer
            .kept
            .iter()
            .map(|(id, kept)| (*id, Arc::clone(&kept.upstream)))
            .collect::<HashMap<_, _>>()
            .into();
        withdrawn
    }

    fn start_keeping(self: &Arc<Self>, site: &Site, made_of: MadeOf, snapshot: &Snapshot) -> Kept {
        let upstream = Arc::new(self.builder.build(site, snapshot.company()));
        let stop = self.builder.tasks.stop().child_token();
        let board: Weak<Self> = Arc::downgrade(self);
        let keeper = keep(board, Arc::clone(&upstream), site.prefix.clone(), stop.clone());
        self.builder.tasks.spawn(keeper);
        let status = ConnectionStatus::new(site);
        Kept { upstream, made_of, stop, status, told: Told::default() }
    }

    /// The same upstream with other credentials. What was seen with those before means nothing.
    fn renew(&self, kept: Kept, site: &Site, made_of: MadeOf, snapshot: &Snapshot) -> Kept {
        self.builder.renew(&kept.upstream, site, snapshot.company());
        Kept { made_of, status: ConnectionStatus::new(site), told: Told::default(), ..kept }
    }

    /// Makes the new moment.
    fn bind(&self, writer: &mut Writer, snapshot: Arc<Snapshot>, offers_changed: bool) {
        let before = self.load();
        let catalogue = match offers_changed {
            true => Arc::new(Catalogue::new(writer.offers.clone())),
            false => Arc::clone(&before.catalogue),
        };
        let upstreams = Arc::clone(&writer.upstreams);
        self.moment.store(Arc::new(before.next(snapshot, catalogue, upstreams)));
        writer.retired.add(before);
    }

    /// Takes apart what was served earlier and no request has any more.
    pub fn let_go(&self) {
        let gone = self.writer().retired.unused();
        // Whoever waits for the lock does not wait for this.
        drop(gone);
    }

    /// How every connection is, by path.
    pub fn status(&self) -> Vec<ConnectionStatus> {
        let writer = self.writer();
        let mut status: Vec<ConnectionStatus> = writer
            .kept
            .values()
            .map(|kept| ConnectionStatus {
                stderr: kept.upstream.last_words(),
                ..kept.status.clone()
            })
            .collect();
        drop(writer);
        status.sort_by(|a, b| a.path.cmp(&b.path));
        status
    }

    /// How one connection is, if it is enabled.
    pub fn status_of(&self, connection: ConnectionId) -> Option<ConnectionStatus> {
        let writer = self.writer();
        let kept = writer.kept.get(&connection)?;
        Some(ConnectionStatus { stderr: kept.upstream.last_words(), ..kept.status.clone() })
    }

    /// How many connections no answer has come from yet, good or bad.
    pub fn unseen(&self) -> usize {
        self.writer()
            .kept
            .values()
            .filter(|kept| matches!(kept.status.state, State::Unseen))
            .count()
    }

    /// How many tools of how many tenants are known.
    pub fn tool_counts(&self) -> (usize, usize) {
        let moment = self.load();
        let offers = moment.catalogue.offers();
        let mut tenants: Vec<_> = offers
            .keys()
            .filter_map(|id| moment.snapshot.site(*id)?.connection.path.tenant.as_ref())
            .collect();
        tenants.sort();
        tenants.dedup();
        (moment.catalogue.tool_count(), tenants.len())
    }
}

impl Board for Live {
    fn turns(&self) -> Arc<Semaphore> {
        Arc::clone(&self.turns)
    }

    fn refresh(&self) -> Duration {
        self.settings().refresh
    }

    fn offer(&self, connection: ConnectionId) -> Option<Arc<Offer>> {
        self.load().catalogue.offer(connection).cloned()
    }

    fn looked(
        &self,
        upstream: &Arc<Upstream>,
        found: Result<(Arc<Offer>, Facts), UpstreamError>,
        took: Duration,
    ) {
        let mut writer = self.writer();
        let Some(kept) = writer.kept.get(&upstream.connection) else { return };
        // A keeper that was told to stop may still have an answer in hand.
        if !Arc::ptr_eq(&kept.upstream, upstream) {
            return;
        }
        let now = self.clock.now();
        let known = writer.offers.get(&upstream.connection).cloned();
        let Some(kept) = writer.kept.get_mut(&upstream.connection) else { return };
        kept.status.looked(&found, took, now);
        if let (Some(known), Ok((offer, _))) = (&known, &found) {
            kept.status.compare(known, offer, now);
        }
        if let Ok((offer, _)) = found {
            let (missing, snapshot) = (offer.missing(), &self.load().snapshot);
            if let Some(event) = kept.told.of(&missing, upstream.connection, snapshot, now) {
                let path = &upstream.name;
                match event.left_out.join("; ") {
                    why if why.is_empty() => {
                        tracing::info!(connection = %path, "no tool is left out any more")
                    }
                    why => tracing::warn!(connection = %path, why, "tools were left out"),
                }
                self.recorder.definitions(event);
            }
            let known = writer.offers.insert(upstream.connection, Arc::clone(&offer));
            if known.is_none_or(|known| !Arc::ptr_eq(&known, &offer)) {
                self.gathered.notify_one();
            }
        }
    }
}
