//! Tenants.

use gatehall_domain::{Change, Company, Refusal, Tenant, TenantId, Timestamp};

use super::{find_tenant, replace, set};

/// What changes of a tenant. What is not set stays.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "as in Tenant")]
pub struct TenantEdit {
    pub name: Option<String>,
    pub description: Option<String>,
    pub enabled: Option<bool>,
}

/// Adds a tenant. Without a name it is shown by its id.
pub fn add(id: &TenantId, edit: TenantEdit, now: Timestamp) -> Vec<Change> {
    let tenant = Tenant {
        id: id.clone(),
        name: edit.name.unwrap_or_else(|| id.to_string()),
        description: edit.description.unwrap_or_default(),
        enabled: edit.enabled.unwrap_or(true),
        created_at: now,
    };
    vec![Change::Add(tenant.into())]
}

/// Changes a tenant.
///
/// # Errors
/// If it does not exist.
pub fn change(company: &Company, id: &TenantId, edit: TenantEdit) -> Result<Vec<Change>, Refusal> {
    let before = find_tenant(company, id)?;
    let mut after = Tenant::clone(before);
    set(&mut after.name, edit.name);
    set(&mut after.description, edit.description);
    set(&mut after.enabled, edit.enabled);
    Ok(replace(before.as_ref(), after))
}
