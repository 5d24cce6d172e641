use std::time::Duration;

use gatehall_domain::{
    ClaimMapping, Company, Connection, Credential, Grant, Group, HostRule, Identity, Key,
    Membership, Provider, Server, Snapshot, Tenant, TenantAdmin, User,
};

use crate::{
    Store, StoreError,
    engine::{Transaction, on},
    table::Stored,
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

    /// Reads the whole company at its newest revision, and indexes it.
    ///
    /// # Errors
    /// If the database cannot be read, or holds a value that cannot be.
    pub async fn load(&self) -> Result<Snapshot, StoreError> {
        let mut transaction = self.pool.begin_read().await?;
        let number: i64 = on!(&mut transaction, it =>
            sqlx::query_scalar("select number from revision").fetch_one(&mut **it).await)?;
        let mut company = Company::default();
        add::<User>(&mut company, &mut transaction).await?;
        add::<Identity>(&mut company, &mut transaction).await?;
        add::<Group>(&mut company, &mut transaction).await?;
        add::<Membership>(&mut company, &mut transaction).await?;
        add::<Tenant>(&mut company, &mut transaction).await?;
        add::<TenantAdmin>(&mut company, &mut transaction).await?;
        add::<Server>(&mut company, &mut transaction).await?;
        add::<Connection>(&mut company, &mut transaction).await?;
        add::<Credential>(&mut company, &mut transaction).await?;
        add::<Grant>(&mut company, &mut transaction).await?;
        add::<Key>(&mut company, &mut transaction).await?;
        add::<Provider>(&mut company, &mut transaction).await?;
        add::<ClaimMapping>(&mut company, &mut transaction).await?;
        add::<HostRule>(&mut company, &mut transaction).await?;
        transaction.commit().await?;
        Ok(Snapshot::new(number as u64, company))
    }
}

async fn add<R: Stored>(
    company: &mut Company,
    transaction: &mut Transaction,
) -> Result<(), StoreError> {
    for record in R::load(transaction).await? {
        company.put(record.into());
    }
    Ok(())
}
