//! What is left to do by hand.

use gatehall_compose_folder::{Hosts, variables::NAME};
use gatehall_domain::quoted;

use super::{deployment::Deployment, options::ProviderChoice, questions::Known, variables};
use crate::output::text;

/// Says what comes next.
pub(super) fn tell(known: &Known) {
    let value = |name: &str| known.value(name).unwrap_or_default();
    let domain = value("DOMAIN");
    let mut steps = Vec::new();
    let below = Hosts::below(domain);
    let mut hosts = below.all().to_vec();
    hosts.extend(known.has_authentik().then_some(below.provider.as_str()));
    steps.push(format!(
        "In the DNS of {domain} make A records (and AAAA, if this server has IPv6) that name this \
         server:\n       {}",
        hosts.join("\n       ")
    ));
    let page = match known.provider {
        Some(ProviderChoice::Entra) => Some("entra"),
        Some(ProviderChoice::Authentik) => Some("authentik"),
        Some(ProviderChoice::Generic) => Some("generic"),
        Some(ProviderChoice::AuthentikHere) | None => None,
    };
    if let Some(page) = page {
        steps.push(format!(
            "At the provider register this redirect URI (docs/providers/{page}.md):\n       \
             https://{}/oauth2/callback",
            below.portal
        ));
    }
    steps.push("Start it, in this folder:\n       docker compose up -d --wait".to_owned());
    if known.has_authentik() {
        steps.push(format!(
            "At https://{} sign in as akadmin, with the password in \
             secrets/authentik_admin_password, and add your people, each with an address of {}",
            below.provider,
            value("PEOPLE_DOMAINS")
        ));
    }
    steps.push(
        "See whether all is well:\n       docker compose exec gatehall /gatehall doctor".to_owned(),
    );
    steps.push(format!(
        "Sign in at https://{} as {admin}. Before the provider works, a link does it \
         once:\n       docker compose exec gatehall /gatehall admin link {}",
        below.portal,
        quoted(value("ADMIN_EMAIL")),
        admin = value("ADMIN_EMAIL"),
    ));
    text("\nNext:");
    for (number, step) in (1..).zip(steps) {
        text(&format!("  {number}. {step}"));
    }
}

/// Says what is odd, and does no harm to what was done.
pub(super) fn remind(there: &Deployment, known: &Known, has_lost_secrets: bool) {
    let differing = there.differing();
    if !differing.is_empty() {
        text(&format!(
            "\nNot as in this release, and left as they are: {}. To take this release's, move yours \
             away and run this again.",
            differing.join(", ")
        ));
    }
    if has_lost_secrets {
        text(
            "\nIf this deployment has run before, put its secrets back from a backup before it \
             starts: with another vault.keys the gate refuses its database.",
        );
    }
    let Some(file) = &there.variables else { return };
    for (name, value) in file.all() {
        if let Ok(outside) = std::env::var(name)
            && outside != value
            && variables::example().is_ok_and(|it| it.get(name).is_some())
        {
            text(&format!(
                "\nThis shell has a variable {name} of its own, which Compose takes in place of the \
                 one in {}: unset {name}",
                NAME
            ));
        }
    }
    if known.has_authentik() && there.variable("PROVIDER_TRUST_EMAIL") == Some("false") {
        text(
            "\nPROVIDER_TRUST_EMAIL is false: Authentik does not say of addresses that they are \
             verified, so nobody could sign in. Set it to true.",
        );
    }
}
