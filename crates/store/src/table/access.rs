//! Grants, tenant admins and API keys.

use gatehall_domain::{
    Company, ConnectionId, Digest, Effect, Grant, GrantId, GrantRemains, GroupId, Key, Remains,
    Subject, Target, TenantAdmin, Timestamp, UserId,
};
use sqlx::query;
use uuid::Uuid;

use super::{Row, Stored, Unreadable};
use crate::engine::{Transaction, on};

impl Stored for Grant {
    const TABLE: &'static str = "grants";
    const KEY: &'static [&'static str] = &["id"];
    const SELECT: &'static str = "select id, group_id, user_id, user_pattern, tenant_id, connection_id, tool_pattern, effect,
            created_at
         from grants";

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

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: GrantId(row.get("id")?),
            subject: subject(row)?,
            target: target(row)?,
            tools: row.parse_any("tool_pattern")?,
            effect: effect(row)?,
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::Grant(GrantRemains {
            effect: effect(row).ok(),
            subject: subject(row).ok(),
            target: target(row).ok(),
            tenant: row.get("tenant_id").ok().flatten(),
            tools: row.parse_any("tool_pattern").ok().flatten(),
        })
    }
}

fn subject(row: &Row<'_>) -> Result<Subject, Unreadable> {
    Ok(match (row.get("group_id")?, row.get("user_id")?) {
        (Some(group), _) => Subject::Group(GroupId(group)),
        (None, Some(user)) => Subject::User(UserId(user)),
        (None, None) => Subject::Pattern(row.parse("user_pattern")?),
    })
}

fn target(row: &Row<'_>) -> Result<Target, Unreadable> {
    Ok(match row.get("connection_id")? {
        Some(connection) => Target::Connection(ConnectionId(connection)),
        None => Target::Tenant(row.parse("tenant_id")?),
    })
}

fn effect(row: &Row<'_>) -> Result<Effect, Unreadable> {
    match row.get::<String>("effect")?.as_str() {
        "allow" => Ok(Effect::Allow),
        "deny" => Ok(Effect::Deny),
        _ => Err(Unreadable::new("effect", "is not allow or deny")),
    }
}

impl Stored for Key {
    const TABLE: &'static str = "api_keys";
    const KEY: &'static [&'static str] = &["id"];
    const SELECT: &'static str =
        "select id, name, user_id, tenant_id, digest, created_at, expires_at, revoked_at, manage
         from api_keys";

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

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        let digest = <[u8; 32]>::try_from(row.get::<Vec<u8>>("digest")?);
        let moment = |column| Ok(row.get::<Option<i64>>(column)?.map(Timestamp::from_micros));
        Ok(Self {
            id: row.parse("id")?,
            name: row.get("name")?,
            user: row.get::<Option<Uuid>>("user_id")?.map(UserId),
            tenant: row.parse_any("tenant_id")?,
            manage: row.get("manage")?,
            digest: Digest(digest.map_err(|_| Unreadable::new("digest", "is not 32 bytes"))?),
            created_at: Timestamp::from_micros(row.get("created_at")?),
            expires_at: moment("expires_at")?,
            revoked_at: moment("revoked_at")?,
        })
    }

    fn remains(_: &Row<'_>) -> Remains {
        Remains::Key
    }
}

impl Stored for TenantAdmin {
    const TABLE: &'static str = "tenant_admins";
    const KEY: &'static [&'static str] = &["tenant_id", "user_id"];
    const SELECT: &'static str = "select tenant_id, user_id, created_at from tenant_admins";

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

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            tenant: row.parse("tenant_id")?,
            user: UserId(row.get("user_id")?),
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(_: &Row<'_>) -> Remains {
        Remains::TenantAdmin
    }
}
