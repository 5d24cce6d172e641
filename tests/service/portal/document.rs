//! The OpenAPI document of the management API says what there is, and nothing else.

use std::collections::BTreeSet;

use gatehall_test_support::Kind;
use serde_json::Value;

use super::{Visitor, company};
use crate::on_both;

on_both!(the_document_describes_every_operation);

async fn the_document_describes_every_operation(kind: Kind) {
    let world = company(kind).await;
    let document = Visitor::nobody(&world).get("/api/v1/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut described = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert(format!("{} /api/v1{path}", method.to_uppercase()));
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} stands there twice");
            let named = operation["parameters"].as_array().unwrap().iter();
            let named: BTreeSet<&str> = named
                .filter(|it| it["in"] == "path")
                .map(|it| it["name"].as_str().unwrap())
                .collect();
            let wanted: BTreeSet<&str> =
                path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}')).collect();
            assert_eq!(named, wanted, "{path}");
        }
    }
    let ways = gatehall_portal::ways();
    let api = ways.iter().filter(|it| it.path.starts_with("/api/"));
    let there: BTreeSet<String> = api.map(|it| format!("{} {}", it.method, it.path)).collect();
    assert_eq!(described, there);
    assert!(there.len() > 60, "{}", there.len());
    references(&document, &document);
    // A number at its end would say that two things share a name.
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let numbered = |name: &&String| name.ends_with(|c: char| c.is_ascii_digit());
    assert_eq!(schemas.keys().find(numbered), None);
    assert!(schemas.contains_key("PageOfUserRow"));
}

/// Every reference leads somewhere.
fn references(value: &Value, document: &Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(to)) = members.get("$ref") {
                let found = document.pointer(to.trim_start_matches('#'));
                assert!(found.is_some(), "{to} leads nowhere");
            }
            members.values().for_each(|it| references(it, document));
        }
        Value::Array(items) => items.iter().for_each(|it| references(it, document)),
        _ => {}
    }
}
