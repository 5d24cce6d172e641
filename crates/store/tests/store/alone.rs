//! What one of all programs does at a time.

use gatehall_store::Store;

use crate::{Kind, on_both, store};

on_both!(one_has_it_until_it_lets_go);

async fn one_has_it_until_it_lets_go(kind: Kind) {
    let (here, database) = store(kind).await;
    let there = Store::open(&database.url).await.unwrap();
    let held = here.alone("work").await.unwrap();
    assert!(held.is_some());
    assert!(there.alone("work").await.unwrap().is_none(), "another program");
    assert!(here.alone("work").await.unwrap().is_none(), "the same");
    assert!(there.alone("other work").await.unwrap().is_some());
    // Nobody has to wait for it who works with the store.
    there.revision().await.unwrap();
    held.unwrap().end().await;
    let held = there.alone("work").await.unwrap();
    assert!(held.is_some(), "it was let go at once");
    drop(held);
    for _ in 0..200 {
        if here.alone("work").await.unwrap().is_some() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it was never let go");
}
