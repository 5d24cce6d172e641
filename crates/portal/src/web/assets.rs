//! The files that pages are made with. Their addresses hold a digest, so that browsers keep them.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use gatehall_domain::names::short_digest;
use http::{
    StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};

use super::portal::Portal;

struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const fn of(name: &'static str, kind: &'static str, text: &'static str) -> Asset {
    Asset { name, kind, text }
}

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

static ASSETS: [Asset; 6] = [
    of("door.css", CSS, include_str!("../../static/door.css")),
    of("favicon.svg", SVG, include_str!("../../static/favicon.svg")),
    of("gatehall.css", CSS, include_str!("../../static/gatehall.css")),
    of("gatehall.js", JAVASCRIPT, include_str!("../../static/gatehall.js")),
    of("htmx.js", JAVASCRIPT, include_str!("../../static/vendor/htmx.min.js")),
    of("icons.svg", SVG, include_str!("../../static/icons.svg")),
];

/// A digest of all of them.
static DIGEST: LazyLock<String> =
    LazyLock::new(|| short_digest(&ASSETS.iter().map(|it| it.text).collect::<String>()));

/// The address of a file, for templates.
pub(crate) fn asset(name: &str) -> String {
    format!("/static/{}/{name}", *DIGEST)
}

pub(super) fn routes() -> Router<Arc<Portal>> {
    Router::new()
        .route("/static/{digest}/{name}", get(of_version))
        .route("/static/{name}", get(newest))
}

/// Whatever the digest is, the newest is right.
async fn of_version(Path((_, name)): Path<(String, String)>) -> Response {
    send(&name, "public, max-age=31536000, immutable")
}

async fn newest(Path(name): Path<String>) -> Response {
    send(&name, "public, max-age=3600")
}

fn send(name: &str, caching: &'static str) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers =
        [(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, caching), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, asset.text).into_response()
}
