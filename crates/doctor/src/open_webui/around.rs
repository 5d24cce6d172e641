//! Whether somebody gets into Open WebUI without the gate. Where it takes a header for who somebody
//! is, a request that reaches it around the gate, or with a header of the visitor's own, is
//! everybody's way in.

use std::net::{IpAddr, SocketAddr};

use gatehall_domain::Finding;

use crate::{
    ask::{Answer, Ask, ask},
    deployment::Deployment,
    hosts::Seen,
    senses::Senses,
};

const SIGN_IN: &str = "/api/v1/auths/signin";

/// As its page sends it where a header says who it is.
const NOBODY: &str = r#"{"email":"","password":""}"#;

/// What Open WebUI says where it wants a header and there is none.
const NO_HEADER: &str = "has not provided a trusted header";

/// A place where Open WebUI may be reached.
struct Place<'a> {
    host: &'a str,
    address: IpAddr,
    port: u16,
    secure: bool,
    what: String,
}

/// Tries the public host of Open WebUI, and every port that is open besides the proxy's.
pub(crate) async fn around(
    seen: &[Seen],
    open: &[SocketAddr],
    deployment: &Deployment,
    senses: &Senses,
) -> Vec<Finding> {
    let mut report = Vec::new();
    let Some(host) = &deployment.chat_host else { return report };
    let mut places = Vec::new();
    if let Some((address, _)) = seen.iter().find(|it| it.host == *host).and_then(Seen::answering) {
        let port = deployment.ports.https;
        places.push(Place { host, address, port, secure: true, what: format!("https://{host}") });
    }
    places.extend(open.iter().map(|at| {
        let what = format!("port {}", at.port());
        Place { host, address: at.ip(), port: at.port(), secure: false, what }
    }));
    for place in places {
        try_place(&place, deployment, senses, &mut report).await;
    }
    report
}

async fn try_place(
    place: &Place<'_>,
    deployment: &Deployment,
    senses: &Senses,
    report: &mut Vec<Finding>,
) {
    let subject = format!("sign-in by header at {}", place.what);
    let base = Ask::get(place.host, place.port, place.secure, SIGN_IN);
    let question = Ask { post: true, body: NOBODY, ..base };
    let answer = match ask(&question, place.address, senses).await {
        Ok(answer) => answer,
        // A port that speaks no HTTP is no way to a chat.
        Err(_) if !place.secure => return,
        Err(fault) => {
            return report.push(Finding::unknown(subject, fault.to_string(), "try again"));
        }
    };
    let shut = "have the proxy ask the gate for every path of this host (forwardAuth), and publish \
                no port of Open WebUI";
    if answer.text().contains(NO_HEADER) {
        let found = format!(
            "Open WebUI is reached around the gate, and takes {} for who somebody is: whoever \
             writes that header is anybody",
            deployment.trusted_header
        );
        return report.push(Finding::bad(subject, found, shut));
    }
    if signed_in(&answer) {
        let found = "Open WebUI is reached around the gate, and signs in whoever reaches it";
        return report.push(Finding::bad(subject, found, shut));
    }
    if is_chat(&answer) {
        let found = "Open WebUI is reached, and takes no name from a header";
        return report.push(Finding::good(subject, found));
    }
    if !place.secure {
        return;
    }
    // With a header of our own, as somebody who has an account: trying it must not make one.
    let made;
    let person = match &deployment.person {
        Some(person) => person.as_str(),
        None => {
            made = format!("gatehall-doctor@{}", place.host);
            made.as_str()
        }
    };
    let headers = [(deployment.trusted_header.as_str(), person)];
    let question = Ask { headers: &headers, ..question };
    let forged = match ask(&question, place.address, senses).await {
        Ok(answer) => answer,
        Err(fault) => {
            return report.push(Finding::unknown(subject, fault.to_string(), "try again"));
        }
    };
    if signed_in(&forged) {
        let left = match deployment.person {
            Some(_) => String::new(),
            None => format!(" (the try made an account {person} there: remove it)"),
        };
        return report.push(Finding::bad(
            subject,
            format!(
                "whoever writes {} from outside is signed in under that name{left}",
                deployment.trusted_header
            ),
            format!(
                "{shut}; take the header off what clients send (Traefik: authResponseHeaders of \
                 forwardAuth names it)"
            ),
        ));
    }
    report.push(Finding::good(
        subject,
        format!("nobody comes to it without the gate ({})", answer.status),
    ));
}

/// Whether Open WebUI itself answered: its refusals are JSON with a `detail`.
fn is_chat(answer: &Answer) -> bool {
    answer.json().is_some_and(|it| it["detail"].is_string())
}

/// Whether an answer is a session.
fn signed_in(answer: &Answer) -> bool {
    answer.status.is_success() && answer.json().is_some_and(|it| it["token"].is_string())
}
