//! Which era a request is of, and whether its headers say what its body says.

use http::{HeaderMap, HeaderName, StatusCode};

use super::{
    guard::{METHOD, NAME, VERSION, repeated, single},
    known::{META_CAPABILITIES, META_VERSION},
    rpc::{Incoming, RpcError},
};
use crate::{
    era::{self, Era},
    header_text,
    json::{self, string},
    session::{SESSION, Session},
};

/// Who speaks: the revision, and for the legacy era the session.
#[derive(Debug, Clone)]
pub(super) struct Speaker {
    pub(super) era: Era,
    pub(super) version: &'static str,
    pub(super) session: Option<Session>,
}

/// Finds the era in the body first, then insists that the headers agree. `open` opens a session
/// id; the error it gives is the answer.
pub(super) fn speaker(
    headers: &HeaderMap,
    incoming: &Incoming<'_>,
    open: impl FnOnce(&str) -> Result<Session, RpcError>,
) -> Result<Speaker, RpcError> {
    let enveloped = incoming.meta.get(META_VERSION).is_some();
    let method = incoming.method.as_deref();
    let handshake = method == Some("initialize") && !enveloped;
    let modern = enveloped || headers.get_all(&VERSION).iter().any(|said| said == era::MODERN);
    let code = if modern { RpcError::HEADER_MISMATCH } else { RpcError::INVALID_REQUEST };
    let version = said_version(headers, code)?;
    let session = single(headers, &SESSION, code)?;
    for header in [&METHOD, &NAME] {
        single(headers, header, code)?;
    }
    let foreign = version.is_some_and(|version| era::legacy(version).is_none());
    if enveloped || version == Some(era::MODERN) && !handshake {
        check_modern(headers, incoming, version)?;
        return Ok(Speaker { era: Era::Modern, version: era::MODERN, session: None });
    }
    if let Some(version) = version.filter(|_| foreign && !handshake) {
        return Err(unsupported(version));
    }
    if handshake {
        return Ok(Speaker { era: Era::Legacy, version: era::NEWEST_LEGACY, session: None });
    }
    let session = match session {
        None => None,
        Some(id) => Some(open(id.to_str().unwrap_or(""))?),
    };
    check_routing(headers, incoming, Era::Legacy)?;
    let agreed = session.as_ref().map(|session| session.version);
    let said = version.and_then(era::legacy);
    if let (Some(said), Some(agreed)) = (said, agreed)
        && said != agreed
    {
        let message =
            format!("MCP-Protocol-Version is {said}, and the session was opened with {agreed}");
        return Err(RpcError::bad(RpcError::INVALID_REQUEST, message));
    }
    let version = said.or(agreed).unwrap_or(era::BATCHES);
    Ok(Speaker { era: Era::Legacy, version, session })
}

/// The revision that the header names, if there is one. It is there once, and says something.
pub(super) fn said_version(headers: &HeaderMap, code: i64) -> Result<Option<&str>, RpcError> {
    let Some(value) = single(headers, &VERSION, code)? else { return Ok(None) };
    let said = value.to_str().unwrap_or("?").trim();
    // A proxy may have made one header of two.
    if said.contains(',') {
        return Err(repeated(&VERSION, code));
    }
    if said.is_empty() && code != RpcError::HEADER_MISMATCH {
        let message = "the header MCP-Protocol-Version is empty: name a revision, or leave it out";
        return Err(RpcError::bad(code, message));
    }
    Ok(Some(said))
}

/// The answer to a revision that nobody here speaks.
pub(super) fn unsupported(requested: &str) -> RpcError {
    let shown = gatehall_domain::names::shown(requested, 40);
    let versions = supported_versions();
    let message = format!("the revision {shown} is not supported: use one of {versions}");
    let mut error = RpcError::bad(RpcError::UNSUPPORTED_VERSION, message);
    error.data = Some(format!("{{\"supported\":{versions},\"requested\":{}}}", string(requested)));
    error
}

/// The ladder of the modern revision; the first rung that breaks is the answer.
fn check_modern(
    headers: &HeaderMap,
    incoming: &Incoming<'_>,
    version: Option<&str>,
) -> Result<(), RpcError> {
    let mismatch = |message: String| Err(RpcError::bad(RpcError::HEADER_MISMATCH, message));
    // A response has no method, and in this era nobody may post one.
    if incoming.method.is_none() {
        return Err(RpcError::bad(
            RpcError::INVALID_REQUEST,
            "responses cannot be sent in this revision",
        ));
    }
    // What a notification has to carry is open. Whatever it says, it says nothing here.
    if incoming.id.is_none() && incoming.meta.get(META_VERSION).is_none() {
        return Ok(());
    }
    let Some(requested) = incoming.text_meta(META_VERSION) else {
        let message = format!("params._meta needs {META_VERSION} as a string");
        return Err(RpcError::bad(RpcError::INVALID_PARAMS, message));
    };
    if !incoming.meta.get(META_CAPABILITIES).is_some_and(json::is_object) {
        let message = format!("params._meta needs {META_CAPABILITIES} as an object");
        return Err(RpcError::bad(RpcError::INVALID_PARAMS, message));
    }
    if version != Some(requested.as_ref()) {
        return mismatch(format!("MCP-Protocol-Version must be {requested}, as in params._meta"));
    }
    check_routing(headers, incoming, Era::Modern)?;
    match requested == era::MODERN {
        true => Ok(()),
        false => Err(unsupported(&requested)),
    }
}

/// Checks that the headers by which others route say what the body says. The modern era has to send
/// them; whoever else sends them must not have them say something else.
fn check_routing(headers: &HeaderMap, incoming: &Incoming<'_>, era: Era) -> Result<(), RpcError> {
    // The rules for headers of notifications are open.
    let (Some(method), Some(_)) = (incoming.method.as_deref(), incoming.id) else { return Ok(()) };
    let (must, code) = match era {
        Era::Modern => (true, RpcError::HEADER_MISMATCH),
        Era::Legacy => (false, RpcError::INVALID_REQUEST),
    };
    let differs =
        |header, text: &str| (must || headers.contains_key(header)) && !says(headers, header, text);
    if differs(&METHOD, method) {
        let method = gatehall_domain::names::shown(method, 80);
        let message = format!("Mcp-Method must be {method}, as in the body");
        return Err(RpcError::bad(code, message));
    }
    let named = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
        _ => return Ok(()),
    };
    let name = incoming.params.get(named).and_then(json::text).unwrap_or_default();
    match differs(&NAME, &name) {
        true => Err(RpcError::bad(code, format!("Mcp-Name must repeat params.{named}"))),
        false => Ok(()),
    }
}

fn says(headers: &HeaderMap, header: &HeaderName, text: &str) -> bool {
    headers.get(header).and_then(header_text::decode).is_some_and(|said| said == text)
}

/// All revisions a client may speak here, as a JSON list.
pub(super) fn supported_versions() -> String {
    let all: Vec<String> = [era::MODERN].into_iter().chain(era::LEGACY).map(string).collect();
    format!("[{}]", all.join(","))
}

/// A method of neither era, or of the other one.
pub(super) fn unknown_method(era: Era, method: &str) -> RpcError {
    let status = match era {
        Era::Modern => StatusCode::NOT_FOUND,
        Era::Legacy => StatusCode::OK,
    };
    let method = gatehall_domain::names::shown(method, 80);
    RpcError::new(status, RpcError::METHOD_NOT_FOUND, format!("Method not found: {method}"))
}
