//! Tenants.

use gatehall_domain::{
    Change, Company, EmailAddress, Refusal, Tenant, TenantAdmin, TenantId, Timestamp,
};

use super::{find_tenant, replace, set, users};

/// What changes of a tenant. What is not set stays.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "as in Tenant")]
pub struct TenantEdit {
    pub name: Option<String>,
    pub description: Option<String>,
    pub enabled: Option<bool>,
    /// Who manages it from now on.
    pub add_admins: Vec<EmailAddress>,
    /// Who no longer does.
    pub remove_admins: Vec<EmailAddress>,
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
/// If it or a user does not exist.
pub fn change(
    company: &Company,
    id: &TenantId,
    edit: TenantEdit,
    now: Timestamp,
) -> Result<Vec<Change>, Refusal> {
    let before = find_tenant(company, id)?;
    let mut after = Tenant::clone(before);
    set(&mut after.name, edit.name);
    set(&mut after.description, edit.description);
    set(&mut after.enabled, edit.enabled);
    let mut changes = replace(before.as_ref(), after);
    for user in users(company, &edit.add_admins)? {
        let admin = TenantAdmin { tenant: id.clone(), user, created_at: now };
        if !company.manages(admin.user, id) {
            changes.push(Change::Add(admin.into()));
        }
    }
    for user in users(company, &edit.remove_admins)? {
        let admin = company.tenant_admins.get(&(id.clone(), user));
        let missing = || Refusal::missing("tenant admin", company.user_label(user));
        let admin = admin.ok_or_else(missing)?;
        changes.push(Change::Remove(TenantAdmin::clone(admin).into()));
    }
    Ok(changes)
}
