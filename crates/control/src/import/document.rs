//! Gatehall's own file: lists of what there should be. `export` writes it, `import` reads it.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    doors::{ClaimMappingRow, HostRuleRow, ProviderRow},
    entry::{Entry, Row},
    rows::{ConnectionRow, GrantRow, GroupRow, ServerRow, TenantRow, UserRow},
};

/// The whole file. A member that is not set leaves what is there, or takes the default.
#[derive(Debug, Default, Serialize)]
#[expect(missing_docs, reason = "each field holds the rows of its name")]
pub struct Document {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<TenantRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<ServerRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<ConnectionRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<GrantRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<ProviderRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claim_mappings: Vec<ClaimMappingRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub host_rules: Vec<HostRuleRow>,
}

/// The rows of the file, in the order in which they need each other. None if it has other members.
pub(super) fn entries(members: &Map<String, Value>) -> Option<Vec<Entry>> {
    const LISTS: [&str; 9] = [
        "tenants",
        "servers",
        "connections",
        "groups",
        "users",
        "grants",
        "providers",
        "claim_mappings",
        "host_rules",
    ];
    if members.keys().any(|key| !LISTS.contains(&key.as_str())) {
        return None;
    }
    let mut entries = Vec::new();
    for list in LISTS {
        match members.get(list) {
            None => {}
            Some(Value::Array(rows)) => {
                entries.extend(rows.iter().enumerate().map(|(at, value)| Entry {
                    place: format!("{list}[{at}]"),
                    row: match list {
                        "tenants" => row(value, Row::Tenant),
                        "servers" => row(value, Row::Server),
                        "connections" => row(value, Row::Connection),
                        "groups" => row(value, Row::Group),
                        "users" => row(value, Row::User),
                        "grants" => row(value, Row::Grant),
                        "providers" => row(value, |it| Row::Provider(Box::new(it))),
                        "claim_mappings" => row(value, Row::ClaimMapping),
                        _ => row(value, Row::HostRule),
                    },
                }));
            }
            Some(_) => entries
                .push(Entry { place: list.into(), row: Err("must be a list of entries".into()) }),
        }
    }
    Some(entries)
}

fn row<T: DeserializeOwned>(value: &Value, make: impl Fn(T) -> Row) -> Result<Row, String> {
    serde_path_to_error::deserialize(value).map(make).map_err(|error| error.to_string())
}
