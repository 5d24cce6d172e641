//! What is known of Open WebUIs: by this gate at once, by the others through the store.

use gatehall_domain::Timestamp;
use gatehall_identity::{ChatSaid, ChatScene, Doors};
use gatehall_store::{Replica, Store, StoreError};

/// Seconds after which a silent replica is taken as gone.
const SILENT: i64 = 30;

/// The gates that serve the store now.
///
/// # Errors
/// If the database cannot be read.
pub async fn serving(store: &Store, now: Timestamp) -> Result<Vec<Replica>, StoreError> {
    store.replicas(now.plus_seconds(-SILENT)).await
}

/// What gates say of Open WebUIs, by their names.
pub fn said_of_chats(gates: &[Replica]) -> impl Iterator<Item = (String, ChatSaid)> {
    let said = |it: &Replica| Some((it.name.clone(), ChatSaid::read(it.chats.as_deref()?)));
    gates.iter().filter_map(said)
}

/// What all gates that serve now say, this one by the name of `replica`.
pub fn chat_scene(gates: &[Replica], doors: &Doors, replica: &str) -> ChatScene {
    let own = doors.chat_said();
    let others = said_of_chats(gates).filter(|(gate, _)| gate != replica);
    let chats = own.chats.clone();
    let gates = std::iter::once((replica.to_owned(), own)).chain(others).collect();
    ChatScene { own: chats, gates }
}
