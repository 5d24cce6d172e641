//! Tenants, servers with their tools, and connections.

use std::net::SocketAddr;

use gatehall_domain::{
    AccessClass, Address, Company, Connection, ConnectionId, ConnectionPath, Credential, Limits,
    Placement, Record, Refusal, SecretSource, Server, ServerId, Tenant, TenantId, Timestamp,
    Transport,
};
use gatehall_vault::Vault;
use secrecy::SecretString;

use super::scale::{Kind, Records, SERVERS, TENANTS, id, once};

const NAMES: [&str; 40] = [
    "Amber", "Aurora", "Beacon", "Birch", "Canyon", "Cedar", "Cobalt", "Coral", "Delta", "Dune",
    "Ember", "Falcon", "Fern", "Fjord", "Garnet", "Glacier", "Harbor", "Hazel", "Heron", "Indigo",
    "Iris", "Jasper", "Juniper", "Lagoon", "Larch", "Linden", "Maple", "Meadow", "Nimbus", "Onyx",
    "Orchid", "Pebble", "Pine", "Quartz", "Raven", "Saffron", "Summit", "Tidal", "Willow",
    "Zephyr",
];
const TRADES: [&str; 5] = ["Bank", "Energy", "Health", "Logistics", "Retail"];

/// What servers keep. Each has one for today's, and one with what is older.
const SUBJECTS: [&str; 34] = [
    "assets",
    "audits",
    "budgets",
    "builds",
    "calendar",
    "campaigns",
    "contracts",
    "databases",
    "deployments",
    "devices",
    "expenses",
    "forecasts",
    "incidents",
    "inventory",
    "invoices",
    "leads",
    "ledger",
    "licences",
    "mail",
    "monitoring",
    "orders",
    "payroll",
    "quality",
    "recruiting",
    "rooms",
    "safety",
    "shipping",
    "suppliers",
    "surveys",
    "tickets",
    "training",
    "travel",
    "warehouse",
    "wiki",
];
const VERBS: [&str; 12] = [
    "find", "read", "list", "create", "change", "close", "count", "export", "assign", "archive",
    "share", "watch",
];

/// Everybody's, of no tenant.
const SHARED: &str = "wiki-archive";

/// How many servers tenants choose from; the shared one is behind them.
const CHOICE: usize = 2 * SUBJECTS.len() - 1;

pub(super) fn connection(n: usize) -> ConnectionId {
    ConnectionId(id(Kind::Connection, n))
}

pub(super) fn tenant(n: usize) -> Result<TenantId, Refusal> {
    let (name, trade) = (NAMES[n % NAMES.len()], TRADES[n / NAMES.len() % TRADES.len()]);
    format!("{name}-{trade}").to_ascii_lowercase().parse()
}

/// How many tenants there are beside those of the small company.
pub(super) fn tenants(company: &Company) -> usize {
    let of_this = |n: &usize| tenant(*n).is_ok_and(|id| company.tenants.contains_key(&id));
    TENANTS - company.tenants.len() + (0..TENANTS).filter(of_this).count()
}

fn server(n: usize) -> Result<ServerId, Refusal> {
    let subject = SUBJECTS[n % SUBJECTS.len()];
    if n < SUBJECTS.len() { subject.parse() } else { format!("{subject}-archive").parse() }
}

/// The tools of a server: their names and what they do. None if it is none of these servers.
pub(in crate::demo) fn tools_of(server: &ServerId) -> Vec<(String, String)> {
    let (name, archive) = match server.as_str().strip_suffix("-archive") {
        Some(name) => (name, true),
        None => (server.as_str(), false),
    };
    let Some(at) = SUBJECTS.iter().position(|it| *it == name) else { return Vec::new() };
    let count = 6 + (at * 5 + usize::from(archive) * 3) % 7;
    let of = if archive { format!("{name} of former years") } else { name.to_owned() };
    let tool = |verb: &&str| {
        let what = format!("{}{} {of}.", verb[..1].to_uppercase(), &verb[1..]);
        (format!("{verb}_{name}"), what)
    };
    VERBS.iter().take(count).map(tool).collect()
}

/// Where the demo answers for a server.
pub(super) fn address(tools: SocketAddr, server: &ServerId) -> Result<Address, Refusal> {
    format!("http://{tools}/servers/{server}/mcp").parse()
}

pub(super) fn records(
    company: &Company,
    vault: &Vault,
    tools: SocketAddr,
    began: Timestamp,
) -> Records {
    let mut records: Vec<Record> = Vec::new();
    for n in 0..SERVERS.saturating_sub(company.servers.len()) {
        records.push(server_of(n, tools, began)?.into());
    }
    let mut paths = Vec::new();
    for n in 0..tenants(company) {
        records.push(tenant_of(n, began)?.into());
        // One to five servers, and never one twice.
        for choice in 0..1 + n % 5 {
            let server = server((n * 7 + choice * 13) % CHOICE)?;
            paths.push(ConnectionPath { tenant: Some(tenant(n)?), server });
        }
    }
    paths.push(ConnectionPath { tenant: None, server: SHARED.parse()? });
    for (n, path) in paths.into_iter().enumerate() {
        let shared = path.tenant.is_none();
        let timeout_seconds = (n % 19 == 4).then_some(30);
        let created_at = once(began, n * 11);
        records.push(
            Connection {
                id: connection(n),
                path,
                url: None,
                limits: Limits { timeout_seconds, concurrent_calls: None },
                enabled: n % 83 != 40,
                created_at,
            }
            .into(),
        );
        if n % 3 == 0 && !shared {
            let placement = Placement::bearer();
            let secret = SecretString::from(format!("demo-token-{n}"));
            let secret = vault.seal_credential(connection(n), &placement, &secret)?;
            let secret = SecretSource::Sealed(secret);
            let connection = connection(n);
            records.push(
                Credential { connection, placement, secret, expires_at: None, created_at }.into(),
            );
        }
    }
    Ok(records)
}

fn server_of(n: usize, tools: SocketAddr, began: Timestamp) -> Result<Server, Refusal> {
    let id = server(n)?;
    let subject = SUBJECTS[n % SUBJECTS.len()];
    let shared = id.as_str() == SHARED;
    let name = format!("{}{}", subject[..1].to_uppercase(), id.as_str()[1..].replace('-', " "));
    Ok(Server {
        transport: Transport::StreamableHttp { url: address(tools, &id)? },
        id,
        name,
        description: format!("What there is about {subject}"),
        access: if shared { AccessClass::Public } else { AccessClass::Granted },
        stateful: false,
        tier: if n < SUBJECTS.len() { "gold" } else { "silver" }.into(),
        enabled: n != 50,
        created_at: once(began, n * 5),
    })
}

fn tenant_of(n: usize, began: Timestamp) -> Result<Tenant, Refusal> {
    let id = tenant(n)?;
    let (name, trade) = (NAMES[n % NAMES.len()], TRADES[n / NAMES.len() % TRADES.len()]);
    Ok(Tenant {
        id,
        name: format!("{name} {trade}"),
        description: String::new(),
        enabled: n % 61 != 11,
        created_at: once(began, n * 13),
    })
}
