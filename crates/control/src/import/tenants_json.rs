//! The plan's `tenants.json`: each tenant with its one server, and who may use it.

use gatehall_domain::{Address, GroupName, ServerId, TenantId, UserPattern};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ConnectionRow, Entry, GrantRow, GroupRow, Row, ServerRow, TenantRow};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tenant {
    tenant_id: TenantId,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    mcp_endpoint: Address,
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    allowed_users: Vec<UserPattern>,
    #[serde(default)]
    allowed_groups: Vec<GroupName>,
}

pub(super) fn entries(members: &Map<String, Value>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut groups: Vec<GroupName> = Vec::new();
    for (key, value) in members {
        let add = |rows: &mut Vec<Entry>, place: &str, row| {
            rows.push(Entry { place: format!("{key}{place}"), row });
        };
        let tenant = match serde_path_to_error::deserialize::<_, Tenant>(value) {
            Ok(tenant) if tenant.tenant_id.as_str() == key => tenant,
            Ok(tenant) => {
                let problem =
                    format!("tenant_id is \"{}\": it must be \"{key}\", too", tenant.tenant_id);
                add(&mut entries, "", Err(problem));
                continue;
            }
            Err(error) => {
                add(&mut entries, "", Err(error.to_string()));
                continue;
            }
        };
        let id = tenant.tenant_id;
        // The server has the tenant's id, so that its tools are called {tenant}_{tool}.
        let server: ServerId = match id.as_str().parse() {
            Ok(server) => server,
            Err(error) => {
                add(&mut entries, "", Err(format!("{error}")));
                continue;
            }
        };
        add(
            &mut entries,
            "",
            Ok(Row::Tenant(TenantRow {
                id: id.clone(),
                name: tenant.display_name,
                description: tenant.description,
                enabled: Some(tenant.enabled.unwrap_or(true)),
            })),
        );
        let endpoint =
            ServerRow { url: Some(tenant.mcp_endpoint), ..ServerRow::new(server.clone()) };
        let connection = ConnectionRow::new(Some(id.clone()), server);
        add(&mut entries, ".mcp_endpoint", Ok(Row::Server(endpoint)));
        add(&mut entries, ".mcp_endpoint", Ok(Row::Connection(connection)));
        for (at, users) in tenant.allowed_users.into_iter().enumerate() {
            let grant =
                GrantRow { users: Some(users), tenant: Some(id.clone()), ..GrantRow::allow() };
            add(&mut entries, &format!(".allowed_users[{at}]"), Ok(Row::Grant(grant)));
        }
        for (at, group) in tenant.allowed_groups.into_iter().enumerate() {
            let place = format!(".allowed_groups[{at}]");
            if !groups.contains(&group) {
                groups.push(group.clone());
                add(
                    &mut entries,
                    &place,
                    Ok(Row::Group(GroupRow {
                        name: group.clone(),
                        description: None,
                        enabled: None,
                    })),
                );
            }
            let grant =
                GrantRow { group: Some(group), tenant: Some(id.clone()), ..GrantRow::allow() };
            add(&mut entries, &place, Ok(Row::Grant(grant)));
        }
    }
    entries
}
