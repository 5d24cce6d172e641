//! Reads one number out of a message that is too long to be kept, as its pieces go by, or that
//! cannot be read as a whole.

use super::whole;

/// How much of a member's name or value is kept. What is longer is neither.
const KEPT: usize = 64;

/// Looks for the id of an answer: the member `id` of the object that a text is, and no other.
#[derive(Debug, Default)]
pub(crate) struct Skim {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Whether a name comes next, or is being read, at the top.
    names: bool,
    /// The name or value at the top, as far as it has come and as it is written.
    token: Vec<u8>,
    /// The name whose value comes next.
    name: Vec<u8>,
    id: Id,
    /// Whether it names a method: then it is no answer.
    asks: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Id {
    #[default]
    Unseen,
    Number(u64),
    /// It is there twice, or is no number.
    None,
}

impl Skim {
    /// The id of a message that came whole and cannot be read otherwise, perhaps since its end is
    /// missing.
    pub(crate) fn id_of(message: &[u8]) -> Option<u64> {
        // Behind anything else a server may write what others sent it.
        message.trim_ascii_start().first().filter(|byte| **byte == b'{')?;
        let mut skim = Self::default();
        skim.feed(message);
        if skim.depth == 1 && !skim.in_string {
            skim.end_of_member();
        }
        match skim.id {
            Id::Number(id) if !skim.asks => Some(id),
            _ => None,
        }
    }

    /// Takes the next piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        for &byte in piece {
            self.take(byte);
        }
    }

    /// The id, if the text was an answer that has one.
    pub(crate) fn id(&self) -> Option<u64> {
        match self.id {
            Id::Number(id) if self.depth == 0 && !self.in_string && !self.asks => Some(id),
            _ => None,
        }
    }

    fn take(&mut self, byte: u8) {
        if self.in_string {
            self.keep(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.keep(byte);
            }
            b'{' | b'[' => {
                self.keep(byte);
                self.depth += 1;
                if self.depth == 1 {
                    self.names = byte == b'{';
                    self.token.clear();
                }
            }
            b'}' | b']' => {
                if self.depth == 1 {
                    self.end_of_member();
                }
                self.depth = self.depth.saturating_sub(1);
            }
            b',' if self.depth == 1 => {
                self.end_of_member();
                self.names = true;
            }
            b':' if self.depth == 1 && self.names => {
                self.names = false;
                self.name = std::mem::take(&mut self.token);
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            byte => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.token.len() <= KEPT {
            self.token.push(byte);
        }
    }

    fn end_of_member(&mut self) {
        let (name, value) = (std::mem::take(&mut self.name), std::mem::take(&mut self.token));
        match serde_json::from_slice::<String>(&name).as_deref() {
            Ok("id") => {
                let number = str::from_utf8(&value).ok().and_then(whole);
                let number = number.map_or(Id::None, Id::Number);
                self.id = match self.id {
                    Id::Unseen => number,
                    same if same == number => same,
                    _ => Id::None,
                };
            }
            Ok("method") if value != b"null" => self.asks = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_id_of_what_has_no_end_and_of_nothing_else_that_is_broken() {
        for (text, expected) in [
            (r#"{"id":7,"result":{"content":[{"ty"#, Some(7)),
            (r#"{"result":{},"id":7"#, Some(7)),
            (r#"{"id":7,"id":7,"result":{}}"#, Some(7)),
            ("{\n  \"result\": NaN,\n  \"id\": 7\n}", Some(7)),
            (r#"got {"id":7,"result":{}}"#, None),
            (r#"[INFO] {"id":7,"result":{}}"#, None),
            (r#"{"id":7,"method":"x","params":{"#, None),
            (r#"{"result":{"id":7"#, None),
        ] {
            assert_eq!(Skim::id_of(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn reads_the_id_at_the_top_and_no_other() {
        let long = "x".repeat(1000);
        for (text, expected) in [
            (r#"{"jsonrpc":"2.0","id":7,"result":{"a":"LONG","id":9}}"#, Some(7)),
            (r#"{"result":{"id":9,"a":["LONG",{"id":8}]}, "id" : 12 }"#, Some(12)),
            (r#"{"result":{"a":"\",\"id\":9,LONG"},"id":12}"#, Some(12)),
            (r#"{"result":{"a":"LONG"},"\u0069d":3}"#, Some(3)),
            (r#"{"id":1,"result":{"a":"LONG"},"id":2}"#, None),
            (r#"{"id":1,"result":{"a":"LONG"},"i\u0064":2}"#, None),
            (r#"{"method":"x","id":1,"params":{"a":"LONG"}}"#, None),
            (r#"{"m\u0065thod":"x","id":1,"params":{"a":"LONG"}}"#, None),
            (r#"{"result":{"id":9,"a":"LONG"}}"#, None),
            (r#"{"id":"7","result":{"a":"LONG"}}"#, Some(7)),
            (r#"{"id":7.0,"method":null,"result":{"a":NaN,"b":"LONG"}}"#, Some(7)),
            (r#"{"id":"LONG","result":{}}"#, None),
            (r#"{"id":[7],"result":{"a":"LONG"}}"#, None),
            (r#"{"id":7.5,"result":{"a":"LONG"}}"#, None),
            (r#"{"LONG":1,"id":7,"LONG":2}"#, Some(7)),
            (r#"[{"id":7,"result":"LONG"}]"#, None),
            (r#"{"id":7,"result":"LONG"#, None),
            (r#"{"id":7,"result":{"a":"LONG""#, None),
            ("LONG", None),
        ] {
            let text = text.replace("LONG", &long);
            for size in [1, 7, 100_000] {
                let mut skim = Skim::default();
                text.as_bytes().chunks(size).for_each(|piece| skim.feed(piece));
                assert_eq!(skim.id(), expected, "{text:.80}");
            }
        }
    }
}
