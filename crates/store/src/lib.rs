//! Keeps the company in SQLite or PostgreSQL: migrations, revisions, the change feed, the audit.
//!
//! This is the only crate that names sqlx. One query text serves both databases.

mod actor;
mod alone;
mod apply;
mod audit;
mod chats;
mod engine;
mod error;
mod facts;
mod feed;
mod key_use;
mod load;
mod many_rows;
mod newest;
mod open;
mod open_webui_setups;
mod readable;
mod replicas;
mod reserve;
mod session_use;
mod sessions;
mod store;
mod table;
mod turn;
mod usage;
mod vault_check;
mod writing;

pub use actor::Actor;
pub use alone::Alone;
pub use apply::Applied;
pub use audit::{Event, EventFilter, EventRow};
pub use error::StoreError;
pub use facts::DatabaseFacts;
pub use feed::Feed;
pub use replicas::Replica;
pub use reserve::Reserve;
pub use store::Store;
pub use turn::Turn;
pub use usage::UsageMinute;
pub use writing::WriteTrouble;
