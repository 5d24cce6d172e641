use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use gatehall_domain::names;
use serde_json::value::RawValue;

use super::header_param::{HeaderParam, header_params};
use crate::json::{self, Members, ObjectWriter};

/// The members of a definition. One that a client could read as one of them is not passed on.
const KNOWN: &[&str] = &[
    "name",
    "title",
    "description",
    "inputSchema",
    "outputSchema",
    "annotations",
    "execution",
    "icons",
    "_meta",
];

/// Longest name an upstream may give a tool, in bytes.
const LONGEST_NAME: usize = 1024;

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
    /// The definition as the server sent it.
    pub(super) raw: Bytes,
    /// Whether its output schema is of a kind that only the modern era knows.
    pub(super) modern_output: bool,
    /// Its part of an OpenAPI document, once somebody needed it.
    pub(crate) operation: OnceLock<Bytes>,
}

impl Tool {
    /// Reads a definition. A definition that would break a client's reading of the whole list is
    /// left out, so that a server harms only its own tools.
    ///
    /// # Errors
    /// Why it is left out.
    pub(super) fn read(raw: Bytes, prefix: &str) -> Result<Self, String> {
        let text = str::from_utf8(&raw).map_err(|_| "a definition that is not UTF-8".to_owned())?;
        let members = Members::of_server(text, KNOWN)
            .map_err(|flaw| format!("a definition that cannot be read: {flaw}"))?;
        let name = members.get("name").and_then(json::text).filter(|name| !name.is_empty());
        let name = name.ok_or("a definition without a name")?;
        let refuse = |what: &str| Err(format!("{}: {what}", names::shown(&name, 60)));
        if name.len() > LONGEST_NAME {
            return refuse("its name is too long");
        }
        if !members.get("inputSchema").is_some_and(is_object_schema) {
            return refuse("its inputSchema is not one of an object");
        }
        for (member, fits) in [
            ("description", is_string as fn(&RawValue) -> bool),
            ("title", is_string),
            ("annotations", json::is_object),
            ("outputSchema", json::is_object),
            ("_meta", json::is_object),
            ("icons", is_list),
        ] {
            if members.get(member).is_some_and(|raw| !fits(raw)) {
                return refuse(&format!("its {member} is of the wrong type"));
            }
        }
        if members.get("execution").is_some_and(needs_task) {
            return refuse("it can be called only as a task, and tasks are not carried yet");
        }
        let header_params = match members.get("inputSchema").map(header_params).transpose() {
            Ok(params) => params.unwrap_or_default(),
            Err(problem) => return refuse(problem),
        };
        let description = members.get("description").and_then(json::text).unwrap_or_default();
        Ok(Self {
            public: names::public_name(prefix, &name).into(),
            name: name.as_ref().into(),
            description: description.into(),
            header_params,
            modern_output: members.get("outputSchema").is_some_and(|raw| !is_object_schema(raw)),
            operation: OnceLock::new(),
            raw,
        })
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

/// Whether an `execution` member (revision 2025-11-25) allows no plain call, as far as it can be
/// read.
fn needs_task(execution: &RawValue) -> bool {
    Members::read(execution.get()).map_or(execution.get() != "null", |members| {
        members.get("taskSupport").and_then(json::text).as_deref() == Some("required")
    })
}

fn is_string(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}

fn is_list(raw: &RawValue) -> bool {
    raw.get().starts_with('[')
}

fn is_object_schema(raw: &RawValue) -> bool {
    Members::read(raw.get())
        .is_ok_and(|schema| schema.get("type").is_some_and(|kind| kind.get() == "\"object\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_passed_on_as_it_was_read() {
        let read = |text: &'static str| Tool::read(Bytes::from_static(text.as_bytes()), "t_");
        let tool = r#"{"n\u0061me":"a","Name":"b","inputSchema":{"type":"object"},"input_schema":{},"x":1}"#;
        let tool = read(tool).unwrap();
        assert_eq!((tool.name.as_ref(), tool.public.as_ref()), ("a", "t_a"));
        assert_eq!(
            tool.definition("t_a", false),
            r#"{"name":"t_a","inputSchema":{"type":"object"},"x":1}"#
        );
        for refused in [
            r#"{"name":"a","name":"b","inputSchema":{"type":"object"}}"#,
            r#"{"Name":"a","inputSchema":{"type":"object"}}"#,
            r#"{"name":"a","InputSchema":{"type":"object"}}"#,
            r#"{"name":"a","inputSchema":{"type":"object"},"execution":{"taskSuppor\u0074":"required"}}"#,
            r#"{"name":"a","inputSchema":{"type":"object"},"execution":{"taskSupport":"optional","taskSupport":"required"}}"#,
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }
}
