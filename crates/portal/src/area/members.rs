//! The matrix of people and groups. What is ticked goes along from page to page until it is
//! reviewed, and is applied as one revision.

use std::collections::HashSet;

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_domain::{Group, Snapshot, Source, User};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    common::Words,
    members_pending::{Effect, MatrixPage, PendingMembers, Ticked, changes, pair},
    row::source_of,
};
use crate::web::{
    Admin, Book, Done, Fault, Frame, Input, Pages, Search, Shared, Short, Visitor, encoded, go_to,
    group_names, is_own_page, render,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("members")
        .show::<Matrix, _, _>("/members", "Show who is in which group", show)
        .asking::<MatrixSearch>()
        .act::<Ticked, Review, _, _>("/members/review", "Say what changes would do", review)
        .act::<MembersChange, Done, _, _>("/members", "Change memberships as one revision", apply)
}

/// People and groups on one page.
const PEOPLE: usize = 25;
const GROUPS: usize = 10;

#[derive(Deserialize, Default, JsonSchema)]
#[serde(default)]
struct MatrixSearch {
    q: String,
    /// Groups by part of their names.
    groups: String,
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
    /// What was ticked so far, on this page or another, and what it would do.
    #[serde(skip)]
    pending: PendingMembers,
    #[serde(skip)]
    effect: Effect,
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
    #[serde(skip)]
    ticked: bool,
}

async fn show(admin: Admin, Search(search): Search<MatrixSearch>) -> Response {
    admin.show(&matrix(&admin, search, PendingMembers::default(), Effect::default()))
}

fn matrix(
    admin: &Visitor,
    search: MatrixSearch,
    pending: PendingMembers,
    effect: Effect,
) -> Matrix {
    let company = admin.snapshot.company();
    let (people, columns) = (Words::new(&search.q), Words::new(&search.groups));
    let mut names = group_names(company);
    match names.contains(&search.groups) {
        true => names.retain(|it| *it == search.groups),
        false => names.retain(|it| columns.are_in(&[it])),
    }
    let group_pages = Pages::new(names.len(), search.group_page, GROUPS);
    let names = &names[group_pages.first.saturating_sub(1)..group_pages.to];
    let groups: Vec<&Group> =
        names.iter().filter_map(|name| company.group_by_name(name)).map(AsRef::as_ref).collect();
    let mut users: Vec<&User> = company.users.values().map(AsRef::as_ref).collect();
    users.retain(|user| people.are_in(&[user.email.as_str(), &user.name]));
    users.sort_unstable_by(|a, b| a.email.cmp(&b.email));
    let pages = Pages::new(users.len(), search.page, PEOPLE);
    let users = &users[pages.first.saturating_sub(1)..pages.to];
    Matrix {
        rows: users.iter().map(|user| row(&admin.snapshot, user, &groups, &pending)).collect(),
        groups: groups.iter().map(|it| it.name.to_string()).collect(),
        frame: admin.frame("Members"),
        query: search.q,
        group_query: search.groups,
        pages,
        group_pages,
        pending,
        effect,
    }
}

fn row(snapshot: &Snapshot, user: &User, groups: &[&Group], pending: &PendingMembers) -> Row {
    let company = snapshot.company();
    let own = snapshot.groups(user.id);
    let cell = |group: &&Group| {
        let member = own.contains(&group.id);
        let source = member.then(|| source_of(company, user.id, group.id)).flatten();
        let value = pair(&user.email, &group.name);
        Cell {
            member,
            locked: match source {
                Some(Source::Claim(provider)) => Some(provider),
                _ => None,
            },
            ticked: member != pending.holds(&value),
            value,
        }
    };
    Row {
        email: user.email.to_string(),
        name: Short::name(&user.name),
        cells: groups.iter().map(cell).collect(),
    }
}

impl Matrix {
    /// What is pending in cells of other pages.
    fn elsewhere<'p>(&self, pairs: &'p [String]) -> Vec<&'p String> {
        let cells = self.rows.iter().flat_map(|row| &row.cells);
        let here: HashSet<&String> = cells.map(|cell| &cell.value).collect();
        pairs.iter().filter(|pair| !here.contains(pair)).collect()
    }
}

/// What would come of changes.
#[derive(Template, Serialize, JsonSchema)]
#[template(path = "members/review.html")]
struct Review {
    #[serde(skip)]
    frame: Frame,
    #[serde(flatten)]
    pending: PendingMembers,
    #[serde(flatten)]
    effect: Effect,
    /// The page of the matrix to go back to.
    #[serde(skip)]
    back: MatrixSearch,
}

async fn review(
    admin: Admin,
    State(portal): Shared,
    Input(ticked): Input<Ticked>,
) -> Result<Response, Fault> {
    let pending = PendingMembers::of(&admin.snapshot, admin.face, &ticked)?;
    let MatrixPage { page, group_page } = ticked.show.or(ticked.here).unwrap_or_default();
    let (page, group_page) = (Some(page), Some(group_page));
    let search = MatrixSearch { q: ticked.q, groups: ticked.groups, page, group_page };
    let address = search.address();
    if ticked.show.is_some() && pending.is_empty() && pending.gone.is_empty() {
        return Ok(go_to(&address));
    }
    let effect = pending.effect(&admin, &portal)?;
    if ticked.show.is_some() {
        let mut matrix = matrix(&admin, search, pending, effect);
        matrix.frame.address = address;
        return Ok(render(StatusCode::OK, &matrix));
    }
    let frame = admin.frame("Review the changes");
    Ok(admin.show(&Review { frame, pending, effect, back: search }))
}

impl MatrixSearch {
    fn page(&self) -> MatrixPage {
        let (page, group_page) = (self.page.unwrap_or(1), self.group_page.unwrap_or(1));
        MatrixPage { page, group_page }
    }

    fn address(&self) -> String {
        let (people, groups) = (encoded(&self.q), encoded(&self.groups));
        let MatrixPage { page, group_page } = self.page();
        format!("/members?q={people}&groups={groups}&page={page}&group_page={group_page}")
    }
}

/// Memberships to add and remove.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MembersChange {
    /// Each an email, a space and a group.
    #[serde(default)]
    add: Vec<String>,
    /// The same.
    #[serde(default)]
    remove: Vec<String>,
    /// The page to come back to.
    #[schemars(skip)]
    back: Option<String>,
}

async fn apply(
    admin: Admin,
    State(portal): Shared,
    Input(wish): Input<MembersChange>,
) -> Result<Response, Fault> {
    // What became so since it was reviewed is no change any more.
    let prepare = |snapshot: &Snapshot| {
        let left = PendingMembers::wanted(snapshot, admin.face, &wish.add, &wish.remove)?;
        changes(snapshot.company(), &left.add, &left.remove, admin.now)
    };
    let revision = portal.apply(&admin, prepare).await?;
    let back = wish.back.filter(|it| it.starts_with("/members") && is_own_page(it));
    Ok(admin.done(revision, back.as_deref().unwrap_or("/members")))
}
