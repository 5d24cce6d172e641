//! The list of all pages and operations. Each is written once; a page is at its path, and the same
//! for programs below `/api/v1`.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    handler::Handler,
    routing::{MethodRouter, delete, get, patch, post},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{face::API, portal::Portal, visitor::Done};

/// One way in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The path, with names in braces.
    pub path: String,
    /// The method.
    pub method: &'static str,
}

/// All pages and operations.
pub(crate) struct Book {
    router: Router<Arc<Portal>>,
    ways: Vec<Way>,
    generator: SchemaGenerator,
    paths: Map<String, Value>,
    area: &'static str,
    /// The path that was described last.
    last: String,
}

type Route = MethodRouter<Arc<Portal>, Infallible>;

impl Book {
    pub(crate) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|it| {
            it.definitions_path = "/components/schemas".into();
        });
        Self {
            router: Router::new(),
            ways: Vec::new(),
            generator: settings.into_generator(),
            paths: Map::new(),
            area: "",
            last: String::new(),
        }
    }

    /// What follows belongs to this area.
    pub(crate) const fn area(mut self, area: &'static str) -> Self {
        self.area = area;
        self
    }

    /// Something that is looked at, as a page and by programs.
    pub(crate) fn show<V: JsonSchema, H, T>(self, path: &str, what: &str, handler: H) -> Self
    where
        H: Handler<T, Arc<Portal>>,
        T: 'static,
    {
        let book = self.way("GET", path, get(handler.clone()));
        let mut book = book.way("GET", &format!("{API}{path}"), get(handler));
        let schema = book.generator.subschema_for::<V>();
        book.describe(path, "get", what, None, &schema);
        book
    }

    /// A file that is downloaded, by people and by programs.
    pub(crate) fn file<H, T>(self, path: &str, what: &str, media_type: &str, handler: H) -> Self
    where
        H: Handler<T, Arc<Portal>>,
        T: 'static,
    {
        let book = self.way("GET", path, get(handler.clone()));
        let mut book = book.way("GET", &format!("{API}{path}"), get(handler));
        book.describe(path, "get", what, None, &Schema::default());
        let content = json!({media_type: {"schema": {"type": "string"}}});
        book.paths[path]["get"]["responses"]["200"]["content"] = content;
        book
    }

    /// What may stand in the query of what was named last.
    pub(crate) fn asking<Q: JsonSchema>(mut self) -> Self {
        let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Q>();
        let members = schema.get("properties").and_then(Value::as_object);
        let parameters = members.into_iter().flatten().map(|(name, schema)| {
            let description = schema.get("description").cloned().unwrap_or_else(|| "".into());
            let kind = match schema.get("type") {
                Some(Value::Array(kinds)) => kinds.first().cloned(),
                kind => kind.cloned(),
            };
            json!({"name": name, "in": "query", "required": false, "description": description,
                "schema": {"type": kind.unwrap_or_else(|| "string".into())}})
        });
        let known = self.paths.get_mut(&self.last);
        if let Some(Value::Array(list)) = known.map(|it| &mut it["get"]["parameters"]) {
            list.extend(parameters);
        }
        self
    }

    /// A page that programs do not need.
    pub(crate) fn page<H, T>(self, path: &str, handler: H) -> Self
    where
        H: Handler<T, Arc<Portal>>,
        T: 'static,
    {
        self.way("GET", path, get(handler))
    }

    /// A form that programs do not need.
    pub(crate) fn form<H, T>(self, path: &str, handler: H) -> Self
    where
        H: Handler<T, Arc<Portal>>,
        T: 'static,
    {
        self.way("POST", path, post(handler))
    }

    /// Something that is added or done, with `POST`.
    pub(crate) fn act<I: JsonSchema, O: JsonSchema, H, T>(
        self,
        path: &str,
        what: &str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Arc<Portal>>,
        T: 'static,
    {
        let book = self.way("POST", path, post(handler.clone()));
        let mut book = book.way("POST", &format!("{API}{path}"), post(handler));
        let input = book.generator.subschema_for::<I>();
        let output = book.generator.subschema_for::<O>();
        book.describe(path, "post", what, Some(&input), &output);
        book
    }

    /// A record that is changed: `POST` by a page, `PATCH` by programs.
    pub(crate) fn change<I: JsonSchema, H, T>(self, path: &str, what: &str, handler: H) -> Self
    where
        H: Handler<T, Arc<Portal>>,
        T: 'static,
    {
        let book = self.way("POST", path, post(handler.clone()));
        let mut book = book.way("PATCH", &format!("{API}{path}"), patch(handler));
        let input = book.generator.subschema_for::<I>();
        let output = book.generator.subschema_for::<Done>();
        book.describe(path, "patch", what, Some(&input), &output);
        book
    }

    /// A record that is removed: `POST` to `…/remove` by a page, `DELETE` by programs.
    pub(crate) fn remove<I: JsonSchema, H, T>(self, path: &str, what: &str, handler: H) -> Self
    where
        H: Handler<T, Arc<Portal>>,
        T: 'static,
    {
        let book = self.way("POST", &format!("{path}/remove"), post(handler.clone()));
        let mut book = book.way("DELETE", &format!("{API}{path}"), delete(handler));
        let input = book.generator.subschema_for::<I>();
        let output = book.generator.subschema_for::<Done>();
        book.describe(path, "delete", what, Some(&input), &output);
        book
    }

    fn way(mut self, method: &'static str, path: &str, route: Route) -> Self {
        self.ways.push(Way { path: path.to_owned(), method });
        self.router = self.router.route(path, route);
        self
    }

    fn describe(
        &mut self,
        path: &str,
        method: &str,
        what: &str,
        input: Option<&Schema>,
        output: &Schema,
    ) {
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters: Vec<Value> = names
            .map(|name| {
                json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
            })
            .collect();
        let problem = json!({"description": "What is wrong", "content": {"application/problem+json":
            {"schema": {"$ref": "#/components/schemas/Problem"}}}});
        let mut operation = json!({
            "summary": what,
            "tags": [self.area],
            "operationId": format!("{}_{}", self.area, what.to_lowercase().replace(' ', "_")),
            "parameters": parameters,
            "responses": {
                "200": {"description": "Done", "content": {"application/json": {"schema": output}}},
                "4XX": problem,
            },
        });
        if let Some(input) = input {
            operation["requestBody"] = json!({"content": {"application/json": {"schema": input}}});
        }
        path.clone_into(&mut self.last);
        let of_path = self.paths.entry(path.to_owned()).or_insert_with(|| json!({}));
        of_path[method] = operation;
    }

    /// The routes, the list of them, and the OpenAPI document of the management API.
    pub(crate) fn finish(mut self) -> (Router<Arc<Portal>>, Vec<Way>, Value) {
        let mut schemas: Map<String, Value> = self.generator.take_definitions(true);
        schemas.insert(
            "Problem".into(),
            json!({"type": "object", "required": ["title", "status", "detail"], "properties": {
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string", "description": "What happened, and what to do"},
                "field": {"type": "string", "description": "The member that is wrong"},
                "now": {"type": "object", "description": "The record as it is now"},
                "seen": {"type": "string", "description": "The seen of the record as it is now"},
            }}),
        );
        let document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Gatehall management API",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "What the pages do, for programs. Send a user's key, created with \
                                `gatehall key add --manage`, as a bearer token.",
            },
            "servers": [{"url": API}],
            "security": [{"key": []}],
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
        });
        self.ways.sort();
        (self.router, self.ways, document)
    }
}
