use std::sync::Arc;

use gatehall_domain::{Snapshot, Timestamp};

/// Where doors read what is known now. The program fulfils it with what the gateway holds.
pub trait Snapshots: Send + Sync {
    /// The newest snapshot.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Whether it is new enough to decide by.
    fn is_fresh(&self, now: Timestamp) -> bool;
}
