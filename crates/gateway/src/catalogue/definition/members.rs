//! The optional members, each against what the protocol says of it.

use serde_json::{Map, Value};

use super::notes::Notes;

/// What becomes of a member.
pub(super) enum Fit {
    /// It stays as it came.
    Fits,
    /// It stays with this value.
    Mended(Value),
    /// It is left out.
    Absent,
}

/// A member that is a text.
pub(super) fn text(name: &str, value: &Value, notes: &mut Notes) -> Fit {
    absent_unless(name, value, Value::is_string, "no text", notes)
}

/// A member that is an object of any members.
pub(super) fn object(name: &str, value: &Value, notes: &mut Notes) -> Fit {
    absent_unless(name, value, Value::is_object, "no object", notes)
}

fn absent_unless(
    name: &str,
    value: &Value,
    fits: impl Fn(&Value) -> bool,
    what: &str,
    notes: &mut Notes,
) -> Fit {
    if fits(value) {
        return Fit::Fits;
    }
    leave_out(name, value, what, notes);
    Fit::Absent
}

/// Notes that a value is not passed on.
fn leave_out(name: &str, value: &Value, what: &str, notes: &mut Notes) {
    notes.push(match value {
        Value::Null => format!("its {name} is null, which is read as absent"),
        _ => format!("its {name} is {what} and was left out"),
    });
}

/// Hints about what a tool does.
pub(super) fn annotations(value: &Value, notes: &mut Notes) -> Fit {
    let Value::Object(members) = value else { return object("annotations", value, notes) };
    let keep = |name: &str, value: &Value, notes: &mut Notes| {
        let name = format!("annotations.{name}");
        match name.as_str() {
            "annotations.title" => matches!(text(&name, value, notes), Fit::Fits),
            "annotations.readOnlyHint"
            | "annotations.destructiveHint"
            | "annotations.idempotentHint"
            | "annotations.openWorldHint" => {
                let fit = absent_unless(&name, value, Value::is_boolean, "no boolean", notes);
                matches!(fit, Fit::Fits)
            }
            _ => true,
        }
    };
    let mut kept = members.clone();
    kept.retain(|name, value| keep(name, value, notes));
    changed(members.len() != kept.len(), || Value::Object(kept))
}

/// Pictures. One without an address is none.
pub(super) fn icons(value: &Value, notes: &mut Notes) -> Fit {
    let Value::Array(icons) = value else {
        return absent_unless("icons", value, Value::is_array, "no list", notes);
    };
    let mended: Vec<Value> = icons.iter().filter_map(|it| icon(it, notes)).collect();
    changed(mended != *icons, || Value::Array(mended))
}

fn icon(value: &Value, notes: &mut Notes) -> Option<Value> {
    let Some(members) = value.as_object().filter(|it| it.get("src").is_some_and(Value::is_string))
    else {
        notes.push("one of its icons has no src and was left out");
        return None;
    };
    let mut kept = Map::with_capacity(members.len());
    for (name, value) in members {
        let path = format!("icons.{name}");
        let fit = match name.as_str() {
            "mimeType" => text(&path, value, notes),
            "theme" => {
                let theme = |it: &Value| matches!(it.as_str(), Some("light" | "dark"));
                absent_unless(&path, value, theme, "neither light nor dark", notes)
            }
            "sizes" => sizes(&path, value, notes),
            _ => Fit::Fits,
        };
        match fit {
            Fit::Fits => kept.insert(name.clone(), value.clone()),
            Fit::Mended(value) => kept.insert(name.clone(), value),
            Fit::Absent => None,
        };
    }
    Some(Value::Object(kept))
}

fn sizes(name: &str, value: &Value, notes: &mut Notes) -> Fit {
    if let Value::String(sizes) = value {
        notes.push(format!("its {name} is a text and became a list"));
        return Fit::Mended(sizes.split_ascii_whitespace().collect());
    }
    let texts = |it: &Value| it.as_array().is_some_and(|it| it.iter().all(Value::is_string));
    absent_unless(name, value, texts, "no list of texts", notes)
}

fn changed(changed: bool, value: impl FnOnce() -> Value) -> Fit {
    if changed { Fit::Mended(value()) } else { Fit::Fits }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fit(read: fn(&Value, &mut Notes) -> Fit, value: &Value) -> (Option<Value>, usize) {
        let mut notes = Notes::default();
        let value = match read(value, &mut notes) {
            Fit::Fits => Some(value.clone()),
            Fit::Mended(value) => Some(value),
            Fit::Absent => None,
        };
        (value, notes.len())
    }

    #[test]
    fn wrong_hints_are_left_out_and_others_stay() {
        let good = json!({"title": "T", "readOnlyHint": true, "vendor": null});
        assert_eq!(fit(annotations, &good), (Some(good.clone()), 0));
        let bad = json!({"title": 1, "readOnlyHint": null, "destructiveHint": "yes", "openWorldHint": false});
        assert_eq!(fit(annotations, &bad), (Some(json!({"openWorldHint": false})), 3));
        assert_eq!(fit(annotations, &json!(null)), (None, 1));
        assert_eq!(fit(annotations, &json!([])), (None, 1));
    }

    #[test]
    fn icons_have_an_address_and_lists_of_sizes() {
        let good = json!([{"src": "data:,", "sizes": ["any"], "theme": "dark", "mimeType": "a/b"}]);
        assert_eq!(fit(icons, &good), (Some(good.clone()), 0));
        let bad = json!([
            {"src": null}, "x", {},
            {"src": "a", "sizes": "48x48 any", "theme": "pink", "mimeType": 1, "more": 1},
            {"src": "b", "sizes": [1]},
        ]);
        let mended = json!([{"src": "a", "sizes": ["48x48", "any"], "more": 1}, {"src": "b"}]);
        assert_eq!(fit(icons, &bad), (Some(mended), 5));
        assert_eq!(fit(icons, &json!({"src": "a"})), (None, 1));
    }

    #[test]
    fn texts_are_texts_and_objects_are_objects() {
        let title = |value: &Value, notes: &mut Notes| text("title", value, notes);
        let meta = |value: &Value, notes: &mut Notes| object("_meta", value, notes);
        assert_eq!(fit(title, &json!("T")), (Some(json!("T")), 0));
        assert_eq!(fit(meta, &json!({"a": null})), (Some(json!({"a": null})), 0));
        for wrong in [json!(null), json!(1), json!(["x"])] {
            assert_eq!(fit(title, &wrong), (None, 1));
            assert_eq!(fit(meta, &wrong), (None, 1));
        }
    }
}
