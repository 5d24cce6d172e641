//! The store on both databases.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]
#![expect(clippy::disallowed_methods, reason = "a test has tasks of its own")]

mod alone;
mod chats;
mod compatibility;
mod newest;
mod opening;
mod revisions;
mod sample;
mod script;
mod sessions;
mod trouble;
mod undo;
mod unread;
mod unread_company;
mod views;
mod walls;

use gatehall_store::Store;
use gatehall_test_support::{Database, Kind};

/// Makes a test of an async function for each database.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[tokio::test]
            async fn sqlite() {
                super::$name($crate::Kind::Sqlite).await;
            }
            #[tokio::test]
            async fn postgres() {
                super::$name($crate::Kind::Postgres).await;
            }
        }
    )*};
}
pub(crate) use on_both;

/// An empty store.
async fn store(kind: Kind) -> (Store, Database) {
    let database = Database::new(kind);
    (Store::open(&database.url).await.unwrap(), database)
}
