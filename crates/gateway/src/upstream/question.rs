//! What a server asks of its client while it works on a request.

use std::borrow::Cow;

use bytes::Bytes;

use crate::json::ObjectWriter;

/// A request of a server.
#[derive(Debug)]
pub(crate) struct Question {
    /// The server's id of it, as it came.
    id: String,
    method: String,
}

/// The answer to a question, as raw JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Result(Cow<'static, str>),
    Error(Cow<'static, str>),
}

impl Question {
    pub(super) const fn new(id: String, method: String) -> Self {
        Self { id, method }
    }

    /// Whether it only asks if anybody is there, which concerns no request.
    pub(super) fn is_ping(&self) -> bool {
        self.method == "ping"
    }

    /// What the gate itself has to say: that it is there. It can ask nobody for more.
    pub(crate) fn reply_of_gate(&self) -> Reply {
        if self.is_ping() {
            return Reply::Result("{}".into());
        }
        Reply::Error("{\"code\":-32601,\"message\":\"Method not found\"}".into())
    }

    /// The message that brings the reply to the server.
    pub(super) fn answered(&self, reply: &Reply) -> Bytes {
        let (member, value) = match reply {
            Reply::Result(value) => ("result", value),
            Reply::Error(value) => ("error", value),
        };
        let mut message = ObjectWriter::new(64 + value.len());
        message.raw("jsonrpc", "\"2.0\"").raw("id", &self.id).raw(member, value);
        message.finish().into()
    }

    /// The same with the reply of the gate itself.
    pub(super) fn answered_by_gate(&self) -> Bytes {
        self.answered(&self.reply_of_gate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_says_that_it_is_there_and_knows_nothing_else() {
        let answered =
            |method: &str| Question::new("\"q\"".into(), method.into()).answered_by_gate();
        assert_eq!(answered("ping"), r#"{"jsonrpc":"2.0","id":"q","result":{}}"#);
        assert_eq!(
            answered("sampling/createMessage"),
            r#"{"jsonrpc":"2.0","id":"q","error":{"code":-32601,"message":"Method not found"}}"#
        );
    }
}
