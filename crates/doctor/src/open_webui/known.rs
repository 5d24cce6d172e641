//! The versions of Open WebUI with which the gate was tried.

/// A version, as numbers.
pub(crate) type Version = [u32; 3];

/// The first that signs what it says of its users towards servers of both types.
pub(crate) const FIRST: Version = [0, 12, 0];

/// The newest that was tried.
pub(crate) const NEWEST: Version = [0, 12, 4];

/// The first of a line that was not.
pub(crate) const BEYOND: Version = [0, 13, 0];

/// Reads a version such as 0.12.4; what stands behind tells builds apart.
pub(crate) fn version(text: &str) -> Option<Version> {
    let mut parts = text.trim_start_matches('v').split(['.', '-', '+']);
    let mut next = || parts.next()?.parse().ok();
    Some([next()?, next()?, next()?])
}

/// As people write it.
pub(crate) fn shown(version: Version) -> String {
    version.map(|it| it.to_string()).join(".")
}
