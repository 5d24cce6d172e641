//! The matrix of people and groups: what is ticked is reviewed, then applied as one revision.

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_domain::{
    Change, Company, EmailAddress, Group, GroupName, Refusal, Snapshot, Source, User, UserId,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    common::Words,
    reach::tools_of,
    row::{group_names, source_of},
};
use crate::{
    operation::{
        find_group, find_user,
        group::{GroupEdit, change},
    },
    web::{
        Admin, Book, Done, Fault, Frame, Input, Pages, Portal, Search, Shared, Short, encoded,
        render,
    },
};

pub(super) fn ways(book: Book) -> Book {
    book.area("members")
        .show::<Matrix, _, _>("/members", "Show who is in which group", show)
        .asking::<MatrixSearch>()
        .form("/members/review", review)
        .act::<MembersChange, Done, _, _>("/members", "Change memberships as one revision", apply)
}

/// People and groups on one page.
const PEOPLE: usize = 25;
const GROUPS: usize = 10;

#[derive(Deserialize, JsonSchema)]
struct MatrixSearch {
    q: Option<String>,
    /// Groups by part of their names.
    groups: Option<String>,
    page: Option<usize>,
    group_page: Option<usize>,
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "members/matrix.html")]
struct Matrix {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    #[serde(skip)]
    group_query: String,
    /// The columns.
    groups: Vec<String>,
    rows: Vec<Row>,
    pages: Pages,
    group_pages: Pages,
    #[serde(skip)]
    more_groups: Option<String>,
    #[serde(skip)]
    fewer_groups: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Row {
    email: String,
    name: String,
    /// A cell for each group.
    cells: Vec<Cell>,
}

#[derive(Serialize, JsonSchema)]
struct Cell {
    member: bool,
    /// The provider that says so, so that it can be changed only there.
    locked: Option<String>,
    #[serde(skip)]
    value: String,
}

async fn show(admin: Admin, Search(search): Search<MatrixSearch>) -> Response {
    let company = admin.snapshot.company();
    let query = search.q.unwrap_or_default();
    let group_query = search.groups.unwrap_or_default();
    let (people, columns) = (Words::new(&query), Words::new(&group_query));
    let exact: Vec<String> =
        group_names(company).into_iter().filter(|it| *it == group_query).collect();
    let names = match exact.is_empty() {
        true => group_names(company).into_iter().filter(|it| columns.are_in(&[it])).collect(),
        false => exact,
    };
    let group_pages = Pages::new(names.len(), search.group_page, GROUPS);
    let names = &names[group_pages.first.saturating_sub(1)..group_pages.to];
    let groups: Vec<&Group> =
        names.iter().filter_map(|name| company.group_by_name(name)).map(AsRef::as_ref).collect();
    let mut users: Vec<&User> = company.users.values().map(AsRef::as_ref).collect();
    users.retain(|user| people.are_in(&[user.email.as_str(), &user.name]));
    users.sort_unstable_by(|a, b| a.email.cmp(&b.email));
    let pages = Pages::new(users.len(), search.page, PEOPLE);
    let users = &users[pages.first.saturating_sub(1)..pages.to];
    let rows = users.iter().map(|user| row(&admin.snapshot, user, &groups)).collect();
    let href = |page: usize| {
        format!(
            "/members?q={}&groups={}&page={}&group_page={page}",
            encoded(&query),
            encoded(&group_query),
            pages.page
        )
    };
    admin.show(&Matrix {
        frame: admin.frame("Members"),
        groups: groups.iter().map(|it| it.name.to_string()).collect(),
        rows,
        pages,
        more_groups: (group_pages.page < group_pages.last).then(|| href(group_pages.page + 1)),
        fewer_groups: (group_pages.page > 1).then(|| href(group_pages.page - 1)),
        group_pages,
        query,
        group_query,
    })
}

fn row(snapshot: &Snapshot, user: &User, groups: &[&Group]) -> Row {
    let company = snapshot.company();
    let own = snapshot.groups(user.id);
    let cell = |group: &&Group| {
        let member = own.contains(&group.id);
        let source = member.then(|| source_of(company, user.id, group.id)).flatten();
        Cell {
            member,
            locked: match source {
                Some(Source::Claim(provider)) => Some(provider),
                _ => None,
            },
            value: format!("{} {}", user.email, group.name),
        }
    };
    Row {
        email: user.email.to_string(),
        name: Short::name(&user.name),
        cells: groups.iter().map(cell).collect(),
    }
}

/// What was shown, and what is ticked now. Each is an address, a blank, and a group; `was` are
/// those of the shown ones that were ticked then.
#[derive(Deserialize)]
struct Ticked {
    #[serde(default)]
    shown: Vec<String>,
    #[serde(default)]
    was: Vec<String>,
    #[serde(default)]
    ticked: Vec<String>,
    back: Option<String>,
}

/// Memberships to add and remove.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MembersChange {
    /// Each an address, a blank, and a group.
    #[serde(default)]
    add: Vec<String>,
    /// The same.
    #[serde(default)]
    remove: Vec<String>,
    /// The page to come back to.
    back: Option<String>,
}

#[derive(Template)]
#[template(path = "members/review.html")]
struct Review {
    frame: Frame,
    add: Vec<String>,
    remove: Vec<String>,
    /// People who reach fewer connections afterwards.
    losing: Vec<String>,
    /// People who reach more.
    gaining: usize,
    back: String,
}

async fn review(
    admin: Admin,
    State(portal): Shared,
    Input(ticked): Input<Ticked>,
) -> Result<Response, Fault> {
    let company = admin.snapshot.company();
    let now: BTreeSet<&String> = ticked.ticked.iter().collect();
    let was: BTreeSet<&String> = ticked.was.iter().collect();
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for pair in ticked.shown.iter().chain(&ticked.ticked).collect::<BTreeSet<_>>() {
        let (email, group) = split(pair)?;
        let user = find_user(company, &email)?.id;
        let group = find_group(company, group.as_str())?.id;
        // What somebody else changed meanwhile is not taken back: only what was ticked or cleared
        // here counts.
        let member = admin.snapshot.groups(user).contains(&group);
        match (was.contains(pair), now.contains(pair)) {
            (false, true) if !member => add.push(pair.clone()),
            (true, false) if member => remove.push(pair.clone()),
            _ => {}
        }
    }
    let changes = changes(company, &add, &remove, admin.now)?;
    let (losing, gaining) = effect(&admin, &portal, &changes)?;
    let back = ticked.back.filter(|it| it.starts_with("/members")).unwrap_or("/members".into());
    let frame = admin.frame("Review the changes");
    Ok(render(StatusCode::OK, &Review { frame, add, remove, losing, gaining, back }))
}

fn split(pair: &str) -> Result<(EmailAddress, GroupName), Refusal> {
    let (email, group) = pair
        .split_once(' ')
        .ok_or_else(|| Refusal::invalid("add", "must be an address, a blank, and a group"))?;
    Ok((email.parse()?, group.parse()?))
}

/// The changes that pairs stand for; each after those before it.
fn changes(
    company: &Company,
    add: &[String],
    remove: &[String],
    now: gatehall_domain::Timestamp,
) -> Result<Vec<Change>, Refusal> {
    let mut edits: HashMap<GroupName, GroupEdit> = HashMap::new();
    for pair in add {
        let (email, group) = split(pair)?;
        edits.entry(group).or_default().add_members.push(email);
    }
    for pair in remove {
        let (email, group) = split(pair)?;
        edits.entry(group).or_default().remove_members.push(email);
    }
    let mut all = Vec::new();
    for (group, edit) in edits {
        all.extend(change(company, &group, &edit, now)?);
    }
    Ok(all)
}

/// Who loses tools by these changes, and how many people gain some.
fn effect(
    admin: &Admin,
    portal: &Portal,
    changes: &[Change],
) -> Result<(Vec<String>, usize), Refusal> {
    let mut company = admin.snapshot.company().clone();
    let mut touched: BTreeSet<UserId> = BTreeSet::new();
    for change in changes {
        company.apply(change)?;
        if let gatehall_domain::Record::Membership(it) = change.record() {
            touched.insert(it.user);
        }
    }
    let after = Snapshot::new(admin.snapshot.revision(), company);
    let mut known: HashMap<(u32, u32), (bool, bool)> = HashMap::new();
    let (mut losing, mut gaining) = (Vec::new(), 0);
    for id in touched {
        let (Some(before), Some(now)) = (admin.snapshot.view(id), after.view(id)) else { continue };
        let (loses, gains) = *known.entry((before.id, now.id)).or_insert_with(|| {
            let before = tools_of(portal, &admin.snapshot, id, admin.now);
            let now = tools_of(portal, &after, id, admin.now);
            (before.difference(&now).next().is_some(), now.difference(&before).next().is_some())
        });
        if loses {
            losing.push(after.company().user_label(id));
        }
        gaining += usize::from(gains);
    }
    Ok((losing, gaining))
}

async fn apply(
    admin: Admin,
    State(portal): Shared,
    Input(wish): Input<MembersChange>,
) -> Result<Response, Fault> {
    let prepare =
        |snapshot: &Snapshot| changes(snapshot.company(), &wish.add, &wish.remove, admin.now);
    let revision = portal.apply(&admin, prepare).await?;
    let back = wish.back.filter(|it| it.starts_with("/members"));
    Ok(admin.done(revision, back.as_deref().unwrap_or("/members")))
}
