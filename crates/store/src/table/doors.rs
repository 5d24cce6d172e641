//! Providers, claim mappings, host rules.

use std::collections::HashMap;

use gatehall_domain::{
    Admit, Ciphertext, ClaimMapping, ClaimMappingId, Company, GroupId, HostRule, HostRuleId,
    Provider, Remains, SecretSource, Timestamp, UnreadRow,
};
use sqlx::query;

use super::{Row, Stored, Unreadable, each_row};
use crate::{
    StoreError,
    engine::{Transaction, on},
};

impl Stored for Provider {
    const TABLE: &'static str = "providers";
    const KEY: &'static [&'static str] = &["id"];
    const SELECT: &'static str =
        "select id, name, profile, issuer, client_id, secret_sealed, secret_variable, settings,
            enabled, created_at
         from providers";

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

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        let sealed = row.get::<Option<Vec<u8>>>("secret_sealed")?;
        let sealed = sealed.map(|bytes| SecretSource::Sealed(Ciphertext(bytes.into())));
        let variable = row.get::<Option<String>>("secret_variable")?;
        Ok(Self {
            id: row.parse("id")?,
            name: row.get("name")?,
            profile: row.parse("profile")?,
            issuer: row.parse("issuer")?,
            client_id: row.get("client_id")?,
            client_secret: sealed.or_else(|| variable.map(SecretSource::Environment)),
            settings: row.json("settings")?,
            enabled: row.get("enabled")?,
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::Provider { id: row.get("id").ok() }
    }
}

impl Stored for ClaimMapping {
    const TABLE: &'static str = "claim_mappings";
    const KEY: &'static [&'static str] = &["id"];
    const SELECT: &'static str =
        "select id, provider_id, directory_id, claim, value, group_id, created_at
         from claim_mappings";

    async fn put(&self, _: &Company, transaction: &mut Transaction) -> sqlx::Result<u64> {
        on!(transaction, it => query(
            "insert into claim_mappings (id, provider_id, directory_id, claim, value, group_id,
                created_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (id) do update set provider_id = excluded.provider_id,
                directory_id = excluded.directory_id, claim = excluded.claim,
                value = excluded.value, group_id = excluded.group_id,
                created_at = excluded.created_at")
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

    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: ClaimMappingId(row.get("id")?),
            provider: row.parse("provider_id")?,
            tenant_id: row.get("directory_id")?,
            claim: row.get("claim")?,
            value: row.get("value")?,
            group: GroupId(row.get("group_id")?),
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::ClaimMapping { group: row.get("group_id").ok().map(GroupId) }
    }
}

impl Stored for HostRule {
    const TABLE: &'static str = "host_rules";
    const KEY: &'static [&'static str] = &["id"];
    const SELECT: &'static str = "select id, host, path, admit, created_at from host_rules";

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

    /// Without its groups, which lie in a table of their own: see [`put_groups`].
    fn read(row: &Row<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: HostRuleId(row.get("id")?),
            host: row.parse("host")?,
            path: row.parse("path")?,
            admit: match row.get::<String>("admit")?.as_str() {
                "open" => Admit::Open,
                "signed-in" => Admit::SignedIn,
                "groups" => Admit::Groups(Vec::new()),
                _ => return Err(Unreadable::new("admit", "is not open, signed-in or groups")),
            },
            created_at: Timestamp::from_micros(row.get("created_at")?),
        })
    }

    fn remains(row: &Row<'_>) -> Remains {
        Remains::HostRule { host: row.parse("host").ok(), path: row.parse("path").ok() }
    }
}

/// Puts the groups into the host rules, in their order. A group that cannot be read admits nobody.
pub(crate) async fn put_groups(
    company: &mut Company,
    unread: &mut Vec<UnreadRow>,
    transaction: &mut Transaction,
) -> Result<(), StoreError> {
    const KEY: &[&str] = &["host_rule_id", "group_id"];
    let mut groups: HashMap<HostRuleId, Vec<GroupId>> = HashMap::new();
    let mut take = |row: &Row<'_>| match (row.get(KEY[0]), row.get(KEY[1])) {
        (Ok(rule), Ok(group)) => {
            groups.entry(HostRuleId(rule)).or_default().push(GroupId(group));
        }
        (Err(why), _) | (_, Err(why)) => {
            unread.push(row.unread("host_rule_groups", KEY, &why, Remains::Part));
        }
    };
    each_row(
        "select host_rule_id, group_id from host_rule_groups order by host_rule_id, group_id",
        transaction,
        &mut take,
    )
    .await?;
    for (rule, groups) in groups {
        if let Some(rule) = company.host_rules.get(&rule)
            && matches!(rule.admit, Admit::Groups(_))
        {
            let rule = HostRule { admit: Admit::Groups(groups), ..HostRule::clone(rule) };
            company.put(rule.into());
        }
    }
    Ok(())
}
