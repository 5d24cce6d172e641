//! The schema of results. Clients compile it while they list, and some refuse the whole list if one
//! cannot be compiled; without it the tool can be called as well.

use serde_json::Value;

use super::{members::Fit, notes::Notes, reference::written_out, walk::Walk};

/// How many parts a schema may have, with its references written out. A client needs about a
/// millisecond to compile one, before it can do anything else.
pub(super) const MOST_PARTS: usize = 1000;

/// What may become of the schema; `room` is how many parts the server may still have.
pub(super) fn mend(schema: &Value, room: &mut usize, notes: &mut Notes) -> Fit {
    let mut own = Notes::default();
    match checked(schema, *room, &mut own) {
        Ok((mended, size)) => {
            *room -= size.min(*room);
            let same = mended == *schema;
            notes.append(own);
            if same { Fit::Fits } else { Fit::Mended(mended) }
        }
        Err(why) => {
            notes.push(match schema {
                Value::Null => "its outputSchema is null, which is read as absent".to_owned(),
                _ => format!("its outputSchema was left out: {why}"),
            });
            Fit::Absent
        }
    }
}

fn checked(schema: &Value, room: usize, notes: &mut Notes) -> Result<(Value, usize), String> {
    if !schema.is_object() {
        return Err("it is no object".into());
    }
    let mut mended = schema.clone();
    let mut walk = Walk::new(schema, MOST_PARTS, notes);
    walk.part(&mut mended, "")?;
    let size = written_out(&walk)?;
    if size > MOST_PARTS {
        return Err(format!("it has more than {MOST_PARTS} parts, with what it refers to"));
    }
    if size > room {
        return Err("the output schemas of this server have too many parts together".into());
    }
    Ok((mended, size))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mended(schema: &Value) -> Result<(Value, usize), String> {
        let mut notes = Notes::default();
        let (mended, _) = checked(schema, 5000, &mut notes)?;
        Ok((mended, notes.len()))
    }

    #[test]
    fn sound_schemas_stay_as_they_are() {
        for good in [
            json!({"type": "object"}),
            json!({"type": "array", "items": {"type": "string"}}),
            json!({"type": "object", "properties": {"id": {"type": "string", "nullable": true}, "$id": {"x": 1}},
                "required": ["id"], "additionalProperties": {"anyOf": [true, {"$ref": "#/$defs/a%20b"}]},
                "$defs": {"a b": {"enum": [null, 1], "default": {"$id": 1, "$ref": 2}}}}),
            json!({"type": "object", "properties": {"tree": {"$ref": "#"}, "not": {"$ref": "#/properties/allOf"}, "allOf": {"items": {"$ref": "#/properties/not"}}, "a/b": {"$ref": "#/properties/a~1b/not", "not": {}}}}),
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
                "definitions": {"a": {"items": [{"type": "integer"}]}}, "properties": {"a": {"$ref": "#/definitions/a"}}}),
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^a+$", "format": "weird",
                "minLength": 1, "x-vendor": {"a": [1]}, "title": "A", "examples": ["a"]}}}),
        ] {
            assert_eq!(mended(&good).unwrap(), (good.clone(), 0), "{good}");
        }
    }

    #[test]
    fn what_restricts_nothing_is_mended() {
        for (bad, good) in [
            (json!({"properties": []}), json!({"properties": {}})),
            (
                json!({"properties": {"a": true, "b": false, "c": null}}),
                json!({"properties": {"a": {}, "b": {"not": {}}, "c": {}}}),
            ),
            (
                json!({"properties": {"a": {"items": [], "type": null, "required": true}}}),
                json!({"properties": {"a": {"items": {}}}}),
            ),
            (json!({"$id": "same", "$anchor": "a", "id": "x", "$async": true}), json!({})),
            (json!({"$schema": "http://json-schema.org/draft-04/schema#"}), json!({})),
            (
                json!({"properties": {"a": {"$schema": "x", "pattern": "(?i)a", "title": 1, "readOnly": "no"}}}),
                json!({"properties": {"a": {}}}),
            ),
            (
                json!({"nullable": true, "x-vendor": {"deep": [{"$id": "same"}]}, "examples": {"$id": 1}}),
                json!({}),
            ),
            (
                json!({"type": ["string", "null"], "nullable": false}),
                json!({"type": ["string", "null"]}),
            ),
            (json!({"required": ["a", "a", "b"]}), json!({"required": ["a", "b"]})),
            (json!({"required": ["a", 1]}), json!({"required": ["a"]})),
        ] {
            let (found, notes) = mended(&bad).unwrap();
            assert_eq!(found, good, "{bad}");
            assert!(notes > 0, "{bad}");
        }
    }

    #[test]
    fn what_some_client_could_not_compile_is_left_out() {
        let within = |part: Value| json!({"type": "object", "properties": {"a": part}});
        for part in [
            json!({"$ref": "#/$defs/Gone"}),
            json!({"$ref": "#/$defs/%zz"}),
            json!({"$ref": "https://x.example/s.json"}),
            json!({"$ref": "#/properties"}),
            json!({"$ref": "#/properties/a"}),
            json!({"anyOf": [{"not": {"$ref": "#/properties/a"}}]}),
            json!({"dependentSchemas": {"x": {"$ref": "#/properties/a"}}}),
            json!({"$ref": 1}),
            json!({"$dynamicRef": "#a"}),
            json!({"type": "any"}),
            json!({"type": []}),
            json!({"type": ["string", "string"]}),
            json!({"enum": []}),
            json!({"minLength": "1"}),
            json!({"minLength": -1}),
            json!({"maximum": "1"}),
            json!({"exclusiveMinimum": true}),
            json!({"multipleOf": 0}),
            json!({"uniqueItems": 1}),
            json!({"allOf": {}}),
            json!({"anyOf": []}),
            json!({"oneOf": ["x"]}),
            json!({"not": 3}),
            json!({"items": [{}]}),
            json!({"properties": {"b": "string"}}),
            json!({"patternProperties": {"[": {}}}),
            json!({"pattern": 1}),
            json!({"dependentRequired": {"a": 3}}),
            json!({"dependencies": []}),
            json!({"$defs": {"x": 3}}),
            json!("string"),
        ] {
            assert!(mended(&within(part.clone())).is_err(), "{part}");
        }
        let addressed = json!({"properties": {"a": {"$id": "x", "$ref": "#"}}});
        assert!(mended(&addressed).is_err());
        for no_object in [json!(true), json!([]), json!("x")] {
            assert!(mended(&no_object).is_err(), "{no_object}");
        }
    }

    #[test]
    fn what_would_keep_a_client_busy_is_left_out() {
        let many = |count: usize, part: &dyn Fn(usize) -> Value| -> Value {
            (0..count).map(|number| (format!("p{number}"), part(number))).collect()
        };
        let wide = json!({"properties": many(2000, &|_| json!({}))});
        assert!(mended(&wide).is_err());
        let defined = json!({"properties": many(50, &|_| json!({}))});
        let referring = |count: usize| json!({"properties": many(count, &|_| json!({"$ref": "#/$defs/x"})), "$defs": {"x": defined}});
        assert!(mended(&referring(10)).is_ok());
        assert!(mended(&referring(30)).is_err());
        let long = json!({"properties": {"x".repeat(9000): {"not": {}}}});
        assert!(mended(&long).is_err());
        let chain = many(
            300,
            &|number| json!({"not": {"$ref": format!("#/$defs/p{}", (number + 1) % 300)}}),
        );
        assert!(mended(&json!({"$defs": chain})).is_err());
        let loops = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}});
        assert!(mended(&loops).is_err());
    }

    #[test]
    fn a_server_has_so_many_parts_and_no_more() {
        let (schema, mut room, mut notes) = (json!({"properties": {"a": {}}}), 3, Notes::default());
        assert!(matches!(mend(&schema, &mut room, &mut notes), Fit::Fits));
        assert!(matches!(mend(&schema, &mut room, &mut notes), Fit::Absent));
        assert_eq!((room, notes.len()), (1, 1));
    }
}
