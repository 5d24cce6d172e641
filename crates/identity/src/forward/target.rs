//! What a proxy was asked for, as each kind of proxy says it.

use std::borrow::Cow;

use http::{HeaderMap, Method, request::Parts};
use url::Url;

use super::Dialect;
use crate::Host;
use Problem::{Missing, Odd};

/// What somebody asked the proxy for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: String,
    /// In lower case, without the port, and without the brackets of IPv6.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// What came in it as raw bytes stands in it as letters: nobody knows what programs make of
    /// them.
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

impl Target {
    /// Reads it, or says what is missing. Whatever else the question has that says what was asked
    /// for has to say the same: one of them may be the client's.
    pub(crate) fn read(dialect: Dialect, head: &Parts) -> Result<Self, Problem> {
        let headers = &head.headers;
        let target = match dialect {
            Dialect::Traefik | Dialect::Caddy | Dialect::ForwardedUser => {
                let method = one(headers, "x-forwarded-method")?;
                check_method(&method.ok_or(Missing("X-Forwarded-Method is missing"))?)?;
                let scheme = one(headers, "x-forwarded-proto")?;
                let host = one(headers, "x-forwarded-host")?;
                let uri = one(headers, "x-forwarded-uri")?;
                Self::new(
                    &scheme.ok_or(Missing("X-Forwarded-Proto is missing"))?,
                    &host.ok_or(Missing("X-Forwarded-Host is missing"))?,
                    &uri.ok_or(Missing("X-Forwarded-Uri is missing"))?,
                )
            }
            Dialect::Nginx => {
                let method = one(headers, "x-original-method")?;
                check_method(&method.ok_or(Missing("X-Original-Method is missing"))?)?;
                let url = one(headers, "x-original-url")?;
                Self::of_url(&url.ok_or(Missing("X-Original-URL is missing"))?)
            }
            Dialect::OAuth2Proxy => Self::of_either(headers),
            Dialect::Envoy => {
                let scheme = one(headers, "x-forwarded-proto")?;
                let host = match one(headers, "host")? {
                    Some(host) => host,
                    None => head.uri.authority().ok_or(Missing("Host is missing"))?.as_str().into(),
                };
                let uri = head.uri.path_and_query().map_or("", |it| it.as_str());
                let uri = uri.strip_prefix(ENVOY).ok_or(Missing("the path is missing"))?;
                Self::new(&scheme.ok_or(Missing("X-Forwarded-Proto is missing"))?, &host, uri)
            }
        }?;
        target.check_rest(headers)?;
        Ok(target)
    }

    /// Users of oauth2-proxy configure one of two forms.
    fn of_either(headers: &HeaderMap) -> Result<Self, Problem> {
        if let Some(url) = one(headers, "x-original-url")? {
            return Self::of_url(&url);
        }
        let uri = one(headers, "x-forwarded-uri")?.ok_or(Missing(
            "X-Original-URL is missing: in nginx write proxy_set_header X-Original-URL \
             $scheme://$host$request_uri",
        ))?;
        let own = one(headers, "host")?;
        let host = one(headers, "x-forwarded-host")?.or(own).ok_or(Missing("Host is missing"))?;
        let scheme = one(headers, "x-forwarded-proto")?;
        Self::new(scheme.as_deref().unwrap_or("https"), &host, &uri)
    }

    fn of_url(url: &str) -> Result<Self, Problem> {
        let (scheme, rest) = url.split_once("://").ok_or(Odd("X-Original-URL is no address"))?;
        let (host, uri) = rest.split_at(rest.find('/').ok_or(Odd("X-Original-URL has no path"))?);
        Self::new(scheme, host, uri)
    }

    /// Of what a proxy can mean and nothing else: nobody knows what another program makes of it.
    fn new(scheme: &str, host: &str, uri: &str) -> Result<Self, Problem> {
        let scheme = plain_scheme(scheme).ok_or(Odd("the scheme is neither http nor https"))?;
        let host = Host::parse(host).ok_or(Odd("the host is no name"))?;
        // What is beyond ASCII came as raw bytes, which some clients write and some proxies pass on.
        let plain = uri.bytes().all(|it| !it.is_ascii() || it.is_ascii_graphic() && it != b'#');
        if !plain || !uri.starts_with('/') {
            return Err(Odd("the path is none"));
        }
        let (path, query) = match uri.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (uri.to_owned(), None),
        };
        let (host, port) = (host.plain_name(), host.port);
        Ok(Self { scheme: scheme.to_owned(), host, port, path, query })
    }

    /// Compares it with each header that could say something else of it.
    fn check_rest(&self, headers: &HeaderMap) -> Result<(), Problem> {
        for name in ["x-forwarded-method", "x-original-method"] {
            one(headers, name)?.map_or(Ok(()), |it| check_method(&it))?;
        }
        let same_host = |text: &str| {
            Host::parse(text).is_some_and(|host| {
                let port = host.port;
                host.plain_name() == self.host
                    && (port == self.port || port.is_none() || self.port.is_none())
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
            let other = Self::of_url(&url)?;
            Ok(other.scheme == self.scheme
                && other.host == self.host
                && (other.port == self.port || other.port.is_none() || self.port.is_none())
                && (&other.path, &other.query) == (&self.path, &self.query))
        })? && one(headers, "x-forwarded-proto")?
            .is_none_or(|it| plain_scheme(&it) == Some(self.scheme.as_str()))
            && one(headers, "x-forwarded-host")?.is_none_or(|it| same_host(&it))
            && one(headers, "x-forwarded-uri")?.is_none_or(|it| same_uri(&it))
            && one(headers, "x-forwarded-port")?.is_none_or(|it| same_port(&it));
        if same {
            return Ok(());
        }
        Err(Odd("two headers say different things of what was asked for: have the proxy set \
                 X-Original-URL, or X-Forwarded-Host and X-Forwarded-Uri, and clear the others"))
    }

    /// The address, to come back to.
    pub(crate) fn url(&self) -> Option<Url> {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        Url::parse(&format!("{}://{host}{port}{}{query}", self.scheme, self.path)).ok()
    }
}

/// The one value of a header.
fn one<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<Cow<'h, str>>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Odd("a header that says what was asked for is there twice"));
    }
    let odd = || Odd("a header that says what was asked for cannot be read");
    if value.is_empty() {
        return Err(odd());
    }
    if matches!(name, "x-original-url" | "x-forwarded-uri") {
        return Ok(Some(String::from_utf8_lossy(value.as_bytes())));
    }
    let text = value.to_str().map_err(|_| odd())?;
    if name == "x-forwarded-proto" {
        return Ok(Some(text.into()));
    }
    // Two values in one line are two, too.
    if text.contains([',', ' ']) { Err(odd()) } else { Ok(Some(text.into())) }
}

fn check_method(text: &str) -> Result<(), Problem> {
    match Method::from_bytes(text.as_bytes()) {
        // Whoever connects through a backend asks for no page of it.
        Ok(method) if method != Method::CONNECT => Ok(()),
        _ => Err(Odd("the method is none")),
    }
}

/// Some proxies say that a connection is to become a WebSocket, and some add what they have to what
/// the one before them said. Two that differ are two, and nobody could say which counts.
fn plain_scheme(text: &str) -> Option<&'static str> {
    let mut schemes = text.split(',').map(|it| match it.trim().to_ascii_lowercase().as_str() {
        "http" | "ws" => Some("http"),
        "https" | "wss" => Some("https"),
        _ => None,
    });
    let first = schemes.next()??;
    schemes.all(|it| it == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests;
