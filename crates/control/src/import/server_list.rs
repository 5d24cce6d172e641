//! The plan's server list: servers with the groups that may use them, and tenants as sets of them.
//!
//! A server that a tenant lists becomes a connection of that tenant. A server with groups of its
//! own, or in no tenant, also becomes a connection of no tenant, which those groups may use: a
//! group that is named at a server never opens a tenant's connection.

use std::collections::BTreeSet;

use gatehall_domain::{GroupName, Placement, ServerId, TenantId};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ConnectionRow, CredentialRow, Entry, GrantRow, GroupRow, Row, ServerRow, TenantRow};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    id: ServerId,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    command: Option<String>,
    #[serde(default, alias = "args")]
    arguments: Vec<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    tier: Option<Tier>,
    #[serde(default)]
    groups: Vec<GroupName>,
    #[serde(default)]
    api_key_env: Option<String>,
    #[serde(default)]
    enabled: Option<bool>,
}

/// Some lists count their tiers, others name them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tier {
    Number(i64),
    Name(String),
}

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Special {
    access: String,
    #[serde(default)]
    #[expect(dead_code, reason = "a remark in the file")]
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantEntry {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    servers: Vec<ServerId>,
    #[serde(default)]
    enabled: Option<bool>,
}

#[derive(Default)]
struct Converter {
    entries: Vec<Entry>,
    groups: Vec<GroupName>,
    /// Where each server's credential is found.
    credentials: Vec<(ServerId, CredentialRow)>,
}

pub(super) fn entries(members: &Map<String, Value>) -> Vec<Entry> {
    let mut to = Converter::default();
    for key in members
        .keys()
        .filter(|key| !["servers", "special_groups", "tenants"].contains(&key.as_str()))
    {
        to.wrong(key, "is not known here: expected servers, special_groups and tenants");
    }
    let in_tenants: Vec<&str> = members
        .get("tenants")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|tenant| tenant.get("servers")?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (at, value) in list(members, "servers").iter().enumerate() {
        to.server(&format!("servers[{at}]"), value, &in_tenants);
    }
    for (name, value) in object(members, "special_groups") {
        to.special_group(&format!("special_groups.{name}"), name, value);
    }
    for (name, value) in object(members, "tenants") {
        to.tenant(&format!("tenants.{name}"), name, value);
    }
    to.entries
}

fn list<'v>(members: &'v Map<String, Value>, key: &str) -> &'v [Value] {
    members.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn object<'v>(
    members: &'v Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = (&'v String, &'v Value)> {
    members.get(key).and_then(Value::as_object).into_iter().flatten()
}

impl Converter {
    fn add(&mut self, place: &str, row: Row) {
        self.entries.push(Entry { place: place.to_owned(), row: Ok(row) });
    }

    fn wrong(&mut self, place: &str, problem: impl ToString) {
        self.entries.push(Entry { place: place.to_owned(), row: Err(problem.to_string()) });
    }

    fn server(&mut self, place: &str, value: &Value, in_tenants: &[&str]) {
        let listed = match serde_path_to_error::deserialize::<_, Listed>(value) {
            Ok(listed) => listed,
            Err(error) => return self.wrong(place, error),
        };
        let mut row = match server_row(&listed) {
            Ok(row) => row,
            Err(problem) => return self.wrong(place, problem),
        };
        let stdio = row.command.is_some();
        let variable = listed.api_key_env.filter(|name| !name.is_empty());
        // The process gets the key under the name it has here.
        row.credential_variables =
            variable.as_ref().filter(|_| stdio).map(|name| BTreeSet::from([name.clone()]));
        self.add(place, Row::Server(row));
        if let Some(variable) = variable {
            let placement = match stdio {
                true => Placement::Environment { name: variable.clone() },
                false => Placement::bearer(),
            };
            let row = CredentialRow {
                placement,
                environment: Some(variable),
                file: None,
                expires_at: None,
            };
            self.credentials.push((listed.id.clone(), row));
        }
        if !listed.groups.is_empty() || !in_tenants.contains(&listed.id.as_str()) {
            self.connection(place, None, &listed.id);
        }
        for (at, group) in listed.groups.into_iter().enumerate() {
            // Administrators reach every connection without a grant.
            if group.as_str() == GroupName::ADMIN {
                continue;
            }
            let place = format!("{place}.groups[{at}]");
            self.group(&place, &group);
            let connection = Some(listed.id.to_string());
            let grant = GrantRow { group: Some(group), connection, ..GrantRow::allow() };
            self.add(&place, Row::Grant(grant));
        }
    }

    fn special_group(&mut self, place: &str, name: &str, value: &Value) {
        match (Special::deserialize(value), name.parse::<GroupName>()) {
            (Err(error), _) => self.wrong(place, error),
            (_, Err(error)) => self.wrong(place, error),
            (Ok(special), Ok(group)) if special.access == "*" && name == GroupName::ADMIN => {
                self.group(place, &group);
            }
            (Ok(special), _) => self.wrong(
                place,
                format!(
                    "only {} has access \"*\" (here: \"{}\"): put the members there, \
                     or grant the group its tenants",
                    GroupName::ADMIN,
                    special.access
                ),
            ),
        }
    }

    /// The tenant, a connection to each of its servers, and the group of the same name, whose
    /// members may use it.
    fn tenant(&mut self, place: &str, name: &str, value: &Value) {
        let id: TenantId = match name.parse() {
            Ok(id) => id,
            Err(error) => return self.wrong(place, error),
        };
        let tenant = match serde_path_to_error::deserialize::<_, TenantEntry>(value) {
            Ok(tenant) => tenant,
            Err(error) => return self.wrong(place, error),
        };
        let (description, enabled) = (tenant.description, tenant.enabled);
        self.add(
            place,
            Row::Tenant(TenantRow { id: id.clone(), name: None, description, enabled }),
        );
        for (at, server) in tenant.servers.iter().enumerate() {
            self.connection(&format!("{place}.servers[{at}]"), Some(&id), server);
        }
        match name.parse::<GroupName>() {
            Ok(group) => {
                self.group(place, &group);
                self.add(
                    place,
                    Row::Grant(GrantRow {
                        group: Some(group),
                        tenant: Some(id),
                        ..GrantRow::allow()
                    }),
                );
            }
            Err(error) => self.wrong(place, error),
        }
    }

    fn connection(&mut self, place: &str, tenant: Option<&TenantId>, server: &ServerId) {
        let credentials = self.credentials.iter().filter(|(id, _)| id == server);
        let credentials = credentials.map(|(_, row)| row.clone()).collect();
        let row = ConnectionRow::new(tenant.cloned(), server.clone());
        self.add(place, Row::Connection(ConnectionRow { credentials, ..row }));
    }

    fn group(&mut self, place: &str, name: &GroupName) {
        if !self.groups.contains(name) {
            self.groups.push(name.clone());
            self.add(
                place,
                Row::Group(GroupRow { name: name.clone(), description: None, enabled: None }),
            );
        }
    }
}

fn server_row(listed: &Listed) -> Result<ServerRow, String> {
    let kind = listed.kind.as_deref().unwrap_or("").to_ascii_lowercase().replace('_', "-");
    let transport = match kind.as_str() {
        "" | "http" | "https" | "mcp" | "streamable-http" => "streamable-http",
        "sse" | "http+sse" => "sse",
        "openapi" => "openapi",
        "stdio" => "stdio",
        other => return Err(format!("type \"{other}\" is not http, sse, openapi or stdio")),
    };
    let mut row = ServerRow::new(listed.id.clone());
    match (transport, &listed.command, &listed.url) {
        ("stdio", Some(command), _) => {
            row.command = Some(command.clone());
            row.arguments.clone_from(&listed.arguments);
        }
        ("stdio", None, _) => {
            return Err("a stdio server needs command, and arguments if any".into());
        }
        (_, _, Some(url)) => row.url = Some(url.parse().map_err(|e| format!("{e}"))?),
        (_, _, None) => return Err("needs url".into()),
    }
    row.transport = Some(transport.into());
    row.name.clone_from(&listed.name);
    row.description.clone_from(&listed.description);
    row.tier = listed.tier.as_ref().map(ToString::to_string);
    row.enabled = listed.enabled;
    Ok(row)
}
