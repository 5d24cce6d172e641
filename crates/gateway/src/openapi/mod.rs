//! OpenAPI towards clients: the same tools, by the same decisions, as operations of a document.

mod answer;
mod call_tool;
mod discovery;
mod document;
mod operation;
mod problem;
mod schema;

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use gatehall_domain::{Denial, Endpoint};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts as Head};
use serde_json::{Value, json, value::RawValue};

use self::{
    call_tool::{Inner, ambiguous},
    discovery::Own,
    problem::Problem,
};
use crate::{
    body::Parts,
    call::{Asked, Refusal, UNRECORDED},
    entry::{Entry, endpoint_of, names_nobody, nothing_for, read_body},
    gateway::Gateway,
    json::{DEEPEST, depth_within},
    trace::Trace,
};

pub(crate) fn routes() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/openapi.json", get(document_all))
        .route("/openapi.json/", get(document_all))
        .route("/tools/{name}", post(call_all))
        .route("/tools/{name}/", post(call_all))
        .route("/t/{tenant}/openapi.json", get(document_tenant))
        .route("/t/{tenant}/openapi.json/", get(document_tenant))
        .route("/t/{tenant}/tools/{name}", post(call_tenant))
        .route("/t/{tenant}/tools/{name}/", post(call_tenant))
}

/// As the audit names it.
const FACE: &str = "openapi";

type Shared = State<Arc<Gateway>>;

async fn document_all(State(gateway): Shared, head: Head) -> Result<Response, Problem> {
    show_document(&gateway, Some(Endpoint::All), &head).await
}

async fn document_tenant(
    State(gateway): Shared,
    Path(tenant): Path<String>,
    head: Head,
) -> Result<Response, Problem> {
    show_document(&gateway, endpoint_of(&tenant, None), &head).await
}

async fn call_all(
    State(gateway): Shared,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    call(&gateway, Some(Endpoint::All), &name, request).await
}

async fn call_tenant(
    State(gateway): Shared,
    Path((tenant, name)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    call(&gateway, endpoint_of(&tenant, None), &name, request).await
}

async fn show_document(
    gateway: &Gateway,
    endpoint: Option<Endpoint>,
    head: &Head,
) -> Result<Response, Problem> {
    let entry = Entry::new(gateway, head).await?;
    let endpoint = endpoint.ok_or_else(Problem::nothing_here)?;
    let document = document::document(&entry, &endpoint);
    let known =
        head.headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let etag = document.etag.to_str().unwrap_or_default();
    let unchanged = known
        .flat_map(|value| value.split(','))
        .any(|it| it.trim().trim_start_matches("W/") == etag);
    let mut response = match unchanged {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => {
            let mut parts = Parts::default();
            parts.bytes(&document.text);
            parts.json(StatusCode::OK)
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, document.etag.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("authorization, x-openwebui-user-jwt"));
    Ok(response)
}

async fn call(
    gateway: &Gateway,
    endpoint: Option<Endpoint>,
    name: &str,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let entry = Entry::new(gateway, &head).await?;
    let endpoint = endpoint.ok_or_else(Problem::nothing_here)?;
    let trace = Trace::of(&head.headers);
    let body = read_object(gateway, &head.headers, body).await?;
    let body = str::from_utf8(&body).map_err(|_| Problem::invalid("The body", "is not UTF-8"))?;
    let Entry { moment, caller, .. } = &entry;
    let found = match Own::of(name) {
        Some(own @ (Own::Search | Own::Describe)) => {
            if let Some(hint) = names_nobody(caller) {
                return Ok(axum::Json(json!({"tools": [], "hint": hint})).into_response());
            }
            let reach = entry.reach(&endpoint);
            let mut found = match own {
                Own::Search => discovery::search(moment, reach.as_ref(), body)?,
                _ => discovery::describe(moment, reach.as_ref(), body)?,
            };
            if reach.is_none() {
                found["hint"] = nothing_for(&endpoint).into();
            }
            found
        }
        Some(Own::Call) => {
            let inner = match Inner::read(body) {
                Ok(inner) => inner,
                Err(flaw) if flaw.is_ambiguous() => {
                    return Err(
                        ambiguous(gateway, &entry.asking(&endpoint, FACE), body, &flaw).await
                    );
                }
                Err(flaw) => return Err(Problem::invalid("The body:", &flaw.to_string())),
            };
            let (name, arguments) = inner.asked()?;
            return run(gateway, &entry, &endpoint, &name, arguments, trace).await;
        }
        None => return run(gateway, &entry, &endpoint, name, body, trace).await,
    };
    Ok(axum::Json::<Value>(found).into_response())
}

async fn run(
    gateway: &Gateway,
    entry: &Entry,
    endpoint: &Endpoint,
    name: &str,
    arguments: &str,
    trace: Option<Trace>,
) -> Result<Response, Problem> {
    let asked = Asked {
        name: Cow::Borrowed(name),
        arguments: Some(arguments),
        trace,
        ..Default::default()
    };
    let running = match gateway.admit(&entry.asking(endpoint, FACE), asked) {
        Ok(running) => running,
        Err(refused) => {
            return Err(match (refused.told().await, names_nobody(&entry.caller)) {
                (Refusal::Unrecorded, _) => Problem::unrecorded(UNRECORDED),
                (Refusal::Denied(Denial::TooOften(seconds)), _) => Problem::too_often(seconds),
                (Refusal::Ambiguous(problem), _) => Problem::invalid("The body:", &problem),
                (_, Some(hint)) => Problem::new(StatusCode::NOT_FOUND, "unknown-tool", hint),
                (_, None) => Problem::unknown_tool(name),
            });
        }
    };
    let done = running.done().await;
    Ok(answer::answer(&done))
}

/// A body that is one JSON object; nothing at all is an empty one, and so is null.
async fn read_object(gateway: &Gateway, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let body = read_body(body, gateway.settings.request_bytes)
        .await
        .map_err(|(status, problem)| Problem::new(status, "unread", problem))?;
    if matches!(body.trim_ascii(), b"" | b"null") {
        return Ok(Bytes::from_static(b"{}"));
    }
    let kind =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let detail = "Content-Type must be application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", detail));
    }
    if !depth_within(&body, DEEPEST) {
        return Err(Problem::invalid(
            "The body",
            &format!("is nested deeper than {DEEPEST} levels"),
        ));
    }
    let text = str::from_utf8(&body).map_err(|_| Problem::invalid("The body", "is not UTF-8"))?;
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) if raw.get().starts_with('{') => Ok(body),
        Ok(_) => Err(Problem::invalid("The body", "must be a JSON object")),
        Err(error) => {
            let detail = format!("The body is not valid JSON: {error}");
            Err(Problem::new(StatusCode::BAD_REQUEST, "invalid-json", detail))
        }
    }
}
