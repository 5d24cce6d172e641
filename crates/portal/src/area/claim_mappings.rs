//! What claims of a provider mean here: which value puts users in which group.

use std::collections::HashMap;

use axum::{extract::State, response::Response};
use gatehall_control::operation::{
    self,
    provider::{NewMapping, find, mapping},
};
use gatehall_domain::{
    Change, ClaimMapping, ClaimMappingId, Company, GroupId, GroupName, ProviderId, Record, Refusal,
    Snapshot, Source,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::Removal;
use crate::web::{Admin, At, Book, Done, Fault, Input, Shared, Short, unchanged};

pub(super) fn ways(book: Book) -> Book {
    let one = "/providers/{id}/mappings/{mapping}";
    book.area("providers")
        .act::<MappingOrder, Done, _, _>("/providers/{id}/mappings", "Add a claim mapping", add)
        .remove::<Removal, _, _>(one, "Remove a claim mapping", remove)
}

/// A claim mapping, with how much it means now.
#[derive(Serialize, JsonSchema)]
pub(super) struct MappingRow {
    pub(super) id: String,
    pub(super) provider: String,
    /// Entra ID: the only directory for whose users it counts.
    pub(super) tenant_id: Option<String>,
    pub(super) claim: String,
    pub(super) value: String,
    pub(super) group: String,
    /// Users who are in the group because of this provider's claims.
    pub(super) members: usize,
    pub(super) seen: String,
}

impl MappingRow {
    /// The mappings that are wanted, by what they say.
    pub(super) fn all(company: &Company, wanted: impl Fn(&ClaimMapping) -> bool) -> Vec<Self> {
        let wanted = company.claim_mappings.values().map(AsRef::as_ref).filter(|it| wanted(it));
        let wanted: Vec<&ClaimMapping> = wanted.collect();
        // Only what is asked for is counted; most groups have no mapping.
        let mut members: HashMap<(GroupId, &str), usize> =
            wanted.iter().map(|it| ((it.group, it.provider.as_str()), 0)).collect();
        if !members.is_empty() {
            for it in company.memberships.values() {
                if let Source::Claim(provider) = &it.source
                    && let Some(count) = members.get_mut(&(it.group, provider.as_str()))
                {
                    *count += 1;
                }
            }
        }
        let row = |it: &ClaimMapping| Self {
            id: it.id.to_string(),
            provider: it.provider.to_string(),
            tenant_id: it.tenant_id.clone(),
            claim: it.claim.clone(),
            value: it.value.clone(),
            group: company.group_label(it.group),
            members: members.get(&(it.group, it.provider.as_str())).copied().unwrap_or_default(),
            seen: Record::from(it.clone()).fingerprint(),
        };
        let mut rows: Vec<Self> = wanted.into_iter().map(row).collect();
        rows.sort_unstable_by(|a, b| {
            (&a.claim, &a.value, &a.group, &a.id).cmp(&(&b.claim, &b.value, &b.group, &b.id))
        });
        rows
    }

    /// The value, cut for showing.
    pub(super) fn short_value(&self) -> String {
        Short::name(&self.value)
    }
}

/// What a new mapping is made of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MappingOrder {
    /// Such as `groups` or `roles`.
    claim: String,
    /// The exact value. Groups of Entra ID are GUIDs.
    value: String,
    /// The group here.
    #[schemars(with = "String")]
    group: GroupName,
    /// Entra ID: only for users of this directory.
    tenant_id: Option<String>,
}

async fn add(
    admin: Admin,
    State(portal): Shared,
    At(id): At<ProviderId>,
    Input(order): Input<MappingOrder>,
) -> Result<Response, Fault> {
    let new = NewMapping {
        provider: id,
        tenant_id: order.tenant_id.filter(|it| !it.is_empty()),
        claim: order.claim,
        value: order.value,
        group: order.group,
    };
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let company = snapshot.company();
        find(company, &new.provider)?;
        let mapping = mapping(company, &new, admin.now)?;
        let known = company.claim_mappings.contains_key(&mapping.id);
        Ok((!known).then(|| Change::Add(mapping.into())).into_iter().collect())
    };
    let revision = portal.apply(&admin, prepare).await?;
    Ok(admin.done(revision, &format!("/providers/{}", new.provider)))
}

async fn remove(
    admin: Admin,
    State(portal): Shared,
    At((provider, id)): At<(ProviderId, ClaimMappingId)>,
    Input(removal): Input<Removal>,
) -> Result<Response, Fault> {
    let before = find_mapping(admin.snapshot.company(), &provider, id)?.clone();
    let seen = unchanged(removal.seen.as_deref(), before, id)?;
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let company = snapshot.company();
        let mapping = find_mapping(company, &provider, id)?.clone();
        operation::remove(company, mapping.into(), removal.cascade)
    };
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    Ok(admin.done(revision, &format!("/providers/{provider}")))
}

fn find_mapping<'c>(
    company: &'c Company,
    provider: &ProviderId,
    id: ClaimMappingId,
) -> Result<&'c ClaimMapping, Refusal> {
    let found = company.claim_mappings.get(&id).filter(|it| it.provider == *provider);
    found.map(AsRef::as_ref).ok_or_else(|| Refusal::missing("claim mapping", id))
}
