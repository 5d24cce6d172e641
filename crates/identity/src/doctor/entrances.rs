//! Whether the hosts that ask this gate do so, everywhere.

use std::collections::BTreeMap;

use bytes::Bytes;
use gatehall_domain::Finding;
use http::{Response, StatusCode, header};
use url::Url;

use super::Doctor;

/// What the gate says to a proxy that it does not know.
const PROXIES: &str = "GATEHALL_TRUSTED_PROXIES";

/// A page that nobody has: only a check answers for it as for any other.
const NO_PAGE: &str = "gatehall-doctor";

impl Doctor<'_> {
    /// Tries each place that is not open, as somebody who is not signed in.
    pub(super) async fn try_entrances(&mut self, url: &Url) {
        let rules = self.patient.company.host_rules.values();
        let closed = rules.filter(|rule| !rule.is_open() && !rule.host.as_str().starts_with('*'));
        let mut hosts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for rule in closed {
            hosts
                .entry(rule.host.as_str())
                .or_default()
                .push(rule.path.as_str().trim_end_matches('/'));
        }
        for (host, mut paths) in hosts {
            self.look_at_domain(host, url);
            paths.sort_unstable();
            paths.dedup();
            for path in paths {
                self.try_entrance(host, path, url).await;
            }
        }
    }

    /// Whether a sign-in counts at a host.
    fn look_at_domain(&mut self, host: &str, url: &Url) {
        let name = format!("host {host}");
        if self.patient.cookie_domain.is_none() && url.host_str() != Some(host) {
            self.findings.push(Finding::bad(
                &name,
                "its visitors stay signed out: a sign-in counts for the gate's own host alone",
                "set GATEHALL_COOKIE_DOMAIN of the gate to a domain above all hosts",
            ));
        }
        if let Some(domain) = &self.patient.cookie_domain
            && host != domain
            && !host.ends_with(&format!(".{domain}"))
        {
            self.findings.push(Finding::bad(
                &name,
                format!("it is not below {domain}, so that its visitors stay signed out"),
                "choose a GATEHALL_COOKIE_DOMAIN above all hosts",
            ));
        }
    }

    /// A proxy may have its own place for a path, which has to ask as well.
    async fn try_entrance(&mut self, host: &str, path: &str, url: &Url) {
        let name = format!("host {host}{path}");
        let forged = [
            ("x-user-email", "admin@localhost"),
            ("x-user-admin", "true"),
            ("x-forwarded-user", "admin@localhost"),
            ("accept", "text/html"),
            ("sec-fetch-mode", "navigate"),
        ];
        // The rule of "/a/" is that of "/a", too.
        let below = ["", "/", &format!("/{NO_PAGE}")].map(|end| format!("{path}{end}"));
        for path in if path.is_empty() { &below[..1] } else { &below[..] } {
            let mut at = url.clone();
            if at.set_host(Some(host)).is_err() {
                return;
            }
            at.set_path(path);
            match self.get(&at, &forged).await {
                Err(error) => {
                    return self.findings.push(Finding::doubtful(
                        &name,
                        &error,
                        "look whether the proxy serves it",
                    ));
                }
                Ok(it) if it.status().is_success() => {
                    return self.findings.push(Finding::bad(
                        &name,
                        "it lets somebody in who is not signed in",
                        "have its proxy ask this gate: see docs/proxies",
                    ));
                }
                Ok(it) if leads_to_sign_in(&it, url) => {}
                Ok(it) if String::from_utf8_lossy(it.body()).contains(PROXIES) => {
                    return self.findings.push(Finding::bad(
                        &name,
                        "the gate does not take questions of its proxy, so that nobody gets in",
                        "list the proxy's address in GATEHALL_TRUSTED_PROXIES of the gate",
                    ));
                }
                Ok(it) => {
                    return self.findings.push(Finding::doubtful(
                        &name,
                        format!("{path} answers {} and leads nobody to sign in", it.status()),
                        "have its proxy ask this gate and pass its answers on: see docs/proxies",
                    ));
                }
            }
        }
        self.findings.push(Finding::good(&name, "it sends whoever is not signed in to sign in"));
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
