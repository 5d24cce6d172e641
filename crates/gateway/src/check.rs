//! Opens connections to see what they speak, without serving anybody.

use std::{sync::Arc, time::Instant};

use futures_util::{StreamExt, stream};
use gatehall_domain::{ConnectionPath, Snapshot, Timestamp, snapshot::Site};
use gatehall_vault::Vault;

use crate::{
    ConnectionStatus, Egress, GatewaySettings, Tasks, UpstreamError,
    catalogue::Offer,
    upstream::{Builder, Facts},
};

/// How many connections are opened at once.
const AT_ONCE: usize = 16;

/// Opens the connections with these paths, or all, also disabled ones, and says how each is.
#[expect(clippy::too_many_arguments, reason = "what a gate is made of")]
pub async fn check(
    snapshot: &Snapshot,
    wanted: &[ConnectionPath],
    settings: GatewaySettings,
    vault: Arc<Vault>,
    egress: Egress,
    tasks: &Tasks,
    now: Timestamp,
    progress: impl Fn(&ConnectionPath),
) -> Vec<ConnectionStatus> {
    let builder = Builder { vault, egress, tasks: tasks.clone(), settings: Arc::new(settings) };
    let wanted = |site: &&Site| wanted.is_empty() || wanted.contains(&site.connection.path);
    stream::iter(snapshot.sites().filter(wanted))
        .map(|site| {
            progress(&site.connection.path);
            let builder = &builder;
            async move {
                let began = Instant::now();
                let (found, stderr) = look(builder, snapshot, site).await;
                let mut status = ConnectionStatus::new(site);
                status.looked(&found, began.elapsed(), now);
                status.stderr = stderr;
                status
            }
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}

/// The public names of a connection's tools, each with the server's own.
///
/// # Errors
/// If the server does not answer.
pub async fn tool_names(
    snapshot: &Snapshot,
    site: &Site,
    settings: GatewaySettings,
    vault: Arc<Vault>,
    egress: Egress,
    tasks: &Tasks,
) -> Result<Vec<(String, String)>, UpstreamError> {
    let builder = Builder { vault, egress, tasks: tasks.clone(), settings: Arc::new(settings) };
    let (offer, _) = look(&builder, snapshot, site).await.0?;
    Ok(offer.tools.iter().map(|tool| (tool.public.to_string(), tool.name.to_string())).collect())
}

type Found = Result<(Arc<Offer>, Facts), UpstreamError>;

async fn look(builder: &Builder, snapshot: &Snapshot, site: &Site) -> (Found, Vec<String>) {
    let upstream = Arc::new(builder.build(site, snapshot.company()));
    let offered = async {
        let listing = upstream.list().await?;
        let facts = listing.facts.clone();
        Ok((Offer::read(&upstream, &site.prefix, listing).await?, facts))
    };
    let found = offered.await;
    upstream.close();
    (found, upstream.last_words())
}
