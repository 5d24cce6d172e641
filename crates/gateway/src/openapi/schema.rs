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
    let inlined = inliner.schema(&root, 0);
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

/// What stands under a member of a schema (JSON Schema 2020-12, and the drafts before it). Only
/// the members of schemas are keywords: those of what they hold may be names or data.
enum Holds {
    /// A schema, or several.
    Schema,
    /// Schemas by names.
    Named,
    /// Where the schema is that is meant.
    Reference,
    /// What only means something within the original document.
    Plumbing,
    /// Anything else, as it stands.
    Data,
}

impl Holds {
    fn under(keyword: &str) -> Self {
        match keyword {
            "properties" | "patternProperties" | "dependentSchemas" | "dependencies" => Self::Named,
            "additionalProperties"
            | "unevaluatedProperties"
            | "propertyNames"
            | "items"
            | "prefixItems"
            | "additionalItems"
            | "unevaluatedItems"
            | "contains"
            | "contentSchema"
            | "not"
            | "if"
            | "then"
            | "else"
            | "allOf"
            | "anyOf"
            | "oneOf" => Self::Schema,
            "$ref" | "$dynamicRef" | "$recursiveRef" => Self::Reference,
            "$schema" | "$id" | "$defs" | "definitions" | "$anchor" | "$dynamicAnchor"
            | "$recursiveAnchor" | "$vocabulary" | "$comment" => Self::Plumbing,
            _ => Self::Data,
        }
    }
}

impl Inliner<'_> {
    /// Whether there is still room for so many bytes, which are taken.
    fn takes(&mut self, size: usize) -> bool {
        let fits = size <= self.left;
        self.left -= if fits { size } else { 0 };
        fits
    }

    fn schema(&mut self, value: &Value, depth: usize) -> Value {
        match value {
            Value::Object(members) if depth <= DEEPEST * 4 && self.takes(8) => {
                self.object(members, depth)
            }
            Value::Array(parts) if depth <= DEEPEST * 4 && self.takes(8) => {
                parts.iter().map(|part| self.schema(part, depth + 1)).collect()
            }
            Value::Object(_) | Value::Array(_) => json!({}),
            plain if self.takes(weight(plain)) => plain.clone(),
            _ => json!({}),
        }
    }

    fn object(&mut self, members: &Map<String, Value>, depth: usize) -> Value {
        let mut inlined = self.referred(members, depth);
        let Some(object) = inlined.as_object_mut() else { return inlined };
        for (name, value) in members {
            let inner = match Holds::under(name) {
                Holds::Reference | Holds::Plumbing => continue,
                _ if !self.takes(name.len()) => break,
                Holds::Schema => self.schema(value, depth + 1),
                Holds::Named => self.named(value, depth + 1),
                Holds::Data if self.takes(weight(value)) => value.clone(),
                Holds::Data => continue,
            };
            add(object, name, inner);
        }
        inlined
    }

    /// What a reference means. One to elsewhere is never fetched; one to itself ends somewhere.
    fn referred(&mut self, members: &Map<String, Value>, depth: usize) -> Value {
        let mut references =
            members.iter().filter(|(name, _)| matches!(Holds::under(name), Holds::Reference));
        let reference = references.find_map(|(_, value)| value.as_str());
        let pointer = reference.and_then(|it| it.strip_prefix('#'));
        match pointer.and_then(|pointer| self.root.pointer(pointer)) {
            Some(target) if depth < DEEPEST => self.schema(target, depth + 4),
            _ => json!({}),
        }
    }

    fn named(&mut self, value: &Value, depth: usize) -> Value {
        let Value::Object(schemas) = value else { return value.clone() };
        let mut inlined = Map::new();
        for (name, schema) in schemas {
            if !self.takes(name.len()) {
                break;
            }
            let schema = match schema {
                Value::Bool(true) => json!({}),
                Value::Bool(false) => json!({"not": {}}),
                schema => self.schema(schema, depth + 1),
            };
            inlined.insert(name.clone(), schema);
        }
        Value::Object(inlined)
    }
}

/// Adds a member to what a reference beside it means. Both count.
fn add(object: &mut Map<String, Value>, name: &str, value: Value) {
    match (object.get_mut(name), value) {
        (Some(Value::Object(before)), Value::Object(more)) => before.extend(more),
        (Some(Value::Array(before)), Value::Array(more)) if name == "required" => {
            before.extend(more);
        }
        (_, value) => drop(object.insert(name.to_owned(), value)),
    }
}

/// How many bytes something has, roughly.
fn weight(value: &Value) -> usize {
    8 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + weight(value)).sum()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
