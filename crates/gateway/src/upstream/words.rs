use bytes::Bytes;
use gatehall_domain::names::shown;

use super::answer::{Answer, Message, error_parts};

/// How much of a body is looked at, in bytes, and how much is shown, in characters.
const LOOKED_AT: usize = 1500;
const LONGEST: usize = 300;

/// What a server says in a body that is no answer to our request, fit to be shown: the message, if
/// it is an error of the protocol, else how it begins.
pub(super) fn words(body: &Bytes) -> String {
    let said = match Message::read(body) {
        Ok(Message::Answer(_, Answer::Error(error))) => error_parts(&error).1,
        _ => String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]).into_owned(),
    };
    match said.trim() {
        "" => String::new(),
        said => format!("\"{}\"", shown(said, LONGEST)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_server_are_short_and_its_own() {
        let said = |body: &str| words(&Bytes::copy_from_slice(body.as_bytes()));
        let error =
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"No\nsession"}}"#;
        assert_eq!(said(error), "\"No session\"");
        assert_eq!(said(" amount too large\r\n"), "\"amount too large\"");
        assert_eq!(said("{\"a\":1}"), "\"{\"a\":1}\"");
        assert_eq!(said(" "), "");
        let long = said(&"\u{fc}".repeat(5000));
        assert_eq!(long.chars().count(), LONGEST + 3, "{long}");
    }
}
