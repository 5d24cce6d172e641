//! Whether strangers can ask the gate what only proxies have to ask.

use futures_util::future::join_all;
use gatehall_domain::Finding;
use http::StatusCode;

use super::Seen;
use crate::{
    ask::{Ask, ask},
    deployment::Deployment,
    senses::Senses,
};

/// What proxies ask.
const CHECKS: [&str; 5] =
    ["/auth/traefik", "/auth/nginx", "/auth/envoy", "/auth/forwarded-user", "/oauth2/auth"];

/// What nobody asks: a proxy or a gate that answers to all alike tells nothing.
const NOTHING: &str = "/auth/gatehall-doctor";

/// Looks at every host that leads to the gate itself.
pub(crate) async fn doors(seen: &[Seen], deployment: &Deployment, senses: &Senses) -> Vec<Finding> {
    let port = deployment.ports.https;
    let to_gate = seen.iter().filter_map(|it| {
        let (address, answer) = it.answering()?;
        let leads = answer.status == StatusCode::OK
            && answer.json().is_some_and(|it| it["keys"].is_array());
        leads.then_some((it.host.as_str(), address))
    });
    let each = to_gate.map(|(host, address)| async move {
        let status = async |path: &str| {
            let answer = ask(&Ask::get(host, port, true, path), address, senses).await;
            answer.ok().map(|it| it.status)
        };
        let (nothing, checks) = (status(NOTHING).await, join_all(CHECKS.map(status)).await);
        let open = |(path, status): (&'static str, Option<StatusCode>)| {
            let status = status.filter(|it| *it != StatusCode::NOT_FOUND)?;
            (Some(status) != nothing).then(|| format!("{path} ({status})"))
        };
        let open: Vec<String> = CHECKS.into_iter().zip(checks).filter_map(open).collect();
        (host, open)
    });
    let mut report = Vec::new();
    for (host, open) in join_all(each).await {
        let subject = format!("checks at {host}");
        if open.is_empty() {
            report.push(Finding::good(subject, "what proxies ask the gate nobody else can ask"));
            continue;
        }
        report.push(Finding::doubtful(
            subject,
            format!("everybody can ask what only proxies have to: {}", open.join(", ")),
            "take these paths out of the route: with Traefik \
             !PathPrefix(`/auth/`) && !Path(`/oauth2/auth`)",
        ));
    }
    report
}
