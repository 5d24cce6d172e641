//! Users, identities, groups, memberships.

use gatehall_domain::{
    ClaimSaid, Company, Group, GroupId, Identity, Membership, Timestamp, User, UserId,
};
use sqlx::{query, query_as};
use uuid::Uuid;

use super::{Stored, bad};
use crate::{
    StoreError,
    engine::{Transaction, on},
};

impl Stored for User {
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

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row = (Uuid, String, String, bool, bool, i64);
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select id, email, name, admin, enabled, created_at from users")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|(id, email, name, admin, enabled, created_at)| {
                Ok(Self {
                    id: UserId(id),
                    email: email.parse().map_err(bad("users", "email"))?,
                    name,
                    admin,
                    enabled,
                    created_at: Timestamp::from_micros(created_at),
                })
            })
            .collect()
    }
}

impl Stored for Identity {
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

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row = (String, String, Uuid, bool, String, bool, i64);
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select issuer, subject, user_id, stale, claims_said, by_address, created_at
             from identities")
            .fetch_all(&mut **it).await)?;
        let read = |(issuer, subject, user, stale, said, by_address, created_at): Row| Self {
            issuer,
            subject,
            user: UserId(user),
            stale,
            // What cannot be read has said nothing.
            claims_said: said.split(' ').filter_map(|it| it.parse().ok()).collect(),
            by_address,
            created_at: Timestamp::from_micros(created_at),
        };
        Ok(rows.into_iter().map(read).collect())
    }
}

fn said_of(claims: &[ClaimSaid]) -> String {
    let claims: Vec<String> = claims.iter().map(ToString::to_string).collect();
    claims.join(" ")
}

impl Stored for Group {
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

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row = (Uuid, String, String, bool, i64);
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select id, name, description, enabled, created_at from groups")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|(id, name, description, enabled, created_at)| {
                Ok(Self {
                    id: GroupId(id),
                    name: name.parse().map_err(bad("groups", "name"))?,
                    description,
                    enabled,
                    created_at: Timestamp::from_micros(created_at),
                })
            })
            .collect()
    }
}

impl Stored for Membership {
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

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row = (Uuid, Uuid, String, i64);
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select user_id, group_id, source, created_at from memberships")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|(user, group, source, created_at)| {
                Ok(Self {
                    user: UserId(user),
                    group: GroupId(group),
                    source: source.parse().map_err(bad("memberships", "source"))?,
                    created_at: Timestamp::from_micros(created_at),
                })
            })
            .collect()
    }
}
