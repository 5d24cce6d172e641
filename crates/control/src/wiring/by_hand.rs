//! An Open WebUI that somebody set up by hand.

use gatehall_open_webui::{Models, Terms, connection_gate};
use url::Url;

use super::{Wiring, WiringError};

impl Wiring {
    /// What can be expected of what was set up by hand: a connection, and nothing of models and
    /// groups. None if there is no connection, either. `gate` is the gate's address as Open WebUI
    /// reaches it, left out that of the connection.
    ///
    /// # Errors
    /// What cannot be read there.
    pub async fn terms_by_hand(&self, gate: Option<Url>) -> Result<Option<Terms>, WiringError> {
        let gate = match gate {
            Some(gate) => Some(gate),
            None => connection_gate(&self.client.read().await?.connections),
        };
        Ok(gate.map(|gate| Terms {
            models: Models::Named(Vec::new()),
            bring_groups: false,
            ..Terms::new(gate)
        }))
    }
}
