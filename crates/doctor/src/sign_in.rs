//! How a sign-in begins, as a visitor sees it: which address the gate has the provider send people
//! back to, and what the provider says of it.

use gatehall_domain::Finding;
use http::header;
use url::Url;

use gatehall_identity::{RedirectSaid, redirect_said};

use crate::{
    ask::{Ask, ask, by_name},
    clocks::Tick,
    deployment::Deployment,
    hosts::Seen,
    senses::Senses,
};

const NAME: &str = "sign-in";

/// Where the way to the provider begins.
const START: &str = "/oauth2/start";

/// Where it ends.
const CALLBACK: &str = "/oauth2/callback";

pub(crate) async fn look(
    seen: &[Seen],
    deployment: &Deployment,
    senses: &Senses,
) -> (Vec<Finding>, Option<Tick>) {
    let mut report = Vec::new();
    let tick = begin(seen, deployment, senses, &mut report).await;
    (report, tick)
}

async fn begin(
    seen: &[Seen],
    deployment: &Deployment,
    senses: &Senses,
    report: &mut Vec<Finding>,
) -> Option<Tick> {
    let (gate, public_url) = (deployment.gate_host(), deployment.public_url.as_ref()?);
    let (address, _) = seen.iter().find(|it| it.host == gate)?.answering()?;
    let inside = "run the doctor beside the gate: docker compose exec gatehall /gatehall doctor";
    let question = Ask::get(gate, deployment.ports.https, true, START);
    let answer = match ask(&question, address, senses).await {
        Ok(answer) => answer,
        Err(fault) => {
            report.push(Finding::unknown(
                NAME,
                format!("{START} does not answer: {fault}"),
                inside,
            ));
            return None;
        }
    };
    let location = answer.header(header::LOCATION).unwrap_or_default();
    let to = public_url.join(location).ok().filter(|_| !location.is_empty());
    let Some(to) = to else {
        report.push(Finding::bad(
            NAME,
            format!("{START} answers {} and leads to no provider", answer.status),
            "have the proxy pass /oauth2/ on to the gate, and look at its providers (gatehall \
             provider list)",
        ));
        return None;
    };
    if to.host_str() == Some(gate) {
        let found = "the gate lets people choose among several providers, or has none: where each \
                     sends them back to cannot be seen from here";
        report.push(Finding::unknown(NAME, found, inside));
        return None;
    }
    let sent = to.query_pairs().find(|(name, _)| name == "redirect_uri");
    let sent = sent.map(|(_, value)| value.into_owned()).unwrap_or_default();
    let right = public_url.join(CALLBACK).ok()?;
    let fits = sent == right.as_str() || sent.starts_with(&format!("{right}/"));
    if !fits {
        report.push(Finding::bad(
            NAME,
            format!("the gate has people sent back to {sent}, which is not below {right}"),
            format!("set GATEHALL_PUBLIC_URL of the gate to {public_url}"),
        ));
        return None;
    }
    ask_provider(to, &sent, senses, report).await
}

/// Asks the provider as a browser would that must not be shown a page.
async fn ask_provider(
    mut to: Url,
    sent: &str,
    senses: &Senses,
    report: &mut Vec<Finding>,
) -> Option<Tick> {
    let pairs: Vec<(String, String)> = to.query_pairs().into_owned().collect();
    to.query_pairs_mut()
        .clear()
        .extend_pairs(pairs.iter().filter(|(name, _)| name != "prompt"))
        .append_pair("prompt", "none");
    let client = pairs.iter().find(|(name, _)| name == "client_id").map(|(_, id)| id.as_str());
    let host = to.host_str()?.to_owned();
    let port = to.port_or_known_default()?;
    let path = to[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
    let secure = to.scheme() == "https";
    let found = by_name(&Ask::get(&host, port, secure, &path), senses).await;
    let answer = match found {
        Ok(answer) => answer,
        Err(why) => {
            report.push(Finding::unknown(
                NAME,
                format!("it leads to {host}, which cannot be asked from here: {why}"),
                "open the address of the portal in a browser and sign in",
            ));
            return None;
        }
    };
    let location = answer.header(header::LOCATION);
    match redirect_said(answer.status, location, &answer.text(), sent) {
        RedirectSaid::Takes => {
            report.push(Finding::good(NAME, format!("{host} takes the way back to {sent}")));
        }
        RedirectSaid::Refuses(how) => report.push(Finding::bad(
            NAME,
            format!("{host} refuses the client or its redirect URI ({how})"),
            format!("register exactly {sent} there, for client {}", client.unwrap_or("…")),
        )),
        RedirectSaid::Silent => report.push(Finding::unknown(
            NAME,
            format!("{host} does not say whether it knows the redirect URI"),
            format!("make sure that {sent} is registered there"),
        )),
    }
    Tick::of(&host, false, &answer)
}
