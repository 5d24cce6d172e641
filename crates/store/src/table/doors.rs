//! Providers, claim mappings, host rules.

use std::collections::HashMap;

use gatehall_domain::{
    Admit, Ciphertext, ClaimMapping, ClaimMappingId, Company, GroupId, HostRule, HostRuleId,
    Provider, SecretSource, Timestamp,
};
use sqlx::{query, query_as};
use uuid::Uuid;

use super::{Stored, bad};
use crate::{
    StoreError,
    engine::{Transaction, on},
};

impl Stored for Provider {
    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        let settings = serde_json::to_string(&self.settings)
            .map_err(|error| sqlx::Error::Encode(error.into()))?;
        let (sealed, variable) = match &self.client_secret {
            Some(SecretSource::Sealed(sealed)) => (Some(sealed.0.as_ref()), None),
            Some(SecretSource::Environment(name)) => (None, Some(name.as_str())),
            None => (None, None),
        };
        on!(transaction, it => query(
            "insert into providers (id, name, profile, issuer, client_id, secret_sealed,
                secret_variable, settings, enabled, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             on conflict (id) do update set name = excluded.name, profile = excluded.profile,
                issuer = excluded.issuer, client_id = excluded.client_id,
                secret_sealed = excluded.secret_sealed,
                secret_variable = excluded.secret_variable, settings = excluded.settings,
                enabled = excluded.enabled")
            .bind(self.id.as_str())
            .bind(&self.name)
            .bind(self.profile.as_str())
            .bind(self.issuer.as_str())
            .bind(&self.client_id)
            .bind(sealed)
            .bind(variable)
            .bind(&settings)
            .bind(self.enabled)
            .bind(self.created_at.micros())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query("delete from providers where id = $1")
            .bind(self.id.as_str())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row = (
            String,
            String,
            String,
            String,
            String,
            Option<Vec<u8>>,
            Option<String>,
            String,
            bool,
            i64,
        );
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select id, name, profile, issuer, client_id, secret_sealed, secret_variable, settings,
                enabled, created_at
             from providers")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|row| {
                let (id, name, profile, issuer, client_id, sealed, variable, settings, ..) = row;
                let sealed = sealed.map(|bytes| SecretSource::Sealed(Ciphertext(bytes.into())));
                Ok(Self {
                    id: id.parse().map_err(bad("providers", "id"))?,
                    name,
                    profile: profile.parse().map_err(bad("providers", "profile"))?,
                    issuer: issuer.parse().map_err(bad("providers", "issuer"))?,
                    client_id,
                    client_secret: sealed.or_else(|| variable.map(SecretSource::Environment)),
                    settings: serde_json::from_str(&settings)
                        .map_err(bad("providers", "settings"))?,
                    enabled: row.8,
                    created_at: Timestamp::from_micros(row.9),
                })
            })
            .collect()
    }
}

impl Stored for ClaimMapping {
    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "insert into claim_mappings (id, provider_id, directory_id, claim, value, group_id,
                created_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (id) do update set provider_id = excluded.provider_id,
                directory_id = excluded.directory_id, claim = excluded.claim,
                value = excluded.value, group_id = excluded.group_id")
            .bind(self.id.0)
            .bind(self.provider.as_str())
            .bind(self.tenant_id.as_deref())
            .bind(&self.claim)
            .bind(&self.value)
            .bind(self.group.0)
            .bind(self.created_at.micros())
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query("delete from claim_mappings where id = $1")
            .bind(self.id.0)
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        type Row = (Uuid, String, Option<String>, String, String, Uuid, i64);
        let rows: Vec<Row> = on!(transaction, it => query_as(
            "select id, provider_id, directory_id, claim, value, group_id, created_at
             from claim_mappings")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|(id, provider, tenant_id, claim, value, group, created_at)| {
                Ok(Self {
                    id: ClaimMappingId(id),
                    provider: provider.parse().map_err(bad("claim_mappings", "provider_id"))?,
                    tenant_id,
                    claim,
                    value,
                    group: GroupId(group),
                    created_at: Timestamp::from_micros(created_at),
                })
            })
            .collect()
    }
}

impl Stored for HostRule {
    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        let groups: &[GroupId] = match &self.admit {
            Admit::Groups(groups) => groups,
            Admit::Open | Admit::SignedIn => &[],
        };
        on!(transaction, it => {
            let done = query(
                "insert into host_rules (id, host, path, admit, created_at)
                 values ($1, $2, $3, $4, $5)
                 on conflict (id) do update set host = excluded.host, path = excluded.path,
                    admit = excluded.admit")
                .bind(self.id.0)
                .bind(self.host.as_str())
                .bind(self.path.as_str())
                .bind(self.admit.as_str())
                .bind(self.created_at.micros())
                .execute(&mut **it).await?;
            query("delete from host_rule_groups where host_rule_id = $1")
                .bind(self.id.0)
                .execute(&mut **it).await?;
            for group in groups {
                query("insert into host_rule_groups (host_rule_id, group_id) values ($1, $2)")
                    .bind(self.id.0)
                    .bind(group.0)
                    .execute(&mut **it).await?;
            }
            Ok(done.rows_affected())
        })
    }

    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query("delete from host_rules where id = $1")
            .bind(self.id.0)
            .execute(&mut **it).await.map(|done| done.rows_affected()))
    }

    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError> {
        let pairs: Vec<(Uuid, Uuid)> = on!(&mut *transaction, it => query_as(
            "select host_rule_id, group_id from host_rule_groups order by host_rule_id, group_id")
            .fetch_all(&mut **it).await)?;
        let mut groups: HashMap<Uuid, Vec<GroupId>> = HashMap::new();
        for (rule, group) in pairs {
            groups.entry(rule).or_default().push(GroupId(group));
        }
        let rows: Vec<(Uuid, String, String, String, i64)> = on!(transaction, it => query_as(
            "select id, host, path, admit, created_at from host_rules")
            .fetch_all(&mut **it).await)?;
        rows.into_iter()
            .map(|(id, host, path, admit, created_at)| {
                Ok(Self {
                    id: HostRuleId(id),
                    host: host.parse().map_err(bad("host_rules", "host"))?,
                    path: path.parse().map_err(bad("host_rules", "path"))?,
                    admit: match admit.as_str() {
                        "open" => Admit::Open,
                        "signed-in" => Admit::SignedIn,
                        _ => Admit::Groups(groups.remove(&id).unwrap_or_default()),
                    },
                    created_at: Timestamp::from_micros(created_at),
                })
            })
            .collect()
    }
}
