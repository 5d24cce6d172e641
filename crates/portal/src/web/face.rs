/// Where the management API begins.
pub(crate) const API: &str = "/api/v1";

/// How the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// By a person with a browser.
    Page,
    /// By a program.
    Api,
}

impl Face {
    pub(super) fn of(path: &str) -> Self {
        if is_api(path) { Self::Api } else { Self::Page }
    }
}

/// Whether a path is the API's.
fn is_api(path: &str) -> bool {
    path.strip_prefix(API).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
