//! Definitions as clients can read them. Some clients refuse a whole list for one definition that is
//! not as the protocol says, with the tools of all other servers: what is not, is mended where that
//! takes nothing away that a call needs, and else left out. It is read once, when a server is looked
//! at and says something new.

mod input;
mod known;
mod members;
mod notes;
mod output;
mod pattern;
mod reading;
mod reference;
mod text;
mod walk;

use bytes::Bytes;
use gatehall_domain::names;
use serde_json::value::RawValue;

pub(super) use self::known::KNOWN;
use self::reading::Reading;
use super::header_param::{HeaderParam, header_params};
use crate::json::{self, Members};

/// Longest name an upstream may give a tool, in bytes.
const LONGEST_NAME: usize = 1024;

/// Largest definition, in bytes. Everybody who lists gets it, and no model reads more than a part.
const LARGEST: usize = 256 << 10;

/// How much all definitions of a server may be, so that no server makes the list of everybody
/// unusable.
#[derive(Debug)]
pub(super) struct Room {
    /// Bytes.
    bytes: usize,
    /// Parts of output schemas, which clients compile.
    parts: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { bytes: 16 << 20, parts: 20 * output::MOST_PARTS }
    }
}

/// A definition that all clients can read.
#[derive(Debug)]
pub(super) struct Definition {
    /// The name its server gives it.
    pub(super) name: String,
    /// What it is for, in the server's words.
    pub(super) description: String,
    /// The definition as it is passed on, but for its name.
    pub(super) raw: Bytes,
    /// Arguments that travel in headers, too.
    pub(super) header_params: Vec<HeaderParam>,
    /// Whether its output schema is of a kind that only the modern era knows.
    pub(super) modern_output: bool,
    /// What was mended.
    pub(super) repairs: Vec<String>,
}

impl Definition {
    /// Reads a definition and mends it.
    ///
    /// # Errors
    /// Why it is left out.
    pub(super) fn read(raw: Bytes, room: &mut Room) -> Result<Self, String> {
        let sent = str::from_utf8(&raw).map_err(|_| "a definition that is not UTF-8".to_owned())?;
        let (text, mended) = text::mend(sent);
        let name = json::first(&text, "name").and_then(json::text).filter(|name| !name.is_empty());
        let name = name.ok_or("a definition without a name")?.into_owned();
        let refuse = |what: &str| format!("{}: {what}", names::shown(&name, 60));
        if raw.len() > LARGEST {
            return Err(refuse(&format!("its definition has more than {LARGEST} bytes")));
        }
        room.bytes = room
            .bytes
            .checked_sub(raw.len())
            .ok_or_else(|| refuse("the definitions of this server are too long together"))?;
        if name.len() > LONGEST_NAME {
            return Err(refuse("its name is too long"));
        }
        // The server would not know the one that stands for it.
        if mended.halves && name.contains(char::REPLACEMENT_CHARACTER) {
            return Err(refuse("its name has half a character"));
        }
        let members = Members::of_server(&text, KNOWN)
            .map_err(|flaw| refuse(&format!("its definition cannot be read: {flaw}")))?;
        let mut reading = Reading::new(&mut room.parts);
        reading.text(mended);
        let rebuilt = reading.members(&members).map_err(|problem| refuse(&problem))?;
        let parsed = rebuilt.as_deref().map_or(Ok(members), |it| Members::of_server(it, KNOWN));
        let members = parsed.map_err(|flaw| refuse(&format!("it cannot be mended: {flaw}")))?;
        let schema = members.get("inputSchema").map_or("{}", RawValue::get);
        let header_params = header_params(schema).map_err(refuse)?;
        let description = members.get("description").and_then(json::text).unwrap_or_default();
        let (description, modern_output) =
            (description.into_owned(), members.get("outputSchema").is_some_and(is_modern));
        let repairs = reading.repairs();
        let raw = match (rebuilt, text) {
            (Some(rebuilt), _) => rebuilt.into(),
            (None, std::borrow::Cow::Owned(text)) => text.into(),
            (None, std::borrow::Cow::Borrowed(_)) => raw.clone(),
        };
        Ok(Self { name, description, raw, header_params, modern_output, repairs })
    }
}

/// Whether an output schema is not one of an object, which is all that the legacy era has.
fn is_modern(schema: &RawValue) -> bool {
    json::first(schema.get(), "type").map(RawValue::get) != Some("\"object\"")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Result<Definition, String> {
        Definition::read(Bytes::copy_from_slice(text.as_bytes()), &mut Room::default())
    }

    fn passed_on(text: &str) -> (Value, Vec<String>) {
        let read = read(text).unwrap();
        (serde_json::from_slice(&read.raw).unwrap(), read.repairs)
    }

    /// A definition with this further member.
    fn with(member: &str) -> String {
        format!(r#"{{"name":"t","inputSchema":{{"type":"object"}},{member}}}"#)
    }

    #[test]
    fn a_good_definition_stays_byte_for_byte() {
        let good = with(
            r#""title" : "T", "description":"\u00e4", "outputSchema":{"type":"object", "properties":{"n":{"maximum":1.0e2}}},"annotations":{"readOnlyHint":true},"icons":[{"src":"data:,"}],"_meta":{"a":[1e30]},"execution":{"taskSupport":"optional"},"vendor":null"#,
        );
        let read = read(&good).unwrap();
        assert_eq!((read.raw, read.repairs), (Bytes::from(good), Vec::<String>::new()));
    }

    #[test]
    fn a_null_member_is_absent_and_loses_no_tool() {
        for member in KNOWN.iter().filter(|it| !["name", "inputSchema", "execution"].contains(it)) {
            let (definition, repairs) = passed_on(&with(&format!(r#""{member}":null"#)));
            assert_eq!(definition, json!({"name": "t", "inputSchema": {"type": "object"}}));
            assert_eq!(repairs.len(), 1, "{member}");
        }
        assert_eq!(passed_on(&with(r#""execution":null"#)).1, Vec::<String>::new());
        let (definition, repairs) = passed_on(r#"{"name":"t","inputSchema":null}"#);
        assert_eq!(definition, json!({"name": "t", "inputSchema": {"type": "object"}}));
        assert_eq!(repairs, ["it has no inputSchema: any arguments are passed on"]);
    }

    #[test]
    fn wrong_members_are_left_out_and_others_stay() {
        let (definition, repairs) = passed_on(&with(
            r##""title":1,"description":"d","outputSchema":{"$ref":"#/x"},"annotations":{"title":"T","readOnlyHint":1},"icons":"x","_meta":[],"execution":{"taskSupport":"perhaps"}"##,
        ));
        let kept = json!({"name": "t", "inputSchema": {"type": "object"}, "description": "d",
            "annotations": {"title": "T"}, "execution": {"taskSupport": "perhaps"}});
        assert_eq!(definition, kept);
        assert_eq!(repairs.len(), 6, "{repairs:?}");
        assert!(repairs[1].contains("\"#/x\", which is not in it"), "{repairs:?}");
    }

    #[test]
    fn texts_and_numbers_are_mended_however_deep_they_lie() {
        let (definition, repairs) = passed_on(&with(
            r#""description":"a\ud800","_meta":{"\udc00":[{"x":1e999}]},"x":-1e999"#,
        ));
        assert_eq!(definition["description"], "a\u{fffd}");
        assert_eq!(definition["_meta"], json!({"\u{fffd}": [{"x": f64::MAX}]}));
        assert_eq!(definition["x"], json!(f64::MIN));
        assert_eq!(repairs.len(), 2, "{repairs:?}");
    }

    #[test]
    fn of_a_member_that_is_there_twice_all_readers_see_the_last() {
        let twice =
            with(r#""outputSchema":{"type":"object","type":"string"},"x":{"a":1,"\u0061":2}"#);
        let read = read(&twice).unwrap();
        assert!(read.modern_output);
        let text = str::from_utf8(&read.raw).unwrap();
        assert!(text.ends_with(r#""outputSchema":{"type":"string"},"x":{"a":2}}"#), "{text}");
        assert_eq!(read.repairs, ["an object had a member twice, of which the last counts"]);
    }

    #[test]
    fn what_cannot_be_mended_is_left_out_with_its_reason() {
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        let long = "x".repeat(LARGEST);
        for (text, reason) in [
            (r#"{"inputSchema":{"type":"object"}}"#, "without a name"),
            (r#"{"name":1,"inputSchema":{"type":"object"}}"#, "without a name"),
            (r#"{"name":"","inputSchema":{"type":"object"}}"#, "without a name"),
            (r#"{"name":"a\ud800","inputSchema":{"type":"object"}}"#, "half a character"),
            (r#"{"name":"t","inputSchema":{"type":"string"}}"#, "not one of an object"),
            (&with(r#""title":"a","title":"b""#), "is there twice"),
            (&with(r#""execution":{"taskSupport":"required"}"#), "only as a task"),
            (&with(&format!(r#""description":"{long}""#)), "more than 262144 bytes"),
            (
                &format!(r#"{{"name":"t","inputSchema":{{"type":"object","x":{}}}}}"#, deep(99)),
                "levels deep",
            ),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.contains(reason), "{problem}");
        }
        let (_, repairs) = passed_on(&with(&format!(r#""_meta":{{"a":{}}}"#, deep(99))));
        assert_eq!(repairs, ["its _meta is nested too deep and was left out"]);
        assert!(passed_on(&with(&format!(r#""_meta":{{"a":{}}}"#, deep(98)))).1.is_empty());
    }

    #[test]
    fn a_server_has_so_much_room_and_no_more() {
        let mut room = Room { bytes: 100, parts: 0 };
        let one = Bytes::from(with(r#""title":"a""#));
        assert!(Definition::read(one.clone(), &mut room).is_ok());
        let problem = Definition::read(one, &mut room).unwrap_err();
        assert_eq!(problem, "t: the definitions of this server are too long together");
    }
}
