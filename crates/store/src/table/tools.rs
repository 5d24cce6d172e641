//! Tenants, servers, connections, credentials.

use gatehall_domain::{
    Ciphertext, Company, Connection, ConnectionId, ConnectionPath, Credential, Limits,
    SecretSource, Server, Tenant, Timestamp, Transport,
};
use sqlx::{query, query_as};
use uuid::Uuid;

use super::{Stored, bad};
use crate::{
    StoreError,
    engine::{Transaction, on},
};

impl Stored for Tenant {
    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "insert into tenants (id, name, description, enabled, created_at)
             values ($1, $2, $3, $4, $5)
             on conflict (id) do update set name = excluded.name,
                description = excluded.description, enabled = excluded.enabled")
            .bind(self.id.as_str())
            .bind(&self.name)
            .bind(&self.description)
            .bind(self.enabled)
            .bind(self.created_at.micros())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query("delete from tenants where id = $1")
            .bind(self.id.as_str())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row = (String, String, String, bool, i64);
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select id, name, description, enabled, created_at from tenants")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|(id, name, description, enabled, created_at)| {
                Ok(Self {
                    id: id.parse().map_err(bad("tenants", "id"))?,
                    name,
                    description,
                    enabled,
                    created_at: Timestamp::from_micros(created_at),
                })
            })
            .collect()
    }
}

impl Stored for Server {
    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        let transport = serde_json::to_string(&self.transport)
            .map_err(|error| sqlx::Error::Encode(error.into()))?;
        on!(transaction, it => query(
            "insert into servers (id, name, description, transport, access, stateful, tier, enabled, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (id) do update set name = excluded.name,
                description = excluded.description, transport = excluded.transport,
                access = excluded.access, stateful = excluded.stateful, tier = excluded.tier,
                enabled = excluded.enabled")
            .bind(self.id.as_str())
            .bind(&self.name)
            .bind(&self.description)
            .bind(&transport)
            .bind(self.access.as_str())
            .bind(self.stateful)
            .bind(&self.tier)
            .bind(self.enabled)
            .bind(self.created_at.micros())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query("delete from servers where id = $1")
            .bind(self.id.as_str())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row = (String, String, String, String, String, bool, String, bool, i64);
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select id, name, description, transport, access, stateful, tier, enabled, created_at
             from servers")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|(id, name, description, transport, access, stateful, tier, enabled, at)| {
                let mut transport: Transport =
                    serde_json::from_str(&transport).map_err(bad("servers", "transport"))?;
                transport.forget_harmful();
                Ok(Self {
                    id: id.parse().map_err(bad("servers", "id"))?,
                    name,
                    description,
                    transport,
                    access: access.parse().map_err(bad("servers", "access"))?,
                    stateful,
                    tier,
                    enabled,
                    created_at: Timestamp::from_micros(at),
                })
            })
            .collect()
    }
}

impl Stored for Connection {
    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "insert into connections
                (id, tenant_id, server_id, url, timeout_seconds, concurrent_calls, enabled, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (id) do update set tenant_id = excluded.tenant_id,
                server_id = excluded.server_id, url = excluded.url,
                timeout_seconds = excluded.timeout_seconds,
                concurrent_calls = excluded.concurrent_calls, enabled = excluded.enabled")
            .bind(self.id.0)
            .bind(self.path.tenant.as_ref().map(|tenant| tenant.as_str()))
            .bind(self.path.server.as_str())
            .bind(self.url.as_ref().map(ToString::to_string))
            .bind(self.limits.timeout_seconds.map(|seconds| seconds as i32))
            .bind(self.limits.concurrent_calls.map(|calls| calls as i32))
            .bind(self.enabled)
            .bind(self.created_at.micros())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query("delete from connections where id = $1")
            .bind(self.id.0)
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row =
            (Uuid, Option<String>, String, Option<String>, Option<i32>, Option<i32>, bool, i64);
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select id, tenant_id, server_id, url, timeout_seconds, concurrent_calls, enabled, created_at
             from connections")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|(id, tenant, server, url, timeout, calls, enabled, created_at)| {
                let tenant = tenant.map(|tenant| tenant.parse()).transpose();
                let url = url.map(|url| url.parse()).transpose();
                Ok(Self {
                    id: ConnectionId(id),
                    path: ConnectionPath {
                        tenant: tenant.map_err(bad("connections", "tenant_id"))?,
                        server: server.parse().map_err(bad("connections", "server_id"))?,
                    },
                    url: url.map_err(bad("connections", "url"))?,
                    limits: Limits {
                        timeout_seconds: timeout.map(i32::unsigned_abs),
                        concurrent_calls: calls.map(i32::unsigned_abs),
                    },
                    enabled,
                    created_at: Timestamp::from_micros(created_at),
                })
            })
            .collect()
    }
}

impl Stored for Credential {
    async fn put(&self, company: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        let tenant =
            company.connections.get(&self.connection).and_then(|it| it.path.tenant.as_ref());
        let (sealed, variable) = match &self.secret {
            SecretSource::Sealed(Ciphertext(bytes)) => (Some(bytes.as_ref()), None),
            SecretSource::Environment(variable) => (None, Some(variable)),
        };
        on!(transaction, it => query(
            "insert into credentials
                (connection_id, placement, tenant_id, sealed, variable, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (connection_id, placement) do update set
                sealed = excluded.sealed, variable = excluded.variable,
                expires_at = excluded.expires_at")
            .bind(self.connection.0)
            .bind(self.placement.to_string())
            .bind(tenant.map(|tenant| tenant.as_str()))
            .bind(sealed)
            .bind(variable)
            .bind(self.created_at.micros())
            .bind(self.expires_at.map(Timestamp::micros))
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "delete from credentials where connection_id = $1 and placement = $2")
            .bind(self.connection.0)
            .bind(self.placement.to_string())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row = (Uuid, String, Option<Vec<u8>>, Option<String>, i64, Option<i64>);
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select connection_id, placement, sealed, variable, created_at, expires_at
             from credentials")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|(connection, placement, sealed, variable, created_at, expires_at)| {
                Ok(Self {
                    connection: ConnectionId(connection),
                    placement: placement.parse().map_err(bad("credentials", "placement"))?,
                    secret: match sealed {
                        Some(bytes) => SecretSource::Sealed(Ciphertext(bytes.into())),
                        None => SecretSource::Environment(variable.unwrap_or_default()),
                    },
                    expires_at: expires_at.map(Timestamp::from_micros),
                    created_at: Timestamp::from_micros(created_at),
                })
            })
            .collect()
    }
}
