//! What the doors work with.

use gatehall_domain::{Admit, Company, HostRule, Provider, SecretSource};
use serde::Serialize;

/// A provider, without its secret.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in Provider")]
pub struct ProviderShow {
    pub id: String,
    pub name: String,
    pub profile: &'static str,
    pub issuer: String,
    pub client_id: String,
    /// `sealed`, `environment variable NAME`, or `none`.
    pub client_secret: String,
    pub enabled: bool,
    pub callback_path: String,
    /// What is set and is not the default, as lines.
    pub settings: Vec<String>,
    pub mappings: Vec<String>,
}

/// A host rule.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in HostRule")]
pub struct HostRuleShow {
    pub host: String,
    pub path: String,
    pub admit: &'static str,
    pub groups: Vec<String>,
}

/// All providers, by id.
pub fn providers(company: &Company) -> Vec<ProviderShow> {
    let show = |it: &Provider| {
        let settings = &it.settings;
        let lists = [
            ("scopes", &settings.scopes),
            ("directories", &settings.tenant_ids),
            ("domains", &settings.domains),
            ("audiences", &settings.audiences),
            ("clients", &settings.clients),
            ("required scopes", &settings.required_scopes),
        ];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        let mut lines: Vec<String> =
            lists.map(|(name, list)| format!("{name}: {}", list.join(", "))).collect();
        if settings.trust_email {
            lines.push("its email addresses are trusted as verified".into());
        }
        if settings.missing_is_empty {
            lines.push("a missing claim counts as empty".into());
        }
        if !settings.sign_in {
            lines.push("only its access tokens are accepted".into());
        }
        if !settings.add_users {
            lines.push("unknown users are not added".into());
        }
        let mut mappings: Vec<String> =
            company.mappings_of(&it.id).map(|it| company.claim_mapping_label(it)).collect();
        mappings.sort_unstable();
        ProviderShow {
            id: it.id.to_string(),
            name: it.name.clone(),
            profile: it.profile.as_str(),
            issuer: it.issuer.to_string(),
            client_id: it.client_id.clone(),
            client_secret: match &it.client_secret {
                Some(SecretSource::Sealed(_)) => "sealed".into(),
                Some(SecretSource::Environment(name)) => format!("environment variable {name}"),
                None => "none".into(),
            },
            enabled: it.enabled,
            callback_path: it.callback_path(),
            settings: lines,
            mappings,
        }
    };
    let mut shown: Vec<_> = company.providers.values().map(|it| show(it)).collect();
    shown.sort_by(|a, b| a.id.cmp(&b.id));
    shown
}

/// All host rules, by host and path.
pub fn host_rules(company: &Company) -> Vec<HostRuleShow> {
    let show = |it: &HostRule| HostRuleShow {
        host: it.host.to_string(),
        path: it.path.to_string(),
        admit: it.admit.as_str(),
        groups: match &it.admit {
            Admit::Groups(groups) => groups.iter().map(|it| company.group_label(*it)).collect(),
            Admit::Open | Admit::SignedIn => Vec::new(),
        },
    };
    let mut shown: Vec<_> = company.host_rules.values().map(|it| show(it)).collect();
    shown.sort_by(|a, b| (&a.host, &a.path).cmp(&(&b.host, &b.path)));
    shown
}
