//! What is known of Open WebUIs: by this gate at once, by the others through the store.

use gatehall_domain::Timestamp;
use gatehall_identity::{ChatSaid, ChatScene, Doors};
use gatehall_store::{Store, StoreError};

/// Seconds after which a silent replica is taken as gone.
pub const SILENT: i64 = 30;

/// What all gates that serve now say, this one by the name of `replica`.
///
/// # Errors
/// If the database cannot be read.
pub async fn chat_scene(
    store: &Store,
    doors: &Doors,
    replica: &str,
) -> Result<ChatScene, StoreError> {
    let since: Timestamp = doors.now().plus_seconds(-SILENT);
    let own = doors.chat_said();
    let others = store.chats(since).await?.into_iter().filter(|(gate, _)| gate != replica);
    let others = others.map(|(gate, said)| (gate, ChatSaid::read(&said)));
    let chats = own.chats.clone();
    let gates = std::iter::once((replica.to_owned(), own)).chain(others).collect();
    Ok(ChatScene { own: chats, gates })
}
