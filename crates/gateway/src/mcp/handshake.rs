//! `initialize` and `server/discover`: answered from memory, never asking an upstream.

use super::{
    list,
    negotiate::supported_versions,
    request::Request,
    rpc::{self, Incoming, RpcError},
    server_info::{SERVER_INFO, modern_tail},
};
use crate::{
    body::Parts,
    entry::{hint, nothing_for},
    era::{self, Era},
    json,
    session::Session,
};

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
        "{{\"protocolVersion\":\"{version}\",{},\"serverInfo\":{SERVER_INFO}}}",
        introduction(request, Era::Legacy)
    );
    Ok((rpc::result(id, &result), session))
}

/// Answers `server/discover`.
pub(super) fn discover(request: &Request<'_>, id: &str) -> Parts {
    let result = format!(
        "{{\"supportedVersions\":{},{},{}}}",
        supported_versions(),
        introduction(request, Era::Modern),
        modern_tail()
    );
    rpc::result(id, &result)
}

/// The members `capabilities` and `instructions`, as far as there are any for this caller.
fn introduction(request: &Request<'_>, era: Era) -> String {
    let list = list::of(request, era);
    let greeting = list.as_ref().map(|list| &list.greeting);
    let capabilities = match greeting.is_some_and(|it| it.logs) {
        true => "\"capabilities\":{\"tools\":{},\"logging\":{}}",
        false => "\"capabilities\":{\"tools\":{}}",
    };
    // What the servers say, or why somebody who comes in rightly sees nothing.
    let hint = hint(request.caller, request.refused);
    let text = match (&hint, greeting) {
        (Some(hint), _) => hint,
        (None, Some(greeting)) => &*greeting.instructions,
        (None, None) => nothing_for(request.endpoint),
    };
    match text {
        "" => capabilities.to_owned(),
        text => format!("{capabilities},\"instructions\":{}", json::string(text)),
    }
}
