//! Whether the public address leads to this gate, and what proxies let through.

use gatehall_domain::Finding;
use http::StatusCode;
use url::Url;

use super::{Doctor, key_set_of};

impl Doctor<'_> {
    pub(super) async fn look_at_address(&mut self, url: &Url) {
        const NAME: &str = "public address";
        let Ok(keys) = url.join("/.well-known/jwks.json") else { return };
        let response = match self.get(&keys, &[]).await {
            Ok(response) => response,
            Err(error) => {
                let found = format!("nothing answers: the gate is down, or its proxy ({error})");
                let remedy = "start the gate, and lead the address to it through the proxy";
                return self.findings.push(Finding::bad(NAME, &found, remedy));
            }
        };
        // What proxies say while nothing answers behind them.
        if matches!(response.status().as_u16(), 502..=504) {
            return self.findings.push(Finding::bad(
                NAME,
                format!("the gate is down: its proxy answers {}", response.status()),
                "start the gate, and look whether the proxy leads to where it listens",
            ));
        }
        let own = key_set_of(self.patient.vault);
        let there = serde_json::from_slice::<serde_json::Value>(response.body()).ok();
        if response.status() != StatusCode::OK || there.as_ref() != Some(&own) {
            return self.findings.push(Finding::bad(
                NAME,
                format!("{url} is another program, or a gate with another key file"),
                "lead the address to this gate, or run the doctor with its --vault-keys",
            ));
        }
        self.findings.push(Finding::good(NAME, format!("{url} leads to this gate")));
        self.look_at_proxy(url).await;
        self.ask_how_it_is(url).await;
        self.forge(url).await;
        self.try_entrances(url).await;
    }

    /// Has the gate say what of it does not work.
    async fn ask_how_it_is(&mut self, url: &Url) {
        const NAME: &str = "the gate itself";
        // Proxies need not pass on what strangers have no business to know.
        const PATH: &str = "/health/well";
        let Some(at) = self.without_proxy(PATH).or_else(|| url.join(PATH).ok()) else { return };
        let Ok(response) = self.get(&at, &[]).await else { return };
        let report = serde_json::from_slice::<serde_json::Value>(response.body()).ok();
        let troubles = report.as_ref().and_then(|it| it["troubles"].as_array());
        match troubles {
            Some(troubles) if troubles.is_empty() => {
                self.findings.push(Finding::good(NAME, "everything works"))
            }
            Some(troubles) => {
                for trouble in troubles.iter().filter_map(serde_json::Value::as_str) {
                    self.findings.push(Finding::bad(
                        NAME,
                        trouble,
                        "see to what it names; its log has more",
                    ));
                }
            }
            None => self.findings.push(Finding::doubtful(
                NAME,
                "/health/well is not answered",
                "run the doctor beside the gate, with its GATEHALL_LISTEN",
            )),
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
                self.findings.push(Finding::bad(
                    format!("forged headers at {path}"),
                    "whoever writes X-Forwarded-User is let in under that name",
                    "turn GATEHALL_FORWARDED_USER_PROXIES off, or have the proxy remove the header \
                     from what clients send",
                ));
            } else {
                self.findings.push(Finding::good(
                    format!("forged headers at {path}"),
                    "they make nobody somebody",
                ));
            }
        }
    }
}
