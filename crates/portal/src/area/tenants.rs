//! Tenants: the page of an administrator, and all that a tenant admin sees.

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_control::{
    operation::{self, find_tenant, tenant::TenantEdit},
    show,
};
use gatehall_domain::{
    Company, EmailAddress, Record, Refusal, Snapshot, Subject, Target, Tenant, TenantId,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    common::{ListSearch, Removal},
    condition::ConnectionRow,
    groups::member_counts,
    row::{EventRow, GrantRow},
};
use crate::web::{
    Admin, At, Book, Done, Fault, Frame, Input, Manager, Moment, Page, Search, Shared, Short,
    TenantManager, render, text, unchanged,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("tenants")
        .show::<TenantList, _, _>("/tenants", "List tenants", list)
        .asking::<ListSearch>()
        .page("/tenants/add", add_form)
        .act::<TenantOrder, Done, _, _>("/tenants", "Add a tenant", add)
        .show::<TenantView, _, _>("/tenants/{tenant}", "Show a tenant", show_one)
        .change::<TenantChange, _, _>("/tenants/{tenant}", "Change a tenant", change)
        .remove::<Removal, _, _>("/tenants/{tenant}", "Remove a tenant", remove)
        .act::<AdminsChange, Done, _, _>(
            "/tenants/{tenant}/admins",
            "Say who manages a tenant",
            change_admins,
        )
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "tenant/list.html")]
struct TenantList {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    tenants: Page<TenantRow>,
}

#[derive(Serialize, JsonSchema)]
struct TenantRow {
    id: String,
    name: String,
    enabled: bool,
    connections: usize,
    grants: usize,
}

async fn list(manager: Manager, Search(search): Search<ListSearch>) -> Response {
    let company = manager.snapshot.company();
    let words = search.words();
    let wanted =
        |it: &&Tenant| manager.may_manage(&it.id) && words.are_in(&[it.id.as_str(), &it.name]);
    let mut found: Vec<&Tenant> =
        company.tenants.values().map(AsRef::as_ref).filter(wanted).collect();
    found.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let tenants = Page::of(&found, search.page, |it| {
        let own = |path: &gatehall_domain::ConnectionPath| path.tenant.as_ref() == Some(&it.id);
        TenantRow {
            id: it.id.to_string(),
            name: Short::name(&it.name),
            enabled: it.enabled,
            connections: company.connections.values().filter(|it| own(&it.path)).count(),
            grants: company
                .grants
                .values()
                .filter(|grant| is_of(company, &grant.target, &it.id))
                .count(),
        }
    });
    let query = search.q.unwrap_or_default();
    manager.show(&TenantList { frame: manager.frame("Tenants"), query, tenants })
}

/// Whether a target is this tenant, or a connection of it.
pub(super) fn is_of(company: &Company, target: &Target, tenant: &TenantId) -> bool {
    match target {
        Target::Tenant(id) => id == tenant,
        Target::Connection(id) => {
            company.connections.get(id).is_some_and(|it| it.path.tenant.as_ref() == Some(tenant))
        }
    }
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "tenant/show.html")]
struct TenantView {
    #[serde(skip)]
    frame: Frame,
    id: String,
    name: String,
    description: String,
    enabled: bool,
    since: Moment,
    /// The emails of its tenant admins.
    admins: Vec<String>,
    connections: Vec<ConnectionRow>,
    /// The grants that give access to it.
    grants: Vec<GrantRow>,
    /// The groups with access to it, each with the number of its members.
    groups: Vec<GroupReach>,
    /// Calls, denials and failures of the last 24 hours.
    calls: u64,
    denied: u64,
    failed: u64,
    events: Vec<EventRow>,
    /// The address for MCP clients that are for this tenant alone.
    endpoint: String,
    openapi: String,
    seen: String,
}

/// A group that reaches a tenant.
#[derive(Serialize, JsonSchema)]
struct GroupReach {
    group: String,
    members: usize,
}

async fn show_one(
    manager: TenantManager,
    State(portal): Shared,
    At(id): At<TenantId>,
) -> Result<Response, Fault> {
    let company = manager.snapshot.company();
    let tenant = find_tenant(company, &id)?;
    let store = portal.desk.store();
    let usage = store.usage(manager.now.plus_seconds(-24 * 3600), Some(id.as_str())).await?;
    let filter =
        gatehall_store::EventFilter { tenant: Some(id.clone()), limit: 10, ..Default::default() };
    let events = store.events(&filter).await?;
    let grants = GrantRow::all(company, |grant| is_of(company, &grant.target, &id));
    let base = portal.client_base();
    let admins = show::admins_of(company, &id);
    Ok(manager.show(&TenantView {
        frame: manager.frame(Short::name(&tenant.name)),
        id: id.to_string(),
        name: tenant.name.clone(),
        description: tenant.description.clone(),
        enabled: tenant.enabled,
        since: Moment(tenant.created_at),
        admins,
        connections: ConnectionRow::all(&portal, &manager, |site| {
            site.connection.path.tenant.as_ref() == Some(&id)
        }),
        groups: groups_of(&manager.snapshot, &id),
        grants,
        calls: usage.iter().map(|it| it.calls).sum(),
        denied: usage.iter().map(|it| it.denied).sum(),
        failed: usage.iter().map(|it| it.failed).sum(),
        events: events.iter().map(EventRow::new).collect(),
        endpoint: format!("{base}/mcp/{id}"),
        openapi: format!("{base}/t/{id}/openapi.json"),
        seen: Record::from(Tenant::clone(tenant)).fingerprint(),
    }))
}

fn groups_of(snapshot: &Snapshot, tenant: &TenantId) -> Vec<GroupReach> {
    let company = snapshot.company();
    let counts = member_counts(snapshot);
    let grants = company.grants.values().filter(|it| is_of(company, &it.target, tenant));
    let mut groups: Vec<_> = grants
        .filter_map(|grant| match grant.subject {
            Subject::Group(group) => Some(group),
            _ => None,
        })
        .collect();
    groups.sort_unstable();
    groups.dedup();
    let reach = |group| GroupReach {
        group: company.group_label(group),
        members: counts.get(&group).copied().unwrap_or(0),
    };
    let mut groups: Vec<GroupReach> = groups.into_iter().map(reach).collect();
    groups.sort_by(|a, b| a.group.cmp(&b.group));
    groups
}

#[derive(Template)]
#[template(path = "tenant/add.html")]
struct AddForm {
    frame: Frame,
}

async fn add_form(admin: Admin) -> Response {
    render(StatusCode::OK, &AddForm { frame: admin.frame("Add a tenant") })
}

/// What a new tenant is made of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TenantOrder {
    /// Appears in URLs and in tool names.
    #[schemars(with = "String")]
    id: TenantId,
    /// Display name.
    name: Option<String>,
    description: Option<String>,
}

async fn add(
    admin: Admin,
    State(portal): Shared,
    Input(order): Input<TenantOrder>,
) -> Result<Response, Fault> {
    let prepare = |_: &Snapshot| {
        let name = order.name.clone().filter(|name| !name.is_empty());
        let edit =
            TenantEdit { name, description: order.description.clone(), ..Default::default() };
        Ok::<_, Refusal>(operation::tenant::add(&order.id, edit, admin.now))
    };
    let revision = portal.apply(&admin, prepare).await?;
    Ok(admin.done(revision, &format!("/tenants/{}", order.id)))
}

/// What changes of a tenant. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TenantChange {
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    description: Option<String>,
    enabled: Option<bool>,
    /// The version that the change is based on; refused if the record has changed since.
    seen: Option<String>,
}

async fn change(
    admin: Admin,
    State(portal): Shared,
    At(id): At<TenantId>,
    Input(wish): Input<TenantChange>,
) -> Result<Response, Fault> {
    let tenant = Tenant::clone(find_tenant(admin.snapshot.company(), &id)?);
    let seen = unchanged(wish.seen.as_deref(), tenant, &id)?;
    let prepare = |snapshot: &Snapshot| {
        let edit = TenantEdit {
            name: wish.name.clone(),
            description: wish.description.clone(),
            enabled: wish.enabled,
            ..Default::default()
        };
        operation::tenant::change(snapshot.company(), &id, edit, admin.now)
    };
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    Ok(admin.done(revision, &format!("/tenants/{id}")))
}

/// Who manages a tenant from now on, and who no longer does.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AdminsChange {
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    add: Vec<EmailAddress>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    remove: Vec<EmailAddress>,
}

async fn change_admins(
    admin: Admin,
    State(portal): Shared,
    At(id): At<TenantId>,
    Input(wish): Input<AdminsChange>,
) -> Result<Response, Fault> {
    let prepare = |snapshot: &Snapshot| {
        let edit = TenantEdit {
            add_admins: wish.add.clone(),
            remove_admins: wish.remove.clone(),
            ..Default::default()
        };
        operation::tenant::change(snapshot.company(), &id, edit, admin.now)
    };
    let revision = portal.apply(&admin, prepare).await?;
    Ok(admin.done(revision, &format!("/tenants/{id}")))
}

async fn remove(
    admin: Admin,
    State(portal): Shared,
    At(id): At<TenantId>,
    Input(removal): Input<Removal>,
) -> Result<Response, Fault> {
    let tenant = Tenant::clone(find_tenant(admin.snapshot.company(), &id)?);
    let seen = unchanged(removal.seen.as_deref(), tenant, &id)?;
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let tenant = Tenant::clone(find_tenant(snapshot.company(), &id)?);
        operation::remove(snapshot.company(), tenant.into(), removal.cascade)
    };
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    Ok(admin.done(revision, "/tenants"))
}
