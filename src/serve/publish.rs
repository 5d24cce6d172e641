use std::{sync::Arc, time::Duration};

use gatehall_domain::{Clock, Snapshot};
use gatehall_gateway::Live;
use gatehall_identity::Doors;
use gatehall_store::{Store, StoreError};
use tokio::sync::watch;

use super::unread::warn_of_unread;

/// Keeps the gateway's snapshot the newest: watches the store, whoever changes it.
pub(super) async fn run(
    store: Store,
    live: Arc<Live>,
    clock: Clock,
    doors: Arc<Doors>,
    mut written: watch::Receiver<Option<Arc<Snapshot>>>,
) {
    let mut feed = store.feed();
    let mut failing = false;
    loop {
        live.let_go();
        let woken = tokio::select! {
            woken = feed.woken() => woken,
            Ok(()) = written.changed() => {
                let newest = written.borrow_and_update().clone();
                newest.into_iter().for_each(|it| serve_from_now(&live, &doors, it));
                continue;
            }
        };
        let refreshed = match woken {
            Ok(()) => refresh(&store, &live, &doors).await,
            Err(error) => Err(error),
        };
        match refreshed {
            Ok(()) => {
                live.confirm(clock.now());
                if failing {
                    tracing::info!("the database is back");
                }
                failing = false;
            }
            Err(error) => {
                if !failing {
                    tracing::error!(%error, "the database cannot be read: serving what is known");
                }
                failing = true;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn refresh(store: &Store, live: &Arc<Live>, doors: &Doors) -> Result<(), StoreError> {
    let known = live.snapshot();
    let served = known.revision();
    let snapshot = store.newest(&known).await?;
    if !Arc::ptr_eq(&snapshot, &known) {
        let revision = snapshot.revision();
        tracing::debug!(revision, "the company changed");
        warn_of_unread(&snapshot, Some(&known));
        // What is served was in the store before it is read here, so that less can only mean that
        // the store went back.
        if revision < served {
            tracing::error!(
                served,
                revision,
                "the database went back, as after a restore: what was changed since is gone, and \
                 what it holds now is served"
            );
            live.go_back(Arc::clone(&snapshot));
            doors.go_back(&snapshot);
        } else {
            serve_from_now(live, doors, snapshot);
        }
    }
    Ok(())
}

/// Serves a company from now on, unless a newer one is served. The doors follow what is served then,
/// which may be newer.
pub(super) fn serve_from_now(live: &Arc<Live>, doors: &Doors, snapshot: Arc<Snapshot>) {
    live.publish(snapshot);
    doors.follow(&live.snapshot());
}
