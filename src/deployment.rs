//! The public side of a deployment, as far as the gate's own records tell it.

use std::collections::BTreeSet;

use gatehall_compose_folder::Hosts;
use gatehall_doctor::{Deployment, Ports, Side};
use gatehall_domain::Company;
use gatehall_identity::key_set_of;
use gatehall_vault::Vault;
use url::Url;

/// The header in which Open WebUI is usually told who somebody is.
const TRUSTED: &str = "X-User-Email";

/// A deployment whose hosts lie below a domain, or else are those of the host rules. Without TLS
/// there is nothing public.
pub(crate) fn public_side(
    public_url: Option<&Url>,
    domain: Option<&str>,
    company: Option<&Company>,
    vault: Option<&Vault>,
    http: u16,
) -> Deployment {
    let below = domain.map(Hosts::below);
    let mut hosts = BTreeSet::new();
    let secure = public_url.filter(|it| it.scheme() == "https");
    if let Some(host) = secure.and_then(Url::host_str) {
        hosts.insert(host.to_owned());
        match (&below, company) {
            (Some(below), _) => hosts.extend(below.all().map(str::to_owned)),
            (None, Some(company)) => {
                let rules = company.host_rules.values().map(|it| it.host.as_str());
                hosts.extend(rules.filter(|it| !it.contains('*')).map(str::to_owned));
            }
            (None, None) => {}
        }
    }
    let below = below.filter(|_| secure.is_some());
    if let (Some(below), Some(company)) = (&below, company)
        && signs_in_at(company, &below.provider)
    {
        hosts.insert(below.provider.clone());
    }
    let users = company.into_iter().flat_map(|it| it.users.values());
    let admin = users.filter(|it| it.admin && it.enabled).map(|it| it.email.to_string()).min();
    Deployment {
        side: Side::Here,
        ports: Ports::of(public_url, http),
        public_url: public_url.cloned(),
        chat_host: below.map(|it| it.chat),
        hosts,
        keys: vault.map(key_set_of),
        chat_url: None,
        proxy_network: None,
        trusted_header: TRUSTED.to_owned(),
        person: admin,
        model: None,
        folders: Vec::new(),
    }
}

/// Whether people sign in with a provider at a host.
fn signs_in_at(company: &Company, host: &str) -> bool {
    company.providers.values().any(|provider| {
        let issuer = Url::parse(provider.issuer.as_str());
        provider.enabled && issuer.is_ok_and(|it| it.host_str() == Some(host))
    })
}
