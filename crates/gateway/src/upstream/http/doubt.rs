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
/// Whatever the text says, which may be a caller's.
const OF_ARGUMENTS: i64 = -32602;
/// What servers of the legacy era say of requests as such. What a tool says of its arguments has
/// other codes.
const OF_REQUESTS: [std::ops::RangeInclusive<i64>; 2] = [-32099..=-32000, -32600..=-32600];

/// How far a session is trusted.
#[derive(Debug, Default)]
pub(super) struct Standing {
    state: AtomicU8,
    lost: AtomicBool,
    /// The server did not answer when it was asked for a proof: it may be busy, or never does.
    mute: AtomicBool,
    /// How many looks in a row it did not answer.
    silences: AtomicU8,
}

/// An answer was odd: it is used again when it has been proven good.
const DOUBTED: u8 = 1;
/// It was proven good, and no call was answered in it since.
const PROVEN: u8 = 2;
/// It was proven good, and still a call was told that there is none: the server may answer pings in
/// any session, or a tool speaks of sessions of its own. The list of tools tells.
const PRESSED: u8 = 4;
/// The list of tools was had in it, so that calls are not believed any more.
const TRUSTED: u8 = 8;
/// It is not used again.
const GIVEN_UP: u8 = 16;

/// After so many looks in a row without an answer a server is spoken to anew. A busy one answers
/// none, too, and nobody's session is dropped for that.
const SILENCES: u8 = 3;

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
        self.change(|state| match names_session && state & (PROVEN | TRUSTED) == PROVEN {
            true => state | DOUBTED | PRESSED,
            false => state | DOUBTED,
        });
    }

    /// The gate looked, and nothing came.
    pub(super) fn silent(&self) {
        if self.silences.fetch_add(1, Ordering::Relaxed) + 1 >= SILENCES {
            self.give_up();
        }
    }

    /// What the gate itself asked had an odd answer. Where no better proof is to be had, that is one.
    pub(super) fn fail(&self) {
        if self.mute.load(Ordering::Relaxed) || self.state.load(Ordering::Relaxed) & TRUSTED != 0 {
            self.give_up();
        }
    }

    fn give_up(&self) {
        self.change(|state| state | GIVEN_UP);
    }

    /// A call was answered in the session.
    fn confirm(&self) {
        self.silences.store(0, Ordering::Relaxed);
        if self.state.load(Ordering::Relaxed) & !TRUSTED == PROVEN {
            self.change(|state| if state & !TRUSTED == PROVEN { state & TRUSTED } else { state });
        }
    }

    fn prove(&self) {
        self.change(|state| {
            let trusted = if state & PRESSED != 0 { TRUSTED } else { 0 };
            (state & !(DOUBTED | PRESSED)) | PROVEN | trusted
        });
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

impl Line {
    /// Whether a session that was doubted may be used: the server answers what any server of its era
    /// answers, or says nothing against it.
    pub(super) async fn prove(&self, open: &Arc<Open>) -> bool {
        if open.standing.state.load(Ordering::Relaxed) & GIVEN_UP != 0 {
            return false;
        }
        if open.standing.mute.load(Ordering::Relaxed) {
            return true;
        }
        let id = self.id();
        let pressed = open.standing.state.load(Ordering::Relaxed) & PRESSED != 0;
        let method = match open.era {
            _ if pressed => "tools/list",
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
        let (status, answer) = match tokio::time::timeout(wait, asked).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(_)) => return false,
            Err(_) => {
                open.standing.mute.store(true, Ordering::Relaxed);
                return true;
            }
        };
        let proven = match &answer {
            Ok(Answer::Result(_)) => status.is_success(),
            Ok(Answer::Error(error)) => {
                let unknown = error_parts(error).0 == UNKNOWN_METHOD;
                unknown && status.is_success() && open.era == Era::Legacy && !pressed
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
    fn what_calls_are_told_is_held_against_the_list_of_tools() {
        let standing = Standing::default();
        standing.doubt(false);
        standing.prove();
        standing.doubt(false);
        standing.prove();
        assert!(standing.is_good(), "nothing was said of the session");
        standing.doubt(true);
        assert!(standing.state.load(Ordering::Relaxed) & PRESSED != 0, "the list is asked for");
        standing.prove();
        assert!(standing.is_good(), "it was had");
        standing.doubt(true);
        assert!(standing.state.load(Ordering::Relaxed) & PRESSED == 0, "that is known");
        standing.prove();
        standing.fail();
        standing.prove();
        assert!(!standing.is_good(), "what the gate asked had no answer either");
    }

    #[test]
    fn a_server_that_is_silent_for_long_is_spoken_to_anew() {
        let standing = Standing::default();
        (1..SILENCES).for_each(|_| standing.silent());
        standing.confirm();
        (1..SILENCES).for_each(|_| standing.silent());
        assert!(standing.is_good());
        standing.silent();
        assert!(!standing.is_good());
    }
}
