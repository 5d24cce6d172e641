//! Tenants, servers, connections, credentials.

use gatehall_domain::{
    Ciphertext, Company, Connection, ConnectionId, ConnectionPath, Credential, Limits, Remains,
    SecretSource, Server, Tenant, Timestamp, Transport,
};
use sqlx::query;

use super::{Row, Stored, Unreadable};
use crate::engine::{Transaction, on};

impl Stored for Tenant {
    const TABLE: &'static str = "tenants";
    const KEY: &'static [&'static str] = &["id"];
    const SELECT: &'static str = "select id, name, description, enabled, created_at from tenants";

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

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: row.parse("id")?,
            name: row.get("name")?,
            description: row.get("description")?,
            enabled: row.get("enabled")?,
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::Tenant { id: row.get("id").ok() }
    }
}

impl Stored for Server {
    const TABLE: &'static str = "servers";
    const KEY: &'static [&'static str] = &["id"];
    const SELECT: &'static str =
        "select id, name, description, transport, access, stateful, tier, enabled, created_at
         from servers";

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

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        let mut transport: Transport = row.json("transport")?;
        transport.forget_harmful();
        Ok(Self {
            id: row.parse("id")?,
            name: row.get("name")?,
            description: row.get("description")?,
            transport,
            access: row.parse("access")?,
            stateful: row.get("stateful")?,
            tier: row.get("tier")?,
            enabled: row.get("enabled")?,
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::Server { id: row.get("id").ok() }
    }
}

impl Stored for Connection {
    const TABLE: &'static str = "connections";
    const KEY: &'static [&'static str] = &["id"];
    const SELECT: &'static str = "select id, tenant_id, server_id, url, timeout_seconds, concurrent_calls, enabled, created_at
         from connections";

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

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        let limit = |column| Ok(row.get::<Option<i32>>(column)?.map(i32::unsigned_abs));
        Ok(Self {
            id: ConnectionId(row.get("id")?),
            path: path(row)?,
            url: row.address_any("url")?,
            limits: Limits {
                timeout_seconds: limit("timeout_seconds")?,
                concurrent_calls: limit("concurrent_calls")?,
            },
            enabled: row.get("enabled")?,
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::Connection { id: row.get("id").ok().map(ConnectionId), path: path(row).ok() }
    }
}

impl Stored for Credential {
    const TABLE: &'static str = "credentials";
    const KEY: &'static [&'static str] = &["connection_id", "placement"];
    const SELECT: &'static str = "select connection_id, placement, sealed, variable, created_at, expires_at from credentials";

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

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        let secret = match row.get::<Option<Vec<u8>>>("sealed")? {
            Some(bytes) => SecretSource::Sealed(Ciphertext(bytes.into())),
            None => SecretSource::Environment(row.get("variable")?),
        };
        Ok(Self {
            connection: ConnectionId(row.get("connection_id")?),
            placement: row.parse("placement")?,
            secret,
            expires_at: row.get::<Option<i64>>("expires_at")?.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::Credential { connection: row.get("connection_id").ok().map(ConnectionId) }
    }
}

fn path(row: &Row<'_>) -> Result<ConnectionPath, Unreadable> {
    Ok(ConnectionPath { tenant: row.parse_any("tenant_id")?, server: row.parse("server_id")? })
}
