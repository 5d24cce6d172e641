//! What is done about a message, by its method.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::{
    call::{self, Reply},
    handshake, list,
    negotiate::{Speaker, speaker, unknown_method},
    request::Request,
    rpc::{self, Incoming, RpcError},
};
use crate::{body::Parts, era::Era, session::SESSION, upstream::LogLevel};

impl Request<'_> {
    pub(super) async fn handle(
        &self,
        incoming: &Incoming<'_>,
        headers: &HeaderMap,
    ) -> Result<Response, RpcError> {
        let speaker = speaker(headers, incoming, |id| self.session(id))?;
        let (Some(method), Some(id)) = (incoming.method.as_deref(), incoming.id) else {
            self.note(&speaker, incoming);
            return Ok(StatusCode::ACCEPTED.into_response());
        };
        match (speaker.era, method) {
            (Era::Legacy, "initialize") => {
                let (message, session) = handshake::initialize(self, incoming, id)?;
                let mut response = message.json(StatusCode::OK);
                if let Ok(session) = HeaderValue::try_from(session) {
                    response.headers_mut().insert(&SESSION, session);
                }
                Ok(response)
            }
            (_, "tools/call") => match call::call(self, &speaker, incoming, headers, id).await? {
                Reply::Whole(status, message) => Ok(message.json(status)),
                Reply::Stream(response) => Ok(response),
            },
            _ => Ok(self.answer(&speaker, incoming, method, id)?.json(StatusCode::OK)),
        }
    }

    /// The methods that are answered at once, from memory.
    pub(super) fn answer(
        &self,
        speaker: &Speaker,
        incoming: &Incoming<'_>,
        method: &str,
        id: &str,
    ) -> Result<Parts, RpcError> {
        match (speaker.era, method) {
            (Era::Modern, "server/discover") => Ok(handshake::discover(self, id)),
            (_, "tools/list") => list::list(self, speaker, incoming, id),
            (Era::Legacy, "ping") => Ok(rpc::result(id, "{}")),
            (Era::Legacy, "logging/setLevel") => {
                let level = incoming.text_param("level")?;
                let level = LogLevel::parse(&level).ok_or_else(|| {
                    RpcError::answer(
                        RpcError::INVALID_PARAMS,
                        "params.level is no level of RFC 5424",
                    )
                })?;
                if let Some(session) = speaker.session {
                    self.gateway.session_notes.set(session, level);
                }
                Ok(rpc::result(id, "{}"))
            }
            (era, method) => Err(unknown_method(era, method)),
        }
    }

    /// Notifications and responses. Only a cancellation means something here.
    pub(super) fn note(&self, speaker: &Speaker, incoming: &Incoming<'_>) {
        if incoming.method.as_deref() == Some("notifications/cancelled")
            && let (Some(session), Some(id)) = (speaker.session, incoming.params.get("requestId"))
        {
            self.gateway.cancels.cancel(session, id.get());
        }
    }
}
