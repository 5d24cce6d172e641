//! Grants.

use gatehall_domain::{
    Change, Company, ConnectionPath, Effect, EmailAddress, Grant, GrantId, GroupName, Refusal,
    Subject, Target, TenantId, Timestamp, ToolPattern, UserPattern,
};
use uuid::Uuid;

use super::{find_connection, find_group, find_tenant, find_user};

/// Whom a grant means, by names.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "as in Subject")]
pub enum SubjectName {
    Group(GroupName),
    User(EmailAddress),
    Pattern(UserPattern),
}

/// What a grant opens or closes, by names.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "as in Target")]
pub enum TargetName {
    Tenant(TenantId),
    Connection(ConnectionPath),
}

/// Adds a grant.
///
/// # Errors
/// If what it names does not exist.
pub fn add(
    company: &Company,
    subject: &SubjectName,
    target: &TargetName,
    tools: Option<&ToolPattern>,
    effect: Effect,
    now: Timestamp,
) -> Result<Vec<Change>, Refusal> {
    let subject = match subject {
        SubjectName::Group(name) => Subject::Group(find_group(company, name.as_str())?.id),
        SubjectName::User(email) => Subject::User(find_user(company, email)?.id),
        SubjectName::Pattern(pattern) => Subject::Pattern(pattern.clone()),
    };
    let target = match target {
        TargetName::Tenant(id) => Target::Tenant(find_tenant(company, id)?.id.clone()),
        TargetName::Connection(path) => Target::Connection(find_connection(company, path)?.id),
    };
    let id = GrantId(Uuid::now_v7());
    let grant = Grant { id, subject, target, tools: tools.cloned(), effect, created_at: now };
    Ok(vec![Change::Add(grant.into())])
}

/// Removes a grant by its id.
///
/// # Errors
/// If there is none.
pub fn remove(company: &Company, id: GrantId) -> Result<Vec<Change>, Refusal> {
    let grant = company.grants.get(&id).ok_or_else(|| Refusal::missing("grant", id))?;
    Ok(vec![Change::Remove(Grant::clone(grant).into())])
}
