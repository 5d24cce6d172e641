use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use super::{
    headers::{METHOD, NAME, SESSION},
    line::Line,
    standing::Standing,
};
use crate::{
    era::Era,
    upstream::{
        answer::{Answer, error_parts},
        error::UpstreamError,
        facts::Facts,
        wire::RawEvent,
    },
};

/// How long the end of a session may take.
const END_TIME: Duration = Duration::from_secs(2);
/// How long a message on the way back may take.
const BACK_TIME: Duration = Duration::from_secs(5);

/// Whatever the text says, which may be a caller's.
const OF_ARGUMENTS: i64 = -32602;
/// What servers of the legacy era say of requests as such. What a tool says of its arguments has
/// other codes.
const OF_REQUESTS: [std::ops::RangeInclusive<i64>; 2] = [-32099..=-32000, -32600..=-32600];

/// An endpoint with which a handshake was made. Dropped, its session ends at the server.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) line: Arc<Line>,
    pub(super) uri: Uri,
    pub(super) era: Era,
    /// The headers of every request.
    pub(super) headers: HeaderMap,
    pub(super) facts: Facts,
    pub(super) standing: Standing,
}

impl Open {
    pub(super) fn has_session(&self) -> bool {
        self.headers.contains_key(&SESSION)
    }

    /// The headers of one request: those of the session, and for the modern era those that repeat
    /// what the body says.
    pub(super) fn method_headers(
        &self,
        method: &'static str,
        name: Option<&str>,
        params: &[(HeaderName, HeaderValue)],
    ) -> HeaderMap {
        let mut headers = self.headers.clone();
        if self.era == Era::Modern {
            headers.insert(&METHOD, HeaderValue::from_static(method));
            if let Some(name) = name {
                headers.insert(&NAME, crate::header_text::encode(name));
            }
            for (name, value) in params {
                headers.insert(name, value.clone());
            }
        }
        headers
    }

    /// Sends a message without waiting for it. A server that has too many of them under way gets
    /// no more. The session lasts until it is sent only if it is `kept`.
    pub(super) fn send_back(&self, message: Bytes, kept: Option<Arc<Self>>) {
        let Ok(place) = Arc::clone(&self.line.state.backs).try_acquire_owned() else { return };
        let (line, uri, headers) = (Arc::clone(&self.line), self.uri.clone(), self.headers.clone());
        self.line.tasks.spawn_until_stop(async move {
            let sent = tokio::time::timeout(BACK_TIME, line.post(&uri, headers, message)).await;
            tracing::trace!(ok = matches!(sent, Ok(Ok(_))), "sent a message back upstream");
            drop((place, kept));
        });
    }

    /// What an answer in the session says of the session.
    pub(super) fn judge(&self, status: StatusCode, next: &RawEvent) {
        match next {
            RawEvent::Notification(..) | RawEvent::Question(_) => {}
            RawEvent::Answer(Answer::Result(_)) if status.is_success() => self.standing.confirm(),
            RawEvent::Answer(Answer::Result(_)) => self.standing.doubt(false),
            RawEvent::Answer(Answer::Error(error)) => {
                let (code, message) = error_parts(error);
                let names_session = names_session(&message);
                // The modern era has no sessions, and says with 4xx what is wrong with a request.
                let of_session = self.era == Era::Legacy
                    && (!status.is_success()
                        || (names_session && code != OF_ARGUMENTS)
                        || OF_REQUESTS.iter().any(|codes| codes.contains(&code)));
                match of_session {
                    true => self.standing.doubt(names_session),
                    false => self.standing.confirm(),
                }
            }
        }
    }

    /// What it says of the session that there is no answer.
    pub(super) fn suspect(&self, error: &UpstreamError) {
        self.standing.doubt(match error {
            UpstreamError::TooLarge(_) => return,
            UpstreamError::Status { excerpt, .. } | UpstreamError::Refused { excerpt, .. } => {
                names_session(excerpt)
            }
            _ => false,
        });
    }
}

fn names_session(text: &str) -> bool {
    text.to_ascii_lowercase().contains("session")
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.standing.is_lost() || !self.has_session() {
            return;
        }
        let request =
            self.line.request(Method::DELETE, &self.uri, self.headers.clone(), Bytes::new());
        let egress = self.line.egress.clone();
        self.line.tasks.spawn(async move {
            let deleted = tokio::time::timeout(END_TIME, egress.send(request)).await;
            tracing::trace!(ok = matches!(deleted, Ok(Ok(_))), "ended a session upstream");
        });
    }
}
