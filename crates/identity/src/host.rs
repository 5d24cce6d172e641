//! Which host a request is for: one answer for whatever asks, and none where two programs could
//! give two.

use std::net::Ipv6Addr;

use http::{
    HeaderMap, Version,
    header::{CONTENT_TYPE, HOST, HeaderName, ORIGIN},
    request::Parts,
    uri::Authority,
};

/// A host, as a request or an origin names it.
#[derive(Debug, Clone, Copy)]
pub struct Host<'h> {
    /// A name, or an address; that of IPv6 without its brackets.
    pub name: &'h str,
    /// Unless it is the scheme's own.
    pub port: Option<u16>,
}

/// Why the head of a request is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadFault {
    /// HTTP/1.1 and later name a host.
    #[error("the header Host is missing")]
    NoHost,
    /// It does not name one host.
    #[error("{0} does not name one host: send a name or an address, and perhaps a port")]
    OddHost(&'static str),
    /// The address and the header name two (RFC 9112, section 3.2; RFC 9113, section 8.3.1).
    #[error("the address of the request and the header Host name two hosts: send one")]
    TwoHosts,
    /// The address is not one of HTTP.
    #[error("the address of the request is not one of HTTP")]
    OtherScheme,
    /// A header that decides something is there more than once.
    #[error("the header {0} is there more than once: send it once")]
    Repeated(&'static str),
    /// Some programs read it as another one.
    #[error("the header {0} is written with _: write it with -")]
    Underscore(String),
}

/// Headers by whose one value something is decided, wherever a request goes.
const SINGLE: [(HeaderName, &str); 5] = [
    (HOST, "Host"),
    (ORIGIN, "Origin"),
    (CONTENT_TYPE, "Content-Type"),
    (HeaderName::from_static("sec-fetch-site"), "Sec-Fetch-Site"),
    (HeaderName::from_static("sec-fetch-mode"), "Sec-Fetch-Mode"),
];

/// How headers begin by which something is decided. Some programs take `_` in a name for `-`.
const DECIDING: [&str; 9] = [
    "content-",
    "gatehall-",
    "mcp-",
    "sec-fetch-",
    "transfer-",
    "x-forwarded-",
    "x-gatehall-",
    "x-openwebui-",
    "x-original-",
];

/// Checks that a head says one thing to everybody who reads it, and gives the host that it is for.
/// For every request, before anything else.
///
/// # Errors
/// What it says twice, or not as it should.
pub fn check_head(head: &Parts) -> Result<Option<Host<'_>>, HeadFault> {
    let host = Host::of(head)?;
    for (header, name) in &SINGLE {
        if head.headers.get_all(header).iter().nth(1).is_some() {
            return Err(HeadFault::Repeated(name));
        }
    }
    for name in head.headers.keys().map(HeaderName::as_str).filter(|name| name.contains('_')) {
        let other = name.replace('_', "-");
        if DECIDING.iter().any(|beginning| other.starts_with(beginning)) {
            return Err(HeadFault::Underscore(name.chars().take(60).collect()));
        }
    }
    Ok(host)
}

impl<'h> Host<'h> {
    /// The host that a request is for. In HTTP/2, and where the request has a whole address, the
    /// address names it (RFC 9112, section 3.2.2), and the header must not name another. None if
    /// an old client names none.
    ///
    /// # Errors
    /// If it is not one host.
    pub fn of(head: &'h Parts) -> Result<Option<Self>, HeadFault> {
        if !matches!(head.uri.scheme_str(), None | Some("http" | "https")) {
            return Err(HeadFault::OtherScheme);
        }
        let address = head.uri.authority().map(Authority::as_str).map(Self::parse);
        let address = match address {
            Some(None) => return Err(HeadFault::OddHost("the address of the request")),
            Some(found) => found,
            None => None,
        };
        let header = Self::of_header(&head.headers)?;
        match (address, header) {
            (_, None) if head.version == Version::HTTP_11 => Err(HeadFault::NoHost),
            (Some(address), Some(header)) => {
                let scheme = head.uri.scheme_str().unwrap_or("http");
                if !address.is(header, scheme) {
                    return Err(HeadFault::TwoHosts);
                }
                Ok(Some(address))
            }
            (None, None) if head.version > Version::HTTP_11 => Err(HeadFault::NoHost),
            (address, header) => Ok(address.or(header)),
        }
    }

    fn of_header(headers: &'h HeaderMap) -> Result<Option<Self>, HeadFault> {
        let mut values = headers.get_all(HOST).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(HeadFault::Repeated("Host"));
        }
        let host = value.to_str().ok().and_then(Self::parse);
        host.map(Some).ok_or(HeadFault::OddHost("the header Host"))
    }

    /// The host that an origin names, and its scheme; none if it is not one of HTTP.
    pub fn of_origin(origin: &'h str) -> Option<(&'h str, Self)> {
        let (scheme, host) = origin.split_once("://")?;
        matches!(scheme, "http" | "https").then_some(())?;
        Some((scheme, Self::parse(host)?))
    }

    /// Reads `name:port`, and nothing that any program could read as more.
    pub fn parse(text: &'h str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix('[') {
            let (name, behind) = rest.split_once(']')?;
            name.parse::<Ipv6Addr>().ok()?;
            return match behind {
                "" => Some(Self { name, port: None }),
                port => Some(Self { name, port: Some(parse_port(port.strip_prefix(':')?)?) }),
            };
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(parse_port(port)?)),
            None => (text, None),
        };
        let label = |label: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !label.is_empty() && label.bytes().all(plain)
        };
        let labels = name.strip_suffix('.').unwrap_or(name);
        (name.len() <= 253 && labels.split('.').all(label)).then_some(Self { name, port })
    }

    /// The name as rules are written for it: in lower case, without the dot that may end it.
    pub(crate) fn plain_name(self) -> String {
        self.name.strip_suffix('.').unwrap_or(self.name).to_ascii_lowercase()
    }

    /// Whether both are one, where ports that are not named are the scheme's own.
    pub fn is(self, other: Self, scheme: &str) -> bool {
        let port = |host: Self| host.port.unwrap_or(if scheme == "https" { 443 } else { 80 });
        self.name.eq_ignore_ascii_case(other.name) && port(self) == port(other)
    }
}

fn parse_port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head(version: Version, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().version(version).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_host_is_one() {
        use HeadFault::{NoHost, OddHost, OtherScheme, Repeated, TwoHosts};
        let (old, one, two) = (Version::HTTP_10, Version::HTTP_11, Version::HTTP_2);
        let header = OddHost("the header Host");
        let address = OddHost("the address of the request");
        for (version, uri, hosts, expected) in [
            (one, "/", &["Gate.example:8080"][..], Ok(Some("Gate.example:Some(8080)"))),
            (one, "/", &["[::1]:80"], Ok(Some("::1:Some(80)"))),
            (one, "/", &["gate_hall"], Ok(Some("gate_hall:None"))),
            (one, "http://gate/", &["GATE:80"], Ok(Some("gate:None"))),
            (one, "https://gate:443/", &["gate"], Ok(Some("gate:Some(443)"))),
            (one, "/", &[], Err(NoHost)),
            (one, "http://gate/", &[], Err(NoHost)),
            (one, "/", &["gate", "gate"], Err(Repeated("Host"))),
            (one, "http://gate/", &["evil"], Err(TwoHosts)),
            (one, "http://gate/", &["gate:81"], Err(TwoHosts)),
            (one, "http://gate/", &["gate", "evil"], Err(Repeated("Host"))),
            (one, "http://me@gate/", &["gate"], Err(address.clone())),
            (one, "ftp://gate/", &["gate"], Err(OtherScheme)),
            (old, "/", &[], Ok(None)),
            (old, "http://gate/", &[], Ok(Some("gate:None"))),
            (two, "http://gate:81/", &[], Ok(Some("gate:Some(81)"))),
            (two, "http://gate/", &["gate"], Ok(Some("gate:None"))),
            (two, "http://gate/", &["evil"], Err(TwoHosts)),
            (two, "http://me:it@gate/", &[], Err(address)),
            (two, "/", &["gate"], Ok(Some("gate:None"))),
            (two, "/", &[], Err(NoHost)),
            (one, "/", &["me@gate"], Err(header.clone())),
            (one, "/", &["gate:80?"], Err(header.clone())),
            (one, "/", &["gate/"], Err(header.clone())),
            (one, "/", &["gate#"], Err(header.clone())),
            (one, "/", &["gate, evil"], Err(header.clone())),
            (one, "/", &["gate evil"], Err(header.clone())),
            (one, "/", &["gate:"], Err(header.clone())),
            (one, "/", &["gate:+80"], Err(header.clone())),
            (one, "/", &["gate:65536"], Err(header.clone())),
            (one, "/", &["gate:80:80"], Err(header.clone())),
            (one, "/", &["::1"], Err(header.clone())),
            (one, "/", &["[::1"], Err(header.clone())),
            (one, "/", &["[gate]"], Err(header.clone())),
            (one, "/", &["[::1]x"], Err(header.clone())),
            (one, "/", &["a..b"], Err(header.clone())),
            (one, "/", &["%67ate"], Err(header.clone())),
            (one, "/", &["\\gate"], Err(header.clone())),
            (one, "/", &[""], Err(header)),
        ] {
            let hosts: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
            let head = head(version, uri, &hosts);
            let found =
                Host::of(&head).map(|host| host.map(|it| format!("{}:{:?}", it.name, it.port)));
            assert_eq!(
                found,
                expected.map(|it| it.map(str::to_owned)),
                "{version:?} {uri} {hosts:?}"
            );
        }
    }

    #[test]
    fn what_decides_is_said_once_and_in_one_spelling() {
        let check = |headers: &[(&str, &str)]| {
            let headers = [&[("host", "gate")], headers].concat();
            check_head(&head(Version::HTTP_11, "/", &headers)).map(drop)
        };
        let list = [("accept", "a"), ("accept", "b"), ("cookie", "a"), ("cookie", "b")];
        assert_eq!(check(&list), Ok(()));
        assert_eq!(check(&[("my_own", "a")]), Ok(()));
        for (header, name) in [
            ("origin", "Origin"),
            ("content-type", "Content-Type"),
            ("sec-fetch-site", "Sec-Fetch-Site"),
        ] {
            let twice = check(&[(header, "a"), (header, "a")]);
            assert_eq!(twice, Err(HeadFault::Repeated(name)));
        }
        for name in ["mcp_session_id", "mcp-session_id", "x_forwarded_host", "content_type"] {
            assert_eq!(check(&[(name, "a")]), Err(HeadFault::Underscore(name.into())));
        }
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        let read =
            |text| Host::of_origin(text).map(|(scheme, host)| (scheme, host.name, host.port));
        assert_eq!(read("https://gate.example"), Some(("https", "gate.example", None)));
        assert_eq!(read("http://[::1]:81"), Some(("http", "::1", Some(81))));
        for odd in [
            "null",
            "",
            "gate",
            "//gate",
            "ftp://gate",
            "HTTPS://gate",
            "https://gate/",
            "https://me@gate",
            "https://gate https://evil",
            "https://",
            "https://gate:",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
