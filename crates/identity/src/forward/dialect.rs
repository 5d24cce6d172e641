//! How each proxy says what it was asked for. Each has its own endpoint, so that nothing is guessed.

use http::{HeaderMap, Method, request::Parts};
use url::Url;

/// The kinds of proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Traefik's forwardAuth.
    Traefik,
    /// Caddy's forward_auth.
    Caddy,
    /// nginx's auth_request.
    Nginx,
    /// Envoy's ext_authz over HTTP.
    Envoy,
    /// What oauth2-proxy answers at `/oauth2/auth`.
    OAuth2Proxy,
    /// The migration aid, for Traefik with a plugin that signs in.
    ForwardedUser,
}

impl Dialect {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Traefik => "traefik",
            Self::Caddy => "caddy",
            Self::Nginx => "nginx",
            Self::Envoy => "envoy",
            Self::OAuth2Proxy => "oauth2-proxy",
            Self::ForwardedUser => "forwarded-user",
        }
    }

    /// Whether the proxy passes a redirect on to the browser.
    pub(crate) const fn redirects(self) -> bool {
        !matches!(self, Self::Nginx | Self::OAuth2Proxy)
    }
}

/// What somebody asked the proxy for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: String,
    /// In lower case, without the port.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
}

/// Where Envoy puts the original path behind.
const ENVOY: &str = "/auth/envoy";

/// Why a question cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The proxy leaves something out: it has to be set up otherwise.
    Missing(&'static str),
    /// No proxy means this. A client wrote it.
    Odd(&'static str),
}

impl Problem {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Missing(text) | Self::Odd(text) => text,
        }
    }
}

use Problem::{Missing, Odd};

impl Target {
    /// Reads it, or says what is missing. Whatever else the question has that says what was asked
    /// for has to say the same: one of them may be the client's.
    pub(crate) fn read(dialect: Dialect, head: &Parts) -> Result<Self, Problem> {
        let headers = &head.headers;
        let target = match dialect {
            Dialect::Traefik | Dialect::Caddy | Dialect::ForwardedUser => {
                let method = one(headers, "x-forwarded-method")?;
                check_method(method.ok_or(Missing("X-Forwarded-Method is missing"))?)?;
                let scheme = one(headers, "x-forwarded-proto")?;
                let host = one(headers, "x-forwarded-host")?;
                let uri = one(headers, "x-forwarded-uri")?;
                Self::new(
                    scheme.ok_or(Missing("X-Forwarded-Proto is missing"))?,
                    host.ok_or(Missing("X-Forwarded-Host is missing"))?,
                    uri.ok_or(Missing("X-Forwarded-Uri is missing"))?,
                )
            }
            Dialect::Nginx => {
                let method = one(headers, "x-original-method")?;
                check_method(method.ok_or(Missing("X-Original-Method is missing"))?)?;
                let url = one(headers, "x-original-url")?;
                Self::of_url(url.ok_or(Missing("X-Original-URL is missing"))?)
            }
            Dialect::OAuth2Proxy => Self::of_either(headers),
            Dialect::Envoy => {
                let scheme = one(headers, "x-forwarded-proto")?;
                let host = match one(headers, "host")? {
                    Some(host) => host,
                    None => head.uri.authority().ok_or(Missing("Host is missing"))?.as_str(),
                };
                let uri = head.uri.path_and_query().map_or("", |it| it.as_str());
                let uri = uri.strip_prefix(ENVOY).ok_or(Missing("the path is missing"))?;
                Self::new(scheme.ok_or(Missing("X-Forwarded-Proto is missing"))?, host, uri)
            }
        }?;
        target.check_rest(headers)?;
        Ok(target)
    }

    /// Users of oauth2-proxy configure one of two forms.
    fn of_either(headers: &HeaderMap) -> Result<Self, Problem> {
        if let Some(url) = one(headers, "x-original-url")? {
            return Self::of_url(url);
        }
        let uri = one(headers, "x-forwarded-uri")?.ok_or(Missing(
            "X-Original-URL is missing: in nginx write proxy_set_header X-Original-URL \
             $scheme://$host$request_uri",
        ))?;
        let own = one(headers, "host")?;
        let host = one(headers, "x-forwarded-host")?.or(own).ok_or(Missing("Host is missing"))?;
        Self::new(one(headers, "x-forwarded-proto")?.unwrap_or("https"), host, uri)
    }

    fn of_url(url: &str) -> Result<Self, Problem> {
        let (scheme, rest) = url.split_once("://").ok_or(Odd("X-Original-URL is no address"))?;
        let (host, uri) = rest.split_at(rest.find('/').ok_or(Odd("X-Original-URL has no path"))?);
        Self::new(scheme, host, uri)
    }

    /// Of what a proxy can mean and nothing else: nobody knows what another program makes of it.
    fn new(scheme: &str, host: &str, uri: &str) -> Result<Self, Problem> {
        let scheme = plain_scheme(scheme).ok_or(Odd("the scheme is neither http nor https"))?;
        let (host, port) = split_host(host).ok_or(Odd("the host is no name"))?;
        let plain = uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !plain || !uri.starts_with('/') {
            return Err(Odd("the path is none"));
        }
        let (path, query) = match uri.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (uri.to_owned(), None),
        };
        Ok(Self { scheme: scheme.to_owned(), host, port, path, query })
    }

    /// Compares it with each header that could say something else of it.
    fn check_rest(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let same_host = |text: &str| {
            split_host(text).is_some_and(|(host, port)| {
                host == self.host && (port == self.port || port.is_none() || self.port.is_none())
            })
        };
        let same_uri = |text: &str| match text.split_once('?') {
            Some((path, query)) => path == self.path && Some(query) == self.query.as_deref(),
            None => text == self.path && self.query.is_none(),
        };
        // The port behind a name that has none is whatever a proxy further out listens on.
        let same_port = |text: &str| {
            text.parse::<u16>().is_ok_and(|it| self.port.is_none_or(|port| port == it))
        };
        let same = one(headers, "x-original-url")?.map_or(Ok(true), |url| {
            let other = Self::of_url(url)?;
            Ok(other.scheme == self.scheme
                && other.host == self.host
                && (other.port == self.port || other.port.is_none() || self.port.is_none())
                && (&other.path, &other.query) == (&self.path, &self.query))
        })? && one(headers, "x-forwarded-proto")?
            .is_none_or(|it| plain_scheme(it) == Some(self.scheme.as_str()))
            && one(headers, "x-forwarded-host")?.is_none_or(same_host)
            && one(headers, "x-forwarded-uri")?.is_none_or(same_uri)
            && one(headers, "x-forwarded-port")?.is_none_or(same_port);
        if same {
            return Ok(());
        }
        Err(Odd("two headers say different things of what was asked for: have the proxy set \
                 X-Original-URL, or X-Forwarded-Host and X-Forwarded-Uri, and clear the others"))
    }

    /// The address, to come back to.
    pub(crate) fn url(&self) -> Option<Url> {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        Url::parse(&format!("{}://{}{port}{}{query}", self.scheme, self.host, self.path)).ok()
    }
}

/// The one value of a header.
fn one<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Odd("a header that says what was asked for is there twice"));
    }
    match value.to_str() {
        // Two values in one line are two, too.
        Ok(text) if !text.is_empty() && !text.contains([',', ' ']) => Ok(Some(text)),
        Ok(text) if matches!(name, "x-original-url" | "x-forwarded-uri") && !text.is_empty() => {
            Ok(Some(text))
        }
        _ => Err(Odd("a header that says what was asked for cannot be read")),
    }
}

fn check_method(text: &str) -> Result<(), Problem> {
    Method::from_bytes(text.as_bytes()).map(drop).map_err(|_| Odd("the method is none"))
}

/// Some proxies say that a connection is to become a WebSocket.
fn plain_scheme(text: &str) -> Option<&'static str> {
    match text {
        "http" | "ws" => Some("http"),
        "https" | "wss" => Some("https"),
        _ => None,
    }
}

/// A host's name and its port, in digits alone.
fn split_host(text: &str) -> Option<(String, Option<u16>)> {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (name, Some(port.parse().ok()?))
        }
        Some(_) => return None,
        None => (text, None),
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    (name.len() <= 253 && name.split('.').all(label)).then_some((name, port))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn read(dialect: Dialect, uri: &str, headers: &[(&str, &str)]) -> Result<String, Problem> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        Target::read(dialect, &head).map(|target| target.url().unwrap().to_string())
    }

    #[test]
    fn each_proxy_is_understood() {
        let forward = [
            ("x-forwarded-method", "GET"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "App.example.com:8443"),
            ("x-forwarded-uri", "/a?b=c,d"),
        ];
        let expected = Ok("https://app.example.com:8443/a?b=c,d".to_owned());
        assert_eq!(read(Dialect::Traefik, "/auth/traefik?email=evil", &forward), expected);
        let nginx = [
            ("x-original-method", "POST"),
            ("x-original-url", "https://app.example.com:8443/a?b=c,d"),
        ];
        assert_eq!(read(Dialect::Nginx, "/auth/nginx", &nginx), expected);
        let envoy = [("host", "app.example.com:8443"), ("x-forwarded-proto", "https")];
        assert_eq!(read(Dialect::Envoy, "/auth/envoy/a?b=c,d", &envoy), expected);
        assert_eq!(
            read(Dialect::OAuth2Proxy, "/oauth2/auth", &nginx[1..]),
            expected,
            "as nginx says it"
        );
        let both = [&nginx[1..], &[("host", "app.example.com:8443"), ("x-forwarded-uri", "/b")]];
        assert!(read(Dialect::OAuth2Proxy, "/oauth2/auth", &both.concat()).is_err());
    }

    #[test]
    fn what_is_missing_twice_or_odd_is_no_question() {
        let good = [
            ("x-forwarded-method", "GET"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.example.com"),
            ("x-forwarded-uri", "/"),
        ];
        let with = |at: usize, value: Option<&'static str>| {
            let mut headers = good.to_vec();
            match value {
                Some(value) => headers[at].1 = value,
                None => drop(headers.remove(at)),
            }
            read(Dialect::Traefik, "/auth/traefik", &headers)
        };
        assert!(with(0, Some("GET")).is_ok());
        for (at, value) in [
            (0, None),
            (0, Some("G ET")),
            (1, None),
            (1, Some("ftp")),
            (1, Some("https,http")),
            (2, None),
            (2, Some("a,b")),
            (2, Some("app.example.com@evil")),
            (2, Some("app.example.com:80?")),
            (2, Some("app.example.com:+80")),
            (2, Some("app.example.com:")),
            (2, Some("app.example.com:80:80")),
            (2, Some("app.example.com?")),
            (2, Some("app.example.com#")),
            (2, Some("app.example.com\\")),
            (2, Some("app.example.com..")),
            (2, Some("")),
            (3, None),
            (3, Some("")),
            (3, Some("evil")),
            (3, Some("?x")),
            (3, Some("*")),
            (3, Some("/admin#x")),
            (3, Some("/?x#y")),
            (3, Some("/a b")),
            (3, Some("/a\u{e4}")),
            (3, Some("http://open.example.com/")),
        ] {
            assert!(with(at, value).is_err(), "{at} {value:?}");
        }
        let twice = [&good[..], &[("x-forwarded-host", "evil.example")]].concat();
        assert!(read(Dialect::Traefik, "/auth/traefik", &twice).is_err());
    }
    /// An authority ends where a path begins, and nowhere else.
    #[test]
    fn an_address_has_one_reading() {
        let of = |url: &str| {
            let headers = [("x-original-method", "GET"), ("x-original-url", url)];
            read(Dialect::Nginx, "/auth/nginx", &headers)
        };
        assert_eq!(of("http://site:80/a?b=/c"), Ok("http://site/a?b=/c".to_owned()));
        for url in [
            "http://site:80?/secret",
            "http://site?/secret",
            "http://site:80#/secret",
            "http://site:80\\/secret",
            "http://open@site/secret",
            "http://site:80@open/secret",
            "http://open:80;site/secret",
            "http://site",
            "http://site*",
            "http:///secret",
            "http://[::1]/secret",
            "//site/secret",
        ] {
            assert!(matches!(of(url), Err(Odd(_))), "{url}");
        }
    }

    /// Each thing that may be said is compared with every other, whichever the proxy set.
    #[test]
    fn two_headers_cannot_say_different_things() {
        let url = ("x-original-url", "http://app.example.com:8080/a?b");
        let nginx = [("x-original-method", "GET"), url];
        let forward = [
            ("x-forwarded-method", "GET"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "app.example.com:8080"),
            ("x-forwarded-uri", "/a?b"),
        ];
        let envoy = [("host", "app.example.com:8080"), ("x-forwarded-proto", "http")];
        let asked = [
            (Dialect::Traefik, "/auth/traefik", &forward[..]),
            (Dialect::Caddy, "/auth/caddy", &forward[..]),
            (Dialect::Nginx, "/auth/nginx", &nginx[..]),
            (Dialect::Envoy, "/auth/envoy/a?b", &envoy[..]),
            (Dialect::OAuth2Proxy, "/oauth2/auth", &forward[1..]),
            (Dialect::OAuth2Proxy, "/oauth2/auth", &nginx[..]),
        ];
        for (dialect, at, own) in asked {
            let with = |name: &'static str, value: &'static str| {
                let others = own.iter().filter(|(it, _)| *it != name).copied();
                let headers: Vec<_> = others.chain([(name, value)]).collect();
                (own.iter().all(|(it, _)| *it != name))
                    .then(|| read(dialect, at, &headers).map(drop))
            };
            for (name, same, other) in [
                ("x-original-url", "http://APP.example.com/a?b", "http://open.example.com/a?b"),
                ("x-original-url", "ws://app.example.com:8080/a?b", "http://app.example.com/b"),
                (
                    "x-original-url",
                    "http://app.example.com.:8080/a?b",
                    "http://app.example.com:80?/a",
                ),
                ("x-forwarded-host", "app.example.com", "open.example.com"),
                ("x-forwarded-host", "app.example.com:8080", "app.example.com:8080?"),
                ("x-forwarded-uri", "/a?b", "/a"),
                ("x-forwarded-uri", "/a?b", "/a?b#"),
                ("x-forwarded-proto", "ws", "https"),
                ("x-forwarded-port", "8080", "80"),
                ("x-forwarded-port", "8080", "http"),
            ] {
                assert!(with(name, same).is_none_or(|it| it == Ok(())), "{dialect:?} {name}");
                let odd = with(name, other).is_none_or(|it| matches!(it, Err(Odd(_))));
                assert!(odd, "{dialect:?} {name}: {other}");
            }
        }
    }
}
