use std::time::Duration;

use gatehall_domain::{
    ClaimMapping, Company, Connection, Credential, Grant, Group, HostRule, Identity, Key,
    Membership, Provider, Server, Snapshot, Tenant, TenantAdmin, User,
};

use uuid::Uuid;

use crate::{
    Store, StoreError,
    engine::on,
    table::{load, put_groups},
    writing::in_time,
};

/// How long the number of the revision may take.
const ANSWER: Duration = Duration::from_secs(15);

impl Store {
    /// The number of the newest revision.
    ///
    /// # Errors
    /// If the database cannot be asked.
    pub async fn revision(&self) -> Result<u64, StoreError> {
        in_time(ANSWER, async {
            let number: i64 = on!(&self.pool, pool =>
                sqlx::query_scalar("select number from revision").fetch_one(pool).await)?;
            Ok(number as u64)
        })
        .await
    }

    /// Reads the whole company at its newest revision, and indexes it. Rows that cannot be read are
    /// set aside, and the company says which they are.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn load(&self) -> Result<Snapshot, StoreError> {
        let mut transaction = self.pool.begin_read().await?;
        let number: i64 = on!(&mut transaction, it =>
            sqlx::query_scalar("select number from revision").fetch_one(&mut **it).await)?;
        let (mut company, mut unread) = (Company::default(), Vec::new());
        macro_rules! load {
            ($($record:ident),*) => {
                $(load::<$record>(&mut company, &mut unread, &mut transaction).await?;)*
            };
        }
        load!(
            User,
            Identity,
            Group,
            Membership,
            Tenant,
            TenantAdmin,
            Server,
            Connection,
            Credential,
            Grant,
            Key,
            Provider,
            ClaimMapping,
            HostRule
        );
        put_groups(&mut company, &mut unread, &mut transaction).await?;
        let last: Option<Uuid> = on!(&mut transaction, it => sqlx::query_scalar(
            "select id from audit_events
             where revision = $1 and outcome = 'changed' order by id desc limit 1")
            .bind(number)
            .fetch_optional(&mut **it).await)?;
        transaction.commit().await?;
        Ok(Snapshot::new(number as u64, company.without(unread)).ended_by(last))
    }
}
