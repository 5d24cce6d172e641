//! What the gate says of itself.

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
