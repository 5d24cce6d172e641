//! What everybody has who signs in: their tools, their keys, and how to connect a client.

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_control::operation::{self, key::KeyOrder};
use gatehall_domain::{Key, KeyId, Refusal, Snapshot, Timestamp};
use http::{HeaderValue, StatusCode, header::SET_COOKIE};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    common::Nothing,
    keys::{self, NewKeyView},
    row::KeyRow,
};
use crate::web::{
    At, Book, Fault, Frame, Input, LETTERS, Portal, SCHEME, Shared, Short, SignedIn, go_to,
    own_page, render,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("me")
        .page("/", home)
        .show::<Me, _, _>("/me", "Show yourself", show)
        .act::<OwnKey, NewKeyView, _, _>("/me/keys", "Make a key of your own", add_key)
        .remove::<Nothing, _, _>("/me/keys/{id}", "Revoke a key of your own", revoke_key)
        .form("/me/preferences", choose)
        .page("/shortcuts", shortcuts)
}

/// Where somebody begins: administrators at the overview, tenant admins at their tenant.
async fn home(person: SignedIn) -> Response {
    match person.manages.first() {
        _ if person.admin => go_to("/overview"),
        Some(tenant) => go_to(&format!("/tenants/{tenant}")),
        None => go_to("/me"),
    }
}

/// Tools of a person that the page shows at once.
const SHOWN: usize = 200;

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "me/show.html")]
struct Me {
    #[serde(skip)]
    frame: Frame,
    email: String,
    name: String,
    groups: Vec<String>,
    admin: bool,
    /// Every tool that a client is shown.
    tools: Vec<MyTool>,
    keys: Vec<KeyRow>,
    /// The address for MCP clients.
    endpoint: String,
    #[serde(skip)]
    openapi: String,
}

#[derive(Serialize, JsonSchema)]
struct MyTool {
    name: String,
    description: String,
}

async fn show(person: SignedIn, State(portal): Shared) -> Result<Response, Fault> {
    let company = person.snapshot.company();
    let user = &person.user;
    let groups = person.snapshot.groups(user.id);
    let uses = portal.desk.store().key_uses().await?;
    let base = portal.client_base();
    let names = portal.hall.list(&person.caller);
    let mut descriptions: HashMap<&str, String> =
        names.iter().map(|name| (name.as_str(), String::new())).collect();
    portal.hall.each_tool(&mut |tool| {
        if let Some(description) = descriptions.get_mut(tool.public) {
            *description = Short::text(tool.description);
        }
    });
    let tool = |name: &String| MyTool {
        description: descriptions.get(name.as_str()).cloned().unwrap_or_default(),
        name: name.clone(),
    };
    let view = Me {
        frame: person.frame(user.shown()),
        email: user.email.to_string(),
        name: Short::name(&user.name),
        groups: groups.iter().map(|it| company.group_label(*it)).collect(),
        admin: person.admin,
        tools: names.iter().map(tool).collect(),
        keys: KeyRow::all(company, &uses, person.now, |key| key.user == Some(user.id)),
        endpoint: format!("{base}/mcp"),
        openapi: format!("{base}/openapi.json"),
    };
    Ok(person.show(&view))
}

/// What a key of one's own is made of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OwnKey {
    /// What it is for.
    #[serde(default)]
    name: String,
    /// When it expires; never, if omitted.
    #[schemars(with = "Option<String>")]
    expires_at: Option<Timestamp>,
}

async fn add_key(
    person: SignedIn,
    State(portal): Shared,
    Input(wish): Input<OwnKey>,
) -> Result<Response, Fault> {
    let order = KeyOrder {
        name: wish.name,
        user: Some(person.user.email.clone()),
        tenant: None,
        manage: false,
        expires_at: wish.expires_at,
    };
    keys::make(&person, &portal, &order, "/me").await
}

async fn revoke_key(
    person: SignedIn,
    State(portal): Shared,
    At(id): At<KeyId>,
    Input(Nothing {}): Input<Nothing>,
) -> Result<Response, Fault> {
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let own = |key: &&Arc<Key>| key.user == Some(person.user.id);
        let company = snapshot.company();
        company.keys.get(&id).filter(own).ok_or_else(|| Refusal::missing("key", &id))?;
        operation::key::revoke(company, &id, person.now)
    };
    let revision = portal.apply(&person, prepare).await?;
    Ok(person.done(revision, "/me"))
}

#[derive(Deserialize)]
struct Preferences {
    scheme: Option<String>,
    letters: Option<String>,
    next: Option<String>,
}

/// Keeps what is chosen in cookies of this browser.
async fn choose(_: SignedIn, Input(chosen): Input<Preferences>) -> Result<Response, Fault> {
    let mut response = go_to(&own_page(chosen.next));
    let all = [("scheme", SCHEME, chosen.scheme), ("letters", LETTERS, chosen.letters)];
    for (field, preference, value) in all {
        let Some(value) = value else { continue };
        let cookie = preference.cookie(&value).and_then(|it| HeaderValue::try_from(it).ok());
        let cookie = cookie.ok_or_else(|| {
            Fault::field(field, format!("choose one of: {}", preference.values.join(", ")))
        })?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "me/shortcuts.html")]
struct Shortcuts {
    frame: Frame,
}

async fn shortcuts(person: SignedIn) -> Response {
    render(StatusCode::OK, &Shortcuts { frame: person.frame("Keyboard shortcuts") })
}

impl Portal {
    /// The address under which browsers reach the gate, without a slash at its end.
    pub(super) fn base(&self) -> String {
        without_slash(self.doors.public_url())
    }

    /// The address under which clients reach the tools, without a slash at its end.
    pub(super) fn client_base(&self) -> String {
        without_slash(self.doors.client_url())
    }
}

fn without_slash(url: Option<&Url>) -> String {
    url.map_or("http://127.0.0.1:8080", Url::as_str).trim_end_matches('/').to_owned()
}
