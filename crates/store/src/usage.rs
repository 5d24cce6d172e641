//! How many calls ended how, minute by minute. Kept apart from the audit, which is too long to count.

use std::collections::BTreeMap;

use gatehall_domain::Timestamp;
use serde::Serialize;
use sqlx::query;

use crate::{
    EventRow, Store, StoreError,
    engine::{Transaction, on},
    many_rows::ManyRows,
    readable::readable,
};

/// Minutes that are kept: a day and an hour.
const KEPT: i64 = 25 * 60;

/// The calls of one minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct UsageMinute {
    /// When the minute began, in minutes since 1970.
    pub minute: i64,
    /// All calls.
    pub calls: u64,
    /// Those that were denied.
    pub denied: u64,
    /// Those that failed, or whose tool said that it failed.
    pub failed: u64,
}

impl Store {
    /// The minutes at `since` and later in which there were calls, of one tenant or of all.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn usage(
        &self,
        since: Timestamp,
        tenant: Option<&str>,
    ) -> Result<Vec<UsageMinute>, StoreError> {
        let rows: Vec<(i64, String, i64)> = on!(&self.pool, pool => query(
            "select minute, outcome, cast(sum(calls) as bigint) from usage_minutes
             where minute >= $1 and ($2 is null or tenant_id = $2)
             group by minute, outcome order by minute")
            .bind(since.seconds() / 60)
            .bind(tenant)
            .fetch_all(pool).await.map(|rows| readable("usage_minutes", &rows)))?;
        let mut minutes: BTreeMap<i64, UsageMinute> = BTreeMap::new();
        for (minute, outcome, calls) in rows {
            let it = minutes.entry(minute).or_insert(UsageMinute { minute, ..Default::default() });
            let calls = calls as u64;
            it.calls += calls;
            match outcome.as_str() {
                "denied" => it.denied += calls,
                "failed" | "tool-error" => it.failed += calls,
                _ => {}
            }
        }
        Ok(minutes.into_values().collect())
    }
}

static COUNTS: ManyRows = ManyRows::new(
    "insert into usage_minutes (minute, tenant_id, outcome, calls)",
    4,
    "on conflict (minute, tenant_id, outcome)
     do update set calls = usage_minutes.calls + excluded.calls",
);

/// Counts calls, within the transaction that keeps them.
pub(crate) async fn count<'a>(
    transaction: &mut Transaction,
    events: impl Iterator<Item = &'a EventRow>,
) -> sqlx::Result<()> {
    let mut counts: BTreeMap<(i64, &str, &str), i64> = BTreeMap::new();
    for event in events {
        if let Some(counted) = event.counted() {
            *counts.entry(counted).or_default() += 1;
        }
    }
    let Some(newest) = counts.keys().map(|(minute, ..)| *minute).max() else { return Ok(()) };
    // In one order at all gates, so that none waits for another that waits for it.
    let counts: Vec<_> = counts.into_iter().collect();
    for (text, counts) in COUNTS.statements(transaction, &counts) {
        on!(&mut *transaction, it => {
            let mut insert = query(text);
            for ((minute, tenant, outcome), calls) in counts {
                insert = insert.bind(*minute).bind(*tenant).bind(*outcome).bind(*calls);
            }
            insert.execute(&mut **it).await.map(drop)
        })?;
    }
    on!(&mut *transaction, it => query("delete from usage_minutes where minute < $1")
        .bind(newest - KEPT)
        .execute(&mut **it).await.map(drop))
}
