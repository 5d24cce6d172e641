//! The whole service in this process, on both databases, with real clients and real tool servers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]
#![expect(clippy::disallowed_methods, reason = "a test has a clock and tasks of its own")]

mod chats;
mod circles;
mod discovery;
mod empty_endpoints;
mod heads;
mod in_step;
mod isolation;
mod ladder;
mod newcomers;
mod odd_requests;
mod operations;
mod outage;
mod patience;
mod portal;
mod program;
mod refused_bodies;
mod sdk;
mod sessions;
mod signing_out;
mod support;
mod tidy;
mod upstreams;

use gatehall_test_support::Kind;

/// Makes a test of an async function for each database.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name($crate::Kind::Sqlite).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name($crate::Kind::Postgres).await;
            }
        }
    )*};
}
pub(crate) use on_both;
