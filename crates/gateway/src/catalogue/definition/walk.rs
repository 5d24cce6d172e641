//! Goes through a schema that clients compile, part by part.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use serde_json::{Map, Value, json};

use super::{
    input::{property, required},
    notes::Notes,
    pattern::is_portable,
};
use crate::json_schema::{Shape, has_tuples, is_known_dialect, is_type, shape};

/// Names that validators look for wherever they stand.
const FOUND_ANYWHERE: [&str; 3] = ["$id", "$anchor", "$dynamicAnchor"];

/// How long the pointer to a part may be, in bytes. Each part has its own.
const LONGEST_WAY: usize = 8192;

/// What was seen of a schema.
pub(super) struct Walk<'n> {
    notes: &'n mut Notes,
    /// Whether `items` may be a list.
    tuples: bool,
    /// How many parts there may be.
    most: usize,
    /// The parts so far, by where they are.
    pub(super) parts: HashMap<String, Part>,
    pub(super) count: usize,
    /// Whatever is referred to, as often as it is.
    pub(super) references: Vec<String>,
    /// Whether a part within has an address of its own.
    pub(super) own_addresses: bool,
}

/// A schema, or one within it.
#[derive(Debug)]
pub(super) struct Part {
    /// How many parts it has, with itself.
    pub(super) size: usize,
    /// What it refers to itself.
    pub(super) refers: Option<String>,
    /// Whether anything in it refers to something.
    pub(super) has_references: bool,
}

/// Why a schema is not sound.
pub(super) type Unsound = String;

impl<'n> Walk<'n> {
    pub(super) fn new(root: &Value, most: usize, notes: &'n mut Notes) -> Self {
        let tuples = root.get("$schema").and_then(Value::as_str).is_some_and(has_tuples);
        let (parts, references) = (HashMap::new(), Vec::new());
        Self { notes, tuples, most, parts, count: 0, references, own_addresses: false }
    }

    /// Mends a part at this place, and what is in it.
    ///
    /// # Errors
    /// If some client could not compile it, and it cannot be mended.
    pub(super) fn part(&mut self, part: &mut Value, at: &str) -> Result<(), Unsound> {
        self.count += 1;
        if self.count > self.most {
            return Err(format!("it has more than {} parts", self.most));
        }
        if at.len() > LONGEST_WAY {
            return Err("a part of it has too long names around it".into());
        }
        let (count, references) = (self.count, self.references.len());
        let mut refers = None;
        match part {
            Value::Bool(_) => {}
            Value::Object(members) => {
                let names: Vec<String> = members.keys().cloned().collect();
                for name in names {
                    let Some(value) = members.get_mut(&name) else { continue };
                    if !self.keeps(&name, value, at)? {
                        members.shift_remove(&name);
                    }
                }
                self.settle_null(members);
                refers = members.get("$ref").and_then(Value::as_str).map(str::to_owned);
                self.references.extend(refers.clone());
            }
            _ => return Err(format!("{} is no schema", place(at))),
        }
        let size = self.count - count + 1;
        let has_references = self.references.len() > references;
        self.parts.insert(at.to_owned(), Part { size, refers, has_references });
        Ok(())
    }

    /// Mends the value of a keyword; false if it is not to stay.
    fn keeps(&mut self, keyword: &str, value: &mut Value, at: &str) -> Result<bool, Unsound> {
        let shape = shape(keyword);
        if value.is_null() && !matches!(shape, Shape::Anything | Shape::Foreign) {
            self.note("a keyword of its outputSchema is null, which is read as absent");
            return Ok(false);
        }
        let below = below(at, keyword);
        let fits = match shape {
            Shape::Schema => return self.schema(value, &below).map(|()| true),
            Shape::Items if self.tuples && is_filled(value) => return self.schemas(value, &below),
            Shape::Items => return self.schema(value, &below).map(|()| true),
            Shape::Schemas if is_filled(value) => return self.schemas(value, &below),
            Shape::Named | Shape::Definitions => {
                return self.named(value, &below, at.is_empty() && keyword == "properties");
            }
            Shape::Patterned => {
                let keys = value.as_object().into_iter().flat_map(Map::keys);
                if let Some(key) = keys.into_iter().find(|it| !is_portable(it)) {
                    return Err(format!("{below} has {key:?}, which not every client can read"));
                }
                return self.named(value, &below, false);
            }
            Shape::Dependencies => return self.dependencies(value, &below, true),
            Shape::NamesByName => return self.dependencies(value, &below, false),
            Shape::Required => {
                let Some(names) = required(value, self.notes) else { return Ok(false) };
                *value = self.distinct(names);
                return Ok(true);
            }
            Shape::Pattern if value.is_string() => {
                let portable = value.as_str().is_some_and(is_portable);
                if !portable {
                    self.note("a pattern of its outputSchema was left out, since not every client can read it");
                }
                return Ok(portable);
            }
            Shape::Dialect => {
                let known = at.is_empty() && value.as_str().is_some_and(is_known_dialect);
                if !known {
                    self.note("its outputSchema names a dialect that not every client knows");
                }
                return Ok(known);
            }
            Shape::Address | Shape::Harmful => {
                self.own_addresses |= keyword == "$id" && !at.is_empty();
                self.note(&format!("the {keyword} of its outputSchema was left out"));
                return Ok(false);
            }
            Shape::Text | Shape::Comment => return Ok(self.hint(keyword, value.is_string())),
            Shape::Hint | Shape::Nullable => return Ok(self.hint(keyword, value.is_boolean())),
            Shape::Examples => return Ok(self.hint(keyword, value.is_array())),
            Shape::Foreign => return Ok(self.hint(keyword, !names_anything(value))),
            Shape::Type => is_type_keyword(value),
            Shape::Choices => is_filled(value),
            Shape::Count => value.as_f64().is_some_and(|it| it >= 0.0 && it.fract() == 0.0),
            Shape::Number => value.is_number(),
            Shape::Step => value.as_f64().is_some_and(|it| it > 0.0),
            Shape::Flag => value.is_boolean(),
            Shape::Reference => value.is_string(),
            Shape::Anything => true,
            Shape::Schemas | Shape::Pattern | Shape::Dynamic => false,
        };
        fits.then_some(true)
            .ok_or_else(|| format!("{} is not what clients can read", place(&below)))
    }

    /// Notes a keyword that restricts nothing, and is not as it should be.
    fn hint(&mut self, keyword: &str, fits: bool) -> bool {
        if !fits {
            self.note(&format!("the {keyword} of its outputSchema was left out"));
        }
        fits
    }

    /// Names without those that are there twice.
    fn distinct(&mut self, names: Value) -> Value {
        let Value::Array(mut names) = names else { return names };
        let (count, mut seen) = (names.len(), HashSet::with_capacity(names.len()));
        names.retain(|it| seen.insert(it.as_str().map(str::to_owned)));
        if names.len() < count {
            self.note("what its outputSchema requires was there twice");
        }
        Value::Array(names)
    }

    fn schema(&mut self, value: &mut Value, at: &str) -> Result<(), Unsound> {
        if is_empty_list(value) {
            self.note("a schema in its outputSchema is [], which is read as {}");
            *value = json!({});
        }
        self.part(value, at)
    }

    fn schemas(&mut self, value: &mut Value, at: &str) -> Result<bool, Unsound> {
        for (number, item) in value.as_array_mut().into_iter().flatten().enumerate() {
            self.schema(item, &below(at, &number.to_string()))?;
        }
        Ok(true)
    }

    fn named(&mut self, value: &mut Value, at: &str, as_objects: bool) -> Result<bool, Unsound> {
        if is_empty_list(value) {
            self.note("a set of names in its outputSchema is [], which is read as {}");
            *value = json!({});
        }
        let Value::Object(members) = value else {
            return Err(format!("{} is no object", place(at)));
        };
        for (name, member) in members.iter_mut() {
            if as_objects && (member.is_boolean() || member.is_null()) {
                *member = property(member, self.notes);
            }
            self.schema(member, &below(at, name))?;
        }
        Ok(true)
    }

    /// Lists of names by name, among which schemas may stand.
    fn dependencies(
        &mut self,
        value: &mut Value,
        at: &str,
        or_schemas: bool,
    ) -> Result<bool, Unsound> {
        let members = value.as_object_mut().ok_or_else(|| format!("{} is no object", place(at)))?;
        for (name, member) in members.iter_mut() {
            match member {
                Value::Array(names) if names.iter().all(Value::is_string) => {}
                Value::Object(_) | Value::Bool(_) if or_schemas => {
                    self.part(member, &below(at, name))?
                }
                _ => return Err(format!("{} is not what clients can read", place(at))),
            }
        }
        Ok(true)
    }

    /// `nullable` means something only beside a type, and must not contradict it.
    fn settle_null(&mut self, members: &mut Map<String, Value>) {
        let Some(nullable) = members.get("nullable") else { return };
        let kind = members.get("type");
        let takes_null = kind.is_some_and(|it| {
            *it == json!("null") || it.as_array().is_some_and(|it| it.contains(&json!("null")))
        });
        if kind.is_none() || (takes_null && *nullable == json!(false)) {
            members.shift_remove("nullable");
            self.note("the nullable of its outputSchema was left out");
        }
    }

    fn note(&mut self, what: &str) {
        self.notes.push(what);
    }
}

/// Where a member of what is at this place is, as a JSON pointer.
fn below(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A place as it is shown.
fn place(at: &str) -> String {
    format!("#{at}")
}

fn is_filled(value: &Value) -> bool {
    value.as_array().is_some_and(|it| !it.is_empty())
}

fn is_empty_list(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

fn is_type_keyword(value: &Value) -> bool {
    let names: Vec<&str> = match value {
        Value::String(name) => vec![name],
        Value::Array(names) if names.len() <= 7 => {
            let texts: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
            texts.unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let distinct = names.iter().enumerate().all(|(at, name)| !names[..at].contains(name));
    !names.is_empty() && distinct && names.iter().all(|it| is_type(it))
}

/// Whether a value that means nothing here has a name which validators would find in it.
fn names_anything(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| FOUND_ANYWHERE.contains(&name.as_str()) || names_anything(value)),
        Value::Array(items) => items.iter().any(names_anything),
        _ => false,
    }
}
