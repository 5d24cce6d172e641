//! Groups and their members.

use gatehall_domain::{
    Change, Company, EmailAddress, Group, GroupId, GroupName, Refusal, Timestamp,
};
use uuid::Uuid;

use super::{find_group, replace, set, user, users};

/// What changes of a group. What is not set stays.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "as in Group")]
pub struct GroupEdit {
    pub name: Option<GroupName>,
    pub description: Option<String>,
    pub enabled: Option<bool>,
    pub add_members: Vec<EmailAddress>,
    pub remove_members: Vec<EmailAddress>,
}

/// Adds a group.
///
/// # Errors
/// If the name is taken.
pub fn add(
    company: &Company,
    name: &GroupName,
    description: &str,
    now: Timestamp,
) -> Result<Vec<Change>, Refusal> {
    if company.group_by_name(name.as_str()).is_some() {
        return Err(Refusal::exists("group", name));
    }
    let group = Group {
        id: GroupId(Uuid::now_v7()),
        name: name.clone(),
        description: description.to_owned(),
        enabled: true,
        created_at: now,
    };
    Ok(vec![Change::Add(group.into())])
}

/// Changes a group and its members.
///
/// # Errors
/// If the group or a user does not exist.
pub fn change(
    company: &Company,
    name: &GroupName,
    edit: &GroupEdit,
    now: Timestamp,
) -> Result<Vec<Change>, Refusal> {
    let before = find_group(company, name.as_str())?;
    let mut after = Group::clone(before);
    set(&mut after.name, edit.name.clone());
    set(&mut after.description, edit.description.clone());
    set(&mut after.enabled, edit.enabled);
    let mut changes = replace(before.as_ref(), after);
    for user in users(company, &edit.add_members)? {
        changes.extend(user::join(company, user, name, now)?);
    }
    for user in users(company, &edit.remove_members)? {
        changes.extend(user::leave(company, user, name)?);
    }
    Ok(changes)
}
