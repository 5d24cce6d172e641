//! OpenID providers, and what their claims mean here.

use gatehall_domain::{
    Change, ClaimMapping, ClaimMappingId, Company, GroupName, Issuer, Profile, Provider,
    ProviderId, ProviderSettings, Refusal, SecretSource, Timestamp,
};
use gatehall_vault::Vault;
use uuid::Uuid;

use super::{NewSecret, checked_secret, find_group, replace, set};
use crate::DeskError;

/// What changes of a provider. What is not set stays, or has its default.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "as in Provider and ProviderSettings")]
pub struct ProviderEdit {
    pub name: Option<String>,
    pub profile: Option<Profile>,
    pub issuer: Option<Issuer>,
    pub client_id: Option<String>,
    pub client_secret: Option<NewSecret>,
    pub enabled: Option<bool>,
    pub scopes: Option<Vec<String>>,
    pub tenant_ids: Option<Vec<String>>,
    pub domains: Option<Vec<String>>,
    pub trust_email: Option<bool>,
    pub add_users: Option<bool>,
    pub sign_in: Option<bool>,
    pub missing_is_empty: Option<bool>,
    pub email_claim: Option<String>,
    pub audiences: Option<Vec<String>>,
    pub clients: Option<Vec<String>>,
    pub required_scopes: Option<Vec<String>>,
    pub graph_url: Option<String>,
    pub own_callback: Option<bool>,
}

/// The provider of this id.
///
/// # Errors
/// If there is none.
pub fn find<'c>(company: &'c Company, id: &ProviderId) -> Result<&'c Provider, Refusal> {
    company.providers.get(id).map(AsRef::as_ref).ok_or_else(|| Refusal::missing("provider", id))
}

/// Adds a provider.
///
/// # Errors
/// If there is one of this id, or its issuer or client is missing.
pub fn add(
    company: &Company,
    vault: &Vault,
    id: &ProviderId,
    edit: &ProviderEdit,
    now: Timestamp,
) -> Result<Vec<Change>, DeskError> {
    if company.providers.contains_key(id) {
        return Err(Refusal::exists("provider", id).into());
    }
    let missing = |field| Refusal::invalid(field, "is missing: every provider needs one");
    let mut provider = Provider {
        id: id.clone(),
        name: id.to_string(),
        profile: Profile::Generic,
        issuer: edit.issuer.clone().ok_or_else(|| missing("issuer"))?,
        client_id: edit.client_id.clone().ok_or_else(|| missing("client_id"))?,
        client_secret: None,
        settings: Box::new(ProviderSettings {
            // The first has the shared redirect URI.
            own_callback: company.providers.values().any(|it| it.has_shared_callback()),
            ..ProviderSettings::default()
        }),
        enabled: true,
        created_at: now,
    };
    edit.apply(&mut provider, vault)?;
    Ok(vec![Change::Add(provider.into())])
}

/// Changes a provider.
///
/// # Errors
/// If there is none of this id.
pub fn change(
    company: &Company,
    vault: &Vault,
    id: &ProviderId,
    edit: &ProviderEdit,
) -> Result<Vec<Change>, DeskError> {
    let before = find(company, id)?;
    let mut after = before.clone();
    edit.apply(&mut after, vault)?;
    Ok(replace(before, after))
}

impl ProviderEdit {
    /// Writes what is set into a provider.
    ///
    /// # Errors
    /// If the secret cannot be used or sealed.
    pub fn apply(&self, to: &mut Provider, vault: &Vault) -> Result<(), DeskError> {
        set(&mut to.name, self.name.clone());
        set(&mut to.profile, self.profile);
        set(&mut to.issuer, self.issuer.clone());
        set(&mut to.client_id, self.client_id.clone());
        set(&mut to.enabled, self.enabled);
        match &self.client_secret {
            Some(NewSecret::Value(secret)) => {
                let secret = checked_secret(secret)?;
                let sealed = vault.seal_client_secret(&to.id, &secret)?;
                to.client_secret = Some(SecretSource::Sealed(sealed));
            }
            Some(NewSecret::Environment(name)) => {
                to.client_secret = Some(SecretSource::Environment(name.clone()));
            }
            None => {}
        }
        let settings = to.settings.as_mut();
        set(&mut settings.scopes, self.scopes.clone());
        set(&mut settings.tenant_ids, self.tenant_ids.clone());
        set(&mut settings.domains, self.domains.clone());
        set(&mut settings.trust_email, self.trust_email);
        set(&mut settings.add_users, self.add_users);
        set(&mut settings.sign_in, self.sign_in);
        set(&mut settings.missing_is_empty, self.missing_is_empty);
        set(&mut settings.audiences, self.audiences.clone());
        set(&mut settings.clients, self.clients.clone());
        set(&mut settings.required_scopes, self.required_scopes.clone());
        set(&mut settings.own_callback, self.own_callback);
        if self.email_claim.is_some() {
            settings.email_claim.clone_from(&self.email_claim);
        }
        if self.graph_url.is_some() {
            settings.graph_url.clone_from(&self.graph_url);
        }
        // Compared with what providers write, which is lower case.
        for list in [&mut settings.domains, &mut settings.tenant_ids] {
            list.iter_mut().for_each(|it| it.make_ascii_lowercase());
        }
        Ok(())
    }
}

/// What a mapping is made of.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "as in ClaimMapping")]
pub struct NewMapping {
    pub provider: ProviderId,
    pub tenant_id: Option<String>,
    pub claim: String,
    pub value: String,
    pub group: GroupName,
}

/// The mapping that says this: the one that is there, or a new one.
///
/// # Errors
/// If the group does not exist.
pub fn mapping(
    company: &Company,
    new: &NewMapping,
    now: Timestamp,
) -> Result<ClaimMapping, Refusal> {
    let mapping = ClaimMapping {
        id: ClaimMappingId(Uuid::now_v7()),
        provider: new.provider.clone(),
        tenant_id: new.tenant_id.as_ref().map(|id| id.to_ascii_lowercase()),
        claim: new.claim.clone(),
        value: new.value.clone(),
        group: find_group(company, new.group.as_str())?.id,
        created_at: now,
    };
    Ok(company.equal_claim_mapping(&mapping).cloned().unwrap_or(mapping))
}
