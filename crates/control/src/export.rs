use gatehall_domain::{Company, SecretSource, Source, Subject, Target, Transport};

use crate::import::{
    ConnectionRow, CredentialRow, Document, GrantRow, GroupRow, ServerRow, TenantRow, UserRow,
    doors,
};

/// The company as the file that [`crate::import`] reads, without secrets and keys. Memberships
/// that a provider claims are left to the provider.
pub fn export(company: &Company) -> Document {
    let (providers, claim_mappings, host_rules) = doors::export(company);
    let mut document = Document {
        tenants: company
            .tenants
            .values()
            .map(|it| TenantRow {
                id: it.id.clone(),
                name: Some(it.name.clone()),
                description: Some(it.description.clone()).filter(|text| !text.is_empty()),
                enabled: Some(it.enabled),
            })
            .collect(),
        servers: company.servers.values().map(|it| server(it)).collect(),
        connections: connections(company),
        groups: company
            .groups
            .values()
            .map(|it| GroupRow {
                name: it.name.clone(),
                description: Some(it.description.clone()).filter(|text| !text.is_empty()),
                enabled: Some(it.enabled),
            })
            .collect(),
        users: users(company),
        grants: grants(company),
        providers,
        claim_mappings,
        host_rules,
    };
    document.tenants.sort_by(|a, b| a.id.cmp(&b.id));
    document.servers.sort_by(|a, b| a.id.cmp(&b.id));
    document.connections.sort_by_key(ConnectionRow::path);
    document.groups.sort_by(|a, b| a.name.cmp(&b.name));
    document.users.sort_by(|a, b| a.email.cmp(&b.email));
    document.grants.sort_by_cached_key(|it| format!("{it:?}"));
    document
}

fn server(server: &gatehall_domain::Server) -> ServerRow {
    let mut row = ServerRow {
        name: Some(server.name.clone()),
        description: Some(server.description.clone()).filter(|text| !text.is_empty()),
        transport: Some(server.transport.kind().into()),

        access: Some(server.access),
        stateful: Some(server.stateful),
        tier: Some(server.tier.clone()).filter(|text| !text.is_empty()),
        enabled: Some(server.enabled),
        ..ServerRow::new(server.id.clone())
    };
    match &server.transport {
        Transport::StreamableHttp { url } | Transport::Sse { url } | Transport::OpenApi { url } => {
            row.url = Some(url.clone());
        }
        Transport::Stdio { command, arguments, environment, credential_variables } => {
            row.command = Some(command.clone());
            row.arguments.clone_from(arguments);
            row.environment.clone_from(environment);
            row.credential_variables = Some(credential_variables.clone());
        }
    }
    row
}

fn connections(company: &Company) -> Vec<ConnectionRow> {
    let row = |it: &gatehall_domain::Connection| {
        let mut credentials: Vec<CredentialRow> = company
            .credentials
            .values()
            .filter(|credential| credential.connection == it.id)
            .map(|credential| CredentialRow {
                placement: credential.placement.clone(),
                environment: match &credential.secret {
                    SecretSource::Environment(name) => Some(name.clone()),
                    SecretSource::Sealed(_) => None,
                },
                file: None,
                expires_at: credential.expires_at,
            })
            .collect();
        credentials.sort_by(|a, b| a.placement.cmp(&b.placement));
        ConnectionRow {
            tenant: it.path.tenant.clone(),
            server: it.path.server.clone(),
            url: it.url.clone(),
            timeout_seconds: it.limits.timeout_seconds,
            concurrent_calls: it.limits.concurrent_calls,
            enabled: Some(it.enabled),
            credentials,
        }
    };
    company.connections.values().map(|it| row(it)).collect()
}

fn users(company: &Company) -> Vec<UserRow> {
    let mut groups: std::collections::HashMap<_, Vec<_>> = std::collections::HashMap::new();
    for membership in company.memberships.values() {
        if matches!(membership.source, Source::Local | Source::Import)
            && let Some(group) = company.groups.get(&membership.group)
        {
            groups.entry(membership.user).or_default().push(group.name.clone());
        }
    }
    let row = |it: &gatehall_domain::User| {
        let mut groups = groups.remove(&it.id).unwrap_or_default();
        groups.sort();
        groups.dedup();
        UserRow {
            email: it.email.clone(),
            name: Some(it.name.clone()).filter(|text| !text.is_empty()),
            admin: Some(it.admin),
            enabled: Some(it.enabled),
            groups: Some(groups),
            manages: Some(company.managed_by(it.id)).filter(|tenants| !tenants.is_empty()),
        }
    };
    company.users.values().map(AsRef::as_ref).map(row).collect()
}

fn grants(company: &Company) -> Vec<GrantRow> {
    let row = |grant: &gatehall_domain::Grant| {
        let (tools, effect) = (grant.tools.clone(), grant.effect);
        let mut row = GrantRow { tools, effect, ..GrantRow::allow() };
        match &grant.subject {
            Subject::Group(id) => row.group = company.groups.get(id).map(|it| it.name.clone()),
            Subject::User(id) => row.user = company.users.get(id).map(|it| it.email.clone()),
            Subject::Pattern(pattern) => row.users = Some(pattern.clone()),
        }
        match &grant.target {
            Target::Tenant(id) => row.tenant = Some(id.clone()),
            Target::Connection(id) => row.connection = Some(company.connection_label(*id)),
        }
        row
    };
    company.grants.values().map(|it| row(it)).collect()
}
