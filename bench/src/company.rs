//! A company of the size that Gatehall is made for.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use gatehall_control::{
    Desk,
    import::{Choice, read},
    operation::key::{KeyOrder, add},
};
use gatehall_domain::{Clock, Timestamp};
use gatehall_store::{Actor, Store};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// How large a company is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) users: usize,
    pub(crate) groups: usize,
    pub(crate) tenants: usize,
    pub(crate) servers: usize,
    /// Connections of each tenant.
    pub(crate) connections: usize,
    /// Tenants that the measured user reaches.
    pub(crate) reach: usize,
}

pub(crate) const SMALL: Size =
    Size { users: 1, groups: 1, tenants: 1, servers: 1, connections: 1, reach: 1 };

pub(crate) const LARGE: Size =
    Size { users: 15_000, groups: 1_000, tenants: 200, servers: 70, connections: 5, reach: 20 };

pub(crate) fn clock() -> Clock {
    Clock::new(|| {
        let since =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(since.as_micros() as i64)
    })
}

/// A desk on the store of a data folder.
pub(crate) async fn desk(folder: &std::path::Path, database: &str) -> Result<Desk> {
    let vault = Arc::new(gatehall_vault::load_or_create(&folder.join("vault.keys"))?);
    let store = Store::open(database).await?;
    store.check_vault(&vault).await?;
    Ok(Desk::new(store, vault, clock(), Actor::command_line()))
}

/// Writes the company, and answers with a key of its first user.
pub(crate) async fn fill(desk: &Desk, size: Size, upstream: SocketAddr) -> Result<String> {
    let entries = read("company.json", &document(size, upstream).to_string())?;
    let plan = desk.import(&entries, Choice::default()).await?;
    anyhow::ensure!(plan.is_sound(), "the benchmark's own company is wrong: {plan:?}");
    let order = KeyOrder {
        name: "bench".into(),
        user: Some(email(0).parse()?),
        tenant: None,
        manage: false,
        expires_at: None,
    };
    let now = desk.clock().now();
    let key = desk.change(|snapshot| add(snapshot.company(), &order, now)).await?;
    Ok(key.text.expose_secret().to_owned())
}

pub(crate) fn email(user: usize) -> String {
    format!("user{user}@company.example")
}

fn document(size: Size, upstream: SocketAddr) -> Value {
    let tenant = |n: usize| format!("tenant{n}");
    let server = |n: usize| format!("server{}", n % size.servers);
    let group = |n: usize| format!("group{}", n % size.groups);
    let connections = (0..size.tenants).flat_map(|t| {
        (0..size.connections)
            .map(move |c| json!({"tenant": tenant(t), "server": server(t * size.connections + c)}))
    });
    // The first user is in the groups of many tenants, the others in three groups each.
    let groups_of = |user: usize| -> Vec<String> {
        if user == 0 {
            (0..size.reach).map(group).collect()
        } else {
            let mut own = vec![group(user), group(user * 7 + 1), group(user * 13 + 2)];
            own.sort();
            own.dedup();
            own
        }
    };
    json!({
        "tenants": (0..size.tenants).map(|n| json!({"id": tenant(n)})).collect::<Vec<_>>(),
        "servers": (0..size.servers).map(|n| json!({"id": server(n), "url": format!("http://{upstream}/mcp")})).collect::<Vec<_>>(),
        "connections": connections.collect::<Vec<_>>(),
        "groups": (0..size.groups).map(|n| json!({"name": group(n)})).collect::<Vec<_>>(),
        "users": (0..size.users).map(|n| json!({"email": email(n), "groups": groups_of(n)})).collect::<Vec<_>>(),
        "grants": (0..size.groups.max(size.tenants)).map(|n| json!({"group": group(n), "tenant": tenant(n % size.tenants)})).collect::<Vec<_>>(),
    })
}
