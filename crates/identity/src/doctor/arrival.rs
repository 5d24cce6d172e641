//! How a request of the doctor's arrives at the gate: only the gate can tell which address its
//! proxy has.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use gatehall_domain::{Finding, Timestamp};
use gatehall_vault::Vault;
use http::{StatusCode, header::CACHE_CONTROL, request::Parts};
use serde::{Deserialize, Serialize};
use url::Url;

use super::Doctor;
use crate::{doors::Doors, peer::Proxies};

/// Where the gate says it, to whoever has its keys.
pub(crate) const ARRIVAL: &str = "/.well-known/gatehall-arrival";

/// What shows that the doctor asks: the time, sealed with the keys of the vault.
const PROOF: &str = "gatehall-doctor";

/// What the sealed time is for.
const PURPOSE: &str = "doctor";

/// The proof counts so long, in seconds.
const LIFE: i64 = 120;

/// What proxies say of a request. The doctor says nothing of the kind.
const OF_PROXIES: [&str; 7] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
    "forwarded",
    "via",
];

/// Spellings of a header that names somebody, which many programs take for the usual one.
const SPELLINGS: [&str; 2] = ["x_user_email", "x.user.email"];

/// An address that nobody has, which the doctor says to come from (RFC 5737).
const NOWHERE: &str = "198.51.100.77";

/// How a request arrived.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Arrival {
    /// The other end of the connection.
    pub(super) peer: IpAddr,
    /// Whether it is one of the proxies that are listed.
    pub(super) trusted: bool,
    /// Whether a proxy passed it on.
    pub(super) forwarded: bool,
    /// From where it came in the end, as far as proxies are believed; older gates do not say it.
    #[serde(default)]
    pub(super) client: Option<IpAddr>,
    /// Which of the spellings came through.
    #[serde(default)]
    pub(super) spellings: Vec<String>,
}

/// The proof that the doctor sends.
fn proof(vault: &Vault, now: Timestamp) -> Option<String> {
    vault.seal_token(PURPOSE, PROOF, &now.seconds().to_be_bytes()).ok()
}

fn is_doctor(head: &Parts, doors: &Doors) -> bool {
    let shown = head.headers.get(PROOF).and_then(|value| value.to_str().ok());
    let opened = shown.and_then(|it| doors.vault.open_token(PURPOSE, PROOF, it).ok());
    let at = opened.and_then(|it| <[u8; 8]>::try_from(it).ok()).map(i64::from_be_bytes);
    at.is_some_and(|at| (at - doors.clock.now().seconds()).abs() <= LIFE)
}

/// Tells the doctor how it arrived; to everybody else there is nothing here.
pub(crate) async fn arrival(State(doors): State<Arc<Doors>>, head: Parts) -> Response {
    let peer = Proxies::peer(&head.extensions);
    let Some(peer) = peer.filter(|_| is_doctor(&head, &doors)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let arrival = Arrival {
        peer: peer.to_canonical(),
        trusted: doors.proxies.trusts(peer),
        forwarded: OF_PROXIES.iter().any(|name| head.headers.contains_key(*name)),
        client: Some(doors.proxies.client(&head.headers, &head.extensions)),
        spellings: came_through(&head),
    };
    ([(CACHE_CONTROL, "no-store")], Json(arrival)).into_response()
}

fn came_through(head: &Parts) -> Vec<String> {
    let there = SPELLINGS.iter().filter(|name| head.headers.contains_key(**name));
    there.map(|name| (*name).to_owned()).collect()
}

impl Doctor<'_> {
    /// Whether the proxy passes on what visitors say of themselves.
    async fn look_at_passing(&mut self, at: &Url, proof: &str) {
        const NAME: &str = "what the proxy passes on";
        let headers = [
            (PROOF, proof),
            ("x-forwarded-for", NOWHERE),
            ("x-real-ip", NOWHERE),
            (SPELLINGS[0], "doctor@localhost"),
            (SPELLINGS[1], "doctor@localhost"),
        ];
        let told = match self.get(at, &headers).await {
            Ok(it) if it.status() == StatusCode::OK => serde_json::from_slice(it.body()).ok(),
            _ => None,
        };
        // Proxies may refuse such a request whole; gates of older versions do not say it.
        let Some(Arrival { client: Some(client), spellings, .. }) = told else { return };
        if client.to_string() == NOWHERE {
            self.findings.push(Finding::bad(
                NAME,
                "whoever writes X-Forwarded-For chooses the address that the gate sees, for limits \
                 and for the audit",
                "have the proxy write X-Forwarded-For anew: with Traefik leave \
                 forwardedHeaders.trustedIPs and forwardedHeaders.insecure unset",
            ));
        }
        if !spellings.is_empty() {
            self.findings.push(Finding::bad(
                NAME,
                format!(
                    "headers come through in other spellings ({}), which many programs take for \
                     X-User-Email",
                    spellings.join(", ")
                ),
                "set aliasHeadersStrategy: delete at every entry point of Traefik (with nginx \
                 leave underscores_in_headers and ignore_invalid_headers as they are)",
            ));
        }
        if client.to_string() != NOWHERE && spellings.is_empty() {
            self.findings.push(Finding::good(
                NAME,
                "neither addresses that visitors claim, nor other spellings",
            ));
        }
    }

    /// Whether the proxy in front is one that the gate knows.
    pub(super) async fn look_at_proxy(&mut self, url: &Url) {
        const NAME: &str = "proxy in front";
        let (Ok(at), Some(proof)) = (url.join(ARRIVAL), proof(self.patient.vault, self.now()))
        else {
            return;
        };
        let response = match self.get(&at, &[(PROOF, &proof)]).await {
            Ok(response) if response.status() == StatusCode::OK => response,
            _ => {
                return self.findings.push(Finding::doubtful(
                    NAME,
                    "the gate does not say how the doctor's request arrived",
                    format!(
                        "have the proxy pass {ARRIVAL} on unchanged, and look whether the clocks \
                         agree"
                    ),
                ));
            }
        };
        let Ok(it) = serde_json::from_slice::<Arrival>(response.body()) else { return };
        let peer = it.peer;
        // The gate itself speaks no TLS.
        let proxied = it.forwarded || url.scheme() == "https";
        match it {
            Arrival { trusted: true, .. } => {
                self.findings.push(Finding::good(
                    NAME,
                    format!("{peer} is listed in GATEHALL_TRUSTED_PROXIES"),
                ));
            }
            Arrival { .. } if proxied => self.findings.push(Finding::bad(
                NAME,
                format!(
                    "the proxy {peer} is not listed, so that all its visitors count as one and it \
                     may not ask who somebody is"
                ),
                format!("add {peer} to GATEHALL_TRUSTED_PROXIES of the gate"),
            )),
            Arrival { .. } => self.findings.push(Finding::good(NAME, "there is none")),
        }
        if proxied {
            self.look_at_passing(&at, &proof).await;
        }
    }
}
