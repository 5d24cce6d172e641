//! Users, identities, groups, memberships.

use std::collections::BTreeMap;

use gatehall_domain::{
    ClaimSaid, Company, Group, GroupId, Identity, Membership, Remains, Timestamp, User, UserId,
};
use sqlx::query;

use super::{Row, Stored, Unreadable};
use crate::engine::{Transaction, on};

impl Stored for User {
    const TABLE: &'static str = "users";
    const KEY: &'static [&'static str] = &["id"];
    const SELECT: &'static str = "select id, email, name, admin, enabled, created_at from users";

    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "insert into users (id, email, name, admin, enabled, created_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (id) do update set email = excluded.email, name = excluded.name,
                admin = excluded.admin, enabled = excluded.enabled")
            .bind(self.id.0)
            .bind(self.email.as_str())
            .bind(&self.name)
            .bind(self.admin)
            .bind(self.enabled)
            .bind(self.created_at.micros())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query("delete from users where id = $1")
            .bind(self.id.0)
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: UserId(row.get("id")?),
            email: row.parse("email")?,
            name: row.get("name")?,
            admin: row.get("admin")?,
            enabled: row.get("enabled")?,
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::User { id: row.get("id").ok().map(UserId), email: row.parse("email").ok() }
    }
}

impl Stored for Identity {
    const TABLE: &'static str = "identities";
    const KEY: &'static [&'static str] = &["issuer", "subject"];
    const SELECT: &'static str = "select issuer, subject, user_id, stale, claims_said, by_address, \
         created_at from identities";

    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "insert into identities (issuer, subject, user_id, stale, claims_said, by_address,
                created_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (issuer, subject) do update set user_id = excluded.user_id,
                stale = excluded.stale, claims_said = excluded.claims_said,
                by_address = excluded.by_address")
            .bind(&self.issuer)
            .bind(&self.subject)
            .bind(self.user.0)
            .bind(self.stale)
            .bind(said_of(&self.claims_said))
            .bind(self.by_address)
            .bind(self.created_at.micros())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query("delete from identities where issuer = $1 and subject = $2")
            .bind(&self.issuer)
            .bind(&self.subject)
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            issuer: row.get("issuer")?,
            subject: row.get("subject")?,
            user: UserId(row.get("user_id")?),
            stale: row.get("stale")?,
            // What cannot be read has said nothing.
            claims_said: said_in(&row.get::<String>("claims_said")?),
            by_address: row.get("by_address")?,
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::Identity {
            issuer: row.get("issuer").ok(),
            subject: row.get("subject").ok(),
            user: row.get("user_id").ok().map(UserId),
        }
    }
}

fn said_of(claims: &BTreeMap<ClaimSaid, Timestamp>) -> String {
    let claims: Vec<String> =
        claims.iter().map(|(claim, at)| format!("{claim}@{}", at.micros())).collect();
    claims.join(" ")
}

fn said_in(text: &str) -> BTreeMap<ClaimSaid, Timestamp> {
    let read = |text: &str| {
        let (claim, at) = text.rsplit_once('@')?;
        Some((claim.parse().ok()?, Timestamp::from_micros(at.parse().ok()?)))
    };
    text.split(' ').filter_map(read).collect()
}

impl Stored for Group {
    const TABLE: &'static str = "groups";
    const KEY: &'static [&'static str] = &["id"];
    const SELECT: &'static str = "select id, name, description, enabled, created_at from groups";

    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "insert into groups (id, name, description, enabled, created_at)
             values ($1, $2, $3, $4, $5)
             on conflict (id) do update set name = excluded.name,
                description = excluded.description, enabled = excluded.enabled")
            .bind(self.id.0)
            .bind(self.name.as_str())
            .bind(&self.description)
            .bind(self.enabled)
            .bind(self.created_at.micros())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query("delete from groups where id = $1")
            .bind(self.id.0)
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: GroupId(row.get("id")?),
            name: row.parse("name")?,
            description: row.get("description")?,
            enabled: row.get("enabled")?,
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::Group { id: row.get("id").ok().map(GroupId), name: row.parse("name").ok() }
    }
}

impl Stored for Membership {
    const TABLE: &'static str = "memberships";
    const KEY: &'static [&'static str] = &["user_id", "group_id", "source"];
    const SELECT: &'static str = "select user_id, group_id, source, created_at from memberships";

    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "insert into memberships (user_id, group_id, source, created_at)
             values ($1, $2, $3, $4)
             on conflict (user_id, group_id, source) do nothing")
            .bind(self.user.0)
            .bind(self.group.0)
            .bind(self.source.to_string())
            .bind(self.created_at.micros())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "delete from memberships where user_id = $1 and group_id = $2 and source = $3")
            .bind(self.user.0)
            .bind(self.group.0)
            .bind(self.source.to_string())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            user: UserId(row.get("user_id")?),
            group: GroupId(row.get("group_id")?),
            source: row.parse("source")?,
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::Membership {
            user: row.get("user_id").ok().map(UserId),
            group: row.get("group_id").ok().map(GroupId),
        }
    }
}
