//! The two ways to keep the audit: what they cost, and what a kill under load costs.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use gatehall_domain::Timestamp;

use crate::{
    company::{self, SMALL},
    gate::{Gate, serve},
    load::{Line, Shot, fire},
    options::Options,
};

pub(crate) async fn run(options: &Options, upstream: SocketAddr, time: Duration) -> Result<()> {
    println!("| database | audit | connections | calls/s | p50 \u{b5}s | p99 \u{b5}s |");
    println!("|---|---|---|---|---|---|");
    for connections in [16, 64] {
        for audit in ["fast", "sure"] {
            let gate = Gate::start_with(options, SMALL, upstream, None, audit).await?;
            let shot = Shot { address: gate.address, requests: vec![gate.call()], anew: false };
            fire(&shot, connections, time / 4).await?;
            let result = fire(&shot, connections, time).await?;
            println!(
                "| SQLite | {audit} | {connections} | {:.0} | {:.0} | {:.0} |",
                result.per_second(),
                result.percentile(0.5),
                result.percentile(0.99),
            );
        }
    }
    println!("\n| database | audit | answered before the kill | of them in the audit | missing |");
    println!("|---|---|---|---|---|");
    for audit in ["fast", "sure"] {
        let gate = Gate::start_with(options, SMALL, upstream, None, audit).await?;
        let (folder, database) = (gate.folder.path().to_owned(), gate.database.clone());
        let answered = Arc::new(AtomicU64::new(0));
        let callers: Vec<_> = (0..16)
            .map(|_| {
                let (answered, call) = (Arc::clone(&answered), gate.call());
                let address = gate.address;
                tokio::spawn(async move {
                    let mut line = Line::open(address).await?;
                    while line.ask(&call).await.is_ok() {
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        tokio::time::sleep(time).await;
        // Dropped, it is killed.
        let Gate { program, folder: _folder, .. } = gate;
        drop(program);
        for caller in callers {
            caller.await??;
        }
        let answered = answered.load(Ordering::SeqCst);
        let (_again, ..) = serve(&options.gatehall, &folder, &database, audit).await?;
        let store = company::desk(&folder, &database).await?.store().clone();
        let mut kept = 0;
        // What lay beside the database comes back within some seconds.
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let usage = store.usage(Timestamp::from_micros(0), None).await?;
            kept = usage.iter().map(|minute| minute.calls).sum();
        }
        let missing = answered.saturating_sub(kept);
        println!("| SQLite | {audit} | {answered} | {} | {missing} |", answered - missing);
    }
    Ok(())
}
