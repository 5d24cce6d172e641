//! The revisions of MCP that are on the wire. Transport and revision are independent.

/// The newest revision: no sessions, an envelope in every request.
pub(crate) const MODERN: &str = "2026-07-28";

/// Revisions with a handshake, the newest first.
pub(crate) const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// The newest of [`LEGACY`].
pub(crate) const NEWEST_LEGACY: &str = LEGACY[0];

/// The one revision in which a body may hold several messages; also what a client speaks that
/// says nothing.
pub(crate) const BATCHES: &str = "2025-03-26";

/// Which family of revisions a peer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Era {
    /// 2026-07-28.
    Modern,
    /// Everything before.
    Legacy,
}

/// The legacy revision of this name.
pub(crate) fn legacy(version: &str) -> Option<&'static str> {
    LEGACY.into_iter().find(|known| *known == version)
}
