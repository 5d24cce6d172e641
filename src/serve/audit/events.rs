use gatehall_domain::EntryEvent;
use gatehall_gateway::Recorded;
use tokio::sync::mpsc;

/// What waits to be recorded.
pub(in crate::serve) struct Events {
    pub(in crate::serve) calls: mpsc::Receiver<Recorded>,
    pub(in crate::serve) entries: mpsc::Receiver<EntryEvent>,
}
