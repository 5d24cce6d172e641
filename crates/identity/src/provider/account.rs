//! Who a provider's claims speak of, and how far they are believed.

use gatehall_domain::{
    Company, EmailAddress, Profile, Provider, ProviderId, Timestamp, is_guid, names,
};
use serde_json::{Map, Value};

use super::{Providers, Running, graph};
use crate::{
    Rejection,
    rejection::PersonFault,
    token::{Claims, TokenFault},
    visit::{Said, Visit, Vouched},
};

/// A mark in the user names of guests, whose address is another directory's.
const GUEST: &str = "#EXT#";

impl Running {
    /// The visit that claims of this provider stand for. `asker` asks for groups that did not fit
    /// into the claims.
    pub(crate) async fn visit(
        &self,
        claims: &Claims,
        wanted: &[String],
        asker: Option<Asker<'_>>,
        source: Source,
    ) -> Result<Visit, Rejection> {
        let provider = &self.record;
        let asks_anyway =
            provider.profile == Profile::Entra && asker.is_some_and(|it| it.asks_anyway());
        let mut said = Said::default();
        for claim in wanted {
            let too_many = match said_of(provider, claims, claim, source)? {
                Word::Said(values) => {
                    said.values.insert(claim.clone(), values);
                    continue;
                }
                Word::TooMany => true,
                // Entra ID leaves an empty list out, and so does whoever has not set the claim up
                // for access tokens. Of somebody whose groups were never known that is asked.
                Word::Unsaid if claim == "groups" && asks_anyway => false,
                // Perhaps a mapper is missing there: that must not look like "in no group".
                Word::Unsaid => {
                    said.stale |= source == Source::SignIn;
                    continue;
                }
            };
            match self.ask_for_groups(claims, asker).await {
                Ok(groups) => {
                    said.values.insert(claim.clone(), groups);
                }
                Err(problem) => {
                    tracing::warn!(provider.id = %provider.id, problem, "a user's groups are not known, or kept as they were");
                    said.stale |= too_many;
                }
            }
        }
        visit_of(provider, claims, said, source)
    }

    async fn ask_for_groups(
        &self,
        claims: &Claims,
        asker: Option<Asker<'_>>,
    ) -> Result<Vec<String>, String> {
        let (providers, now) = match asker {
            Some(Asker::Person(token)) => return graph::groups(self, Some(token), None).await,
            Some(Asker::Gate { providers, now, .. }) => (providers, now),
            None => return Err("nobody can ask for them".into()),
        };
        let subject = subject(&self.record, claims).map_err(|fault| fault.to_string())?;
        let account = subject.split_once('/').ok_or("the account names no directory")?;
        self.groups_of(account, providers, now).await.map(|groups| groups.to_vec())
    }
}

/// Who asks Microsoft Graph for groups.
#[derive(Clone, Copy)]
pub(crate) enum Asker<'a> {
    /// The person, with the access token of their sign-in.
    Person(&'a str),
    /// The gate, with its own client.
    Gate {
        /// Knows the client's secret.
        providers: &'a Providers,
        /// Whether the groups of this person were never known.
        unknown: bool,
        now: Timestamp,
    },
}

impl Asker<'_> {
    /// Whether groups are asked for that may just be none.
    const fn asks_anyway(&self) -> bool {
        matches!(self, Self::Gate { unknown: true, .. })
    }
}

/// The visit that claims would make at a sign-in, without asking the provider for groups that do
/// not fit into them. Nobody vouches for these claims.
///
/// # Errors
/// Why such a sign-in would be refused.
pub fn supposed_visit(
    provider: &Provider,
    company: &Company,
    claims: Map<String, Value>,
) -> Result<Visit, Rejection> {
    let claims = Claims::new(claims);
    let mut said = Said::default();
    for claim in wanted_claims(company, &provider.id) {
        match said_of(provider, &claims, &claim, Source::SignIn)? {
            Word::Said(values) => {
                said.values.insert(claim, values);
            }
            Word::Unsaid | Word::TooMany => said.stale = true,
        }
    }
    visit_of(provider, &claims, said, Source::SignIn)
}

/// The claims that mean something here.
pub(crate) fn wanted_claims(company: &Company, provider: &ProviderId) -> Vec<String> {
    let mappings = company.mappings_of(provider);
    let mut claims: Vec<String> = mappings.map(|mapping| mapping.claim.clone()).collect();
    claims.sort_unstable();
    claims.dedup();
    claims
}

fn visit_of(
    provider: &Provider,
    claims: &Claims,
    said: Said,
    source: Source,
) -> Result<Visit, Rejection> {
    Ok(Visit {
        issuer: provider.identity_issuer().to_owned(),
        subject: subject(provider, claims)?,
        tenant_id: directory(provider, claims)?.map(str::to_owned),
        vouched: Vouched::Provider(provider.id.clone()),
        email: address(provider, claims),
        name: claims
            .text("name")?
            .map(|name| names::shown(name, 120).into_owned())
            .unwrap_or_default(),
        doubt: None,
        // It is authoritative for the domain, or there would be no address.
        binds_admins: true,
        add: provider.settings.add_users.into(),
        // An access token that says nothing of groups leaves all as it is.
        said: (source == Source::SignIn || said.stale || !said.values.is_empty()).then_some(said),
    })
}

/// Where claims came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A sign-in. What it leaves out is not so.
    SignIn,
    /// An access token, which may leave anything out.
    AccessToken,
}

enum Word {
    Said(Vec<String>),
    /// Nothing; what was said before stays.
    Unsaid,
    /// More than fits, so that it has to be asked for.
    TooMany,
}

/// What claims say under one name.
fn said_of(
    provider: &Provider,
    claims: &Claims,
    claim: &str,
    source: Source,
) -> Result<Word, Rejection> {
    let entra = provider.profile == Profile::Entra;
    let too_many = claims.get("_claim_names").is_some_and(|names| names.get(claim).is_some());
    // Lists of names must be lists. A claim of another kind, such as a department, is one text.
    let list = matches!(claim, "groups" | "roles" | "entitlements");
    let wrong = |_: TokenFault| Rejection::Person(PersonFault::WrongClaim(claim.to_owned()));
    match claims.text(claim) {
        Ok(Some(text)) if !list => return Ok(Word::Said(vec![text.to_owned()])),
        Ok(Some(_)) => return Err(wrong(TokenFault::Claims)),
        Ok(None) | Err(_) => {}
    }
    match claims.list(claim).map_err(wrong)? {
        Some(values) => Ok(Word::Said(values)),
        None if entra && (too_many || claims.is_true("hasgroups") && claim == "groups") => {
            Ok(Word::TooMany)
        }
        // Entra ID leaves an empty list out, and so do others of which it is set.
        None if source == Source::SignIn && (entra || provider.settings.missing_is_empty) => {
            Ok(Word::Said(Vec::new()))
        }
        None => Ok(Word::Unsaid),
    }
}

/// Entra ID: the directory, if it may come.
pub(crate) fn directory<'c>(
    provider: &Provider,
    claims: &'c Claims,
) -> Result<Option<&'c str>, TokenFault> {
    if provider.profile != Profile::Entra {
        return Ok(None);
    }
    let tenant_id = claims.text("tid")?.filter(|id| is_guid(id)).ok_or(TokenFault::Directory)?;
    let own = provider.single_tenant_id();
    let listed = provider.settings.tenant_ids.iter().any(|id| id == tenant_id);
    let allowed = match (own, provider.settings.tenant_ids.is_empty()) {
        (Some(own), true) => own == tenant_id,
        (Some(own), false) => own == tenant_id && listed,
        (None, _) => listed,
    };
    if allowed { Ok(Some(tenant_id)) } else { Err(TokenFault::Directory) }
}

/// The user's id at the provider, which never changes.
pub(crate) fn subject(provider: &Provider, claims: &Claims) -> Result<String, TokenFault> {
    match directory(provider, claims)? {
        None => claims.subject().map(str::to_owned),
        Some(tenant_id) => {
            let object = claims.text("oid")?.filter(|id| is_guid(id));
            Ok(format!("{tenant_id}/{}", object.ok_or(TokenFault::Subject)?))
        }
    }
}

/// The address, if the provider is believed about it.
fn address(provider: &Provider, claims: &Claims) -> Option<EmailAddress> {
    let text = |name: &str| claims.text(name).ok().flatten();
    let email = text(provider.settings.email_claim.as_deref().unwrap_or("email"));
    let said = match provider.profile {
        Profile::Entra => entra_address(provider, claims, email),
        Profile::Authentik | Profile::Generic => {
            let verified = claims.is_true("email_verified") || provider.settings.trust_email;
            email.filter(|_| verified)
        }
    };
    // An address is what was said, and not what is left of it without blanks.
    let address: EmailAddress = said.filter(|text| text.trim() == *text)?.parse().ok()?;
    provider.settings.domains.iter().any(|it| it == address.domain()).then_some(address)
}

/// Entra ID: the e-mail claim is what anybody can write into a directory, and for a guest what
/// another directory says. It counts if the domain's owner is verified, or the directory says that
/// the user is its member; else only the user name does, which needs a domain of the directory.
fn entra_address<'c>(
    provider: &Provider,
    claims: &'c Claims,
    email: Option<&'c str>,
) -> Option<&'c str> {
    if claims.is_true("xms_edov") || provider.settings.trust_email {
        return email;
    }
    let text = |name: &str| claims.text(name).ok().flatten();
    let user_name = text("preferred_username");
    let guest = claims.is_true("acct")
        || claims.has("idp") && text("idp") != text("iss")
        || user_name.is_some_and(|name| name.contains(GUEST));
    if guest || provider.single_tenant_id().is_none() {
        return None;
    }
    let member = claims.get("acct").is_some_and(|it| it == 0 || it == "0");
    email.filter(|_| member).or(user_name)
}

#[cfg(test)]
mod tests;
