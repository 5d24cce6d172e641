//! Broken definitions, as the texts that a server sends.

use proptest::{collection::vec, prelude::*, sample::select, strategy::BoxedStrategy};

/// The members of a tool, and one that the protocol does not know.
const MEMBERS: [&str; 10] = [
    "name",
    "title",
    "description",
    "inputSchema",
    "outputSchema",
    "annotations",
    "icons",
    "execution",
    "_meta",
    "vendor",
];

/// The keywords of JSON Schema, those of validators, and ones that mean nothing.
const KEYWORDS: &[&str] = &[
    "type",
    "type",
    "type",
    "properties",
    "properties",
    "properties",
    "required",
    "enum",
    "const",
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "minContains",
    "uniqueItems",
    "minItems",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
    "$ref",
    "$defs",
    "definitions",
    "$id",
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveRef",
    "$schema",
    "$comment",
    "$async",
    "id",
    "nullable",
    "discriminator",
    "format",
    "formatMinimum",
    "pattern",
    "minimum",
    "exclusiveMinimum",
    "multipleOf",
    "minLength",
    "maxProperties",
    "title",
    "description",
    "default",
    "examples",
    "readOnly",
    "contentSchema",
    "contentEncoding",
    "x-mcp-header",
    "x-vendor",
    "__proto__",
    "constructor",
    "toString",
];

const PROPERTIES: [&str; 8] = ["a", "b", "$id", "id", "type", "__proto__", "x y", "\\ud83d"];

/// Values that are right somewhere and wrong elsewhere.
const JUNK: &[&str] = &[
    "null",
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "1.5",
    "1e400",
    "-1e400",
    "1e-400",
    r#""""#,
    r#""x""#,
    r#""48x48 96x96""#,
    r#""\ud800""#,
    r#""\udc00x""#,
    r#""\ud83d\ude00""#,
    r#""\u0000""#,
    "[]",
    "[null]",
    "[1]",
    r#"["a",1]"#,
    r#"["a"]"#,
    r#"["48x48"]"#,
    "{}",
    r#"{"a":null}"#,
    r#"{"\ud800":1}"#,
    r#"{"a":1,"a":2}"#,
    r#"{"type":"object"}"#,
    r#"[{"src":"https://x.example/i"}]"#,
    r#"[{"src":null},{"src":"data:,","sizes":"48x48","theme":"pink","mimeType":1}]"#,
    r#"{"taskSupport":"optional"}"#,
    r#"{"taskSupport":"perhaps"}"#,
    r#"{"taskSupport":null}"#,
    r#"{"title":1,"readOnlyHint":"yes","destructiveHint":null,"openWorldHint":1}"#,
    r#"{"$id":"same"}"#,
    r#"{"$id":3}"#,
    r#"{"$anchor":"1 2"}"#,
    r##"{"$ref":"#/nowhere"}"##,
];

const TYPES: &[&str] = &[
    r#""object""#,
    r#""object""#,
    r#""object""#,
    r#""string""#,
    r#""array""#,
    r#""integer""#,
    r#"["string","null"]"#,
    r#"["object"]"#,
    r#""any""#,
    r#""Object""#,
    "[]",
    "null",
];

const REFERENCES: &[&str] = &[
    r##""#""##,
    r##""#/$defs/a""##,
    r##""#/$defs/a""##,
    r##""#/$defs/b""##,
    r##""#/properties/a""##,
    r##""#/definitions/a""##,
    r##""#/$defs/%zz""##,
    r##""#/$defs/~3""##,
    r##""#a""##,
    r#""same""#,
    r#""https://x.example/s.json""#,
    r##""#/x-vendor""##,
    r##""#/properties""##,
    r#""""#,
    r#""http://json-schema.org/draft-07/schema#""#,
];

const PATTERNS: &[&str] = &[
    r#""^a+$""#,
    r#""[""#,
    r#""a\\-b""#,
    r#""(?P<x>a)""#,
    r#""(?i)a""#,
    r#""(?<x>a)""#,
    r#""\\p{L}""#,
    r#""a{2,1}""#,
    r#""[\\w\\-]""#,
    r#""(?i:a)""#,
    r#""\\Z""#,
];

const DIALECTS: &[&str] = &[
    r#""https://json-schema.org/draft/2020-12/schema""#,
    r#""http://json-schema.org/draft-07/schema#""#,
    r#""http://json-schema.org/draft-04/schema#""#,
    r#""https://json-schema.org/draft/2019-09/schema""#,
    r#""nonsense""#,
];

/// One definition. Its name is left to be filled in where it says `NAME`.
pub(super) fn definition() -> BoxedStrategy<String> {
    let member = |name: &'static str| {
        let good = match name {
            "name" => Just(r#""NAME""#.to_owned()).boxed(),
            "inputSchema" => Just(r#"{"type":"object"}"#.to_owned()).boxed(),
            _ => Just("null".to_owned()).boxed(),
        };
        match name {
            "inputSchema" => prop_oneof![3 => good, 1 => junk(), 4 => schema()].boxed(),
            "outputSchema" => prop_oneof![1 => junk(), 8 => schema()].boxed(),
            "name" => prop_oneof![12 => good, 1 => junk()].boxed(),
            _ => prop_oneof![1 => good, 4 => junk()].boxed(),
        }
        .prop_map(move |value| format!("\"{name}\":{value}"))
    };
    let base = (member("name"), member("inputSchema"));
    let more = vec(select(&MEMBERS[1..]).prop_flat_map(member), 0..4);
    (base, more, any::<bool>())
        .prop_map(|((name, input), more, last)| {
            let taken = |it: &String| it.starts_with("\"inputSchema\"");
            let mut members: Vec<String> = vec![name];
            members.extend(more.iter().filter(|it| !taken(it)).cloned());
            members.insert(if last { members.len() } else { 0 }, input);
            // One of them may be there twice.
            members.extend(more.into_iter().filter(taken));
            format!("{{{}}}", members.join(","))
        })
        .boxed()
}

fn junk() -> BoxedStrategy<String> {
    let deep = (90_usize..260).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth));
    let long = (30_usize..6000).prop_map(|digits| "9".repeat(digits));
    prop_oneof![20 => select(JUNK).prop_map(str::to_owned), 1 => deep, 1 => long].boxed()
}

fn schema() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        2 => select(TYPES).prop_map(|it| format!("{{\"type\":{it}}}")),
        1 => select(REFERENCES).prop_map(|it| format!("{{\"$ref\":{it}}}")),
        1 => select(PATTERNS).prop_map(|it| format!("{{\"type\":\"string\",\"pattern\":{it}}}")),
        1 => select(&["true", "false", "{}", "[]", "null"][..]).prop_map(str::to_owned),
        1 => junk(),
    ];
    let nested = leaf.prop_recursive(4, 24, 4, |inner| {
        let named = vec((select(&PROPERTIES[..]), inner.clone()), 0..4).prop_map(|members| {
            let members = members.iter().map(|(name, value)| format!("\"{name}\":{value}"));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        });
        let listed = vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(",")));
        let member = select(KEYWORDS).prop_flat_map(move |keyword| {
            value(keyword, &inner, &named, &listed)
                .prop_map(move |it| format!("\"{keyword}\":{it}"))
        });
        vec(member, 1..5).prop_map(|members| format!("{{{}}}", members.join(",")))
    });
    // Most are of an object, or nothing else would be looked at.
    (nested, 0..4)
        .prop_map(|(schema, chance)| match schema.strip_prefix('{') {
            Some("}") if chance > 0 => r#"{"type":"object"}"#.to_owned(),
            Some(rest) if chance > 0 => format!("{{\"type\":\"object\",{rest}"),
            _ => schema,
        })
        .boxed()
}

fn value(
    keyword: &'static str,
    inner: &(impl Strategy<Value = String> + Clone + 'static),
    named: &(impl Strategy<Value = String> + Clone + 'static),
    listed: &(impl Strategy<Value = String> + Clone + 'static),
) -> BoxedStrategy<String> {
    let one_of = |texts: &'static [&'static str]| select(texts).prop_map(str::to_owned).boxed();
    let fitting = match keyword {
        "type" => one_of(TYPES),
        "$ref" | "$dynamicRef" | "$recursiveRef" | "$id" => one_of(REFERENCES),
        "pattern" => one_of(PATTERNS),
        "$schema" => one_of(DIALECTS),
        "required" | "enum" | "examples" => {
            one_of(&[r#"["a","b"]"#, r#"["a",1]"#, r#"["a","a"]"#, "[]", "true"])
        }
        "properties" | "$defs" | "definitions" | "dependentSchemas" | "dependencies"
        | "patternProperties" | "__proto__" | "x-vendor" => named.clone().boxed(),
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => listed.clone().boxed(),
        "minimum" | "minLength" | "minItems" | "maxProperties" | "multipleOf" | "minContains" => {
            one_of(&["1", "0", "2.0", "1e400", "-1", "\"1\""])
        }
        _ => inner.clone().boxed(),
    };
    prop_oneof![6 => fitting, 1 => junk()].boxed()
}
