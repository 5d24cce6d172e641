//! Whether people can sign in with a provider.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use gatehall_domain::{Finding, Profile, Provider, Timestamp, counted};
use http::{Method, Request, StatusCode, header};
use secrecy::ExposeSecret;
use url::{Url, form_urlencoded::byte_serialize};

use super::{Doctor, RedirectSaid, redirect_said};
use crate::provider::{Metadata, Running};

/// Clocks that are further apart make tokens count too early or too late, in seconds.
const APART: i64 = 30;

impl Doctor<'_> {
    pub(super) async fn look_at_provider(&mut self, provider: &Arc<Provider>) {
        let id = provider.id.as_str();
        let (name, page) = (format!("provider {id}"), format!("/providers/{id}"));
        if !provider.enabled {
            let remedy = format!("gatehall provider change {id} --enabled true");
            let finding = Finding::doubtful(&name, "it is disabled", remedy);
            return self.findings.push(finding.mended_at(page));
        }
        let running = Running::new(Arc::clone(provider), self.fetch.clone());
        let metadata = match running.read().await {
            Ok(metadata) => metadata,
            Err(error) => {
                let remedy = format!("{} (docs/providers has each kind)", error.remedy());
                let finding = Finding::bad(&name, error.to_string(), remedy);
                return self.findings.push(finding.mended_at(page));
            }
        };
        let keys = counted(running.key_count(), "key", "keys");
        self.findings.push(Finding::good(&name, format!("its metadata fits, and it has {keys}")));
        if !metadata.takes_s256() {
            self.findings.push(Finding::doubtful(
                &name,
                "it does not say that it takes PKCE with S256",
                "look whether it does: Gatehall always sends it",
            ));
        }
        self.look_at_secret(provider, &name, &metadata).await;
        self.look_at_claims(provider, &name, &metadata);
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
        let page = format!("/providers/{id}");
        if settings.domains.is_empty() {
            self.findings.push(Finding::doubtful(
                name,
                "it is authoritative for no e-mail domain, so that only users who are linked by \
                 hand can sign in",
                format!("gatehall provider change {id} --domain example.com"),
            ).mended_at(&page));
        }
        if provider.profile == Profile::Authentik && !settings.trust_email {
            self.findings.push(Finding::doubtful(
                name,
                "Authentik says of every address that it is not verified, so that nobody new is \
                 let in",
                format!("gatehall provider change {id} --trust-email true"),
            ).mended_at(&page));
        }
        if self.patient.company.mappings_of(id).next().is_none() {
            self.findings.push(
                Finding::doubtful(
                    name,
                    "none of its claims puts anybody in a group",
                    format!("gatehall provider map {id} --claim groups --value NAME --group NAME"),
                )
                .mended_at(page),
            );
        }
    }

    /// Asks for tokens with a code that nobody issued. A provider that knows the secret complains
    /// of the code, another of the client.
    async fn look_at_secret(&mut self, provider: &Provider, name: &str, metadata: &Metadata) {
        let source = provider.client_secret.as_ref();
        let opened = source.map(|it| self.patient.vault.open_client_secret(&provider.id, it));
        let secret = match opened {
            None => return,
            Some(Ok(secret)) if !secret.expose_secret().is_empty() => secret,
            Some(opened) => {
                let problem =
                    opened.err().map_or_else(|| "it is empty".into(), |it| it.to_string());
                return self.findings.push(Finding::bad(
                    name,
                    format!("nobody can sign in, because of the client's secret: {problem}"),
                    "fix it where the gate runs, and run the doctor there",
                ));
            }
        };
        let encode = |text: &str| -> String { byte_serialize(text.as_bytes()).collect() };
        let pair = format!("{}:{}", encode(&provider.client_id), encode(secret.expose_secret()));
        let redirect = self.patient.public_url.as_ref().map_or("", Url::as_str);
        let body =
            format!("grant_type=authorization_code&code=doctor&redirect_uri={}", encode(redirect));
        let request = Request::builder()
            .method(Method::POST)
            .uri(metadata.token_endpoint.as_str())
            .header(header::AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(pair)))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body));
        let Ok(request) = request else { return };
        let Ok(response) = self.fetch.send(request).await else { return };
        let said = String::from_utf8_lossy(response.body());
        if said.contains("invalid_client") || response.status() == StatusCode::UNAUTHORIZED {
            let id = &provider.id;
            self.findings.push(Finding::bad(
                name,
                "it does not take the client's secret, so that every sign-in fails",
                format!(
                    "gatehall provider change {id} --client-secret stdin; where secrets/ has it, \
                     gatehall init compose --rotate provider_client_secret, since the file is read \
                     again at every start"
                ),
            ).mended_at(format!("/providers/{id}")));
        } else {
            self.findings.push(Finding::good(name, "it takes the client's secret"));
        }
    }

    /// Claims that mappings need and the provider does not speak of.
    fn look_at_claims(&mut self, provider: &Provider, name: &str, metadata: &Metadata) {
        let known = |claim: &str| metadata.claims.iter().any(|it| it == claim);
        let mappings = self.patient.company.mappings_of(&provider.id);
        let mut missing: Vec<String> =
            mappings.map(|it| it.claim.clone()).filter(|claim| !known(claim)).collect();
        missing.sort_unstable();
        missing.dedup();
        // Many providers list only some; Entra ID lists none of those that are configured.
        if !metadata.claims.is_empty() && provider.profile != Profile::Entra && !missing.is_empty()
        {
            self.findings.push(
                Finding::doubtful(
                    name,
                    format!("it does not say that it sends the claim {}", missing.join(", ")),
                    "add a mapper for it there, or map another claim: gatehall provider show",
                )
                .mended_at(format!("/providers/{}", provider.id)),
            );
        }
    }

    async fn look_at_clock(&mut self, name: &str, url: &Url) {
        let Ok(response) = self.get(url, &[]).await else { return };
        let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        let there: Option<Timestamp> = date.and_then(Timestamp::from_http_date);
        let Some(there) = there else { return };
        let apart = (self.now().seconds() - there.seconds()).abs();
        if apart > APART {
            self.findings.push(Finding::bad(
                name,
                format!("its clock and this machine's are {apart} seconds apart"),
                "synchronise this machine's clock (NTP)",
            ));
        } else {
            self.findings.push(Finding::good(name, "its clock agrees with this machine's"));
        }
    }

    /// Asks for a sign-in without a page. A provider that does not know the redirect URI
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
        let page = String::from_utf8_lossy(response.body());
        match redirect_said(response.status(), location, &page, redirect.as_str()) {
            RedirectSaid::Takes => {
                self.findings.push(Finding::good(name, format!("it sends back to {redirect}")))
            }
            RedirectSaid::Refuses(how) => self.findings.push(Finding::bad(
                name,
                format!("it refuses the client or its redirect URI ({how})"),
                format!("register exactly {redirect} there, for client {}", provider.client_id),
            )),
            RedirectSaid::Silent => self.findings.push(Finding::doubtful(
                name,
                "it does not say whether it knows the redirect URI",
                format!("make sure that {redirect} is registered there"),
            )),
        }
    }
}
