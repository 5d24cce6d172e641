//! Connections: one tenant's use of a server, its limits and its credentials.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_control::operation::{
    self,
    connection::{ConnectionEdit, Settable},
    find_connection,
};
use gatehall_domain::{
    Address, Connection, ConnectionPath, Record, Refusal, SecretSource, ServerId, Snapshot,
    TenantId, Transport, snapshot::Site,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    common::{ListSearch, Removal},
    condition::{self, ConnectionRow},
    row::GrantRow,
};
use crate::web::{
    Admin, At, Book, Done, Fault, Frame, Input, Manager, Moment, Page, Search, Shared, Short,
    TenantManager, clearable, connection_href, render, unchanged,
};

pub(super) fn ways(book: Book) -> Book {
    const ONE: &str = "/connections/{tenant}/{server}";
    book.area("connections")
        .show::<ConnectionList, _, _>("/connections", "List connections", list)
        .asking::<ListSearch>()
        .page("/connections/add", add_form)
        .act::<ConnectionOrder, Done, _, _>("/connections", "Add a connection", add)
        .show::<ConnectionView, _, _>(ONE, "Show a connection", show)
        .change::<ConnectionChange, _, _>(ONE, "Change a connection", change)
        .remove::<Removal, _, _>(ONE, "Remove a connection", remove)
}

/// The connection that a path names; `-` stands for no tenant.
pub(super) fn path_of((tenant, server): &(String, String)) -> Result<ConnectionPath, Fault> {
    let tenant: Option<TenantId> = match tenant.as_str() {
        "-" => None,
        tenant => Some(tenant.parse().map_err(|_| Fault::NothingHere)?),
    };
    let server: ServerId = server.parse().map_err(|_| Fault::NothingHere)?;
    Ok(ConnectionPath { tenant, server })
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "connection/list.html")]
struct ConnectionList {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    connections: Page<ConnectionRow>,
}

async fn list(
    manager: Manager,
    State(portal): Shared,
    Search(search): Search<ListSearch>,
) -> Response {
    let words = search.words();
    let may = |site: &Site| manager.may_manage_connection(&site.connection.path);
    let mut rows = ConnectionRow::all(&portal, &manager, may);
    rows.retain(|row| words.are_in(&[&row.path, row.state, row.state_label(), &row.said]));
    let connections = Page::take(rows, search.page);
    let query = search.q.unwrap_or_default();
    manager.show(&ConnectionList { frame: manager.frame("Connections"), query, connections })
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "connection/show.html")]
struct ConnectionView {
    #[serde(skip)]
    frame: Frame,
    path: String,
    tenant: Option<String>,
    server: String,
    /// The server's URL for this tenant.
    url: Option<String>,
    /// Where it leads: an address, or a command.
    leads_to: String,
    timeout_seconds: Option<u32>,
    concurrent_calls: Option<u32>,
    enabled: bool,
    since: Moment,
    /// `up`, `down`, `unseen` (not checked yet) or `disabled`.
    state: &'static str,
    said: String,
    remedy: String,
    protocol: String,
    tools: usize,
    /// Definitions that were left out, and why.
    problems: Vec<String>,
    /// Why its list of tools could not be read to the end.
    cut: Option<&'static str>,
    /// What was repaired in definitions, each with the tools that had it.
    repairs: Vec<String>,
    /// The last lines of a process's standard error.
    stderr: Vec<String>,
    failures: Vec<Failure>,
    /// Tools added, removed or changed since the gate started.
    changed: Option<Changed>,
    credentials: Vec<CredentialRow>,
    grants: Vec<GrantRow>,
    /// What the public names of its tools begin with.
    prefix: String,
    /// Whether it is a process, which takes its credentials as variables.
    process: bool,
    /// The variables of the process that credentials may fill.
    variables: BTreeSet<String>,
    seen: String,
    #[serde(skip)]
    href: String,
}

impl ConnectionView {
    fn state_label(&self) -> &'static str {
        condition::state_label(self.state)
    }

    fn tone(&self) -> &'static str {
        condition::tone(self.state)
    }

    fn icon(&self) -> &'static str {
        condition::icon(self.state)
    }
}

#[derive(Serialize, JsonSchema)]
struct Changed {
    /// When that was seen last.
    at: Moment,
    tools: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Failure {
    at: Moment,
    text: String,
}

/// A credential, without its secret.
#[derive(Serialize, JsonSchema)]
struct CredentialRow {
    placement: String,
    /// `sealed`, or the environment variable of the gate that holds it.
    secret: String,
    since: Moment,
    /// When it expires.
    until: Option<Moment>,
}

async fn show(
    manager: TenantManager,
    State(portal): Shared,
    At(names): At<(String, String)>,
) -> Result<Response, Fault> {
    let path = path_of(&names)?;
    let company = manager.snapshot.company();
    let connection = find_connection(company, &path)?;
    let site = manager.snapshot.site(connection.id).ok_or(Fault::NothingHere)?;
    let seen_last = portal.hall.condition(connection.id);
    let transport = site.server.transport.resolve(path.tenant.as_ref(), connection.url.as_ref());
    let leads_to = match (&transport, transport.url()) {
        (_, Some(url)) => url.to_string(),
        (Transport::Stdio { command, arguments, .. }, None) => {
            format!("{command} {}", arguments.join(" "))
        }
        _ => String::new(),
    };
    let (state, said) = condition::state_of(site, seen_last.as_ref());
    let mut credentials: Vec<CredentialRow> = company
        .credentials
        .values()
        .filter(|it| it.connection == connection.id)
        .map(|it| CredentialRow {
            placement: it.placement.to_string(),
            secret: match &it.secret {
                SecretSource::Sealed(_) => "sealed".into(),
                SecretSource::Environment(name) => format!("environment variable {name}"),
            },
            since: Moment(it.created_at),
            until: it.expires_at.map(Moment),
        })
        .collect();
    credentials.sort_by(|a, b| a.placement.cmp(&b.placement));
    let short = |lines: &Vec<String>| lines.iter().map(|line| Short::text(line)).collect();
    let live = seen_last.as_ref();
    Ok(manager.show(&ConnectionView {
        frame: manager.frame(path.to_string()),
        href: connection_href(&path.to_string()),
        tenant: path.tenant.as_ref().map(ToString::to_string),
        server: path.server.to_string(),
        url: connection.url.as_ref().map(ToString::to_string),
        leads_to,
        timeout_seconds: connection.limits.timeout_seconds,
        concurrent_calls: connection.limits.concurrent_calls,
        enabled: connection.enabled,
        since: Moment(connection.created_at),
        state,
        said,
        remedy: live.map(|it| it.remedy.clone()).unwrap_or_default(),
        protocol: live.map(|it| it.protocol.to_owned()).unwrap_or_default(),
        tools: live.map_or(0, |it| it.tools),
        problems: live.map(|it| short(&it.problems)).unwrap_or_default(),
        cut: live.and_then(|it| it.cut),
        repairs: live.map(|it| short(&it.repairs)).unwrap_or_default(),
        stderr: live.map(|it| short(&it.stderr)).unwrap_or_default(),
        failures: live.map(failures).unwrap_or_default(),
        changed: live.and_then(|it| it.changed.as_ref()).map(|(at, tools)| Changed {
            at: Moment(*at),
            tools: tools.iter().map(|it| Short::name(it)).collect(),
        }),
        credentials,
        grants: GrantRow::all(company, |grant| grant.target.covers(connection)),
        prefix: path.prefix(),
        process: transport.url().is_none(),
        variables: match transport {
            Transport::Stdio { credential_variables, .. } => credential_variables,
            _ => BTreeSet::new(),
        },
        seen: Record::from(Connection::clone(connection)).fingerprint(),
        path: path.to_string(),
    }))
}

fn failures(condition: &crate::Condition) -> Vec<Failure> {
    let failure = |(at, text): &(gatehall_domain::Timestamp, String)| Failure {
        at: Moment(*at),
        text: Short::text(text),
    };
    condition.failures.iter().map(failure).collect()
}

#[derive(Deserialize)]
struct AddSearch {
    tenant: Option<String>,
    server: Option<String>,
}

#[derive(Template)]
#[template(path = "connection/add.html")]
struct AddForm {
    frame: Frame,
    tenants: Vec<String>,
    servers: Vec<String>,
    tenant: String,
    server: String,
}

async fn add_form(admin: Admin, Search(search): Search<AddSearch>) -> Response {
    let company = admin.snapshot.company();
    let mut tenants: Vec<String> = company.tenants.keys().map(ToString::to_string).collect();
    let mut servers: Vec<String> = company.servers.keys().map(ToString::to_string).collect();
    tenants.sort_unstable();
    servers.sort_unstable();
    let form = AddForm {
        frame: admin.frame("Add a connection"),
        tenants,
        servers,
        tenant: search.tenant.unwrap_or_default(),
        server: search.server.unwrap_or_default(),
    };
    render(StatusCode::OK, &form)
}

/// What a new connection is made of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ConnectionOrder {
    /// The tenant; omit it for a server that is shared between tenants.
    #[schemars(with = "Option<String>")]
    tenant: Option<TenantId>,
    #[schemars(with = "String")]
    server: ServerId,
    /// The server's URL for this tenant, if it differs.
    #[serde(default)]
    url: String,
}

async fn add(
    admin: Admin,
    State(portal): Shared,
    Input(order): Input<ConnectionOrder>,
) -> Result<Response, Fault> {
    let path = ConnectionPath { tenant: order.tenant, server: order.server };
    let url: Option<Address> = match order.url.as_str() {
        "" => None,
        url => Some(url.parse()?),
    };
    let edit = ConnectionEdit { url, ..Default::default() };
    let prepare =
        |_: &Snapshot| operation::connection::add(portal.desk.vault(), &path, &edit, admin.now);
    let revision = portal.apply(&admin, prepare).await?;
    Ok(admin.done(revision, &connection_href(&path.to_string())))
}

/// What changes of a connection. What is left out stays; what is empty goes back to the server's
/// own or the default.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ConnectionChange {
    /// The server's URL for this tenant; only administrators may set it.
    #[serde(default, deserialize_with = "clearable")]
    #[schemars(with = "Option<String>")]
    url: Option<Option<Address>>,
    #[serde(default, deserialize_with = "clearable")]
    #[schemars(with = "Option<u32>")]
    timeout_seconds: Option<Option<u32>>,
    #[serde(default, deserialize_with = "clearable")]
    #[schemars(with = "Option<u32>")]
    concurrent_calls: Option<Option<u32>>,
    enabled: Option<bool>,
    /// The version that the change is based on; refused if the record has changed since.
    seen: Option<String>,
}

async fn change(
    manager: TenantManager,
    State(portal): Shared,
    At(names): At<(String, String)>,
    Input(wish): Input<ConnectionChange>,
) -> Result<Response, Fault> {
    let path = path_of(&names)?;
    let connection = Connection::clone(find_connection(manager.snapshot.company(), &path)?);
    // An own address could lead to places inside the company's network, and limits protect others.
    let limits = connection.limits;
    let changed = wish.url.as_ref().is_some_and(|url| *url != connection.url)
        || wish.timeout_seconds.is_some_and(|it| it != limits.timeout_seconds)
        || wish.concurrent_calls.is_some_and(|it| it != limits.concurrent_calls);
    if !manager.admin && changed {
        return Err(Fault::NotAllowed("administrators"));
    }
    let seen = unchanged(wish.seen.as_deref(), connection, &path)?;
    let mut edit = ConnectionEdit { enabled: wish.enabled, ..Default::default() };
    // Others say what they saw at most, and an administrator may have changed it meanwhile.
    if manager.admin {
        let unset = [
            (Settable::Url, wish.url == Some(None)),
            (Settable::TimeoutSeconds, wish.timeout_seconds == Some(None)),
            (Settable::ConcurrentCalls, wish.concurrent_calls == Some(None)),
        ];
        edit.unset = unset.into_iter().filter(|(_, empty)| *empty).map(|(it, _)| it).collect();
        edit.url = wish.url.flatten();
        edit.timeout_seconds = wish.timeout_seconds.flatten();
        edit.concurrent_calls = wish.concurrent_calls.flatten();
    }
    let prepare = |snapshot: &Snapshot| {
        let vault = portal.desk.vault();
        operation::connection::change(snapshot.company(), vault, &path, &edit, manager.now)
    };
    let revision = portal.apply_if(&manager, &seen, prepare).await?;
    Ok(manager.done(revision, &connection_href(&path.to_string())))
}

async fn remove(
    admin: Admin,
    State(portal): Shared,
    At(names): At<(String, String)>,
    Input(removal): Input<Removal>,
) -> Result<Response, Fault> {
    let path = path_of(&names)?;
    let connection = Connection::clone(find_connection(admin.snapshot.company(), &path)?);
    let seen = unchanged(removal.seen.as_deref(), connection, &path)?;
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let connection = Connection::clone(find_connection(snapshot.company(), &path)?);
        operation::remove(snapshot.company(), connection.into(), removal.cascade)
    };
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    Ok(admin.done(revision, "/connections"))
}
