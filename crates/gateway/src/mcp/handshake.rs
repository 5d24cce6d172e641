//! `initialize` and `server/discover`: answered from memory, never asking an upstream.

use gatehall_domain::{Caller, Door};

use super::{
    Request,
    negotiate::supported_versions,
    rpc::{self, Incoming, RpcError},
};
use crate::{body::Parts, entry::hint, era, json, session::Session};

const CAPABILITIES: &str = "{\"tools\":{},\"logging\":{}}";

/// `{"name":"gatehall","version":…}`.
pub(super) const SERVER_INFO: &str = concat!(
    "{\"name\":\"gatehall\",\"title\":\"Gatehall\",\"version\":\"",
    env!("CARGO_PKG_VERSION"),
    "\"}"
);

/// What the modern era wants at the end of a result that may be kept: here, that it may not.
pub(super) fn modern_tail() -> String {
    format!(
        "\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\",\
         \"_meta\":{{\"io.modelcontextprotocol/serverInfo\":{SERVER_INFO}}}"
    )
}

/// Answers `initialize`: the revision that was asked for if it is known, else the newest legacy
/// one; and the id of a new session.
pub(super) fn initialize(
    request: &Request<'_>,
    incoming: &Incoming<'_>,
    id: &str,
) -> Result<(Parts, String), RpcError> {
    let asked = incoming.text_param("protocolVersion")?;
    let version = era::legacy(&asked).unwrap_or(era::NEWEST_LEGACY);
    let gateway = request.gateway;
    let session = Session::new(version, request.now, gateway.next_request_id());
    let session =
        session.seal(&gateway.vault, request.caller, request.endpoint).ok_or_else(|| {
            RpcError::answer(RpcError::INTERNAL, "no session could be made: try again")
        })?;
    let result = format!(
        "{{\"protocolVersion\":\"{version}\",\"capabilities\":{CAPABILITIES},\"serverInfo\":{SERVER_INFO}{}}}",
        instructions(request)
    );
    Ok((rpc::result(id, &result), session))
}

/// Answers `server/discover`.
pub(super) fn discover(request: &Request<'_>, id: &str) -> Parts {
    let result = format!(
        "{{\"supportedVersions\":{},\"capabilities\":{CAPABILITIES}{},{}}}",
        supported_versions(),
        instructions(request),
        modern_tail()
    );
    rpc::result(id, &result)
}

/// Why somebody who comes in rightly sees nothing. Whoever sees something needs no instructions.
fn instructions(request: &Request<'_>) -> String {
    let text = match (hint(request.caller, request.refused), request.caller) {
        (Some(hint), _) => hint,
        (None, Caller { user: None, door: Door::OpenWebUi, .. }) => {
            "The signed-in user is not known to Gatehall, so there are no tools. \
             An administrator can add the user."
                .into()
        }
        _ => return String::new(),
    };
    format!(",\"instructions\":{}", json::string(&text))
}
