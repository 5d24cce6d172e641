//! Servers: descriptions of tool servers, which tenants use through connections.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_control::operation::{
    self, find_server,
    server::{ServerEdit, TransportEdit},
};
use gatehall_domain::{AccessClass, Record, Refusal, Server, ServerId, Snapshot, Transport};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    common::{ListSearch, Removal},
    condition::ConnectionRow,
};
use crate::web::{
    Admin, At, Book, Done, Fault, Frame, Input, Moment, Page, Search, Shared, Short, lines, render,
    text, unchanged,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("servers")
        .show::<ServerList, _, _>("/servers", "List servers", list)
        .asking::<ListSearch>()
        .page("/servers/add", add_form)
        .act::<ServerWish, Done, _, _>("/servers", "Add a server", add)
        .show::<ServerView, _, _>("/servers/{server}", "Show a server", show)
        .change::<ServerWish, _, _>("/servers/{server}", "Change a server", change)
        .remove::<Removal, _, _>("/servers/{server}", "Remove a server", remove)
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "server/list.html")]
struct ServerList {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    servers: Page<ServerRow>,
}

#[derive(Serialize, JsonSchema)]
struct ServerRow {
    id: String,
    name: String,
    transport: &'static str,
    access: &'static str,
    tier: String,
    enabled: bool,
    connections: usize,
}

async fn list(admin: Admin, Search(search): Search<ListSearch>) -> Response {
    let company = admin.snapshot.company();
    let words = search.words();
    let wanted =
        |it: &&Server| words.are_in(&[it.id.as_str(), &it.name, &it.tier, it.transport.kind()]);
    let mut found: Vec<&Server> =
        company.servers.values().map(AsRef::as_ref).filter(wanted).collect();
    found.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let servers = Page::of(&found, search.page, |it| ServerRow {
        id: it.id.to_string(),
        name: Short::name(&it.name),
        transport: it.transport.kind(),
        access: it.access.as_str(),
        tier: Short::name(&it.tier),
        enabled: it.enabled,
        connections: company.connections.values().filter(|to| to.path.server == it.id).count(),
    });
    let query = search.q.unwrap_or_default();
    admin.show(&ServerList { frame: admin.frame("Servers"), query, servers })
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "server/show.html")]
struct ServerView {
    #[serde(skip)]
    frame: Frame,
    id: String,
    name: String,
    description: String,
    transport: &'static str,
    /// The address; none for a process.
    url: Option<String>,
    /// The program of a process, with its arguments.
    command: Option<String>,
    arguments: Vec<String>,
    /// The variables that credentials may fill.
    credential_variables: BTreeSet<String>,
    access: &'static str,
    stateful: bool,
    tier: String,
    enabled: bool,
    since: Moment,
    connections: Vec<ConnectionRow>,
    seen: String,
}

async fn show(
    admin: Admin,
    State(portal): Shared,
    At(id): At<ServerId>,
) -> Result<Response, Fault> {
    let server = find_server(admin.snapshot.company(), &id)?;
    let (command, arguments, credential_variables) = match server.transport.clone() {
        Transport::Stdio { command, arguments, credential_variables, .. } => {
            (Some(command), arguments, credential_variables)
        }
        _ => Default::default(),
    };
    Ok(admin.show(&ServerView {
        frame: admin.frame(Short::name(&server.name)),
        id: id.to_string(),
        name: server.name.clone(),
        description: server.description.clone(),
        transport: server.transport.kind(),
        url: server.transport.url().map(ToString::to_string),
        command,
        arguments,
        credential_variables,
        access: server.access.as_str(),
        stateful: server.stateful,
        tier: server.tier.clone(),
        enabled: server.enabled,
        since: Moment(server.created_at),
        connections: ConnectionRow::all(&portal, &admin, |site| site.server.id == id),
        seen: Record::from(Server::clone(server)).fingerprint(),
    }))
}

#[derive(Template)]
#[template(path = "server/add.html")]
struct AddForm {
    frame: Frame,
    commands: Vec<String>,
}

async fn add_form(admin: Admin, State(portal): Shared) -> Response {
    let commands = portal.hall.allowed_commands().to_vec();
    render(StatusCode::OK, &AddForm { frame: admin.frame("Add a server"), commands })
}

/// What a server is to be: at an address, or by a command. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ServerWish {
    /// The ID of a new one; it appears in URLs and in tool names.
    #[schemars(with = "Option<String>")]
    id: Option<ServerId>,
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    description: Option<String>,
    /// `streamable-http`, `sse` or `openapi` for an address. A command is always `stdio`.
    transport: Option<String>,
    #[serde(default)]
    url: String,
    /// One of the commands that the gate was told to allow.
    #[serde(default)]
    command: String,
    /// The arguments of the command, one per line.
    #[serde(default, deserialize_with = "text")]
    arguments: Option<String>,
    /// The variables of the command that credentials may fill, one per line.
    #[serde(default, deserialize_with = "text")]
    credential_variables: Option<String>,
    /// `granted` or `public`.
    #[schemars(with = "Option<String>")]
    access: Option<AccessClass>,
    stateful: Option<bool>,
    #[serde(default, deserialize_with = "text")]
    tier: Option<String>,
    enabled: Option<bool>,
    /// The version that the change is based on; refused if the record has changed since.
    seen: Option<String>,
}

impl ServerWish {
    /// The transport they say, if they say one. A form sends the fields of both kinds.
    fn transport(&self, before: Option<&Transport>) -> Result<Option<Transport>, Refusal> {
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let url = filled(&self.url).map(|url| url.parse()).transpose()?;
        let command = filled(&self.command);
        let said = TransportEdit {
            kind: self.transport.clone().filter(|_| command.is_none()),
            url,
            arguments: self.arguments(before)?,
            credential_variables: self.credential_variables(before),
            command,
            environment: None,
        };
        said.apply(before)
    }

    /// The arguments they say, if those are others than before.
    fn arguments(&self, before: Option<&Transport>) -> Result<Option<Vec<String>>, Refusal> {
        let Some(text) = &self.arguments else { return Ok(None) };
        // Forms end lines with two characters.
        let said = text.lines().map(str::trim).filter(|it| !it.is_empty());
        let said: Vec<String> = said.map(str::to_owned).collect();
        let Some(Transport::Stdio { arguments, .. }) = before else {
            return Ok((!said.is_empty()).then_some(said));
        };
        let on_lines = |it: &String| !it.is_empty() && it.trim() == it && it.lines().count() == 1;
        // What the form showed, as far as forms keep blanks at the ends.
        if text.trim().lines().eq(arguments.join("\n").trim().lines()) {
            Ok(None)
        } else if arguments.iter().all(on_lines) {
            Ok(Some(said))
        } else {
            Err(Refusal::invalid(
                "arguments",
                "contain spaces or line breaks that this form cannot show: change them on the \
                 command line",
            ))
        }
    }

    /// The variables they say, if they say some of a process.
    fn credential_variables(&self, before: Option<&Transport>) -> Option<BTreeSet<String>> {
        let said = lines(self.credential_variables.as_ref()?).map(str::to_owned);
        let said: BTreeSet<String> = said.collect();
        let process = matches!(before, Some(Transport::Stdio { .. }));
        (process || !said.is_empty()).then_some(said)
    }

    fn edit(&self, transport: Option<Transport>) -> ServerEdit {
        ServerEdit {
            name: self.name.clone(),
            description: self.description.clone(),
            transport,
            access: self.access,
            stateful: self.stateful,
            tier: self.tier.clone(),
            enabled: self.enabled,
        }
    }
}

async fn add(
    admin: Admin,
    State(portal): Shared,
    Input(mut wish): Input<ServerWish>,
) -> Result<Response, Fault> {
    let id = wish.id.take().ok_or_else(|| Fault::field("id", "give the server an ID"))?;
    wish.name = wish.name.filter(|name| !name.is_empty());
    let transport = wish.transport(None)?;
    let transport = transport.ok_or_else(|| Refusal::invalid("url", "enter a URL or a command"))?;
    let prepare = |_: &Snapshot| {
        Ok::<_, Refusal>(operation::server::add(&id, transport.clone(), wish.edit(None), admin.now))
    };
    let revision = portal.apply(&admin, prepare).await?;
    Ok(admin.done(revision, &format!("/servers/{id}")))
}

async fn change(
    admin: Admin,
    State(portal): Shared,
    At(id): At<ServerId>,
    Input(wish): Input<ServerWish>,
) -> Result<Response, Fault> {
    if wish.id.as_ref().is_some_and(|it| *it != id) {
        return Err(Fault::field("id", "cannot be changed: add another server instead"));
    }
    let server = Server::clone(find_server(admin.snapshot.company(), &id)?);
    let seen = unchanged(wish.seen.as_deref(), server, &id)?;
    let prepare = |snapshot: &Snapshot| {
        let before = find_server(snapshot.company(), &id)?;
        let transport = wish.transport(Some(&before.transport))?;
        operation::server::change(snapshot.company(), &id, wish.edit(transport))
    };
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    Ok(admin.done(revision, &format!("/servers/{id}")))
}

async fn remove(
    admin: Admin,
    State(portal): Shared,
    At(id): At<ServerId>,
    Input(removal): Input<Removal>,
) -> Result<Response, Fault> {
    let server = Server::clone(find_server(admin.snapshot.company(), &id)?);
    let seen = unchanged(removal.seen.as_deref(), server, &id)?;
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let server = Server::clone(find_server(snapshot.company(), &id)?);
        operation::remove(snapshot.company(), server.into(), removal.cascade)
    };
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    Ok(admin.done(revision, "/servers"))
}
