//! The service key of an Open WebUI.

use gatehall_domain::{Company, KeyId, Timestamp};
use gatehall_open_webui::{KeyState, key_state};
use gatehall_vault::generate_key;
use secrecy::{ExposeSecret, SecretString};

use super::{Wiring, WiringError};
use crate::{
    DeskError,
    operation::key::{KeyOrder, add_made, revoke},
};

/// Which key it is, if it is one of this company.
pub(super) fn id_of(key: &SecretString, company: &Company, now: Timestamp) -> Option<KeyId> {
    match key_state(company, key.expose_secret(), now) {
        KeyState::Good(id) => Some(id),
        KeyState::Bad(_) => None,
    }
}

impl Wiring {
    /// The keys that were made for this, used or not.
    pub(super) fn made_keys(&self) -> impl Iterator<Item = KeyId> {
        self.record.keys.iter().filter_map(|id| id.parse().ok())
    }

    /// Makes a key. Its id is kept before the key is there, so that one which is never used is
    /// found, and ended.
    pub(super) async fn make_key(&mut self) -> Result<SecretString, WiringError> {
        let new = generate_key().map_err(DeskError::from)?;
        self.record.keys.push(new.id.to_string());
        self.keep().await?;
        let order = KeyOrder {
            name: format!("Open WebUI at {}", self.client.address()),
            user: None,
            tenant: None,
            manage: false,
            expires_at: None,
        };
        let now = self.desk.clock().now();
        let made =
            self.desk.change(|snapshot| Ok((add_made(snapshot.company(), &order, &new, now)?, ())));
        made.await?;
        Ok(new.text)
    }

    /// Revokes the keys that were made for this, but for the one that is used.
    pub(super) async fn end_other_keys(&mut self, used: &SecretString) -> Result<(), WiringError> {
        let snapshot = self.desk.snapshot().await?;
        let used = id_of(used, snapshot.company(), self.desk.clock().now());
        self.end_keys(used.as_ref()).await
    }

    /// Revokes all of them.
    pub(super) async fn end_all_keys(&mut self) -> Result<(), WiringError> {
        self.end_keys(None).await
    }

    async fn end_keys(&mut self, but: Option<&KeyId>) -> Result<(), WiringError> {
        let now = self.desk.clock().now();
        let others: Vec<KeyId> = self.made_keys().filter(|id| Some(id) != but).collect();
        let ended = self.desk.change(|snapshot| {
            let company = snapshot.company();
            let live = |id: &&KeyId| company.keys.get(*id).is_some_and(|it| it.is_live(now));
            let mut changes = Vec::new();
            for id in others.iter().filter(live) {
                changes.extend(revoke(company, id, now)?);
            }
            Ok((changes, ()))
        });
        ended.await?;
        self.record.keys.retain(|id| but.is_some_and(|but| but.as_str() == id));
        Ok(())
    }
}
