use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use gatehall_domain::{Clock, Snapshot};
use gatehall_identity::Doors;
use gatehall_vault::Vault;

use crate::{
    Egress, GatewaySettings, Live, Recorder, Tasks,
    call::{Running, Unattended},
    session::{Cancellable, Cancels, SessionNotes},
    upstream::Builder,
};

/// What the gateway is made of.
#[derive(Debug)]
pub struct GatewayParts {
    /// How it is set.
    pub settings: GatewaySettings,
    /// What opens credentials and seals sessions.
    pub vault: Arc<Vault>,
    /// Where HTTP leaves.
    pub egress: Egress,
    /// Where its tasks run.
    pub tasks: Tasks,
    /// Who comes in, and how that is proved.
    pub doors: Arc<Doors>,
    /// Where calls are recorded.
    pub recorder: Recorder,
    /// Where the time comes from.
    pub clock: Clock,
}

/// The data plane.
#[derive(Debug)]
pub struct Gateway {
    pub(crate) live: Arc<Live>,
    pub(crate) settings: Arc<GatewaySettings>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) doors: Arc<Doors>,
    pub(crate) recorder: Recorder,
    pub(crate) clock: Clock,
    pub(crate) cancels: Cancels,
    pub(crate) session_notes: SessionNotes,
    tasks: Tasks,
    /// Calls for which nobody waits any more.
    unattended: Unattended,
    request_ids: AtomicU64,
}

impl Gateway {
    /// Begins with this snapshot: asks every upstream for its tools, and is ready for callers.
    pub fn start(parts: GatewayParts, snapshot: Snapshot) -> Arc<Self> {
        let settings = Arc::new(parts.settings);
        let builder = Builder {
            vault: Arc::clone(&parts.vault),
            egress: parts.egress,
            tasks: parts.tasks.clone(),
            settings: Arc::clone(&settings),
        };
        let now = parts.clock.now();
        Arc::new(Self {
            live: Live::start(snapshot, builder, parts.recorder.clone(), parts.clock.clone()),
            settings,
            vault: parts.vault,
            doors: parts.doors,
            recorder: parts.recorder,
            clock: parts.clock,
            cancels: Cancels::default(),
            session_notes: SessionNotes::default(),
            tasks: parts.tasks,
            unattended: Unattended::default(),
            // Unique enough over restarts to find one log line.
            request_ids: AtomicU64::new((now.micros() as u64) << 8),
        })
    }

    /// What the gateway knows now, and where newer snapshots are put.
    pub const fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Ends the calls under way: each is answered that the gate stops. Those that only wait for the
    /// audit have a moment left.
    pub fn cut_calls(&self) {
        self.live.cut_calls();
        self.recorder.stop_waiting();
    }

    /// Has a call go on for which nobody waits any more.
    pub(crate) fn go_on(&self, running: Running, cancellable: Option<Arc<Cancellable>>) {
        self.unattended.go_on(running, cancellable, &self.tasks);
    }

    /// Waits until no call is under way for which nobody waits.
    pub async fn unattended_calls(&self) {
        self.unattended.end().await;
    }

    pub(crate) fn next_request_id(&self) -> u64 {
        self.request_ids.fetch_add(1, Ordering::Relaxed)
    }
}
