use std::net::SocketAddr;

use anyhow::Result;
use gatehall_control::{
    Desk,
    import::{Choice, read},
    operation::{
        NewSecret,
        connection::{ConnectionEdit, NewCredential, change},
        key::{KeyOrder, add},
    },
};
use gatehall_domain::{Change, Company, Key};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::tools;

const USERS: [&str; 4] = [
    "alice@google.example",
    "bob@microsoft.example",
    "ines@company.example",
    "ada@company.example",
];

/// Marks the keys that a demo made, so that the next one replaces them.
const KEY_NAME: &str = "demo";

/// This program, whoever starts it and wherever it lies: a path through a private folder would
/// lead nobody else to it.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// The keys of a demo.
pub(super) struct Keys {
    pub(super) users: Vec<(&'static str, SecretString)>,
    pub(super) service: SecretString,
}

/// Puts the example company in place, with fresh keys.
pub(super) async fn prepare(desk: &Desk, documents: SocketAddr) -> Result<Keys> {
    anyhow::ensure!(
        is_own(desk.snapshot().await?.company()),
        "the store holds a company that is not the demo's: give the demo a folder of its own with --data-dir"
    );
    let entries = read("demo.json", &company(documents).to_string())?;
    let plan = desk.import(&entries, Choice::default()).await?;
    anyhow::ensure!(plan.is_sound(), "the example company does not fit here: {plan:?}");
    for tenant in [tools::GOOGLE, tools::MICROSOFT] {
        let edit = ConnectionEdit {
            credentials: vec![NewCredential {
                placement: gatehall_domain::Placement::bearer(),
                secret: NewSecret::Value(SecretString::from(tenant.token)),
                expires_at: None,
            }],
            ..Default::default()
        };
        let path = format!("{}/documents", tenant.id).parse()?;
        let now = desk.clock().now();
        desk.change(|snapshot| {
            Ok((change(snapshot.company(), desk.vault(), &path, &edit, now)?, ()))
        })
        .await?;
    }
    let mut users = Vec::new();
    for email in USERS {
        users.push((email, fresh_key(desk, Some(email)).await?));
    }
    Ok(Keys { users, service: fresh_key(desk, None).await? })
}

/// Whether there is nothing yet, or what an earlier run of the demo made.
fn is_own(company: &Company) -> bool {
    let empty = company.users.is_empty() && company.tenants.is_empty() && company.keys.is_empty();
    empty || company.keys.values().filter(|key| key.name == KEY_NAME).count() > USERS.len()
}

async fn fresh_key(desk: &Desk, email: Option<&str>) -> Result<SecretString> {
    let order = KeyOrder {
        name: KEY_NAME.into(),
        user: email.map(str::parse).transpose()?,
        tenant: None,
        manage: false,
        expires_at: None,
    };
    let now = desk.clock().now();
    let key = desk
        .change(|snapshot| {
            let (mut changes, key) = add(snapshot.company(), &order, now)?;
            changes.extend(old_keys(snapshot.company(), email));
            Ok((changes, key))
        })
        .await?;
    Ok(key.text)
}

/// Keys that an earlier run of the demo made for this user, or for services.
fn old_keys(company: &Company, email: Option<&str>) -> Vec<Change> {
    let owner = |key: &&std::sync::Arc<Key>| {
        key.name == KEY_NAME && key.user.map(|user| company.user_label(user)).as_deref() == email
    };
    company.keys.values().filter(owner).map(|key| Change::Remove(Key::clone(key).into())).collect()
}

fn company(documents: SocketAddr) -> Value {
    json!({
        "tenants": [
            {"id": "google", "name": "Google"},
            {"id": "microsoft", "name": "Microsoft"},
            {"id": "github", "name": "GitHub"},
        ],
        "servers": [
            {"id": "documents", "name": "Documents", "url": format!("http://{documents}/mcp"),
             "description": "Each tenant's documents, over Streamable HTTP"},
            {"id": "github", "name": "GitHub issues", "command": OWN_PROGRAM,
             "arguments": ["demo-server", "issues"], "description": "Issues, over stdio"},
        ],
        "connections": [
            {"tenant": "google", "server": "documents"},
            {"tenant": "microsoft", "server": "documents"},
            {"tenant": "github", "server": "github"},
        ],
        "groups": [
            {"name": "google-employees"},
            {"name": "microsoft-employees"},
            {"name": "engineers"},
            {"name": "MCP-Admin", "description": "Administrators"},
        ],
        "users": [
            {"email": "alice@google.example", "name": "Alice", "groups": ["google-employees"]},
            {"email": "bob@microsoft.example", "name": "Bob", "groups": ["microsoft-employees"]},
            {"email": "ines@company.example", "name": "Ines",
             "groups": ["google-employees", "microsoft-employees"]},
            {"email": "ada@company.example", "name": "Ada", "groups": ["MCP-Admin"]},
        ],
        "grants": [
            {"group": "google-employees", "tenant": "google"},
            {"group": "microsoft-employees", "tenant": "microsoft"},
            {"group": "engineers", "tenant": "github"},
        ],
    })
}
