//! API keys of users and services.

use askama::Template;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use gatehall_control::operation::{self, key::KeyOrder};
use gatehall_domain::{EmailAddress, Key, KeyId, Refusal, Snapshot, TenantId, Timestamp};
use gatehall_identity::OpenWebUi;
use http::StatusCode;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{common::ListSearch, row::KeyRow};
use crate::web::{
    Admin, At, Book, Face, Fault, Frame, Input, Page, Portal, Search, Shared, Visitor, render,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("keys")
        .show::<KeyList, _, _>("/keys", "List keys", list)
        .asking::<ListSearch>()
        .page("/keys/add", add_form)
        .act::<KeyWish, NewKeyView, _, _>("/keys", "Make a key", add)
        .show::<KeyView, _, _>("/keys/{id}", "Show a key", show)
        .remove::<Revocation, _, _>("/keys/{id}", "Revoke a key", revoke)
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "key/list.html")]
struct KeyList {
    #[serde(skip)]
    frame: Frame,
    #[serde(skip)]
    query: String,
    keys: Page<KeyRow>,
}

async fn list(
    admin: Admin,
    State(portal): Shared,
    Search(search): Search<ListSearch>,
) -> Result<Response, Fault> {
    let uses = portal.desk.store().key_uses().await?;
    let company = admin.snapshot.company();
    let words = search.words();
    let wanted = |key: &Key| {
        let owner = key.user.map(|user| company.user_label(user)).unwrap_or_default();
        words.are_in(&[key.id.as_str(), &key.name, &owner])
    };
    let rows = KeyRow::all(company, &uses, admin.now, wanted);
    let keys = Page::take(rows, search.page);
    let query = search.q.unwrap_or_default();
    Ok(admin.show(&KeyList { frame: admin.frame("Keys"), query, keys }))
}

#[derive(Template)]
#[template(path = "key/add.html")]
struct AddForm {
    frame: Frame,
    user: String,
    tenants: Vec<String>,
}

#[derive(Deserialize)]
struct ForWhom {
    user: Option<String>,
}

async fn add_form(admin: Admin, Search(whom): Search<ForWhom>) -> Response {
    let mut tenants: Vec<String> =
        admin.snapshot.company().tenants.keys().map(ToString::to_string).collect();
    tenants.sort_unstable();
    let user = whom.user.unwrap_or_default();
    render(StatusCode::OK, &AddForm { frame: admin.frame("Create a key"), user, tenants })
}

/// What a new key is made of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KeyWish {
    /// The owner, as whom it acts; omit it for a service key.
    #[schemars(with = "Option<String>")]
    user: Option<EmailAddress>,
    /// What it is for.
    #[serde(default)]
    name: String,
    /// The only tenant it may be used for.
    #[schemars(with = "Option<String>")]
    tenant: Option<TenantId>,
    /// Whether it may use the management API.
    #[serde(default)]
    manage: bool,
    /// When it expires; never, if omitted.
    #[schemars(with = "Option<String>")]
    expires_at: Option<Timestamp>,
}

async fn add(
    admin: Admin,
    State(portal): Shared,
    Input(wish): Input<KeyWish>,
) -> Result<Response, Fault> {
    let order = KeyOrder {
        name: wish.name,
        user: wish.user,
        tenant: wish.tenant,
        manage: wish.manage,
        expires_at: wish.expires_at,
    };
    make(&admin, &portal, &order, "/keys").await
}

/// A key that was just made; nobody sees it again.
#[derive(Template, Serialize, JsonSchema)]
#[template(path = "key/made.html")]
pub(super) struct NewKeyView {
    #[serde(skip)]
    frame: Frame,
    id: String,
    /// The whole key, which is not stored.
    key: String,
    #[serde(skip)]
    back: &'static str,
    #[serde(skip)]
    endpoint: String,
    #[serde(skip)]
    chat: Option<Chat>,
}

/// How Open WebUI is set up with a service key.
struct Chat {
    /// The gate's address.
    base: String,
    /// Where MCP is there, for this key.
    endpoint: String,
    /// Those that the gate knows.
    chats: Vec<ChatView>,
}

struct ChatView {
    id: String,
    /// Where the secret lies with which it signs.
    secret_place: String,
    /// The domains that it vouches for.
    domains: String,
    /// Where those are set.
    domains_place: String,
}

impl Portal {
    /// Where the secret lies with which an Open WebUI signs.
    pub(super) fn secret_place(&self, chat: &str) -> String {
        let mut secrets = self.hall.chat_secrets().iter();
        secrets.find(|(id, _)| id == chat).map(|(_, place)| place.clone()).unwrap_or_default()
    }
}

impl Chat {
    /// For a service key; other keys speak for one person.
    fn of(portal: &Portal, is_service: bool, tenant: Option<&str>) -> Option<Self> {
        let base = portal.client_base();
        let endpoint = match tenant {
            Some(tenant) => format!("{base}/mcp/{tenant}"),
            None => format!("{base}/mcp"),
        };
        is_service.then(|| Self {
            endpoint,
            chats: portal.doors.open_webuis().map(|chat| ChatView::of(portal, chat)).collect(),
            base,
        })
    }
}

impl ChatView {
    fn of(portal: &Portal, chat: &OpenWebUi) -> Self {
        Self {
            id: chat.id.clone(),
            secret_place: portal.secret_place(&chat.id),
            domains: chat.domains.join(", "),
            domains_place: chat.setting().domains_place(),
        }
    }
}

/// Makes a key and shows it, this once.
pub(super) async fn make(
    visitor: &Visitor,
    portal: &Portal,
    order: &KeyOrder,
    back: &'static str,
) -> Result<Response, Fault> {
    let prepare = |snapshot: &Snapshot| operation::key::add(snapshot.company(), order, visitor.now);
    let (_, key) = portal.change(visitor, prepare).await?;
    let view = NewKeyView {
        frame: visitor.frame("A new key"),
        id: key.id.to_string(),
        key: key.text.expose_secret().to_owned(),
        back,
        endpoint: format!("{}/mcp", portal.client_base()),
        chat: {
            let tenant = order.tenant.as_ref().map(ToString::to_string);
            Chat::of(portal, order.user.is_none(), tenant.as_deref())
        },
    };
    Ok(match visitor.face {
        Face::Api => Json(&view).into_response(),
        Face::Page => render(StatusCode::OK, &view),
    })
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "key/show.html")]
struct KeyView {
    #[serde(skip)]
    frame: Frame,
    key: KeyRow,
    #[serde(skip)]
    chat: Option<Chat>,
}

async fn show(admin: Admin, State(portal): Shared, At(id): At<KeyId>) -> Result<Response, Fault> {
    let uses = portal.desk.store().key_uses().await?;
    let company = admin.snapshot.company();
    let row = KeyRow::all(company, &uses, admin.now, |key| key.id == id).pop();
    let key = row.ok_or(Fault::NothingHere)?;
    let title = if key.name.is_empty() { key.id.clone() } else { key.name.clone() };
    let is_service = key.user.is_none() && key.state == "live";
    let chat = Chat::of(&portal, is_service, key.tenant.as_deref());
    Ok(admin.show(&KeyView { frame: admin.frame(title), key, chat }))
}

/// A key that is revoked stays so, so its id has to be said once more.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Revocation {
    /// The key's name or ID, as a confirmation.
    confirm: String,
}

async fn revoke(
    admin: Admin,
    State(portal): Shared,
    At(id): At<KeyId>,
    Input(revocation): Input<Revocation>,
) -> Result<Response, Fault> {
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let company = snapshot.company();
        let key = company.keys.get(&id).ok_or_else(|| Refusal::missing("key", &id))?;
        if revocation.confirm != key.name && revocation.confirm != id.as_str() {
            return Err(Refusal::invalid("confirm", "type the name of the key, or its ID"));
        }
        operation::key::revoke(company, &id, admin.now)
    };
    let revision = portal.apply(&admin, prepare).await?;
    Ok(admin.done(revision, "/keys"))
}
