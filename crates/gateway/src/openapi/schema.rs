//! A tool's input schema as OpenAPI clients understand it: an object with flat properties, and no
//! reference to anything outside itself.

use serde_json::{Map, Value, json};

use crate::json_schema::{Shape, Within, shape};

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
            let shape = shape(name);
            let inner = match shape.within() {
                _ if is_reference(shape) || is_plumbing(shape) => continue,
                _ if !self.takes(name.len()) => break,
                Some(Within::Itself) => self.schema(value, depth + 1),
                Some(Within::Named) => self.named(value, depth + 1),
                None if self.takes(weight(value)) => value.clone(),
                None => continue,
            };
            add(object, name, inner);
        }
        inlined
    }

    /// What a reference means. One to elsewhere is never fetched; one to itself ends somewhere.
    fn referred(&mut self, members: &Map<String, Value>, depth: usize) -> Value {
        let mut references = members.iter().filter(|(name, _)| is_reference(shape(name)));
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

/// Whether a keyword says where the schema is that is meant.
const fn is_reference(shape: Shape) -> bool {
    matches!(shape, Shape::Reference | Shape::Dynamic)
}

/// Whether a keyword only means something within the original document.
const fn is_plumbing(shape: Shape) -> bool {
    matches!(shape, Shape::Dialect | Shape::Address | Shape::Definitions | Shape::Comment)
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
