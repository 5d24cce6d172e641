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

impl Target {
    /// Reads it, or says what is missing.
    pub(crate) fn read(dialect: Dialect, head: &Parts) -> Result<Self, &'static str> {
        let headers = &head.headers;
        match dialect {
            Dialect::Traefik | Dialect::Caddy | Dialect::ForwardedUser => {
                let method = one(headers, "x-forwarded-method")?;
                check_method(method.ok_or("X-Forwarded-Method is missing")?)?;
                let scheme = one(headers, "x-forwarded-proto")?;
                let host = one(headers, "x-forwarded-host")?;
                let uri = one(headers, "x-forwarded-uri")?;
                Self::new(
                    scheme.ok_or("X-Forwarded-Proto is missing")?,
                    host.ok_or("X-Forwarded-Host is missing")?,
                    uri.ok_or("X-Forwarded-Uri is missing")?,
                )
            }
            Dialect::Nginx => {
                let method = one(headers, "x-original-method")?;
                check_method(method.ok_or("X-Original-Method is missing")?)?;
                Self::of_url(one(headers, "x-original-url")?.ok_or("X-Original-URL is missing")?)
            }
            Dialect::OAuth2Proxy => Self::of_either(headers),
            Dialect::Envoy => {
                let scheme = one(headers, "x-forwarded-proto")?;
                let host = match one(headers, "host")? {
                    Some(host) => host,
                    None => head.uri.authority().ok_or("Host is missing")?.as_str(),
                };
                let uri = head.uri.path_and_query().map_or("", |it| it.as_str());
                let uri = uri.strip_prefix(ENVOY).ok_or("the path is missing")?;
                Self::new(scheme.ok_or("X-Forwarded-Proto is missing")?, host, uri)
            }
        }
    }

    /// Users of oauth2-proxy configure one of two forms. The other comes from the client then, so
    /// that both must not say different things.
    fn of_either(headers: &HeaderMap) -> Result<Self, &'static str> {
        let original = one(headers, "x-original-url")?.map(Self::of_url).transpose()?;
        let own = one(headers, "host")?;
        let host = one(headers, "x-forwarded-host")?.or(own);
        let scheme = one(headers, "x-forwarded-proto")?.unwrap_or("https");
        let forwarded = match one(headers, "x-forwarded-uri")? {
            Some(uri) => Some(Self::new(scheme, host.ok_or("Host is missing")?, uri)?),
            None => None,
        };
        match (original, forwarded) {
            (Some(one), Some(other)) if one != other => {
                Err("X-Original-URL and X-Forwarded-Uri say different things: have the proxy set \
                     one and clear the other")
            }
            (Some(target), _) | (None, Some(target)) => Ok(target),
            (None, None) => Err("X-Original-URL is missing: in nginx write proxy_set_header \
                                 X-Original-URL $scheme://$http_host$request_uri"),
        }
    }

    fn of_url(url: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or("X-Original-URL is no address")?;
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        Self::new(scheme, &rest[..at], &rest[at..])
    }

    fn new(scheme: &str, host: &str, uri: &str) -> Result<Self, &'static str> {
        if !matches!(scheme, "http" | "https") {
            return Err("the scheme is neither http nor https");
        }
        let (host, port) = split_host(host).ok_or("the host is no name")?;
        let plain = uri.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain || !(uri.is_empty() || uri.starts_with(['/', '?'])) {
            return Err("the path is none");
        }
        let (path, query) = match uri.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (uri, None),
        };
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self { scheme: scheme.to_owned(), host, port, path: path.to_owned(), query })
    }

    /// The address, to come back to.
    pub(crate) fn url(&self) -> Option<Url> {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        Url::parse(&format!("{}://{}{port}{}{query}", self.scheme, self.host, self.path)).ok()
    }
}

/// The one value of a header.
fn one<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, &'static str> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err("a header that says what was asked for is there twice");
    }
    match value.to_str() {
        // Two values in one line are two, too.
        Ok(text) if !text.is_empty() && !text.contains([',', ' ']) || name == "x-original-url" => {
            Ok(Some(text))
        }
        Ok(text) if name == "x-forwarded-uri" && !text.is_empty() => Ok(Some(text)),
        _ => Err("a header that says what was asked for cannot be read"),
    }
}

fn check_method(text: &str) -> Result<(), &'static str> {
    Method::from_bytes(text.as_bytes()).map(drop).map_err(|_| "the method is none")
}

/// A host's name and its port.
fn split_host(text: &str) -> Option<(String, Option<u16>)> {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.parse().ok()?)),
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

    fn read(dialect: Dialect, uri: &str, headers: &[(&str, &str)]) -> Result<String, &'static str> {
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
            (2, Some("")),
            (3, None),
            (3, Some("evil")),
        ] {
            assert!(with(at, value).is_err(), "{at} {value:?}");
        }
        let twice = [&good[..], &[("x-forwarded-host", "evil.example")]].concat();
        assert!(read(Dialect::Traefik, "/auth/traefik", &twice).is_err());
    }
}
