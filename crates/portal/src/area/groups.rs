//! Groups: their members, and what they open.

use std::collections::HashMap;

use std::collections::HashSet;

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_control::operation::{self, find_group, group::GroupEdit};
use gatehall_domain::{
    EmailAddress, Group, GroupId, GroupName, Record, Refusal, Snapshot, Source, Subject,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    claim_mappings::MappingRow,
    common::{ListSearch, Removal, addresses},
    row::{GrantRow, sources},
};
use crate::web::{
    Admin, At, Book, Done, Fault, Frame, Input, Moment, Page, Search, Shared, Short, encoded,
    render, text, unchanged,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("groups")
        .show::<GroupList, _, _>("/groups", "List groups", list)
        .asking::<ListSearch>()
        .page("/groups/add", add_form)
        .act::<GroupOrder, Done, _, _>("/groups", "Add a group", add)
        .show::<GroupView, _, _>("/groups/{group}", "Show a group", show)
        .asking::<ListSearch>()
        .change::<GroupChange, _, _>("/groups/{group}", "Change a group", change)
        .remove::<Removal, _, _>("/groups/{group}", "Remove a group", remove)
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "group/list.html")]
struct GroupList {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    groups: Page<GroupRow>,
}

#[derive(Serialize, JsonSchema)]
struct GroupRow {
    name: String,
    description: String,
    enabled: bool,
    members: usize,
    grants: usize,
}

async fn list(admin: Admin, Search(search): Search<ListSearch>) -> Response {
    let company = admin.snapshot.company();
    let words = search.words();
    let wanted = |group: &&Group| words.are_in(&[group.name.as_str(), &group.description]);
    let mut found: Vec<&Group> =
        company.groups.values().map(AsRef::as_ref).filter(wanted).collect();
    found.sort_unstable_by_key(|group| group.name.as_str().to_lowercase());
    let members = member_counts(&admin.snapshot);
    let mut grants: HashMap<GroupId, usize> = HashMap::new();
    for grant in company.grants.values() {
        if let Subject::Group(group) = grant.subject {
            *grants.entry(group).or_default() += 1;
        }
    }
    let groups = Page::of(&found, search.page, |group| GroupRow {
        name: group.name.to_string(),
        description: Short::name(&group.description),
        enabled: group.enabled,
        members: members.get(&group.id).copied().unwrap_or(0),
        grants: grants.get(&group.id).copied().unwrap_or(0),
    });
    let query = search.q.unwrap_or_default();
    admin.show(&GroupList { frame: admin.frame("Groups"), query, groups })
}

/// How many members each group has.
pub(super) fn member_counts(snapshot: &Snapshot) -> HashMap<GroupId, usize> {
    let mut counts: HashMap<GroupId, usize> = HashMap::new();
    for user in snapshot.company().users.keys() {
        for group in snapshot.groups(*user) {
            *counts.entry(*group).or_default() += 1;
        }
    }
    counts
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "group/show.html")]
struct GroupView {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    name: String,
    description: String,
    enabled: bool,
    since: Moment,
    /// Whether its members are administrators.
    admins: bool,
    members: Page<MemberRow>,
    grants: Vec<GrantRow>,
    claim_mappings: Vec<MappingRow>,
    seen: String,
}

#[derive(Serialize, JsonSchema)]
struct MemberRow {
    email: String,
    name: String,
    enabled: bool,
    /// Where the membership came from: `local`, `import` or `claim:PROVIDER`.
    #[schemars(with = "Vec<String>")]
    sources: Vec<Source>,
    /// Whether an administrator or an import gave it, so that it can be removed here.
    removable: bool,
    since: Moment,
}

impl MemberRow {
    fn source_labels(&self) -> String {
        self.sources.iter().map(Source::label).collect::<Vec<_>>().join(", ")
    }
}

async fn show(
    admin: Admin,
    At(name): At<GroupName>,
    Search(search): Search<ListSearch>,
) -> Result<Response, Fault> {
    let company = admin.snapshot.company();
    let group = find_group(company, name.as_str())?;
    let words = search.words();
    let mut members: Vec<_> = company
        .users
        .values()
        .filter(|user| admin.snapshot.groups(user.id).contains(&group.id))
        .filter(|user| words.are_in(&[user.email.as_str(), &user.name]))
        .collect();
    members.sort_unstable_by(|a, b| a.email.cmp(&b.email));
    let subject = Subject::Group(group.id);
    let row = |user: &&std::sync::Arc<gatehall_domain::User>| {
        let given: Vec<_> = sources(company)
            .filter_map(|source| company.memberships.get(&(user.id, group.id, source)))
            .collect();
        MemberRow {
            email: user.email.to_string(),
            name: Short::name(&user.name),
            enabled: user.enabled,
            sources: given.iter().map(|it| it.source.clone()).collect(),
            removable: given.iter().any(|it| !matches!(it.source, Source::Claim(_))),
            since: Moment(given.iter().map(|it| it.created_at).min().unwrap_or(user.created_at)),
        }
    };
    Ok(admin.show(&GroupView {
        frame: admin.frame(group.name.as_str()),
        query: search.q.clone().unwrap_or_default(),
        name: group.name.to_string(),
        description: group.description.clone(),
        enabled: group.enabled,
        since: Moment(group.created_at),
        admins: group.name.as_str().eq_ignore_ascii_case(GroupName::ADMIN),
        members: Page::of(&members, search.page, row),
        grants: GrantRow::all(company, |grant| grant.subject == subject),
        claim_mappings: MappingRow::all(company, |it| it.group == group.id),
        seen: Record::from(Group::clone(group)).fingerprint(),
    }))
}

#[derive(Template)]
#[template(path = "group/add.html")]
struct AddForm {
    frame: Frame,
}

async fn add_form(admin: Admin) -> Response {
    render(StatusCode::OK, &AddForm { frame: admin.frame("Add a group") })
}

/// What a new group is made of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GroupOrder {
    #[schemars(with = "String")]
    group: GroupName,
    /// What it is for.
    #[serde(default)]
    description: String,
}

async fn add(
    admin: Admin,
    State(portal): Shared,
    Input(order): Input<GroupOrder>,
) -> Result<Response, Fault> {
    let GroupOrder { group, description } = order;
    let prepare = |snapshot: &Snapshot| {
        operation::group::add(snapshot.company(), &group, &description, admin.now)
    };
    let revision = portal.apply(&admin, prepare).await?;
    Ok(admin.done(revision, &format!("/groups/{}", encoded(group.as_str()))))
}

/// What changes of a group. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GroupChange {
    /// A new name.
    #[schemars(with = "Option<String>")]
    group: Option<GroupName>,
    #[serde(default, deserialize_with = "text")]
    description: Option<String>,
    enabled: Option<bool>,
    /// Users to add.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    add_members: Vec<EmailAddress>,
    /// Users to add, as text with one email per line.
    #[serde(default)]
    paste: String,
    /// Users to remove.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    remove_members: Vec<EmailAddress>,
    /// The version that the change is based on; refused if the record has changed since.
    seen: Option<String>,
}

async fn change(
    admin: Admin,
    State(portal): Shared,
    At(name): At<GroupName>,
    Input(wish): Input<GroupChange>,
) -> Result<Response, Fault> {
    let group = Group::clone(find_group(admin.snapshot.company(), name.as_str())?);
    let seen = unchanged(wish.seen.as_deref(), group, &name)?;
    let mut add_members = wish.add_members;
    add_members.extend(addresses(&wish.paste)?);
    let named: HashSet<&EmailAddress> = add_members.iter().collect();
    let twice = add_members.len() - named.len();
    let edit = GroupEdit {
        name: wish.group,
        description: wish.description,
        enabled: wish.enabled,
        add_members,
        remove_members: wish.remove_members,
    };
    let prepare =
        |snapshot: &Snapshot| operation::group::change(snapshot.company(), &name, &edit, admin.now);
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    let name = edit.name.unwrap_or(name);
    let mark = if twice > 0 { format!("?twice={twice}") } else { String::new() };
    Ok(admin.done(revision, &format!("/groups/{}{mark}", encoded(name.as_str()))))
}

async fn remove(
    admin: Admin,
    State(portal): Shared,
    At(name): At<GroupName>,
    Input(removal): Input<Removal>,
) -> Result<Response, Fault> {
    let group = Group::clone(find_group(admin.snapshot.company(), name.as_str())?);
    let seen = unchanged(removal.seen.as_deref(), group, &name)?;
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let group = Group::clone(find_group(snapshot.company(), name.as_str())?);
        operation::remove(snapshot.company(), group.into(), removal.cascade)
    };
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    Ok(admin.done(revision, "/groups"))
}
