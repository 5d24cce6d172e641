//! Grants, tenant admins and API keys.

use gatehall_domain::{
    Company, ConnectionId, Digest, Effect, Grant, GrantId, GroupId, Key, Subject, Target,
    TenantAdmin, Timestamp, UserId,
};
use sqlx::{query, query_as};
use uuid::Uuid;

use super::{Stored, bad};
use crate::{
    StoreError,
    engine::{Transaction, on},
};

impl Stored for Grant {
    async fn put(&self, company: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        let (group, user, pattern) = match &self.subject {
            Subject::Group(group) => (Some(group.0), None, None),
            Subject::User(user) => (None, Some(user.0), None),
            Subject::Pattern(pattern) => (None, None, Some(pattern.as_str())),
        };
        let (tenant, connection) = match &self.target {
            Target::Tenant(tenant) => (Some(tenant.clone()), None),
            Target::Connection(id) => {
                (company.connections.get(id).and_then(|it| it.path.tenant.clone()), Some(id.0))
            }
        };
        on!(transaction, it => query(
            "insert into grants (id, group_id, user_id, user_pattern, tenant_id, connection_id,
                tool_pattern, effect, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (id) do update set group_id = excluded.group_id,
                user_id = excluded.user_id, user_pattern = excluded.user_pattern,
                tenant_id = excluded.tenant_id, connection_id = excluded.connection_id,
                tool_pattern = excluded.tool_pattern, effect = excluded.effect")
            .bind(self.id.0)
            .bind(group)
            .bind(user)
            .bind(pattern)
            .bind(tenant.as_ref().map(|tenant| tenant.as_str()))
            .bind(connection)
            .bind(self.tools.as_ref().map(|tools| tools.as_str()))
            .bind(self.effect.as_str())
            .bind(self.created_at.micros())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query("delete from grants where id = $1")
            .bind(self.id.0)
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row = (
            Uuid,
            Option<Uuid>,
            Option<Uuid>,
            Option<String>,
            Option<String>,
            Option<Uuid>,
            Option<String>,
            String,
            i64,
        );
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select id, group_id, user_id, user_pattern, tenant_id, connection_id, tool_pattern,
                effect, created_at
             from grants")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|(id, group, user, pattern, tenant, connection, tools, effect, created_at)| {
                let subject = match (group, user, pattern) {
                    (Some(group), ..) => Subject::Group(GroupId(group)),
                    (_, Some(user), _) => Subject::User(UserId(user)),
                    (.., pattern) => Subject::Pattern(
                        pattern
                            .unwrap_or_default()
                            .parse()
                            .map_err(bad("grants", "user_pattern"))?,
                    ),
                };
                let target = match (connection, tenant) {
                    (Some(connection), _) => Target::Connection(ConnectionId(connection)),
                    (None, tenant) => Target::Tenant(
                        tenant.unwrap_or_default().parse().map_err(bad("grants", "tenant_id"))?,
                    ),
                };
                let tools = tools.map(|tools| tools.parse()).transpose();
                Ok(Self {
                    id: GrantId(id),
                    subject,
                    target,
                    tools: tools.map_err(bad("grants", "tool_pattern"))?,
                    effect: if effect == "allow" { Effect::Allow } else { Effect::Deny },
                    created_at: Timestamp::from_micros(created_at),
                })
            })
            .collect()
    }
}

impl Stored for Key {
    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "insert into api_keys
                (id, name, user_id, tenant_id, digest, created_at, expires_at, revoked_at, manage)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (id) do update set name = excluded.name,
                expires_at = excluded.expires_at, revoked_at = excluded.revoked_at")
            .bind(self.id.as_str())
            .bind(&self.name)
            .bind(self.user.map(|user| user.0))
            .bind(self.tenant.as_ref().map(|tenant| tenant.as_str()))
            .bind(self.digest.0.as_slice())
            .bind(self.created_at.micros())
            .bind(self.expires_at.map(Timestamp::micros))
            .bind(self.revoked_at.map(Timestamp::micros))
            .bind(self.manage)
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query("delete from api_keys where id = $1")
            .bind(self.id.as_str())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row = (
            String,
            String,
            Option<Uuid>,
            Option<String>,
            Vec<u8>,
            i64,
            Option<i64>,
            Option<i64>,
            bool,
        );
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select id, name, user_id, tenant_id, digest, created_at, expires_at, revoked_at, manage
             from api_keys")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|(id, name, user, tenant, digest, created_at, expires_at, revoked_at, manage)| {
                let tenant = tenant.map(|tenant| tenant.parse()).transpose();
                let digest = <[u8; 32]>::try_from(digest).map_err(|_| "not 32 bytes");
                Ok(Self {
                    id: id.parse().map_err(bad("api_keys", "id"))?,
                    name,
                    user: user.map(UserId),
                    tenant: tenant.map_err(bad("api_keys", "tenant_id"))?,
                    manage,
                    digest: Digest(digest.map_err(bad("api_keys", "digest"))?),
                    created_at: Timestamp::from_micros(created_at),
                    expires_at: expires_at.map(Timestamp::from_micros),
                    revoked_at: revoked_at.map(Timestamp::from_micros),
                })
            })
            .collect()
    }
}

impl Stored for TenantAdmin {
    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "insert into tenant_admins (tenant_id, user_id, created_at) values ($1, $2, $3)
             on conflict (tenant_id, user_id) do nothing")
            .bind(self.tenant.as_str())
            .bind(self.user.0)
            .bind(self.created_at.micros())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "delete from tenant_admins where tenant_id = $1 and user_id = $2")
            .bind(self.tenant.as_str())
            .bind(self.user.0)
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        let rows: Vec<(String, Uuid, i64)> = on!(transaction, it => query_as(
            "select tenant_id, user_id, created_at from tenant_admins")
            .fetch_all(&mut **it).await)?;
        let read = |(tenant, user, created_at): (String, Uuid, i64)| {
            Ok(Self {
                tenant: tenant.parse().map_err(bad("tenant_admins", "tenant_id"))?,
                user: UserId(user),
                created_at: Timestamp::from_micros(created_at),
            })
        };
        rows.into_iter().map(read).collect()
    }
}
