//! Which addresses a page or a redirect of ours may lead to, where a request names one.

use http::{HeaderMap, HeaderName};

/// Whether this is a path of this gate, whichever browser reads it: they take a backslash for a
/// slash and leave out tabs and line ends, and two slashes begin the name of a host.
pub(crate) fn is_own_page(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    text.starts_with('/') && !text.starts_with("//") && plain
}

/// The page to come back to, if it is one of ours; else the first.
pub(crate) fn own_page(next: Option<String>) -> String {
    next.filter(|it| is_own_page(it)).unwrap_or_else(|| "/".into())
}

/// The page that sent a form.
pub(super) fn page_before(headers: &HeaderMap) -> Option<String> {
    let url = headers.get(HeaderName::from_static("referer"))?.to_str().ok()?;
    let url = url::Url::parse(url).ok()?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}{query}", url.path())).filter(|it| is_own_page(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_gate_are_pages_of_ours() {
        for own in ["/", "/users?q=a%20b&page=2", "/a//b", "/users/a@b.example", "/x#y"] {
            assert!(is_own_page(own), "{own:?}");
        }
        for other in [
            "",
            "users",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "/a\\b",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\n/evil.example",
            " //evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/gr\u{fc}n",
        ] {
            assert!(!is_own_page(other), "{other:?}");
        }
    }
}
