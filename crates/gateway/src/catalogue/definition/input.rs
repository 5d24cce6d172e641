//! The schema of arguments. Clients look at its root alone, and nobody but the server checks
//! arguments by it: it is mended so that it allows no less than before.

use serde_json::{Map, Value, json};

use super::notes::Notes;

/// The schema as it is passed on, if it has to be another one.
///
/// # Errors
/// If it is not the schema of an object, however kindly it is read.
pub(super) fn mend(
    schema: Option<&Value>,
    notes: &mut Notes,
) -> Result<Option<Value>, &'static str> {
    let members = match schema {
        Some(Value::Object(members)) => members,
        // What PHP makes of an object without members.
        Some(Value::Array(items)) if items.is_empty() => return Ok(Some(anything(notes))),
        None | Some(Value::Null | Value::Bool(true)) => return Ok(Some(anything(notes))),
        _ => return Err("its inputSchema is not one of an object"),
    };
    let mut mended = Map::with_capacity(members.len() + 1);
    match members.get("type") {
        Some(Value::String(kind)) if kind == "object" => {}
        None | Some(Value::Null) => {
            notes.push("its inputSchema has no type, which is read as an object");
            mended.insert("type".into(), json!("object"));
        }
        Some(Value::Array(kinds)) if kinds.contains(&json!("object")) => {
            notes.push("its inputSchema has several types, which is read as an object");
        }
        _ => return Err("its inputSchema is not one of an object"),
    }
    for (name, value) in members {
        let kept = match name.as_str() {
            "type" => Some(json!("object")),
            "properties" => properties(value, notes)?,
            "required" => required(value, notes),
            "$schema" if !value.is_string() => {
                notes.push("its inputSchema names its dialect by no text");
                None
            }
            _ => Some(value.clone()),
        };
        if let Some(kept) = kept {
            mended.insert(name.clone(), kept);
        }
    }
    let mut mended = Value::Object(mended);
    if leave_out_null_headers(&mut mended) {
        notes.push("an x-mcp-header is null, which is read as absent");
    }
    Ok((Some(&mended) != schema).then_some(mended))
}

/// Leaves out annotations that name no header, for which clients drop a tool; says if there were any.
fn leave_out_null_headers(schema: &mut Value) -> bool {
    let mut found = false;
    match schema {
        Value::Object(members) => {
            if members.get("x-mcp-header").is_some_and(Value::is_null) {
                members.shift_remove("x-mcp-header");
                found = true;
            }
            members.values_mut().for_each(|it| found |= leave_out_null_headers(it));
        }
        Value::Array(items) => items.iter_mut().for_each(|it| found |= leave_out_null_headers(it)),
        _ => {}
    }
    found
}

fn anything(notes: &mut Notes) -> Value {
    notes.push("it has no inputSchema: any arguments are passed on");
    json!({"type": "object"})
}

fn properties(value: &Value, notes: &mut Notes) -> Result<Option<Value>, &'static str> {
    match value {
        Value::Object(members) => {
            let mended = |(name, value): (&String, &Value)| (name.clone(), property(value, notes));
            Ok(Some(Value::Object(members.iter().map(mended).collect())))
        }
        Value::Array(items) if items.is_empty() => {
            notes.push("the properties of its inputSchema are [], which is read as {}");
            Ok(Some(json!({})))
        }
        Value::Null => {
            notes.push("the properties of its inputSchema are null, which is read as absent");
            Ok(None)
        }
        _ => Err("the properties of its inputSchema are no object"),
    }
}

/// The schema of one argument as an object, which is the only form that all clients take.
pub(super) fn property(schema: &Value, notes: &mut Notes) -> Value {
    let (form, what) = match schema {
        Value::Object(_) => return schema.clone(),
        Value::Bool(true) => (json!({}), "true"),
        Value::Bool(false) => (json!({"not": {}}), "false"),
        _ => (json!({}), "no schema"),
    };
    let form_text = form.to_string();
    notes.push(format!("a property of its schema is {what}, which is read as {form_text}"));
    form
}

/// The names of arguments that have to be there.
pub(super) fn required(value: &Value, notes: &mut Notes) -> Option<Value> {
    let Value::Array(names) = value else {
        notes.push("what its schema requires is no list, which is read as nothing");
        return None;
    };
    let texts: Vec<Value> = names.iter().filter(|it| it.is_string()).cloned().collect();
    if texts.len() < names.len() {
        notes.push("its schema requires what is no name");
    }
    Some(Value::Array(texts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(schema: Value) -> (Value, usize) {
        let mut notes = Notes::default();
        let mended = mend(Some(&schema), &mut notes).unwrap();
        (mended.unwrap_or(schema), notes.len())
    }

    #[test]
    fn a_good_schema_stays_as_it_is() {
        let good = json!({"$schema": "x", "type": "object", "properties": {"a": {"type": "string", "x": [true, null]}},
            "required": ["a"], "additionalProperties": false, "$defs": {"b": true}, "anyOf": [{"required": []}]});
        assert_eq!(mended(good.clone()), (good, 0));
    }

    #[test]
    fn what_clients_refuse_is_mended_and_allows_no_less() {
        for (bad, good) in [
            (json!({}), json!({"type": "object"})),
            (json!([]), json!({"type": "object"})),
            (json!(null), json!({"type": "object"})),
            (json!(true), json!({"type": "object"})),
            (json!({"type": null, "a": 1}), json!({"type": "object", "a": 1})),
            (json!({"type": ["object", "null"]}), json!({"type": "object"})),
            (
                json!({"type": "object", "properties": []}),
                json!({"type": "object", "properties": {}}),
            ),
            (json!({"type": "object", "properties": null}), json!({"type": "object"})),
            (json!({"type": "object", "required": null}), json!({"type": "object"})),
            (json!({"type": "object", "required": "a"}), json!({"type": "object"})),
            (
                json!({"type": "object", "required": ["a", 1, null]}),
                json!({"type": "object", "required": ["a"]}),
            ),
            (
                json!({"type": "object", "a": {"x-mcp-header": null}}),
                json!({"type": "object", "a": {}}),
            ),
            (json!({"type": "object", "$schema": 7}), json!({"type": "object"})),
            (
                json!({"type": "object", "properties": {"t": true, "f": false, "n": null, "l": [], "s": "string", "o": {"x": true}}}),
                json!({"type": "object", "properties": {"t": {}, "f": {"not": {}}, "n": {}, "l": {}, "s": {}, "o": {"x": true}}}),
            ),
        ] {
            let (found, notes) = mended(bad.clone());
            assert_eq!(found, good, "{bad}");
            assert!(notes > 0, "{bad}");
        }
    }

    #[test]
    fn what_is_no_schema_of_an_object_is_refused() {
        for bad in [
            json!("object"),
            json!(1),
            json!([1]),
            json!(false),
            json!({"type": "string"}),
            json!({"type": ["string"]}),
            json!({"type": "object", "properties": ["a"]}),
            json!({"type": "object", "properties": "a"}),
        ] {
            assert!(mend(Some(&bad), &mut Notes::default()).is_err(), "{bad}");
        }
        assert!(mend(None, &mut Notes::default()).is_ok());
    }
}
