//! Whether the public address leads to this gate, and what proxies let through.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use url::Url;

use super::Doctor;
use crate::forward::Assertions;

/// What the gate says to a proxy that it does not know.
const PROXIES: &str = "GATEHALL_TRUSTED_PROXIES";

impl Doctor<'_> {
    pub(super) async fn look_at_address(&mut self, url: &Url) {
        const NAME: &str = "public address";
        let Ok(keys) = url.join("/.well-known/jwks.json") else { return };
        let response = match self.get(&keys, &[]).await {
            Ok(response) => response,
            Err(error) => {
                let found = format!("nothing answers: the gate is down, or its proxy ({error})");
                let remedy = "start the gate, and lead the address to it through the proxy";
                return self.bad(NAME, &found, remedy);
            }
        };
        // What proxies say while nothing answers behind them.
        if matches!(response.status().as_u16(), 502..=504) {
            return self.bad(
                NAME,
                &format!("the gate is down: its proxy answers {}", response.status()),
                "start the gate, and look whether the proxy leads to where it listens",
            );
        }
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
        self.look_at_proxy(url).await;
        self.ask_how_it_is(url).await;
        self.forge(url).await;
        self.forge_at_hosts(url).await;
    }

    /// Has the gate say what of it does not work.
    async fn ask_how_it_is(&mut self, url: &Url) {
        const NAME: &str = "the gate itself";
        let Ok(at) = url.join("/health/well") else { return };
        let Ok(response) = self.get(&at, &[]).await else { return };
        let report = serde_json::from_slice::<serde_json::Value>(response.body()).ok();
        let troubles = report.as_ref().and_then(|it| it["troubles"].as_array());
        match troubles {
            Some(troubles) if troubles.is_empty() => self.good(NAME, "everything works"),
            Some(troubles) => {
                for trouble in troubles.iter().filter_map(serde_json::Value::as_str) {
                    self.bad(NAME, trouble, "see to what it names; its log has more");
                }
            }
            None => self.doubtful(
                NAME,
                "/health/well is not answered",
                "have the proxy pass it on, or run the doctor beside the gate",
            ),
        }
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
            if self.patient.cookie_domain.is_none() && url.host_str() != Some(host) {
                self.bad(
                    &name,
                    "its visitors stay signed out: a sign-in counts for the gate's own host alone",
                    "set GATEHALL_COOKIE_DOMAIN of the gate to a domain above all hosts",
                );
            }
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
                ("accept", "text/html"),
                ("sec-fetch-mode", "navigate"),
            ];
            match self.get(&at, &forged).await {
                Err(error) => self.doubtful(&name, &error, "look whether the proxy serves it"),
                Ok(it) if it.status().is_success() => self.bad(
                    &name,
                    "it lets somebody in who is not signed in",
                    "have its proxy ask this gate: see docs/proxies",
                ),
                Ok(it) if leads_to_sign_in(&it, url) => {
                    self.good(&name, "it sends whoever is not signed in to sign in");
                }
                Ok(it) if String::from_utf8_lossy(it.body()).contains(PROXIES) => self.bad(
                    &name,
                    "the gate does not take questions of its proxy, so that nobody gets in",
                    "list the proxy's address in GATEHALL_TRUSTED_PROXIES of the gate",
                ),
                Ok(it) => self.doubtful(
                    &name,
                    &format!("it answers {} and leads nobody to sign in", it.status()),
                    "have its proxy ask this gate and pass its answers on: see docs/proxies",
                ),
            }
        }
    }
}

/// Whether an answer leads to the sign-in of this gate.
fn leads_to_sign_in(response: &Response<Bytes>, public_url: &Url) -> bool {
    let location = response.headers().get(header::LOCATION).and_then(|it| it.to_str().ok());
    let own = format!("{}/oauth2/", public_url.as_str().trim_end_matches('/'));
    match location {
        Some(location) => location.starts_with(&own),
        // nginx, as it was set up for oauth2-proxy, shows the page in place of what was asked for.
        None => response.status() == StatusCode::UNAUTHORIZED,
    }
}
