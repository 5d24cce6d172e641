use proptest::prelude::*;

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
    let bomb = format!(r##"{{"type":"object","$ref":"#/$defs/D0","$defs":{{{bomb}"D40":{{}}}}}}"##);
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

#[test]
fn parameters_may_be_called_like_keywords() {
    let names = [
        "definitions",
        "$defs",
        "$id",
        "$comment",
        "$schema",
        "$anchor",
        "$ref",
        "properties",
        "items",
        "required",
        "allOf",
        "type",
        "default",
        "enum",
        "patternProperties",
    ];
    let properties: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
    let schema = json!({"type": "object", "properties": properties, "required": names});
    let flat = flat(&schema.to_string());
    assert_eq!(flat, schema);
}

#[test]
fn data_stays_as_it_stands() {
    let data = json!({"$ref": "#/x", "$id": "a", "definitions": [1], "$comment": null});
    let property = json!({"default": data, "const": data, "enum": [data], "examples": [data]});
    let schema = json!({"type": "object", "properties": {"a": property}});
    assert_eq!(flat(&schema.to_string())["properties"]["a"], property);
}

#[test]
fn what_a_reference_means_and_what_stands_beside_it_both_count() {
    let flat = flat(
        r##"{"type":"object","$ref":"#/$defs/Base","properties":{"b":true},"required":["b"],
        "$defs":{"Base":{"properties":{"a":{"type":"string"}},"required":["a"]}}}"##,
    );
    assert_eq!(
        flat,
        json!({"type":"object","properties":{"a":{"type":"string"},"b":{}},"required":["a","b"]})
    );
}

/// A schema as it is written, and as it has to arrive.
#[derive(Debug, Clone)]
enum Node {
    Leaf,
    /// Names and schemas under one of the keywords that hold such.
    Named(&'static str, Vec<(&'static str, Node)>),
    /// A schema, or several, under one of the keywords that hold such.
    Under(&'static str, Vec<Node>),
    /// A reference.
    Meant(Box<Node>),
}

const NAMES: [&str; 16] = [
    "definitions",
    "$defs",
    "$id",
    "$comment",
    "$schema",
    "$anchor",
    "$ref",
    "$dynamicRef",
    "properties",
    "patternProperties",
    "items",
    "required",
    "enum",
    "default",
    "allOf",
    "a",
];

fn node() -> impl Strategy<Value = Node> {
    Just(Node::Leaf).prop_recursive(3, 24, 4, |inner| {
        let named = prop::sample::select(vec![
            "properties",
            "patternProperties",
            "dependentSchemas",
            "dependencies",
        ]);
        let under = prop::sample::select(vec!["items", "not", "additionalProperties", "if"]);
        let several = prop::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]);
        let name = prop::sample::select(NAMES.to_vec());
        prop_oneof![
            (named, prop::collection::vec((name, inner.clone()), 0..4))
                .prop_map(|(keyword, schemas)| Node::Named(keyword, schemas)),
            (under, inner.clone()).prop_map(|(keyword, it)| Node::Under(keyword, vec![it])),
            (several, prop::collection::vec(inner.clone(), 2..4))
                .prop_map(|(keyword, schemas)| Node::Under(keyword, schemas)),
            inner.prop_map(|it| Node::Meant(Box::new(it))),
        ]
    })
}

impl Node {
    /// As it is written, with what only means something in the document, or as it has to arrive.
    fn written(&self, defs: &mut Map<String, Value>, arrives: bool) -> Value {
        let mut object = match self {
            Self::Leaf => json!({"type": "string", "default": {"$ref": "#", "$id": "x"}}),
            Self::Named(keyword, schemas) => {
                let schemas = schemas
                    .iter()
                    .map(|(name, it)| ((*name).to_owned(), it.written(defs, arrives)));
                json!({ *keyword: schemas.collect::<Map<_, _>>() })
            }
            Self::Under(keyword, schemas) => {
                let mut all: Vec<Value> =
                    schemas.iter().map(|it| it.written(defs, arrives)).collect();
                match all.len() {
                    1 => json!({ *keyword: all.remove(0) }),
                    _ => json!({ *keyword: all }),
                }
            }
            Self::Meant(it) if arrives => return it.written(defs, arrives),
            Self::Meant(it) => {
                let meant = it.written(defs, arrives);
                let name = format!("D{}", defs.len());
                let reference = format!("#/$defs/{name}");
                defs.insert(name, meant);
                json!({ "$ref": reference })
            }
        };
        if !arrives {
            object["$comment"] = json!("no parameter");
            object["$anchor"] = json!("here");
            object["definitions"] = json!({"unused": {"properties": {"b": {}}}});
        }
        object
    }
}

proptest! {
    #[test]
    fn every_name_arrives_and_no_keyword_of_the_document(node in node()) {
        let mut defs = Map::new();
        let property = node.written(&mut defs, false);
        let schema = json!({"type": "object", "properties": {"p": property}, "$defs": defs});
        let arrived = flat(&schema.to_string());
        prop_assert_eq!(&arrived["properties"]["p"], &node.written(&mut Map::new(), true));
    }
}
