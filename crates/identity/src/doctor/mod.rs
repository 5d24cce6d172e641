//! Looks at a deployment from outside, as an attacker and as a careful administrator would, and
//! says how to mend what it finds.

mod address;
mod arrival;
mod chat;
mod entrances;
mod hosts;
mod provider;
mod redirect;
mod rows;

use std::{net::SocketAddr, sync::Arc, time::Instant};

use bytes::Bytes;
use futures_util::future::{join, join_all};
use gatehall_domain::{Company, Finding, Provider, Timestamp};
use gatehall_vault::Vault;
use http::{Method, Request, Response, header};
use url::Url;

pub(crate) use self::arrival::{ARRIVAL, arrival};
pub use self::{
    chat::{ChatScene, SHORT_PROOF, chat_findings},
    hosts::within,
    redirect::{RedirectSaid, redirect_said},
};
use crate::{fetch::Fetch, forward::Assertions};

/// What a deployment is, as far as the doctor has to know.
#[derive(Debug)]
pub struct Patient<'a> {
    /// Its records.
    pub company: &'a Company,
    /// Its keys, which tell whether the public address leads to it.
    pub vault: &'a Vault,
    /// The address under which browsers know it.
    pub public_url: Option<Url>,
    /// The domain whose hosts share a sign-in.
    pub cookie_domain: Option<String>,
    /// Where it listens, if that is known.
    pub listen: Option<SocketAddr>,
    /// The host names under which clients may come; none for any.
    pub allowed_hosts: Vec<String>,
    /// The Open WebUIs that are set here, and what the gates say of theirs.
    pub chats: ChatScene,
    /// The time here.
    pub now: Timestamp,
}

struct Doctor<'a> {
    patient: &'a Patient<'a>,
    fetch: Fetch,
    begun: Instant,
    findings: Vec<Finding>,
}

/// The keys that a gate with this vault shows, which tell it from others.
pub fn key_set_of(vault: &Vault) -> serde_json::Value {
    Assertions::new(vault).key_set()
}

/// Looks at everything, providers and the public address side by side; `progress` hears what is
/// looked at.
pub async fn examine(patient: &Patient<'_>, progress: impl Fn(&str)) -> Vec<Finding> {
    let begun = Instant::now();
    let mut doctor = Doctor { patient, fetch: Fetch::new(), begun, findings: Vec::new() };
    doctor.look_at_rows();
    let mut providers: Vec<&Arc<Provider>> = patient.company.providers.values().collect();
    providers.sort_by(|a, b| a.id.cmp(&b.id));
    if providers.is_empty() {
        doctor.findings.push(
            Finding::doubtful(
                "providers",
                "there are none, so that people sign in only with links",
                "gatehall provider add ID --issuer URL --client-id ID",
            )
            .mended_at("/providers/add"),
        );
    }
    let of_providers = providers.into_iter().map(|provider| {
        progress(provider.id.as_str());
        let mut doctor = doctor.beside();
        async move {
            doctor.look_at_provider(provider).await;
            doctor.findings
        }
    });
    let mut at_address = doctor.beside();
    let address = async {
        at_address.look_at_variables();
        at_address.findings.extend(chat_findings(&patient.chats, patient.company, patient.now));
        at_address.look_at_allowed_hosts();
        at_address.look_whether_it_listens().await;
        match &patient.public_url {
            None => at_address.findings.push(Finding::bad(
                "public address",
                "it is not set, so that nobody can sign in",
                "set GATEHALL_PUBLIC_URL to the address that browsers use",
            )),
            Some(url) => {
                progress(url.as_str());
                at_address.look_at_address(url).await;
            }
        }
        at_address.findings
    };
    let (of_providers, at_address) = join(join_all(of_providers), address).await;
    doctor.findings.extend(of_providers.into_iter().flatten().chain(at_address));
    doctor.findings
}

impl<'a> Doctor<'a> {
    /// Another, who looks at something else at the same time.
    fn beside(&self) -> Self {
        let (patient, begun): (&'a Patient<'a>, _) = (self.patient, self.begun);
        Self { patient, fetch: self.fetch.clone(), begun, findings: Vec::new() }
    }

    /// The time here, now.
    fn now(&self) -> Timestamp {
        let since = self.begun.elapsed().as_micros() as i64;
        Timestamp::from_micros(self.patient.now.micros().saturating_add(since))
    }

    /// Secrets that lie in variables which the gate may not read.
    fn look_at_variables(&mut self) {
        let unread = self.patient.vault.unread(self.patient.company);
        if !unread.is_empty() {
            let names = unread.join(",");
            self.findings.push(Finding::bad(
                "secrets",
                format!("credentials name variables that the gate may not read: {names}"),
                format!(
                    "add them to those that are set where the gate runs: \
                     GATEHALL_SECRET_VARIABLES={names}"
                ),
            ));
        }
    }

    async fn get(&self, url: &Url, headers: &[(&str, &str)]) -> Result<Response<Bytes>, String> {
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(url.as_str())
            .header(header::USER_AGENT, "gatehall doctor");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::new()).map_err(|error| error.to_string())?;
        self.fetch.send(request).await.map_err(|error| error.to_string())
    }
}
