//! The rows of Gatehall's own file that are about the doors.

use gatehall_domain::{
    Admit, ClaimMapping, Company, GroupId, GroupName, HostPattern, HostRule, Issuer, PathPrefix,
    Profile, Provider, ProviderId, ProviderSettings, Refusal, SecretSource, Timestamp,
};
use gatehall_vault::Vault;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::operation::{
    NewSecret, host_rule,
    provider::{NewMapping, ProviderEdit, mapping},
    read_secret_file,
};

/// An OpenID provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in Provider and ProviderSettings")]
pub struct ProviderRow {
    pub id: ProviderId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    pub issuer: Issuer,
    pub client_id: String,
    /// The gateway reads the client's secret from this environment variable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_environment: Option<String>,
    /// The import reads it from this file, once, and seals it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_ids: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_email: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_users: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_is_empty: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_claim: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_callback: Option<bool>,
}

/// What a claim of a provider means here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in ClaimMapping")]
pub struct ClaimMappingRow {
    pub provider: ProviderId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    pub claim: String,
    pub value: String,
    pub group: GroupName,
}

/// Whom proxies let through to a host.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in HostRule")]
pub struct HostRuleRow {
    pub host: HostPattern,
    #[serde(default = "everything")]
    pub path: PathPrefix,
    pub admit: AdmitWord,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupName>,
}

/// As in [`Admit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "as in Admit")]
pub enum AdmitWord {
    Open,
    SignedIn,
    Groups,
}

#[expect(clippy::unwrap_used, reason = "a slash is a path")]
fn everything() -> PathPrefix {
    "/".parse().unwrap()
}

/// The provider that a row wants: what it does not set stays as it is, or takes the default.
pub(super) fn provider(
    company: &Company,
    vault: &Vault,
    row: &ProviderRow,
    now: Timestamp,
) -> Result<Provider, String> {
    let before = company.providers.get(&row.id);
    let client_secret = match (&row.client_secret_environment, &row.client_secret_file) {
        (Some(_), Some(_)) => {
            return Err("give client_secret_environment or client_secret_file, not both".into());
        }
        (Some(name), None) => Some(NewSecret::Environment(name.clone())),
        (None, Some(path)) => {
            let secret = read_secret_file(path)
                .map_err(|error| format!("client_secret_file {path}: {error}"))?;
            let same = before.and_then(|it| it.client_secret.as_ref()).is_some_and(|source| {
                let opened = vault.open_client_secret(&row.id, source);
                matches!(source, SecretSource::Sealed(_))
                    && opened.is_ok_and(|it| it.expose_secret() == secret.expose_secret())
            });
            (!same).then_some(NewSecret::Value(secret))
        }
        (None, None) => None,
    };
    let first = || !company.providers.values().any(|it| it.has_shared_callback());
    let mut provider = match before {
        Some(before) => Provider::clone(before),
        None => Provider {
            id: row.id.clone(),
            name: row.id.to_string(),
            profile: Profile::Generic,
            issuer: row.issuer.clone(),
            client_id: row.client_id.clone(),
            client_secret: None,
            settings: Box::new(ProviderSettings {
                own_callback: !first(),
                ..ProviderSettings::default()
            }),
            enabled: true,
            created_at: now,
        },
    };
    let edit = ProviderEdit {
        name: row.name.clone(),
        profile: row.profile,
        issuer: Some(row.issuer.clone()),
        client_id: Some(row.client_id.clone()),
        client_secret,
        enabled: row.enabled,
        scopes: row.scopes.clone(),
        tenant_ids: row.tenant_ids.clone(),
        domains: row.domains.clone(),
        trust_email: row.trust_email,
        add_users: row.add_users,
        sign_in: row.sign_in,
        missing_is_empty: row.missing_is_empty,
        email_claim: row.email_claim.clone(),
        audiences: row.audiences.clone(),
        clients: row.clients.clone(),
        required_scopes: row.required_scopes.clone(),
        graph_url: row.graph_url.clone(),
        own_callback: row.own_callback,
    };
    edit.apply(&mut provider, vault).map_err(|error| error.to_string())?;
    Ok(provider)
}

pub(super) fn claim_mapping(
    company: &Company,
    row: &ClaimMappingRow,
    now: Timestamp,
) -> Result<ClaimMapping, Refusal> {
    let new = NewMapping {
        provider: row.provider.clone(),
        tenant_id: row.tenant_id.clone(),
        claim: row.claim.clone(),
        value: row.value.clone(),
        group: row.group.clone(),
    };
    mapping(company, &new, now)
}

pub(super) fn host_rule(
    company: &Company,
    row: &HostRuleRow,
    now: Timestamp,
) -> Result<HostRule, Refusal> {
    let admit = match (row.admit, row.groups.is_empty()) {
        (AdmitWord::Open, true) => Admit::Open,
        (AdmitWord::SignedIn, true) => Admit::SignedIn,
        (AdmitWord::Groups, false) => host_rule::groups(company, &row.groups)?,
        (AdmitWord::Groups, true) => {
            return Err(Refusal::invalid("groups", "is missing: name the groups to admit"));
        }
        (_, false) => {
            return Err(Refusal::invalid("groups", "has no effect unless admit is \"groups\""));
        }
    };
    Ok(host_rule::rule(company, &row.host, &row.path, admit, now))
}

/// The doors' part of an export, without secrets.
pub(crate) fn export(
    company: &Company,
) -> (Vec<ProviderRow>, Vec<ClaimMappingRow>, Vec<HostRuleRow>) {
    let list = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let provider = |it: &Provider| ProviderRow {
        id: it.id.clone(),
        name: Some(it.name.clone()),
        profile: Some(it.profile),
        issuer: it.issuer.clone(),
        client_id: it.client_id.clone(),
        client_secret_environment: match &it.client_secret {
            Some(SecretSource::Environment(name)) => Some(name.clone()),
            _ => None,
        },
        client_secret_file: None,
        enabled: Some(it.enabled),
        scopes: list(&it.settings.scopes),
        tenant_ids: list(&it.settings.tenant_ids),
        domains: list(&it.settings.domains),
        trust_email: Some(it.settings.trust_email),
        add_users: Some(it.settings.add_users),
        sign_in: Some(it.settings.sign_in),
        missing_is_empty: Some(it.settings.missing_is_empty),
        email_claim: it.settings.email_claim.clone(),
        audiences: list(&it.settings.audiences),
        clients: list(&it.settings.clients),
        required_scopes: list(&it.settings.required_scopes),
        graph_url: it.settings.graph_url.clone(),
        own_callback: Some(it.settings.own_callback),
    };
    let name = |id: &GroupId| company.groups.get(id).map(|group| group.name.clone());
    let mapping = |it: &ClaimMapping| {
        Some(ClaimMappingRow {
            provider: it.provider.clone(),
            tenant_id: it.tenant_id.clone(),
            claim: it.claim.clone(),
            value: it.value.clone(),
            group: name(&it.group)?,
        })
    };
    let rule = |it: &HostRule| {
        let (admit, groups) = match &it.admit {
            Admit::Open => (AdmitWord::Open, Vec::new()),
            Admit::SignedIn => (AdmitWord::SignedIn, Vec::new()),
            Admit::Groups(ids) => (AdmitWord::Groups, ids.iter().filter_map(name).collect()),
        };
        HostRuleRow { host: it.host.clone(), path: it.path.clone(), admit, groups }
    };
    let mut providers: Vec<_> = company.providers.values().map(|it| provider(it)).collect();
    let mut mappings: Vec<_> =
        company.claim_mappings.values().filter_map(|it| mapping(it)).collect();
    let mut rules: Vec<_> = company.host_rules.values().map(|it| rule(it)).collect();
    providers.sort_by(|a, b| a.id.cmp(&b.id));
    mappings.sort_by_cached_key(|it| format!("{it:?}"));
    rules.sort_by(|a, b| (&a.host, &a.path).cmp(&(&b.host, &b.path)));
    (providers, mappings, rules)
}
