use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use gatehall_domain::names;
use serde_json::value::RawValue;

use super::{
    definition::{Definition, KNOWN, Room},
    header_param::HeaderParam,
};
use crate::json::{Members, ObjectWriter};

/// A tool of an upstream.
#[derive(Debug)]
pub(crate) struct Tool {
    /// The name under which callers know it.
    pub(crate) public: Arc<str>,
    /// The name its server gives it.
    pub(crate) name: Arc<str>,
    /// What it is for, in the server's words.
    pub(crate) description: Box<str>,
    /// Arguments that travel in headers, too.
    pub(crate) header_params: Vec<HeaderParam>,
    /// The definition, mended where clients could not have read it.
    pub(super) raw: Bytes,
    /// Whether its output schema is of a kind that only the modern era knows.
    pub(super) modern_output: bool,
    /// Its part of an OpenAPI document, once somebody needed it.
    pub(crate) operation: OnceLock<Bytes>,
}

impl Tool {
    /// Reads a definition; answers also what was mended in it.
    ///
    /// # Errors
    /// Why it is left out.
    pub(super) fn read(
        raw: Bytes,
        prefix: &str,
        room: &mut Room,
    ) -> Result<(Self, Vec<String>), String> {
        let definition = Definition::read(raw, room)?;
        let tool = Self {
            public: names::public_name(prefix, &definition.name).into(),
            name: definition.name.into(),
            description: definition.description.into(),
            header_params: definition.header_params,
            modern_output: definition.modern_output,
            operation: OnceLock::new(),
            raw: definition.raw,
        };
        Ok((tool, definition.repairs))
    }

    /// The definition under another name, without what the gateway cannot carry. For the legacy
    /// era without an output schema it would not understand.
    pub(crate) fn definition(&self, name: &str, legacy: bool) -> String {
        let mut object = ObjectWriter::new(self.raw.len() + name.len());
        object.string("name", name);
        for (member, value) in self.members().iter() {
            let dropped = match member {
                "name" | "execution" => true,
                "outputSchema" => legacy && self.modern_output,
                _ => false,
            };
            if !dropped {
                object.raw(member, value.get());
            }
        }
        object.finish()
    }

    /// The schema of its arguments, as raw JSON.
    pub(crate) fn input_schema(&self) -> &str {
        self.members().get("inputSchema").map_or("{}", RawValue::get)
    }

    /// The definition's members. It was read before, so that it can be read.
    fn members(&self) -> Members<'_> {
        let text = str::from_utf8(&self.raw).unwrap_or_default();
        Members::of_server(text, KNOWN).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_passed_on_as_it_was_read() {
        let read = |text: &'static str| {
            Tool::read(Bytes::from_static(text.as_bytes()), "t_", &mut Room::default())
        };
        let tool = r#"{"n\u0061me":"a","Name":"b","inputSchema":{"type":"object"},"input_schema":{},"x":1}"#;
        let (tool, _) = read(tool).unwrap();
        assert_eq!((tool.name.as_ref(), tool.public.as_ref()), ("a", "t_a"));
        assert_eq!(
            tool.definition("t_a", false),
            r#"{"name":"t_a","inputSchema":{"type":"object"},"x":1}"#
        );
        for refused in [
            r#"{"name":"a","name":"b","inputSchema":{"type":"object"}}"#,
            r#"{"Name":"a","inputSchema":{"type":"object"}}"#,
            r#"{"name":"a","inputSchema":{"type":"object"},"execution":{"taskSuppor\u0074":"required"}}"#,
            r#"{"name":"a","inputSchema":{"type":"object"},"execution":{"taskSupport":"optional","taskSupport":"required"}}"#,
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }
}
