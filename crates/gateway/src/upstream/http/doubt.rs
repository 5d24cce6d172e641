//! Whether the server still knows what was agreed on in the handshake. Servers say in many ways
//! that a session is lost, and say the same of a call that they do not like; so after any odd answer
//! it is asked, before anything else is sent that way. Nothing is dropped on suspicion alone: others
//! may have what they work on in the same session.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::Duration,
};

use http::StatusCode;

use super::{HttpExchange, Line, Open};
use crate::{
    era::Era,
    upstream::{Answer, UpstreamError, error_parts, raw::RawEvent, request},
};

/// How long a server has to say that it knows a session.
const PROOF_TIME: Duration = Duration::from_secs(5);

/// A server that does not know a method has looked at it, and so knows the session. One of the
/// modern era says it with 404.
const UNKNOWN_METHOD: i64 = -32601;
/// What servers of the legacy era say of requests as such. What a tool says of its arguments has
/// other codes.
const OF_REQUESTS: [std::ops::RangeInclusive<i64>; 2] = [-32099..=-32000, -32600..=-32600];

/// How far a session is trusted.
#[derive(Debug, Default)]
pub(super) struct Standing {
    state: AtomicU8,
    lost: AtomicBool,
}

/// An answer was odd: it is used again when it has been proven good.
const DOUBTED: u8 = 1;
/// It was proven good, and no call was answered in it since.
const PROVEN: u8 = 2;
/// It was proven good, and still calls are told that there is none: it is not used again.
const GIVEN_UP: u8 = 4;

impl Standing {
    pub(super) fn is_good(&self) -> bool {
        self.state.load(Ordering::Relaxed) & (DOUBTED | GIVEN_UP) == 0
    }

    /// Whether the server itself said that it does not know the session, which also means that it
    /// ran nothing of what came that way.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// An answer was odd. It may say that there is no such session.
    pub(super) fn doubt(&self, names_session: bool) {
        self.change(|state| match names_session && state & PROVEN != 0 {
            true => state | GIVEN_UP,
            false => state | DOUBTED,
        });
    }

    /// A call was answered in the session.
    fn confirm(&self) {
        if self.state.load(Ordering::Relaxed) == PROVEN {
            self.change(|state| if state == PROVEN { 0 } else { state });
        }
    }

    fn prove(&self) {
        self.change(|state| (state & !DOUBTED) | PROVEN);
    }

    fn change(&self, change: impl Fn(u8) -> u8) {
        let _ =
            self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |it| Some(change(it)));
    }
}

impl Open {
    /// What an answer in the session says of the session.
    pub(super) fn judge(&self, status: StatusCode, next: &RawEvent) {
        match next {
            RawEvent::Notification(..) => {}
            RawEvent::Answer(Answer::Result(_)) if status.is_success() => self.standing.confirm(),
            RawEvent::Answer(Answer::Result(_)) => self.standing.doubt(false),
            RawEvent::Answer(Answer::Error(error)) => {
                let (code, message) = error_parts(error);
                let names_session = names_session(&message);
                // The modern era has no sessions, and says with 4xx what is wrong with a request.
                let of_session = self.era == Era::Legacy
                    && (!status.is_success()
                        || names_session
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

impl Line {
    /// Whether a session that was doubted is good: the server answers what any server of its era
    /// answers.
    pub(super) async fn prove(&self, open: &Arc<Open>) -> bool {
        if open.standing.state.load(Ordering::Relaxed) & GIVEN_UP != 0 {
            return false;
        }
        let id = self.id();
        let method = match open.era {
            Era::Legacy => "ping",
            Era::Modern => "server/discover",
        };
        let message = request::own_request(id, method, open.era, &[]);
        let headers = self.method_headers(open, method, None, &[]);
        let asked = async {
            let response = self.post(&open.uri, headers, message).await?;
            let status = response.status();
            let answer = match HttpExchange::new(response, id, self.response_bytes).await {
                Ok(exchange) => exchange.answer().await,
                Err(error) => Err(error),
            };
            Ok::<_, UpstreamError>((status, answer))
        };
        let wait = PROOF_TIME.min(self.open_timeout / 2);
        let Ok(Ok((status, answer))) = tokio::time::timeout(wait, asked).await else {
            return false;
        };
        let proven = match &answer {
            Ok(Answer::Result(_)) => status.is_success(),
            Ok(Answer::Error(error)) => {
                let unknown = error_parts(error).0 == UNKNOWN_METHOD;
                unknown && status.is_success() && open.era == Era::Legacy
            }
            Err(_) => false,
        };
        if proven {
            open.standing.prove();
        } else if status == StatusCode::NOT_FOUND && open.has_session() {
            open.standing.lost.store(true, Ordering::Relaxed);
        }
        proven
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_used_again_once_it_is_proven() {
        let standing = Standing::default();
        assert!(standing.is_good());
        standing.doubt(true);
        assert!(!standing.is_good());
        standing.prove();
        assert!(standing.is_good());
        standing.confirm();
        standing.doubt(true);
        standing.prove();
        assert!(standing.is_good(), "a call was answered in between");
    }

    #[test]
    fn what_calls_are_told_counts_more_than_the_proof() {
        let standing = Standing::default();
        standing.doubt(false);
        standing.prove();
        standing.doubt(false);
        standing.prove();
        assert!(standing.is_good(), "nothing was said of the session");
        standing.doubt(true);
        standing.prove();
        standing.confirm();
        assert!(!standing.is_good());
    }
}
