//! The versions of Open WebUI with which the gate was tried.

/// A version, as numbers.
pub(crate) type Version = [u32; 3];

/// The first that signs what it says of its users.
pub(crate) const OLDEST: Version = [0, 9, 6];

/// The newest.
pub(crate) const NEWEST: Version = [0, 12, 4];

/// Reads a version such as 0.12.4.
pub(crate) fn version(text: &str) -> Option<Version> {
    let mut parts = text.trim_start_matches('v').split(['.', '-', '+']);
    let mut next = || parts.next()?.parse().ok();
    Some([next()?, next()?, next()?])
}

/// As people write it.
pub(crate) fn shown(version: Version) -> String {
    version.map(|it| it.to_string()).join(".")
}
