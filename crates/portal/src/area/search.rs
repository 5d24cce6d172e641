//! The palette: everything by its name.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_domain::{Key, User, snapshot::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::Words;
use crate::web::{Book, Frame, Manager, Portal, Search, Shared, Short, connection_href, encoded};

pub(super) fn ways(book: Book) -> Book {
    book.area("search").show::<Found, _, _>("/search", "Find anything", search).asking::<Query>()
}

/// As many are shown of each kind.
const OF_EACH: usize = 8;

#[derive(Deserialize, JsonSchema)]
struct Query {
    q: Option<String>,
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "me/search.html")]
struct Found {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    found: Vec<Hit>,
}

#[derive(Serialize, JsonSchema)]
struct Hit {
    name: String,
    kind: &'static str,
    href: String,
}

async fn search(manager: Manager, State(portal): Shared, Search(query): Search<Query>) -> Response {
    let query = query.q.unwrap_or_default();
    let words = Words::new(&query);
    let mut found = Vec::new();
    if !query.trim().is_empty() {
        pages(&manager, &words, &mut found);
        records(&manager, &words, &mut found);
        tools(&manager, &portal, &words, &mut found);
    }
    manager.show(&Found { frame: manager.frame("Search"), query, found })
}

fn pages(manager: &Manager, words: &Words, found: &mut Vec<Hit>) {
    let frame = manager.frame("");
    let places = frame.places().filter(|place| words.are_in(&[place.name]));
    found.extend(places.map(|place| Hit {
        name: place.name.to_owned(),
        kind: "page",
        href: place.href.to_owned(),
    }));
}

fn tools(manager: &Manager, portal: &Portal, words: &Words, found: &mut Vec<Hit>) {
    let mut names = Vec::new();
    portal.hall.each_tool(&mut |tool| {
        let site = manager.snapshot.site(tool.connection);
        let theirs = |site: &Site| manager.may_manage_connection(&site.connection.path);
        if words.are_in(&[tool.public]) && site.is_some_and(theirs) {
            names.push(tool.public.to_owned());
        }
    });
    names.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    let hit = |name: String| Hit { href: format!("/tools/{}", encoded(&name)), name, kind: "tool" };
    found.extend(names.into_iter().take(OF_EACH).map(hit));
}

fn records(manager: &Manager, words: &Words, found: &mut Vec<Hit>) {
    let company = manager.snapshot.company();
    let mut add = |kind, mut hits: Vec<(String, String)>| {
        // What is short is more likely to be meant.
        hits.sort_by(|a, b| (a.0.len(), &a.0).cmp(&(b.0.len(), &b.0)));
        let hits = hits.into_iter().take(OF_EACH);
        found.extend(hits.map(|(name, href)| Hit { name, kind, href }));
    };
    let tenants = company.tenants.values().filter(|it| manager.may_manage(&it.id));
    let tenants = tenants.filter(|it| words.are_in(&[it.id.as_str(), &it.name]));
    add("tenant", tenants.map(|it| (it.id.to_string(), format!("/tenants/{}", it.id))).collect());
    let connections = company.connections.values();
    let connections = connections.filter(|it| manager.may_manage_connection(&it.path));
    let paths = connections.map(|it| it.path.to_string()).filter(|path| words.are_in(&[path]));
    add("connection", paths.map(|path| (path.clone(), connection_href(&path))).collect());
    if !manager.admin {
        return;
    }
    let users = company.users.values();
    let users = users.filter(|it| words.are_in(&[it.email.as_str(), &it.name]));
    let user = |it: &Arc<User>| {
        let name = match it.name.as_str() {
            "" => it.email.to_string(),
            name => format!("{} ({})", it.email, Short::name(name)),
        };
        (name, format!("/users/{}", encoded(it.email.as_str())))
    };
    add("user", users.map(user).collect());
    let groups = company.groups.values().filter(|it| words.are_in(&[it.name.as_str()]));
    let group = |name: &str| (name.to_owned(), format!("/groups/{}", encoded(name)));
    add("group", groups.map(|it| group(it.name.as_str())).collect());
    let keys = company.keys.values().filter(|it| words.are_in(&[it.id.as_str(), &it.name]));
    let key = |it: &Arc<Key>| {
        let name = if it.name.is_empty() { it.id.to_string() } else { Short::name(&it.name) };
        (name, format!("/keys/{}", it.id))
    };
    add("key", keys.map(key).collect());
    let servers = company.servers.values();
    let servers = servers.filter(|it| words.are_in(&[it.id.as_str(), &it.name]));
    add("server", servers.map(|it| (it.id.to_string(), format!("/servers/{}", it.id))).collect());
}
