//! Grants: who may use what, with a preview of the tools that a pattern means.

use askama::Template;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use gatehall_control::operation::{
    self, find_connection, find_tenant,
    grant::{SubjectName, TargetName},
};
use gatehall_domain::{
    Company, Effect, EmailAddress, Grant, GrantId, GroupName, Record, Refusal, Snapshot, Target,
    TenantId, ToolPattern, UserPattern,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    common::{ListSearch, Removal},
    idle::idle_grants,
    row::GrantRow,
    tenants::is_of,
};
use crate::web::{
    At, Book, Done, Face, Fault, Frame, Input, Manager, Page, Portal, Search, Shared, Visitor,
    connection_href, group_names, render, unchanged,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("grants")
        .show::<GrantList, _, _>("/grants", "List grants", list)
        .asking::<ListSearch>()
        .page("/grants/add", add_form)
        .show::<Preview, _, _>("/grants/preview", "Preview what a pattern means", preview)
        .asking::<Typed>()
        .act::<GrantWish, Done, _, _>("/grants", "Add a grant", add)
        .show::<GrantView, _, _>("/grants/{id}", "Show a grant", show)
        .remove::<Removal, _, _>("/grants/{id}", "Remove a grant", remove)
}

/// Whether a grant is one that this person manages.
fn is_managed(visitor: &Visitor, company: &Company, target: &Target) -> bool {
    visitor.admin || visitor.manages.iter().any(|tenant| is_of(company, target, tenant))
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "grant/list.html")]
struct GrantList {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    grants: Page<GrantRow>,
}

async fn list(manager: Manager, Search(search): Search<ListSearch>) -> Response {
    let company = manager.snapshot.company();
    let words = search.words();
    let mut rows = GrantRow::all(company, |grant| is_managed(&manager, company, &grant.target));
    rows.retain(|row| words.are_in(&[&row.sentence]));
    let grants = Page::take(rows, search.page);
    let query = search.q.unwrap_or_default();
    manager.show(&GrantList { frame: manager.frame("Grants"), query, grants })
}

/// What a grant is made of: one of group, user and users, and one of tenant and connection.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
struct GrantWish {
    #[schemars(with = "Option<String>")]
    group: Option<GroupName>,
    #[schemars(with = "Option<String>")]
    user: Option<EmailAddress>,
    /// Users whose email matches: `*`, `*@example.com`.
    #[schemars(with = "Option<String>")]
    users: Option<UserPattern>,
    #[schemars(with = "Option<String>")]
    tenant: Option<TenantId>,
    /// The path of a connection, such as `google/files`.
    connection: Option<String>,
    /// Only tools whose own names match: `read_*`.
    #[schemars(with = "Option<String>")]
    tools: Option<ToolPattern>,
    /// `allow` or `deny`. Deny wins.
    #[schemars(with = "Option<String>")]
    effect: Option<Effect>,
}

impl GrantWish {
    fn subject(&self) -> Result<SubjectName, Refusal> {
        match (&self.group, &self.user, &self.users) {
            (Some(group), None, None) => Ok(SubjectName::Group(group.clone())),
            (None, Some(user), None) => Ok(SubjectName::User(user.clone())),
            (None, None, Some(pattern)) => Ok(SubjectName::Pattern(pattern.clone())),
            _ => {
                Err(Refusal::invalid("group", "name one group, one user, or one pattern of users"))
            }
        }
    }

    fn target(&self) -> Result<TargetName, Refusal> {
        match (&self.tenant, &self.connection) {
            (None, Some(path)) => Ok(TargetName::Connection(path.parse()?)),
            (Some(_), Some(_)) => {
                Err(Refusal::invalid("connection", "choose a tenant or a connection, not both"))
            }
            (Some(tenant), None) => Ok(TargetName::Tenant(tenant.clone())),
            (None, None) => Err(Refusal::invalid("tenant", "choose a tenant, or a connection")),
        }
    }
}

/// The target of a wish, if the person manages it.
fn target_of(manager: &Manager, wish: &GrantWish) -> Result<Target, Fault> {
    let company = manager.snapshot.company();
    let target = match wish.target()? {
        TargetName::Tenant(id) => Target::Tenant(find_tenant(company, &id)?.id.clone()),
        TargetName::Connection(path) => Target::Connection(find_connection(company, &path)?.id),
    };
    match is_managed(manager, company, &target) {
        true => Ok(target),
        false => Err(Fault::NothingHere),
    }
}

/// To whoever manages only a part, what is not there and what is not theirs are one.
fn veiled(manager: &Manager, fault: Fault) -> Fault {
    match fault {
        Fault::Refused(Refusal::Missing { .. }) if !manager.admin => Fault::NothingHere,
        fault => fault,
    }
}

#[derive(Template)]
#[template(path = "grant/add.html")]
struct AddForm {
    frame: Frame,
    groups: Vec<String>,
    tenants: Vec<String>,
    connections: Vec<String>,
    group: String,
    user: String,
    users: String,
    tenant: String,
    connection: String,
    tools: String,
    deny: bool,
    preview: Result<Preview, String>,
}

async fn add_form(
    manager: Manager,
    State(portal): Shared,
    Search(typed): Search<Typed>,
) -> Response {
    let company = manager.snapshot.company();
    let mut tenants: Vec<String> = company
        .tenants
        .keys()
        .filter(|id| manager.may_manage(id))
        .map(ToString::to_string)
        .collect();
    tenants.sort_unstable();
    let mut connections: Vec<String> = company
        .connections
        .values()
        .filter(|it| manager.may_manage_connection(&it.path))
        .map(|it| it.path.to_string())
        .collect();
    connections.sort_unstable();
    let preview = typed.preview(&manager, &portal).map_err(|fault| fault.detail());
    let groups = if manager.admin { group_names(company) } else { Vec::new() };
    let Typed { group, user, users, tenant, connection, tools, effect } = typed;
    let form = AddForm {
        frame: manager.frame("Add a grant"),
        groups,
        tenants,
        connections,
        group,
        user,
        users,
        tenant,
        connection,
        tools,
        deny: effect == "deny",
        preview,
    };
    render(StatusCode::OK, &form)
}

/// What stands in the form while somebody types; any of it may be half done.
#[derive(Deserialize, Default, JsonSchema)]
#[serde(default)]
struct Typed {
    group: String,
    user: String,
    users: String,
    tenant: String,
    connection: String,
    tools: String,
    effect: String,
}

impl Typed {
    /// The tools that are meant so far.
    fn preview(&self, manager: &Manager, portal: &Portal) -> Result<Preview, Fault> {
        let wish = self.wish()?;
        let target = target_of(manager, &wish).map_err(|fault| veiled(manager, fault))?;
        Ok(tools_of(portal, &manager.snapshot, &target, wish.tools.as_ref()))
    }

    /// The part of it that names tools.
    fn wish(&self) -> Result<GrantWish, Fault> {
        let filled = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        Ok(GrantWish {
            tenant: filled(&self.tenant).map(|it| it.parse()).transpose()?,
            connection: filled(&self.connection),
            tools: filled(&self.tools).map(|it| it.parse()).transpose()?,
            ..Default::default()
        })
    }
}

#[derive(Template)]
#[template(path = "grant/preview.html")]
struct PreviewPage {
    frame: Frame,
    preview: Result<Preview, String>,
}

/// The tools that a pattern means.
#[derive(Serialize, JsonSchema)]
struct Preview {
    /// How many tools there are.
    total: usize,
    /// How many of them are meant.
    count: usize,
    /// Their public names; the first hundred.
    tools: Vec<String>,
}

/// As many are listed.
const LISTED: usize = 100;

fn tools_of(
    portal: &Portal,
    snapshot: &Snapshot,
    target: &Target,
    pattern: Option<&ToolPattern>,
) -> Preview {
    let pattern = pattern.map(ToolPattern::compile);
    let mut found = Preview { total: 0, count: 0, tools: Vec::new() };
    for site in snapshot.sites() {
        if !target.covers(&site.connection) {
            continue;
        }
        portal.hall.tools_of(site.connection.id, &mut |tool| {
            found.total += 1;
            if pattern.as_ref().is_none_or(|it| it.matches(tool.name)) {
                found.count += 1;
                if found.tools.len() < LISTED {
                    found.tools.push(tool.public.to_owned());
                }
            }
        });
    }
    found
}

async fn preview(
    manager: Manager,
    State(portal): Shared,
    Search(typed): Search<Typed>,
) -> Result<Response, Fault> {
    let preview = typed.preview(&manager, &portal);
    match manager.face {
        Face::Api => Ok(Json(preview?).into_response()),
        // Half of what is typed is no failure to somebody who goes on typing.
        Face::Page => {
            let preview = preview.map_err(|fault| fault.detail());
            let page = PreviewPage { frame: manager.frame("Preview"), preview };
            Ok(render(StatusCode::OK, &page))
        }
    }
}

async fn add(
    manager: Manager,
    State(portal): Shared,
    Input(wish): Input<GrantWish>,
) -> Result<Response, Fault> {
    target_of(&manager, &wish).map_err(|fault| veiled(&manager, fault))?;
    let (subject, target) = (wish.subject()?, wish.target()?);
    let effect = wish.effect.unwrap_or(Effect::Allow);
    let prepare = |snapshot: &Snapshot| {
        let company = snapshot.company();
        operation::grant::add(company, &subject, &target, wish.tools.as_ref(), effect, manager.now)
    };
    let revision = portal.apply(&manager, prepare).await?;
    let next = match (&wish.tenant, wish.connection) {
        (_, Some(path)) => connection_href(&path),
        (Some(tenant), None) => format!("/tenants/{tenant}"),
        (None, None) => "/grants".into(),
    };
    Ok(manager.done(revision, &next))
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "grant/show.html")]
struct GrantView {
    #[serde(skip)]
    frame: Frame,
    grant: GrantRow,
    /// The tools it means now.
    preview: Preview,
    /// Why it changes nothing, if so.
    idle: Option<&'static str>,
    seen: String,
}

async fn show(
    manager: Manager,
    State(portal): Shared,
    At(id): At<String>,
) -> Result<Response, Fault> {
    let company = manager.snapshot.company();
    let grant = find(&manager, company, &id)?;
    let preview = tools_of(&portal, &manager.snapshot, &grant.target, grant.tools.as_ref());
    let conditions = portal.hall.conditions();
    let this = |it: &Grant| it.id == grant.id;
    let idle = idle_grants(&manager.snapshot, &conditions, portal.hall.as_ref(), this).pop();
    Ok(manager.show(&GrantView {
        frame: manager.frame("Grant"),
        grant: GrantRow::new(company, grant),
        preview,
        idle: idle.map(|(_, idle)| idle.because()),
        seen: Record::from(grant.clone()).fingerprint(),
    }))
}

fn find<'c>(manager: &Manager, company: &'c Company, id: &str) -> Result<&'c Grant, Fault> {
    let id = id.parse().map(GrantId).map_err(|_| Fault::NothingHere)?;
    let grant = company.grants.get(&id).ok_or(Fault::NothingHere)?;
    match is_managed(manager, company, &grant.target) {
        true => Ok(grant),
        false => Err(Fault::NothingHere),
    }
}

async fn remove(
    manager: Manager,
    State(portal): Shared,
    At(id): At<String>,
    Input(removal): Input<Removal>,
) -> Result<Response, Fault> {
    let company = manager.snapshot.company();
    let grant = find(&manager, company, &id)?;
    // Nobody knows by whom it was denied. Their own they can undo.
    if grant.effect == Effect::Deny && !manager.admin {
        return Err(Fault::NotAllowed("administrators"));
    }
    let seen = unchanged(removal.seen.as_deref(), grant.clone(), company.grant_label(grant))?;
    let grant = grant.id;
    let prepare = |snapshot: &Snapshot| operation::grant::remove(snapshot.company(), grant);
    let revision = portal.apply_if(&manager, &seen, prepare).await?;
    Ok(manager.done(revision, "/grants"))
}
