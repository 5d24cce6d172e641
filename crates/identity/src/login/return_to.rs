//! Where a browser goes after it has signed in. Never to a place that somebody else chose.

use gatehall_domain::Snapshot;
use url::Url;

/// No address that is kept in a cookie is longer.
const LONGEST: usize = 1500;

/// The origin of this gate, and the hosts that a browser may be sent back to.
pub(crate) struct Ways<'a> {
    /// This gate.
    pub(crate) public_url: &'a Url,
    /// The domain whose hosts share the session.
    pub(crate) domain: Option<&'a str>,
    /// Which hosts ask this gate.
    pub(crate) snapshot: &'a Snapshot,
}

impl Ways<'_> {
    /// The address, if it is one that may be gone back to: a path of this gate, or a host that a
    /// rule names below the shared domain.
    pub(crate) fn check(&self, text: &str) -> Option<String> {
        if text.len() > LONGEST || !text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
            return None;
        }
        if text.starts_with('/') {
            return self.own(text);
        }
        let url = Url::parse(text).ok()?;
        let own = url.origin() == self.public_url.origin();
        if !url.username().is_empty() || url.password().is_some() || !plain(url.path()) {
            return None;
        }
        // The parser is kind to much that browsers read otherwise.
        let rebuilt = text.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'));
        (rebuilt && (own || self.serves(&url))).then(|| url.into())
    }

    /// A path of this gate, rebuilt.
    fn own(&self, text: &str) -> Option<String> {
        let path = text.split(['?', '#']).next()?;
        if text.starts_with("//") || !plain(path) {
            return None;
        }
        let url = self.public_url.join(text).ok()?;
        if url.origin() != self.public_url.origin() {
            return None;
        }
        let mut rebuilt = url.path().to_owned();
        if let Some(query) = url.query() {
            rebuilt.push('?');
            rebuilt.push_str(query);
        }
        Some(rebuilt)
    }

    fn serves(&self, url: &Url) -> bool {
        let (Some(host), Some(domain)) = (url.host_str(), self.domain) else { return false };
        let below = host == domain || host.strip_suffix(domain).is_some_and(|it| it.ends_with('.'));
        let secure = url.scheme() == self.public_url.scheme();
        // Behind one proxy all hosts have one port; on this machine every proxy has its own.
        let port = url.scheme() == "http" || url.port() == self.public_url.port();
        below && secure && port && self.snapshot.host_rules(host).next().is_some()
    }
}

/// Whether every program reads the same path: no segment that goes up, no empty one, nothing
/// encoded that need not be, and no slash, backslash, percent, semicolon or control character that
/// is.
pub(crate) fn plain(path: &str) -> bool {
    let mut rest = path.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let Some((byte, more)) = rest.split_first() {
        rest = more;
        if *byte != b'%' {
            decoded.push(*byte);
            continue;
        }
        let Some(byte) = more.get(..2).and_then(hex) else { return false };
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if unreserved || byte.is_ascii_control() || b"/\\%;".contains(&byte) {
            return false;
        }
        decoded.push(byte);
        rest = &more[2..];
    }
    let segments = path.split('/').all(|part| !matches!(part, "." | ".."));
    segments
        && !path.contains("//")
        && !path.contains(['\\', ';'])
        && std::str::from_utf8(&decoded).is_ok()
}

fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    let plain = digits.iter().all(u8::is_ascii_hexdigit);
    plain.then(|| u8::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use gatehall_domain::{Admit, Company, HostRule, HostRuleId, Timestamp};

    use super::*;

    #[test]
    fn only_own_places_are_gone_back_to() {
        let mut company = Company::default();
        for (number, host) in ["app.example.com", "*"].into_iter().enumerate() {
            company.put(
                HostRule {
                    id: HostRuleId(uuid::Uuid::from_u128(number as u128)),
                    host: host.parse().unwrap(),
                    path: "/".parse().unwrap(),
                    admit: Admit::SignedIn,
                    created_at: Timestamp::from_micros(0),
                }
                .into(),
            );
        }
        let snapshot = Snapshot::new(1, company);
        let public_url = "https://auth.example.com/".parse().unwrap();
        let ways =
            Ways { public_url: &public_url, domain: Some("example.com"), snapshot: &snapshot };
        for (text, expected) in [
            ("/", Some("/")),
            ("/me?tab=keys#top", Some("/me?tab=keys")),
            ("/a%20b", Some("/a%20b")),
            ("/gr%C3%BCn", Some("/gr%C3%BCn")),
            ("/%61", None),
            ("/%c0%ae%c0%ae/x", None),
            ("/%", None),
            ("/%+1", None),
            ("https://auth.example.com/me", Some("https://auth.example.com/me")),
            ("https://app.example.com/x?y=//z", Some("https://app.example.com/x?y=//z")),
            ("", None),
            ("me", None),
            ("//evil.example", None),
            ("/\\evil.example", None),
            ("/%5cevil.example", None),
            ("/%2fevil.example", None),
            ("/%2F/evil.example", None),
            ("/%252fevil.example", None),
            ("/a/..//evil.example", None),
            ("/a/../../evil", None),
            ("/.%2e/evil", None),
            ("/%0d%0aLocation:%20https://evil.example", None),
            ("/\t/evil.example", None),
            ("http://app.example.com/", None),
            ("https://app.example.com:8443/", None),
            ("https://app.example.com@evil.example/", None),
            ("https://evil.example/", None),
            ("https://evilexample.com/", None),
            ("https://app.example.com.evil.example/", None),
            ("https:///evil.example", None),
            ("https:evil.example", None),
            ("https:/app.example.com", None),
            ("https:\\\\app.example.com", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("https://app.example.com/%2f%2fevil.example", None),
        ] {
            assert_eq!(ways.check(text).as_deref(), expected, "{text:?}");
        }
        let alone = Ways { domain: None, ..ways };
        assert_eq!(alone.check("https://app.example.com/x"), None, "it would not be signed in");
    }
}
