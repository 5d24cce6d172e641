//! What one of all programs does at a time.

use gatehall_store::{Alone, Store};
use gatehall_test_support::{end_lock_holders, psql};

use crate::{Kind, on_both, store};

on_both!(one_has_it_until_it_lets_go);

async fn one_has_it_until_it_lets_go(kind: Kind) {
    let (here, database) = store(kind).await;
    let there = Store::open(&database.url).await.unwrap();
    let held = here.alone("work").await.unwrap().unwrap();
    assert!(there.alone("work").await.unwrap().is_none(), "another program");
    assert!(here.alone("work").await.unwrap().is_none(), "the same");
    assert!(there.alone("other work").await.unwrap().is_some());
    // Nobody has to wait for it who works with the store.
    there.revision().await.unwrap();
    held.must_be_held().await.unwrap();
    held.end().await;
    let held = there.alone("work").await.unwrap();
    assert!(held.is_some(), "it was let go at once");
    drop(held);
    taken(&here).await.must_be_held().await.unwrap();
}

/// A server ends transactions in which nothing is done, and may end any connection.
#[tokio::test]
async fn whoever_lost_it_is_told_so() {
    let (here, database) = store(Kind::Postgres).await;
    let held = here.alone("work").await.unwrap().unwrap();
    let idle = "select count(*) from pg_stat_activity where datname = current_database() and state \
                like 'idle in transaction%'";
    assert_eq!(psql(&database.url, idle), "0", "as long as it is held");
    assert_eq!(end_lock_holders(&database.url), 1);
    let other = taken(&Store::open(&database.url).await.unwrap()).await;
    held.must_be_held().await.unwrap_err();
    other.must_be_held().await.unwrap();
}

/// Takes what is let go a moment later.
async fn taken(store: &Store) -> Alone {
    for _ in 0..200 {
        if let Some(held) = store.alone("work").await.unwrap() {
            return held;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it was never let go");
}
