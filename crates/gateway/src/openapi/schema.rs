//! A tool's input schema as OpenAPI clients understand it: an object with flat properties, and no
//! reference to anything outside itself.

use serde_json::{Map, Value, json};

/// How many bytes, roughly, a schema may grow to when its references are written out. One that is
/// larger loses its last parts; the server still checks the arguments.
const LARGEST: usize = 256 << 10;
/// How deep references are followed; a recursive schema ends there.
const DEEPEST: usize = 24;

/// The schema of a request body.
pub(super) fn flat(schema: &str) -> Value {
    let root: Value = serde_json::from_str(schema).unwrap_or_default();
    let mut inliner = Inliner { root: &root, left: LARGEST };
    let inlined = inliner.inline(&root, 0);
    let mut properties = Map::new();
    let mut required = Vec::new();
    collect(&inlined, true, &mut properties, &mut required, 0);
    required.retain(|name| name.as_str().is_some_and(|name| properties.contains_key(name)));
    let mut flat = Map::new();
    flat.insert("type".into(), json!("object"));
    flat.insert("properties".into(), Value::Object(properties));
    if !required.is_empty() {
        flat.insert("required".into(), Value::Array(required));
    }
    for keep in ["description", "additionalProperties"] {
        if let Some(value) = inlined.get(keep) {
            flat.insert(keep.into(), value.clone());
        }
    }
    Value::Object(flat)
}

/// Gathers properties from the top and from what it is combined of. What only one of several
/// alternatives requires is not required.
fn collect(
    schema: &Value,
    binding: bool,
    properties: &mut Map<String, Value>,
    required: &mut Vec<Value>,
    depth: usize,
) {
    if depth > 8 {
        return;
    }
    for (name, property) in
        schema.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        properties.entry(name.clone()).or_insert_with(|| property.clone());
    }
    if binding {
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if !required.contains(name) {
                required.push(name.clone());
            }
        }
    }
    for (combined, all) in [("allOf", true), ("oneOf", false), ("anyOf", false)] {
        for part in schema.get(combined).and_then(Value::as_array).into_iter().flatten() {
            collect(part, binding && all, properties, required, depth + 1);
        }
    }
}

struct Inliner<'r> {
    root: &'r Value,
    left: usize,
}

impl Inliner<'_> {
    fn inline(&mut self, value: &Value, depth: usize) -> Value {
        let size = match value {
            Value::String(text) => text.len(),
            Value::Object(members) => members.keys().map(String::len).sum(),
            _ => 0,
        };
        if self.left <= size || depth > DEEPEST * 4 {
            return json!({});
        }
        self.left -= size + 8.min(self.left - size);
        match value {
            Value::Object(members) => self.object(members, depth),
            Value::Array(items) => items.iter().map(|item| self.inline(item, depth + 1)).collect(),
            other => other.clone(),
        }
    }

    fn object(&mut self, members: &Map<String, Value>, depth: usize) -> Value {
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            // A reference to elsewhere is never fetched; one to itself ends somewhere.
            let mut inlined = match target {
                Some(target) if depth < DEEPEST => self.inline(target, depth + 4),
                _ => json!({}),
            };
            if let Some(inlined) = inlined.as_object_mut() {
                for (name, value) in
                    members.iter().filter(|(name, _)| *name != "$ref" && !is_plumbing(name))
                {
                    inlined.insert(name.clone(), self.inline(value, depth + 1));
                }
            }
            return inlined;
        }
        let kept = members.iter().filter(|(name, _)| !is_plumbing(name));
        Value::Object(
            kept.map(|(name, value)| (name.clone(), self.inline(value, depth + 1))).collect(),
        )
    }
}

/// Members that only mean something within the original document.
fn is_plumbing(name: &str) -> bool {
    matches!(name, "$schema" | "$id" | "$defs" | "definitions" | "$anchor" | "$comment")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_combinations_become_flat_properties() {
        let flat = flat(
            r##"{"$schema":"x","type":"object","allOf":[{"$ref":"#/$defs/Base"},{"properties":{"b":{"type":"integer"}},"required":["b"]}],
            "anyOf":[{"properties":{"c":{"type":"string"}},"required":["c"]}],
            "properties":{"d":{"$ref":"#/$defs/Color","description":"which"}},"required":["d","gone"],
            "$defs":{"Base":{"properties":{"a":{"type":"string"}},"required":["a"]},"Color":{"enum":["red"]}}}"##,
        );
        assert_eq!(
            flat,
            json!({"type":"object","properties":{
                "d":{"enum":["red"],"description":"which"},"a":{"type":"string"},
                "b":{"type":"integer"},"c":{"type":"string"}},"required":["d","a","b"]})
        );
    }

    #[test]
    fn recursion_and_explosion_end() {
        let tree = r##"{"type":"object","properties":{"tree":{"$ref":"#/$defs/T"}},"$defs":{"T":{"type":"object","properties":{"l":{"$ref":"#/$defs/T"},"r":{"$ref":"#/$defs/T"}}}}}"##;
        let text = flat(tree).to_string();
        assert!(!text.contains("$ref") && text.len() < 4_000_000);
        let bomb: String = (0..40)
            .map(|n| {
                format!(
                    r##""D{n}":{{"allOf":[{{"$ref":"#/$defs/D{}"}},{{"$ref":"#/$defs/D{}"}}]}},"##,
                    n + 1,
                    n + 1
                )
            })
            .collect();
        let bomb =
            format!(r##"{{"type":"object","$ref":"#/$defs/D0","$defs":{{{bomb}"D40":{{}}}}}}"##);
        assert!(flat(&bomb).to_string().len() < 4_000_000);
    }

    #[test]
    fn a_large_text_that_is_referred_to_often_is_not_repeated_without_end() {
        let properties: Vec<String> =
            (0..1000).map(|n| format!(r##""p{n}":{{"$ref":"#/$defs/X"}}"##)).collect();
        let large = "x".repeat(100_000);
        let schema = format!(
            r##"{{"type":"object","properties":{{{}}},"$defs":{{"X":{{"description":"{large}"}}}}}}"##,
            properties.join(",")
        );
        let text = flat(&schema).to_string();
        assert!(text.len() < 2 * LARGEST, "{}", text.len());
    }

    #[test]
    fn foreign_references_are_not_followed() {
        let flat =
            flat(r#"{"type":"object","properties":{"a":{"$ref":"https://evil.example/s.json"}}}"#);
        assert_eq!(flat["properties"]["a"], json!({}));
    }
}
