//! Looks at everything that is to be asked of the network, side by side.

use std::time::Duration;

use futures_util::future::{Future, join, join4};
use gatehall_domain::Finding;
use tokio::time::timeout;

use crate::{
    clocks::{self, Tick},
    deployment::Deployment,
    hosts, model, open_webui, proxy_network, room,
    senses::Senses,
    sign_in,
};

/// No part takes longer, whatever it asks.
const LONGEST: Duration = Duration::from_secs(45);

/// Looks at a deployment; `progress` hears what was looked at.
pub async fn look(
    deployment: &Deployment,
    senses: &Senses,
    progress: impl Fn(&str),
) -> Vec<Finding> {
    let progress = &progress;
    if !deployment.hosts.is_empty() {
        progress("names, ports and certificates");
    }
    let seen = hosts::see(deployment, senses);
    let mut here = room::look(&deployment.folders, senses.room);
    here.extend(proxy_network::look(deployment.proxy_network, senses.towards));
    let model = async {
        match &deployment.model {
            Some(model) => bounded("model endpoint", model::look(model, senses)).await,
            None => Vec::new(),
        }
    };
    let ((seen, model), chat) =
        join(join(seen, model), bounded("Open WebUI", open_webui::look(deployment, senses))).await;
    // Where nothing is public there is nothing to see from outside.
    if deployment.hosts.is_empty() {
        return [chat, model, here].into_iter().flatten().collect();
    }
    let mut reports = vec![hosts::judge(&seen, deployment, senses)];
    progress("what the proxy lets through, and the sign-in");
    let (spellings, doors, (others, open), (sign_in, tick)) = join4(
        bounded("alias headers", hosts::spellings(&seen, deployment, senses)),
        bounded("checks", hosts::doors(&seen, deployment, senses)),
        async {
            let looked = hosts::others(&seen, deployment, senses);
            timeout(LONGEST, looked).await.unwrap_or_else(|_| (late("other ports"), Vec::new()))
        },
        async {
            let looked = sign_in::look(&seen, deployment, senses);
            timeout(LONGEST, looked).await.unwrap_or_else(|_| (late("sign-in"), None))
        },
    )
    .await;
    progress("ways around the gate");
    let around = open_webui::around(&seen, &open, deployment, senses);
    let around = bounded("Open WebUI around the gate", around).await;
    let ours = seen.iter().filter_map(|it| Tick::of(&it.host, true, it.answering()?.1));
    let ticks: Vec<Tick> = ours.chain(tick).collect();
    let clocks = clocks::judge(&ticks, deployment.side);
    reports.extend([spellings, doors, others, sign_in, clocks, chat, around, model, here]);
    reports.into_iter().flatten().collect()
}

async fn bounded(what: &str, looked: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    timeout(LONGEST, looked).await.unwrap_or_else(|_| late(what))
}

/// What is said of a part that did not end.
fn late(what: &str) -> Vec<Finding> {
    let mut report = Vec::new();
    let seconds = LONGEST.as_secs();
    report.push(Finding::unknown(what, format!("it was not seen within {seconds} s"), "try again"));
    report
}
