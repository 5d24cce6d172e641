//! A form made from the schema of a tool's arguments, and the arguments read from it.

use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};

use crate::web::{Fault, Input, Short, Submitted};

/// More fields than this are one field for JSON.
const MOST_FIELDS: usize = 40;

/// What a call is made with.
#[derive(schemars::JsonSchema)]
#[serde(untagged)]
pub(super) enum CallWish {
    /// The fields of the page's form.
    #[schemars(skip)]
    Fields(#[schemars(skip)] Vec<(String, String)>),
    /// All of it.
    Whole {
        /// The arguments of the tool.
        arguments: Map<String, Value>,
    },
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    #[serde(default)]
    arguments: Map<String, Value>,
}

impl<S: Send + Sync> FromRequest<S> for CallWish {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        if let Some(Submitted(pairs)) = request.extensions().get::<Submitted>() {
            return Ok(Self::Fields(pairs.clone()));
        }
        let Input(Whole { arguments }) = Input::from_request(request, state).await?;
        Ok(Self::Whole { arguments })
    }
}

/// A field of the form.
pub(super) struct Argument {
    /// The argument's name.
    pub(super) name: String,
    /// The field's name in the form.
    pub(super) field: String,
    pub(super) description: String,
    pub(super) required: bool,
    /// `text`, `number`, `choice`, `flag` or `json`.
    pub(super) kind: &'static str,
    pub(super) choices: Vec<String>,
    pub(super) value: String,
}

/// The arguments that a schema describes.
pub(super) struct Arguments {
    properties: Map<String, Value>,
    required: Vec<String>,
    /// Whether the form is one field for JSON.
    whole: bool,
}

/// The name of the one field for JSON.
const WHOLE: &str = "arguments";

impl Arguments {
    pub(super) fn of(schema: &str) -> Self {
        let schema: Value = serde_json::from_str(schema).unwrap_or_default();
        let properties =
            schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let required = schema.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        let required = required.map(str::to_owned).collect();
        let composed =
            ["oneOf", "anyOf", "allOf", "$ref"].iter().any(|it| schema.get(it).is_some());
        let whole = composed || properties.len() > MOST_FIELDS;
        Self { properties, required, whole }
    }

    /// The fields, filled in as they were sent.
    pub(super) fn fields(&self, sent: &[(String, String)]) -> Vec<Argument> {
        let value = |field: &str| {
            sent.iter().find(|(name, _)| name == field).map(|(_, value)| value.clone())
        };
        if self.whole {
            return vec![Argument {
                name: WHOLE.into(),
                field: WHOLE.into(),
                description: "All arguments as a JSON object".into(),
                required: true,
                kind: "json",
                choices: Vec::new(),
                value: value(WHOLE).unwrap_or_else(|| "{}".into()),
            }];
        }
        let field = |(name, schema): (&String, &Value)| {
            let field = format!("argument.{name}");
            let text = |member: &str| schema.get(member).and_then(Value::as_str);
            let default = schema.get("default").map(plain).unwrap_or_default();
            Argument {
                value: value(&field).unwrap_or(default),
                description: Short::text(text("description").unwrap_or_default()),
                required: self.required.contains(name),
                kind: kind(schema),
                choices: choices(schema),
                name: Short::name(name),
                field,
            }
        };
        self.properties.iter().map(field).collect()
    }

    /// The arguments as they were sent. An empty field that is not required was not sent.
    pub(super) fn read(&self, sent: &[(String, String)]) -> Result<Value, Fault> {
        let find = |field: &str| sent.iter().find(|(name, _)| name == field);
        if self.whole {
            let text = find(WHOLE).map_or("{}", |(_, text)| text.as_str());
            return json(WHOLE, text);
        }
        let mut arguments = Map::new();
        for (name, schema) in &self.properties {
            let field = format!("argument.{name}");
            let Some((_, text)) = find(&field) else { continue };
            if text.is_empty() && !(self.required.contains(name) && kind(schema) == "text") {
                continue;
            }
            let value = match kind(schema) {
                // Forms end lines with two characters.
                "text" => Value::String(text.replace("\r\n", "\n")),
                "choice" => choice(schema, text),
                "flag" => Value::Bool(text == "true"),
                _ => json(&field, text)?,
            };
            arguments.insert(name.clone(), value);
        }
        Ok(Value::Object(arguments))
    }
}

fn kind(schema: &Value) -> &'static str {
    // A list that nobody can look through is written into a field like any text.
    if schema.get("enum").and_then(Value::as_array).is_some_and(|it| it.len() <= CHOICES) {
        return "choice";
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => "text",
        Some("number" | "integer") => "number",
        Some("boolean") => "flag",
        _ => "json",
    }
}

fn choices(schema: &Value) -> Vec<String> {
    let all = schema.get("enum").and_then(Value::as_array);
    all.into_iter().flatten().take(CHOICES).map(plain).collect()
}

/// The longest list to choose from.
const CHOICES: usize = 200;

/// The value that was chosen, of the type that it has in the schema.
fn choice(schema: &Value, text: &str) -> Value {
    let all = schema.get("enum").and_then(Value::as_array);
    let chosen = all.into_iter().flatten().find(|it| plain(it) == text);
    chosen.cloned().unwrap_or_else(|| Value::String(text.to_owned()))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn json(field: &str, text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text)
        .map_err(|error| Fault::field(field, format!("must be JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_become_arguments_of_the_right_types() {
        let schema = json!({"type": "object", "required": ["text"], "properties": {
            "text": {"type": "string"}, "count": {"type": "integer"}, "deep": {"type": "boolean"},
            "size": {"enum": [1, 2]}, "more": {"type": "array"}, "left": {"type": "string"},
        }});
        let arguments = Arguments::of(&schema.to_string());
        let sent = [
            ("text", ""),
            ("count", "3"),
            ("deep", "true"),
            ("size", "2"),
            ("more", "[1]"),
            ("left", ""),
        ];
        let sent: Vec<(String, String)> =
            sent.iter().map(|(n, v)| (format!("argument.{n}"), (*v).to_owned())).collect();
        let read = arguments.read(&sent).unwrap();
        assert_eq!(read, json!({"text": "", "count": 3, "deep": true, "size": 2, "more": [1]}));
        assert!(arguments.read(&[("argument.count".into(), "x".into())]).is_err());
    }
}
