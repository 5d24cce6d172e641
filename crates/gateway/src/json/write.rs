use std::borrow::Cow;

/// A string as JSON.
pub(crate) fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    push_string(&mut quoted, text);
    quoted
}

fn push_string(to: &mut String, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        to.push('"');
        to.push_str(text);
        to.push('"');
    } else {
        // Serialising a string cannot fail.
        to.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "\"\"".into()));
    }
}

/// Writes one object whose values are raw JSON.
#[derive(Debug)]
pub(crate) struct ObjectWriter(String);

impl ObjectWriter {
    /// An object without members, with room for `capacity` bytes.
    pub(crate) fn new(capacity: usize) -> Self {
        let mut text = String::with_capacity(capacity);
        text.push('{');
        Self(text)
    }

    /// Adds a member whose value is raw JSON.
    pub(crate) fn raw(&mut self, name: &str, value: &str) -> &mut Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        push_string(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(value);
        self
    }

    /// Adds a member whose value is a string.
    pub(crate) fn string(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(name, &string(value))
    }

    /// The object.
    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// The same JSON without line ends. In JSON they stand between tokens only, never in a string, so
/// that a blank says the same.
pub(crate) fn on_one_line(json: &str) -> Cow<'_, str> {
    if json.bytes().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return Cow::Owned(json.replace(['\n', '\r'], " "));
    }
    Cow::Borrowed(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_objects() {
        let mut object = ObjectWriter::new(16);
        object.raw("a", "1").string("b\"", "x\n").raw("c", "{}");
        assert_eq!(object.finish(), r#"{"a":1,"b\"":"x\n","c":{}}"#);
        assert_eq!(ObjectWriter::new(0).finish(), "{}");
        assert_eq!(on_one_line("{\n\"a\": 1\r\n}"), "{ \"a\": 1  }");
    }
}
