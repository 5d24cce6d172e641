//! Looks at a deployment from outside, as an attacker and as a careful administrator would, and
//! says how to mend what it finds.

use std::sync::Arc;

use bytes::Bytes;
use gatehall_domain::{Company, Profile, Provider, Timestamp};
use gatehall_vault::Vault;
use http::{Method, Request, Response, StatusCode, header};
use serde::Serialize;
use url::Url;

use crate::{fetch::Fetch, forward::Assertions, provider::Running};

/// Clocks that are further apart make tokens count too early or too late, in seconds.
const APART: i64 = 30;

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub subject: String,
    /// How it is.
    pub state: Health,
    /// What was found.
    pub found: String,
    /// What mends it; nothing if all is well.
    pub remedy: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, but could be better.
    Doubtful,
    /// It does not work, or is not safe.
    Bad,
}

impl Health {
    /// In one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
        }
    }
}

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
    /// The time here.
    pub now: Timestamp,
}

struct Doctor<'a> {
    patient: &'a Patient<'a>,
    fetch: Fetch,
    findings: Vec<Finding>,
}

/// Looks at everything, one thing after the other; `progress` hears what comes next.
pub async fn examine(patient: &Patient<'_>, progress: impl Fn(&str)) -> Vec<Finding> {
    let mut doctor = Doctor { patient, fetch: Fetch::new(), findings: Vec::new() };
    let mut providers: Vec<&Arc<Provider>> = patient.company.providers.values().collect();
    providers.sort_by(|a, b| a.id.cmp(&b.id));
    if providers.is_empty() {
        doctor.doubtful(
            "providers",
            "there are none, so that people sign in only with links",
            "gatehall provider add ID --issuer URL --client-id ID",
        );
    }
    for provider in providers {
        progress(provider.id.as_str());
        doctor.look_at_provider(provider).await;
    }
    match &patient.public_url {
        None => doctor.bad(
            "public address",
            "it is not set, so that nobody can sign in",
            "set GATEHALL_PUBLIC_URL to the address that browsers use",
        ),
        Some(url) => {
            progress(url.as_str());
            doctor.look_at_address(url).await;
        }
    }
    doctor.findings
}

impl Doctor<'_> {
    fn note(&mut self, subject: &str, state: Health, found: &str, remedy: &str) {
        let (subject, found, remedy) = (subject.into(), found.into(), remedy.into());
        self.findings.push(Finding { subject, state, found, remedy });
    }

    fn good(&mut self, subject: &str, found: &str) {
        self.note(subject, Health::Good, found, "");
    }

    fn doubtful(&mut self, subject: &str, found: &str, remedy: &str) {
        self.note(subject, Health::Doubtful, found, remedy);
    }

    fn bad(&mut self, subject: &str, found: &str, remedy: &str) {
        self.note(subject, Health::Bad, found, remedy);
    }

    async fn look_at_provider(&mut self, provider: &Arc<Provider>) {
        let id = provider.id.as_str();
        let name = format!("provider {id}");
        if !provider.enabled {
            let remedy = format!("gatehall provider change {id} --enabled true");
            return self.doubtful(&name, "it is disabled", &remedy);
        }
        let running = Running::new(Arc::clone(provider), self.fetch.clone());
        let metadata = match running.read().await {
            Ok(metadata) => metadata,
            Err(error) => {
                return self.bad(&name, &error.to_string(), "see docs/providers for its kind");
            }
        };
        self.good(&name, &format!("its metadata fits, and it has {} keys", running.key_count()));
        if !metadata.takes_s256() {
            self.doubtful(
                &name,
                "it does not say that it takes PKCE with S256",
                "look whether it does: Gatehall always sends it",
            );
        }
        if let Some(source) = &provider.client_secret
            && let Err(error) = self.patient.vault.open_client_secret(&provider.id, source)
        {
            self.bad(
                &name,
                &format!("the client's secret: {error}"),
                "set the variable where the gate runs, and run the doctor there",
            );
        }
        self.look_at_rules_of(provider, &name);
        self.look_at_clock(&name, &metadata.jwks_uri).await;
        if let Some(public_url) = &self.patient.public_url
            && provider.settings.sign_in
            && let Ok(redirect) = public_url.join(&provider.callback_path())
        {
            let authorize = metadata.authorization_endpoint.clone();
            self.look_at_redirect(provider, &name, authorize, &redirect).await;
        }
    }

    /// What of the records makes a provider useless or careless.
    fn look_at_rules_of(&mut self, provider: &Provider, name: &str) {
        let (id, settings) = (&provider.id, &provider.settings);
        if settings.domains.is_empty() {
            self.doubtful(
                name,
                "it is authoritative for no e-mail domain, so that only users who are linked by \
                 hand can sign in",
                &format!("gatehall provider change {id} --domain example.com"),
            );
        }
        if provider.profile == Profile::Authentik && !settings.trust_email {
            self.doubtful(
                name,
                "Authentik says of every address that it is not verified, so that nobody new is \
                 let in",
                &format!("gatehall provider change {id} --trust-email true"),
            );
        }
        if self.patient.company.mappings_of(id).next().is_none() {
            self.doubtful(
                name,
                "none of its claims puts anybody in a group",
                &format!("gatehall provider map {id} --claim groups --value NAME --group NAME"),
            );
        }
    }

    async fn look_at_clock(&mut self, name: &str, url: &Url) {
        let Ok(response) = self.get(url, &[]).await else { return };
        let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        let there: Option<Timestamp> = date.and_then(Timestamp::from_http_date);
        let Some(there) = there else { return };
        let apart = (self.patient.now.seconds() - there.seconds()).abs();
        if apart > APART {
            self.bad(
                name,
                &format!("its clock and this machine's are {apart} seconds apart"),
                "synchronise this machine's clock (NTP)",
            );
        } else {
            self.good(name, "its clock agrees with this machine's");
        }
    }

    /// Asks for a sign-in without a page. A provider that does not know the redirect address
    /// shows an error of its own, and sends nobody back.
    async fn look_at_redirect(
        &mut self,
        provider: &Provider,
        name: &str,
        mut authorize: Url,
        redirect: &Url,
    ) {
        authorize
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", redirect.as_str())
            .append_pair("scope", "openid")
            .append_pair("state", "doctor")
            .append_pair("nonce", "doctor")
            .append_pair("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
            .append_pair("code_challenge_method", "S256")
            .append_pair("prompt", "none");
        let Ok(response) = self.get(&authorize, &[]).await else { return };
        let location = response.headers().get(header::LOCATION).and_then(|it| it.to_str().ok());
        match location {
            Some(location) if location.starts_with(redirect.as_str()) => {
                self.good(name, &format!("it sends back to {redirect}"));
            }
            _ if response.status().is_client_error() => self.bad(
                name,
                &format!("it refuses the client or its redirect address ({})", response.status()),
                &format!("register exactly {redirect} there, for client {}", provider.client_id),
            ),
            _ => self.doubtful(
                name,
                "it does not say whether it knows the redirect address",
                &format!("make sure that {redirect} is registered there"),
            ),
        }
    }

    async fn look_at_address(&mut self, url: &Url) {
        const NAME: &str = "public address";
        let Ok(keys) = url.join("/.well-known/jwks.json") else { return };
        let response = match self.get(&keys, &[]).await {
            Ok(response) => response,
            Err(error) => {
                let remedy = "start the gate, and lead the address to it through the proxy";
                return self.bad(NAME, &error, remedy);
            }
        };
        let own = Assertions::new(self.patient.vault).key_set();
        let there = serde_json::from_slice::<serde_json::Value>(response.body()).ok();
        if response.status() != StatusCode::OK || there.as_ref() != Some(&own) {
            return self.bad(
                NAME,
                &format!("{url} is another program, or a gate with another key file"),
                "lead the address to this gate, or run the doctor with its --vault-keys",
            );
        }
        self.good(NAME, &format!("{url} leads to this gate"));
        self.forge(url).await;
        self.forge_at_hosts(url).await;
    }

    /// Says who it is in headers, as nobody but a proxy may.
    async fn forge(&mut self, url: &Url) {
        let admin = self.patient.company.users.values().find(|user| user.admin && user.enabled);
        let name = admin.map_or_else(|| "admin@localhost".to_owned(), |it| it.email.to_string());
        let host = url.host_str().unwrap_or_default();
        let forged = [
            ("x-forwarded-user", name.as_str()),
            ("x-forwarded-method", "GET"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", host),
            ("x-forwarded-uri", "/"),
            ("x-original-method", "GET"),
            ("x-original-url", url.as_str()),
            ("x-user-email", name.as_str()),
            ("x-user-admin", "true"),
            ("accept", "text/event-stream"),
        ];
        for path in ["/auth/forwarded-user", "/auth/traefik", "/auth/nginx", "/mcp"] {
            let Ok(at) = url.join(path) else { continue };
            let Ok(response) = self.get(&at, &forged).await else { continue };
            let named = response.headers().get("x-user-email").is_some_and(|it| !it.is_empty());
            if named || path == "/mcp" && response.status().is_success() {
                self.bad(
                    &format!("forged headers at {path}"),
                    "whoever writes X-Forwarded-User is let in under that name",
                    "turn GATEHALL_FORWARDED_USER_PROXIES off, or have the proxy remove the header \
                     from what clients send",
                );
            } else {
                self.good(&format!("forged headers at {path}"), "they make nobody somebody");
            }
        }
    }

    /// Tries the hosts that ask this gate, as somebody who is not signed in.
    async fn forge_at_hosts(&mut self, url: &Url) {
        let rules = self.patient.company.host_rules.values();
        let mut hosts: Vec<&str> = rules
            .filter(|rule| !rule.is_open() && rule.path.as_str() == "/")
            .map(|rule| rule.host.as_str())
            .filter(|host| !host.starts_with('*'))
            .collect();
        hosts.sort_unstable();
        for host in hosts {
            let name = format!("host {host}");
            if let Some(domain) = &self.patient.cookie_domain
                && host != domain
                && !host.ends_with(&format!(".{domain}"))
            {
                self.bad(
                    &name,
                    &format!("it is not below {domain}, so that its visitors stay signed out"),
                    "choose a GATEHALL_COOKIE_DOMAIN above all hosts",
                );
            }
            let mut at = url.clone();
            if at.set_host(Some(host)).is_err() {
                continue;
            }
            let forged = [
                ("x-user-email", "admin@localhost"),
                ("x-user-admin", "true"),
                ("x-forwarded-user", "admin@localhost"),
                ("accept", "text/event-stream"),
            ];
            match self.get(&at, &forged).await {
                Err(error) => self.doubtful(&name, &error, "look whether the proxy serves it"),
                Ok(it) if it.status().is_success() => self.bad(
                    &name,
                    "it lets somebody in who is not signed in",
                    "have its proxy ask this gate: see docs/proxies",
                ),
                Ok(_) => self.good(&name, "it lets nobody in who is not signed in"),
            }
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
