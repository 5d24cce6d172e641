use std::sync::Arc;

use gatehall_domain::{Caller, ConnectionId, Decision, Denial, Endpoint, Reach, Timestamp, decide};
use gatehall_identity::Rejection;
use http::StatusCode;

use super::{
    negotiate::Speaker,
    rpc::{RpcError, Unread, first_name},
};
use crate::{
    call::{Asking, Refusal},
    era::{self, Era},
    gateway::Gateway,
    live::Moment,
    session::Session,
};

/// One message of a client, and who sent it where.
pub(super) struct Request<'r> {
    pub(super) gateway: &'r Arc<Gateway>,
    pub(super) moment: &'r Moment,
    pub(super) caller: &'r Caller,
    pub(super) endpoint: &'r Endpoint,
    pub(super) now: Timestamp,
    /// As in [`Entry`](crate::entry::Entry).
    pub(super) refused: Option<&'r Rejection>,
}

impl Request<'_> {
    pub(super) fn asking(&self) -> Asking<'_> {
        let Self { moment, caller, endpoint, now, .. } = *self;
        Asking { moment, caller, endpoint, now, face: "mcp" }
    }

    /// The answer to a message that was not taken. If two programs may read two things in it, that
    /// is a call refused.
    pub(super) async fn unread(&self, text: &str, unread: &Unread<'_>) -> RpcError {
        if unread.ambiguous {
            let name = first_name(text).unwrap_or_default();
            let refused =
                self.gateway.refuse_call(&self.asking(), &name, text.len(), Denial::Ambiguous);
            match refused.told().await {
                Refusal::Unrecorded => return RpcError::unrecorded(),
                Refusal::Denied(Denial::TooOften(seconds)) => return RpcError::too_often(seconds),
                _ => {}
            }
        }
        unread.error.clone()
    }

    /// What the caller may use here, if that is anything.
    pub(super) fn reach(&self) -> Option<Reach<'_>> {
        self.moment.reach(self.caller, self.endpoint, self.now)
    }

    /// Whether the caller may use a tool.
    pub(super) fn may(&self, connection: ConnectionId, tool: &str) -> bool {
        let snapshot = &self.moment.snapshot;
        let decision = decide(snapshot, self.caller, self.endpoint, self.now, connection, tool);
        matches!(decision, Decision::Allowed(_))
    }

    pub(super) fn session(&self, id: &str) -> Result<Session, RpcError> {
        let opened = Session::open(&self.gateway.vault, self.caller, self.endpoint, self.now, id);
        let session = opened.ok_or_else(|| {
            let message = "there is no such session: begin a new one with initialize";
            RpcError::new(StatusCode::NOT_FOUND, RpcError::INVALID_REQUEST, message)
        })?;
        if self.gateway.session_notes.has_ended(&session) {
            let message = "the session has ended: begin a new one with initialize";
            return Err(RpcError::new(StatusCode::NOT_FOUND, RpcError::INVALID_REQUEST, message));
        }
        Ok(session)
    }

    /// Whether this speaker may send several messages in one body.
    pub(super) fn may_batch(speaker: &Speaker) -> bool {
        speaker.era == Era::Legacy && speaker.version == era::BATCHES
    }
}
