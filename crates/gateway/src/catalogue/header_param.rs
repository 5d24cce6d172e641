//! Arguments that also travel in `Mcp-Param-*` headers, as a tool's schema asks for by
//! `x-mcp-header` (MCP 2026-07-28).

use http::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::{
    header_text,
    json::twin_of,
    json_schema::{Within, shape},
};

/// One argument and its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderParam {
    /// The header's full name.
    pub(crate) header: HeaderName,
    /// Where the argument is: names of members, from the outside in.
    path: Vec<String>,
}

/// The annotations of a schema.
///
/// # Errors
/// If one is not as the revision demands; a client has to leave such a tool out.
pub(super) fn header_params(schema: &str) -> Result<Vec<HeaderParam>, &'static str> {
    // A member's name can be written otherwise only with a backslash.
    if !schema.contains("x-mcp-header") && !schema.contains('\\') {
        return Ok(Vec::new());
    }
    let schema: Value = serde_json::from_str(schema).map_err(|_| "its schema cannot be read")?;
    let mut found = Vec::new();
    collect(&schema, Some(&mut Vec::new()), &mut found)?;
    for (at, param) in found.iter().enumerate() {
        if found[..at].iter().any(|other| other.header == param.header) {
            return Err("x-mcp-header names one header twice");
        }
    }
    Ok(found)
}

/// Collects annotations. They have to be reachable through `properties` alone: elsewhere there is no
/// path.
fn collect(
    schema: &Value,
    mut path: Option<&mut Vec<String>>,
    found: &mut Vec<HeaderParam>,
) -> Result<(), &'static str> {
    let Value::Object(members) = schema else { return Ok(()) };
    if let Some(header) = members.get("x-mcp-header") {
        let path = path.as_deref().filter(|path| !path.is_empty());
        let path = path.ok_or("x-mcp-header stands where no argument is")?;
        let kind = members.get("type").and_then(Value::as_str).unwrap_or("");
        if !matches!(kind, "string" | "integer" | "boolean") {
            return Err(
                "x-mcp-header stands at something that is not text, an integer or a boolean",
            );
        }
        let name =
            header.as_str().filter(|name| !name.is_empty()).ok_or("x-mcp-header has no name")?;
        let name = HeaderName::try_from(format!("mcp-param-{}", name.to_ascii_lowercase()));
        let header = name.map_err(|_| "x-mcp-header is no header name")?;
        found.push(HeaderParam { header, path: path.clone() });
    }
    for (name, property) in
        members.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        if let Some(path) = path.as_deref_mut() {
            path.push(name.clone());
        }
        collect(property, path.as_deref_mut(), found)?;
        path.as_deref_mut().map(Vec::pop);
    }
    for (keyword, value) in members.iter().filter(|(keyword, _)| *keyword != "properties") {
        match (shape(keyword).within(), value) {
            (Some(Within::Itself), Value::Array(schemas)) => {
                schemas.iter().try_for_each(|it| collect(it, None, found))?;
            }
            (Some(Within::Itself), schema) => collect(schema, None, found)?,
            (Some(Within::Named), Value::Object(schemas)) => {
                schemas.values().try_for_each(|it| collect(it, None, found))?;
            }
            (Some(Within::Named) | None, _) => {}
        }
    }
    Ok(())
}

impl HeaderParam {
    /// The header for these arguments; none if the argument is absent or null.
    pub(crate) fn value(&self, arguments: &Value) -> Option<HeaderValue> {
        match self.argument(arguments)? {
            Value::String(text) => Some(header_text::encode(text)),
            Value::Bool(flag) => {
                Some(HeaderValue::from_static(if *flag { "true" } else { "false" }))
            }
            Value::Number(number) => HeaderValue::try_from(number.to_string()).ok(),
            _ => None,
        }
    }

    /// Whether a header that came says the same as the argument. Integers are compared as numbers.
    pub(crate) fn agrees(&self, arguments: &Value, header: Option<&HeaderValue>) -> bool {
        let argument = self.argument(arguments);
        let (Some(argument), Some(header)) = (argument, header) else {
            return argument.is_none() == header.is_none();
        };
        let Some(text) = header_text::decode(header) else { return false };
        match argument {
            Value::String(own) => *own == text,
            Value::Bool(own) => own.to_string() == text,
            Value::Number(own) => text.parse::<f64>().ok() == own.as_f64(),
            _ => false,
        }
    }

    /// A member of the arguments that a server may take for one on the way to the argument, and
    /// that one's name.
    pub(crate) fn twin(&self, arguments: &Value) -> Option<(String, &str)> {
        let mut at = Some(arguments);
        for name in &self.path {
            let members = at?.as_object()?;
            let names = members.keys().filter(|other| *other != name);
            for other in names {
                if let Some(of) = twin_of(other, &[name.as_str()]) {
                    return Some((other.clone(), of));
                }
            }
            at = members.get(name);
        }
        None
    }

    fn argument<'v>(&self, arguments: &'v Value) -> Option<&'v Value> {
        let found = self.path.iter().try_fold(arguments, |value, name| value.get(name))?;
        (!found.is_null()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(schema: Value) -> Result<Vec<HeaderParam>, &'static str> {
        header_params(&schema.to_string())
    }

    #[test]
    fn reads_annotations_and_refuses_misplaced_ones() {
        let good = json!({"type":"object","properties":{
            "region":{"type":"string","x-mcp-header":"Region"},
            "deep":{"type":"object","properties":{"n":{"type":"integer","x-mcp-header":"N"}}}}});
        let found = params(good).unwrap();
        assert_eq!(found.len(), 2);
        let arguments = json!({"region":"\u{fc}","deep":{"n":42}});
        assert_eq!(found[0].header, "mcp-param-region");
        assert!(found[0].agrees(&arguments, found[0].value(&arguments).as_ref()));
        assert!(found[1].agrees(&arguments, Some(&HeaderValue::from_static("42.0"))));
        assert!(!found[1].agrees(&arguments, None));
        assert!(!found[0].agrees(&json!({}), Some(&HeaderValue::from_static("x"))));
        assert!(found[0].agrees(&json!({"region":null}), None));

        let escaped = r#"{"properties":{"a":{"type":"string","x-mcp-h\u0065ader":"A"}}}"#;
        assert_eq!(header_params(escaped).unwrap().len(), 1);

        let twin = |arguments: Value| found.iter().find_map(|param| param.twin(&arguments));
        assert_eq!(twin(json!({"region":"eu","Region":"us"})), Some(("Region".into(), "region")));
        assert_eq!(twin(json!({"reg\u{131}on":"us"})), Some(("reg\u{131}on".into(), "region")));
        assert_eq!(twin(json!({"deep":{"N":1}})), Some(("N".into(), "n")));
        assert_eq!(twin(json!({"DEEP":{"n":1}})), Some(("DEEP".into(), "deep")));
        assert_eq!(twin(json!({"other":{"Region":1},"deep":{"n":1,"m":2}})), None);

        let named = json!({"properties":{"x-mcp-header":{"type":"string"},"a":{"default":{"x-mcp-header":1}}}});
        assert_eq!(params(named), Ok(Vec::new()));

        for bad in [
            json!({"properties":{"a":{"type":"array","x-mcp-header":"A"}}}),
            json!({"properties":{"a":{"type":"string","x-mcp-header":""}}}),
            json!({"properties":{"a":{"type":"string","x-mcp-header":"a b"}}}),
            json!({"properties":{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}}),
            json!({"x-mcp-header":[]}),
            json!({"properties":{"a":{"type":"string","x-mcp-header":7}}}),
            json!({"$defs":{"a":{"type":"string","x-mcp-header":"A"}}}),
            json!({"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}),
        ] {
            assert!(params(bad.clone()).is_err(), "{bad}");
        }
    }
    #[test]
    fn wherever_a_schema_may_stand_an_annotation_is_seen() {
        let annotated = json!({"properties":{"a":{"type":"string","x-mcp-header":"A"}}});
        assert_eq!(params(annotated.clone()).map(|found| found.len()), Ok(1));
        for one in [
            "additionalItems",
            "additionalProperties",
            "contains",
            "contentSchema",
            "else",
            "if",
            "items",
            "not",
            "propertyNames",
            "then",
            "unevaluatedItems",
            "unevaluatedProperties",
        ] {
            assert!(params(json!({one: annotated})).is_err(), "{one}");
        }
        for many in ["allOf", "anyOf", "items", "oneOf", "prefixItems"] {
            assert!(params(json!({many: [{}, annotated]})).is_err(), "{many}");
        }
        for named in
            ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties"]
        {
            assert!(params(json!({named: {"a": {}, "b": annotated}})).is_err(), "{named}");
        }
        for data in ["const", "default", "dependentRequired", "enum", "examples", "other"] {
            assert_eq!(params(json!({data: annotated})), Ok(Vec::new()), "{data}");
        }
        assert_eq!(params(json!({"dependencies":{"a":["x-mcp-header"]}})), Ok(Vec::new()));
    }
}
