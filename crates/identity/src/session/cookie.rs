//! Cookies of this origin: read strictly, written with everything that protects them.

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

/// The cookies of one request.
#[derive(Debug)]
pub(crate) struct CookieJar<'h> {
    pairs: Vec<(&'h str, &'h str)>,
    /// Whether a line could not be read.
    unreadable: bool,
}

impl<'h> CookieJar<'h> {
    pub(crate) fn of(headers: &'h HeaderMap) -> Self {
        let lines = headers.get_all(COOKIE);
        let unreadable = lines.iter().any(|line| line.to_str().is_err());
        let texts = lines.iter().filter_map(|line| line.to_str().ok());
        let pairs = texts.flat_map(|text| text.split(';'));
        let pairs = pairs.filter_map(|pair| pair.trim().split_once('=')).collect();
        Self { pairs, unreadable }
    }

    /// The value of this exact name. Two of a name are none: one of them is somebody else's.
    pub(crate) fn get(&self, name: &str) -> Option<&'h str> {
        let mut found = self.pairs.iter().filter(|(other, _)| *other == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }

    /// Whether there is something of this name, or may be, that cannot be used.
    pub(crate) fn is_odd(&self, name: &str) -> bool {
        self.unreadable || self.pairs.iter().any(|(other, _)| *other == name)
    }

    /// Those whose names begin so.
    pub(crate) fn beginning(&self, prefix: &str) -> impl Iterator<Item = (&'h str, &'h str)> {
        self.pairs.iter().copied().filter(move |(name, _)| name.starts_with(prefix))
    }
}
