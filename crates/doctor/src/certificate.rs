//! What is to be said of a certificate: its name, its time and who vouches for it are looked at one
//! by one, so that an old certificate of the wrong host is told to be both.

use std::sync::Arc;

use gatehall_domain::counted;
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier, verify_server_name},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::senses::Senses;

/// Renewed certificates have 60 days and more; one with fewer than this was not renewed in time.
const FEW_DAYS: i64 = 21;

/// Within so many days somebody has to do something.
const NO_DAYS: i64 = 4;

const DAY: i64 = 24 * 3600;

/// Certificates of Let's Encrypt's staging name themselves so.
const STAGING: [&str; 2] = ["(STAGING)", "Fake LE"];

/// The one that Traefik shows while it has none for a host.
const TRAEFIK: &str = "TRAEFIK DEFAULT CERT";

/// What is wrong, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) found: String,
    pub(crate) remedy: String,
}

/// What is to be said of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Browsers take it, for so many days more.
    Good { issuer: String, days: i64 },
    /// They do, but not for long.
    Ending(Problem),
    /// They do not.
    Bad(Problem),
}

impl Verdict {
    /// Why browsers do not take it.
    pub(crate) fn problem(self) -> Option<Problem> {
        match self {
            Self::Bad(problem) => Some(problem),
            Self::Good { .. } | Self::Ending(_) => None,
        }
    }

    /// Of the certificates that a host shows, its own first.
    pub(crate) fn of(shown: &[CertificateDer<'static>], host: &str, senses: &Senses) -> Self {
        let bad = |found: &str, remedy: &str| {
            Self::Bad(Problem { found: found.into(), remedy: remedy.into() })
        };
        let Some((own, others)) = shown.split_first() else {
            return bad("none is shown", "look at the log of the proxy");
        };
        let Ok((_, it)) = X509Certificate::from_der(own) else {
            return bad("it cannot be read", "look at the log of the proxy");
        };
        let (issuer, subject) = (it.issuer().to_string(), it.subject().to_string());
        let (from, until) =
            (it.validity().not_before.timestamp(), it.validity().not_after.timestamp());
        let now = senses.clock.now().seconds();
        let mut found = Vec::new();
        let mut remedies = Vec::new();
        let mut add = |what: String, remedy: &str| {
            found.push(what);
            remedies.push(remedy.to_owned());
        };
        if now < from {
            add(
                format!(
                    "it begins to count in {}",
                    counted((from - now + 3599) / 3600, "hour", "hours")
                ),
                "look whether this machine's clock is right",
            );
        }
        if now >= until {
            add(
                format!("it ended {} ago", counted((now - until) / DAY, "day", "days")),
                "see in the log of the proxy why it was not renewed (docker compose logs traefik | \
                 grep -i acme); port 443 has to be reachable from the internet",
            );
        }
        let names = |name: ServerName<'_>| {
            let parsed = ParsedCertificate::try_from(own).ok()?;
            verify_server_name(&parsed, &name).ok()
        };
        let is_named = ServerName::try_from(host).ok().and_then(names).is_some();
        if !is_named && !subject.contains(TRAEFIK) {
            let named = names_of(&it);
            add(
                format!("it is of another name ({named}), so that browsers warn of {host}"),
                "have the proxy get one for this host: its router needs Host(`…`) and a \
                 certificate resolver",
            );
        }
        if subject.contains(TRAEFIK) {
            add(
                "it is the one that Traefik shows while it has none for this host".into(),
                "see in its log why none could be had (docker compose logs traefik | grep -i \
                 acme): the name has to lead here, and port 443 has to be open",
            );
        } else if STAGING.iter().any(|word| issuer.contains(word)) {
            add(
                format!("it is of a staging issuer ({issuer}), which no browser takes"),
                "set ACME_CA_SERVER to https://acme-v02.api.letsencrypt.org/directory, remove the \
                 file of certificates (acme.json) and start Traefik anew",
            );
        } else if !is_vouched(own, others, host, from, until, &senses.roots) {
            let what = match issuer == subject {
                true => "it is self-signed".to_owned(),
                false => format!("nobody whom browsers know vouches for its issuer ({issuer})"),
            };
            add(
                what,
                "have the proxy get one by ACME, or show the whole chain of one that was bought; \
                 for an authority of your own make it known to this machine (SSL_CERT_FILE)",
            );
        }
        if !found.is_empty() {
            let (found, remedy) = (found.join("; "), remedies.join("; "));
            return Self::Bad(Problem { found, remedy });
        }
        let days = (until - now) / DAY;
        if days < FEW_DAYS {
            let days_left = counted(days, "day", "days");
            let found = format!("it ends in {days_left}, and should have been renewed by now");
            let remedy = "see in the log of the proxy why it is not renewed (docker compose logs \
                          traefik | grep -i acme)";
            let problem = Problem { found, remedy: remedy.into() };
            return if days < NO_DAYS { Self::Bad(problem) } else { Self::Ending(problem) };
        }
        Self::Good { issuer, days }
    }
}

/// The names that a certificate has.
fn names_of(it: &X509Certificate<'_>) -> String {
    let named = it.subject_alternative_name().ok().flatten();
    let named = named.map(|it| it.value.general_names.iter().map(ToString::to_string));
    let named: Vec<String> = named.into_iter().flatten().take(3).collect();
    if named.is_empty() { "none".to_owned() } else { named.join(", ") }
}

/// Whether a known authority vouches for it, whatever the time and the name.
fn is_vouched(
    own: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    host: &str,
    from: i64,
    until: i64,
    roots: &Arc<RootCertStore>,
) -> bool {
    if roots.is_empty() {
        return false;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let built = WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), provider).build();
    let (Ok(verifier), Ok(name)) = (built, ServerName::try_from(host.to_owned())) else {
        return false;
    };
    // Within the time in which it counts: in the middle others of the chain may not count yet.
    let within = [until - 1, from + 1, from + (until - from) / 2];
    within.into_iter().filter_map(|at| u64::try_from(at).ok()).any(|at| {
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
        match verifier.verify_server_cert(own, others, &name, &[], at) {
            Ok(_) => true,
            Err(rustls::Error::InvalidCertificate(why)) => matches!(
                why,
                rustls::CertificateError::NotValidForName
                    | rustls::CertificateError::NotValidForNameContext { .. }
            ),
            Err(_) => false,
        }
    })
}

#[cfg(test)]
pub(crate) mod tests;
