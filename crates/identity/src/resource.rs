//! What a protected resource says of itself (RFC 9728), and how it asks for a token (RFC 6750).

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use gatehall_domain::Provider;
use http::{
    HeaderValue, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL},
};
use serde_json::json;

use crate::{Rejection, doors::Doors};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

pub(crate) fn routes() -> Router<Arc<Doors>> {
    let whole = |State(doors): State<Arc<Doors>>| async move { metadata(&doors, "mcp") };
    let part = |State(doors): State<Arc<Doors>>, Path(path): Path<String>| async move {
        metadata(&doors, &path)
    };
    Router::new().route(WELL_KNOWN, get(whole)).route(&format!("{WELL_KNOWN}/{{*path}}"), get(part))
}

/// The metadata of `/mcp`, `/mcp/{tenant}` or `/mcp/{tenant}/{server}`, whether or not there is
/// such a tenant: it is for everybody to read. Where no access tokens are taken there is none, since
/// it would have to name a server that issues them.
fn metadata(doors: &Doors, path: &str) -> Response {
    let fits = {
        // A client that ends its addresses with a slash asks for just that resource.
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut parts = path.split('/');
        let name = |part: &str| {
            !part.is_empty()
                && part.len() <= 32
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        parts.next() == Some("mcp") && path.split('/').count() <= 3 && parts.all(name)
    };
    let resource = doors.client_url().filter(|_| fits);
    let Some(resource) = resource.and_then(|url| url.join(path).ok()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let providers = token_providers(doors);
    if providers.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let servers: Vec<&str> = providers.iter().map(|it| it.issuer.as_str()).collect();
    let document = json!({
        "resource": resource.as_str(),
        "resource_name": "Gatehall",
        "authorization_servers": servers,
        "scopes_supported": scopes(&providers),
        "bearer_methods_supported": ["header"],
    });
    let headers = [(ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (CACHE_CONTROL, "public, max-age=60")];
    (headers, Json(document)).into_response()
}

/// The providers whose access tokens are taken.
fn token_providers(doors: &Doors) -> Vec<Arc<Provider>> {
    let all = doors.providers.all().into_iter().map(|it| Arc::clone(&it.record));
    all.filter(|it| !it.settings.audiences.is_empty()).collect()
}

fn scopes(providers: &[Arc<Provider>]) -> Vec<&str> {
    let mut scopes: Vec<&str> =
        providers.iter().flat_map(|it| &it.settings.required_scopes).map(String::as_str).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

impl Doors {
    /// What a 401 or 403 has to say about how to come in, for a request to `path`.
    pub fn challenge(&self, rejection: &Rejection, path: &str) -> HeaderValue {
        let mut text = "Bearer realm=\"gatehall\"".to_owned();
        let error = match rejection {
            Rejection::BadToken(_) | Rejection::BadKey | Rejection::UnknownKind => {
                Some("invalid_token")
            }
            Rejection::Scope(_) => Some("insufficient_scope"),
            _ => None,
        };
        if let Some(error) = error {
            text.push_str(&format!(", error=\"{error}\""));
        }
        let providers = token_providers(self);
        let scopes = match rejection {
            Rejection::Scope(required) => required.join(" "),
            _ => scopes(&providers).join(" "),
        };
        if !scopes.is_empty() {
            text.push_str(&format!(", scope=\"{scopes}\""));
        }
        if let (Some(client_url), false) = (self.client_url(), providers.is_empty()) {
            let resource = if path.starts_with("/mcp") { path } else { "/mcp" };
            let base = client_url.as_str().trim_end_matches('/');
            text.push_str(&format!(", resource_metadata=\"{base}{WELL_KNOWN}{resource}\""));
        }
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Bearer"))
    }

    /// The name under which this gate signs.
    pub(crate) fn issuer(&self) -> &str {
        self.settings
            .public_url
            .as_ref()
            .map_or("gatehall", |url| url.as_str().trim_end_matches('/'))
    }
}
