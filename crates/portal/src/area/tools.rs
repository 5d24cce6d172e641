//! Tools: every public name with its definition, who reaches it, and a place to try it.

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_domain::{
    Change, Company, ConnectionId, Effect, Grant, GrantId, Snapshot, Subject, Target, Tool,
    ToolDefinition, ToolPattern, UserPattern, names, snapshot::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    arguments::{Argument, Arguments, CallWish},
    who::{Reason, reasons, who},
};
use crate::{
    Called,
    web::{
        At, Book, Done, Fault, Frame, Input, Manager, Page, Pages, Search, Shared, Short,
        connection_href, encoded,
    },
};

pub(super) fn ways(book: Book) -> Book {
    book.area("tools")
        .show::<ToolList, _, _>("/tools", "List tools", list)
        .asking::<ToolSearch>()
        .show::<ToolView, _, _>("/tools/{name}", "Show a tool", show)
        .act::<Visibility, Done, _, _>("/tools/{name}/hide", "Hide a tool, or show it again", hide)
        .act::<CallWish, ToolView, _, _>("/tools/{name}/call", "Call a tool as yourself", call)
}

/// Rows on a page.
const ROWS: usize = 50;

#[derive(Deserialize, JsonSchema)]
struct ToolSearch {
    q: Option<String>,
    connection: Option<String>,
    page: Option<usize>,
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "tool/list.html")]
struct ToolList {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    #[serde(skip)]
    connection: String,
    tools: Page<ToolRow>,
}

#[derive(Serialize, JsonSchema)]
struct ToolRow {
    name: String,
    connection: String,
    #[serde(skip)]
    connection_href: String,
    description: String,
    hidden: bool,
}

async fn list(
    manager: Manager,
    State(portal): Shared,
    Search(search): Search<ToolSearch>,
) -> Response {
    let snapshot = &manager.snapshot;
    let query = search.q.unwrap_or_default();
    let words = super::common::Words::new(&query);
    let connection = search.connection.unwrap_or_default();
    let wanted = |tool: &Tool<'_>| {
        let Some(site) = snapshot.site(tool.connection) else { return false };
        manager.may_manage_connection(&site.connection.path)
            && (connection.is_empty() || site.connection.path.to_string() == connection)
            && words.are_in(&[tool.public, tool.description])
    };
    // Rows are made for this page alone; the first pass only counts.
    let mut total = 0;
    portal.hall.each_tool(&mut |tool| total += usize::from(wanted(&tool)));
    let pages = Pages::new(total, search.page, ROWS);
    let (mut at, mut rows) = (0, Vec::new());
    portal.hall.each_tool(&mut |tool| {
        if wanted(&tool) {
            at += 1;
            if (pages.first..=pages.to).contains(&at) {
                rows.push(row(snapshot, &tool));
            }
        }
    });
    let tools = Page { rows, pages };
    manager.show(&ToolList { frame: manager.frame("Tools"), query, connection, tools })
}

fn row(snapshot: &Snapshot, tool: &Tool<'_>) -> ToolRow {
    let company = snapshot.company();
    let path = company.connection_label(tool.connection);
    ToolRow {
        name: tool.public.to_owned(),
        connection_href: connection_href(&path),
        connection: path,
        description: Short::text(tool.description),
        hidden: hiding(company, tool.connection, tool.name).is_some(),
    }
}

/// The grant that hides a tool from everybody.
fn hiding<'c>(company: &'c Company, connection: ConnectionId, tool: &str) -> Option<&'c Grant> {
    let grant = hiding_grant(connection, tool, gatehall_domain::Timestamp::from_micros(0))?;
    company.equal_grant(&grant).map(AsRef::as_ref)
}

fn hiding_grant(
    connection: ConnectionId,
    tool: &str,
    now: gatehall_domain::Timestamp,
) -> Option<Grant> {
    let everybody: UserPattern = "*".parse().ok()?;
    let tools = ToolPattern::exactly(tool).ok()?;
    Some(Grant {
        id: GrantId(Uuid::now_v7()),
        subject: Subject::Pattern(everybody),
        target: Target::Connection(connection),
        tools: Some(tools),
        effect: Effect::Deny,
        created_at: now,
    })
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "tool/show.html")]
struct ToolView {
    #[serde(skip)]
    frame: Frame,
    name: String,
    /// The name its server gives it.
    own_name: String,
    connection: String,
    #[serde(skip)]
    connection_href: String,
    description: String,
    /// All that the server says of it.
    definition: Value,
    hidden: bool,
    /// Whether its name can be hidden by a grant at all.
    hideable: bool,
    /// Who reaches it, by the reason.
    reasons: Vec<Reason>,
    #[serde(skip)]
    arguments: Vec<Argument>,
    /// What came of a call, if one was made.
    called: Option<Called>,
}

impl ToolView {
    /// The definition, written so that people can read it.
    fn text(&self) -> String {
        names::escaped(&serde_json::to_string_pretty(&self.definition).unwrap_or_default())
    }

    /// The result of a call, likewise.
    fn result(&self) -> String {
        let Some(called) = &self.called else { return String::new() };
        let value: Option<Value> = serde_json::from_str(&called.text).ok();
        let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
        let mut text = pretty.unwrap_or_else(|| called.text.clone());
        if text.len() > LONGEST_RESULT {
            let end = (0..=LONGEST_RESULT).rev().find(|at| text.is_char_boundary(*at));
            text.truncate(end.unwrap_or(0));
            text.push('\u{2026}');
        }
        names::escaped(&text)
    }
}

/// Bytes of a result that the page shows.
const LONGEST_RESULT: usize = 20_000;

/// The tool of a name, if the manager has to do with it.
fn find<'m>(
    manager: &'m Manager,
    portal: &crate::web::Portal,
    name: &str,
) -> Result<(ToolDefinition, &'m Site), Fault> {
    let tool = portal.hall.tool(name).ok_or(Fault::NothingHere)?;
    let site = manager.snapshot.site(tool.connection).ok_or(Fault::NothingHere)?;
    match manager.may_manage_connection(&site.connection.path) {
        true => Ok((tool, site)),
        false => Err(Fault::NothingHere),
    }
}

fn view(
    manager: &Manager,
    tool: ToolDefinition,
    site: &Site,
    arguments: Vec<Argument>,
    called: Option<Called>,
) -> ToolView {
    let company = manager.snapshot.company();
    let path = site.connection.path.to_string();
    ToolView {
        frame: manager.frame(tool.public.as_str()),
        connection_href: connection_href(&path),
        connection: path,
        description: names::shown(&tool.description, 4000).into_owned(),
        definition: serde_json::from_str(&tool.definition).unwrap_or_default(),
        hidden: hiding(company, tool.connection, &tool.name).is_some(),
        hideable: ToolPattern::exactly(&tool.name).is_ok(),
        reasons: reasons(company, &who(&manager.snapshot, site, &tool.name, manager.now)),
        name: tool.public,
        own_name: tool.name,
        arguments,
        called,
    }
}

async fn show(
    manager: Manager,
    State(portal): Shared,
    At(name): At<String>,
) -> Result<Response, Fault> {
    let (tool, site) = find(&manager, &portal, &name)?;
    let arguments = Arguments::of(&tool.input_schema).fields(&[]);
    Ok(manager.show(&view(&manager, tool, site, arguments, None)))
}

/// Whether everybody is to be kept from a tool.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Visibility {
    hidden: bool,
}

async fn hide(
    manager: Manager,
    State(portal): Shared,
    At(name): At<String>,
    Input(wish): Input<Visibility>,
) -> Result<Response, Fault> {
    let (tool, _) = find(&manager, &portal, &name)?;
    // Nobody knows who hid it. Their own hiding they can undo.
    if !wish.hidden && !manager.admin {
        return Err(Fault::NotAllowed("administrators"));
    }
    let (connection, own) = (tool.connection, tool.name);
    let new = hiding_grant(connection, &own, manager.now)
        .ok_or_else(|| Fault::field("tool", "this name cannot be expressed as a pattern"))?;
    let prepare = |snapshot: &Snapshot| {
        let now = hiding(snapshot.company(), connection, &own);
        Ok::<_, gatehall_domain::Refusal>(match (now, wish.hidden) {
            (None, true) => vec![Change::Add(new.clone().into())],
            (Some(grant), false) => vec![Change::Remove(grant.clone().into())],
            _ => Vec::new(),
        })
    };
    let revision = portal.apply(&manager, prepare).await?;
    Ok(manager.done(revision, &format!("/tools/{}", encoded(&name))))
}

async fn call(
    manager: Manager,
    State(portal): Shared,
    At(name): At<String>,
    wish: CallWish,
) -> Result<Response, Fault> {
    let (tool, site) = find(&manager, &portal, &name)?;
    let arguments = Arguments::of(&tool.input_schema);
    let (text, fields) = match wish {
        CallWish::Fields(pairs) => (arguments.read(&pairs)?.to_string(), arguments.fields(&pairs)),
        CallWish::Whole { arguments } => (Value::Object(arguments).to_string(), Vec::new()),
    };
    let called = portal.hall.call(manager.caller.clone(), name, text).await;
    Ok(manager.show(&view(&manager, tool, site, fields, Some(called))))
}
