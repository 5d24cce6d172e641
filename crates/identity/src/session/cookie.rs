//! Cookies of this origin: read byte by byte, written with everything that protects them.

use cookie::{Cookie, SameSite, time::Duration};
use http::{HeaderMap, HeaderValue, header::COOKIE};

/// How cookies are named and where they count.
#[derive(Debug, Clone)]
pub(crate) struct Jar {
    /// The domain below which all hosts get them; none for this host alone.
    domain: Option<String>,
}

impl Jar {
    pub(crate) const fn new(domain: Option<String>) -> Self {
        Self { domain }
    }

    /// The whole name: `__Host-` says that only this host, over TLS, can have set it.
    pub(crate) fn name(&self, name: &str) -> String {
        let prefix = if self.domain.is_some() { "__Secure-" } else { "__Host-" };
        format!("{prefix}{name}")
    }

    /// The header that sets a cookie.
    pub(crate) fn set(&self, name: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
        let mut cookie = Cookie::build((name, value))
            .path("/")
            .secure(true)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(Duration::seconds(seconds));
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(domain);
        }
        let mut header = HeaderValue::try_from(cookie.build().to_string()).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// The header that takes a cookie back.
    pub(crate) fn clear(&self, name: &str) -> Option<HeaderValue> {
        self.set(name, "", 0)
    }
}

/// The cookies of one request. Other programs below the domain set some, too, of any name and with
/// any bytes: what is foreign must not make ours unreadable.
#[derive(Debug)]
pub(crate) struct CookieJar<'h> {
    pairs: Vec<(&'h [u8], &'h [u8])>,
}

impl<'h> CookieJar<'h> {
    pub(crate) fn of(headers: &'h HeaderMap) -> Self {
        let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';'));
        Self { pairs: pairs.filter_map(|pair| split(pair.trim_ascii())).collect() }
    }

    /// The values of all cookies of this exact name; none for one that is no text.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = Option<&'h str>> {
        let named = self.pairs.iter().filter(move |(other, _)| *other == name.as_bytes());
        named.map(|(_, value)| str::from_utf8(value).ok())
    }

    /// Those whose names begin so.
    pub(crate) fn beginning(&self, prefix: &str) -> impl Iterator<Item = (&'h str, &'h str)> {
        let found = self.pairs.iter().filter(move |(name, _)| name.starts_with(prefix.as_bytes()));
        found.filter_map(|(name, value)| {
            Some((str::from_utf8(name).ok()?, str::from_utf8(value).ok()?))
        })
    }
}

fn split(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = pair.iter().position(|byte| *byte == b'=')?;
    let (name, value) = pair.split_at_checked(at)?;
    Some((name, value.get(1..)?))
}
