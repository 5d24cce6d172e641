//! How long it takes until a change made at one replica acts at another.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use gatehall_control::{
    Desk,
    operation::user::{UserEdit, change},
};
use gatehall_domain::GroupName;

use crate::{company::email, load::Line};

/// Milliseconds from a membership change to its effect on lists at `replica`, sorted.
pub(crate) async fn delays(
    desk: &Desk,
    replica: SocketAddr,
    list: &[u8],
    rounds: usize,
) -> Result<Vec<f64>> {
    let mut delays = Vec::new();
    for round in 0..rounds {
        let before = length(replica, list).await?;
        let group: GroupName = "group0".parse()?;
        let edit = match round % 2 {
            0 => UserEdit { remove_groups: vec![group], ..Default::default() },
            _ => UserEdit { add_groups: vec![group], ..Default::default() },
        };
        let (address, now) = (email(0).parse()?, desk.clock().now());
        desk.change(|snapshot| Ok((change(snapshot.company(), &address, &edit, now)?, ()))).await?;
        let began = Instant::now();
        while length(replica, list).await? == before {
            if began.elapsed() > Duration::from_secs(10) {
                bail!("the change had no effect within ten seconds");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        delays.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    delays.sort_by(f64::total_cmp);
    Ok(delays)
}

async fn length(address: SocketAddr, list: &[u8]) -> Result<usize> {
    Ok(Line::open(address).await?.ask(list).await?.len())
}
