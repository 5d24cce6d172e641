//! Whether the server still knows what was agreed on in the handshake. Servers say in many ways
//! that a session is lost, and say the same of a call that they do not like; so after any odd answer
//! it is asked, before anything else is sent that way. Nothing is dropped on suspicion alone: others
//! may have what they work on in the same session.

use std::time::Duration;

use http::StatusCode;

use super::{exchange::HttpExchange, open::Open};
use crate::{
    era::Era,
    upstream::{
        answer::{Answer, error_parts},
        error::UpstreamError,
        item_kind::ItemKind,
        request,
        wire::answer,
    },
};

/// How long a server has to say that it knows a session.
const PROOF_TIME: Duration = Duration::from_secs(5);

/// A server that does not know a method has looked at it, and so knows the session. One of the
/// modern era says it with 404.
const UNKNOWN_METHOD: i64 = -32601;

impl Open {
    /// Whether the session, which was doubted, may be used: the server answers what any server of its
    /// era answers, or says nothing against it.
    pub(super) async fn prove(&self) -> bool {
        let (line, standing) = (&self.line, &self.standing);
        if standing.is_given_up() {
            return false;
        }
        if standing.is_mute() {
            return true;
        }
        let id = line.id();
        let pressed = standing.is_pressed();
        let method = match self.era {
            _ if pressed => ItemKind::Tool.list_method(),
            Era::Legacy => "ping",
            Era::Modern => "server/discover",
        };
        let message = request::own_request(id, method, self.era, &[]);
        let headers = self.method_headers(method, None, &[]);
        let asked = async {
            let response = line.post(&self.uri, headers, message).await?;
            let status = response.status();
            let answered = match HttpExchange::new(response, id, line.response_bytes).await {
                Ok(exchange) => answer(exchange).await,
                Err(error) => Err(error),
            };
            Ok::<_, UpstreamError>((status, answered))
        };
        let wait = PROOF_TIME.min(line.open_timeout / 2);
        let (status, answer) = match tokio::time::timeout(wait, asked).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(_)) => return false,
            Err(_) => {
                standing.fall_mute();
                return true;
            }
        };
        let proven = match &answer {
            Ok(Answer::Result(_)) => status.is_success(),
            Ok(Answer::Error(error)) => {
                let unknown = error_parts(error).0 == UNKNOWN_METHOD;
                unknown && status.is_success() && self.era == Era::Legacy && !pressed
            }
            Err(_) => false,
        };
        if proven {
            standing.prove();
        } else if status == StatusCode::NOT_FOUND && self.has_session() {
            standing.lose();
        }
        proven
    }
}
