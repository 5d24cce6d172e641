//! How every request comes in, whichever face it is for: where from, who, and what is known now.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use gatehall_domain::{Caller, Door, Endpoint, Reach, Timestamp};
use gatehall_identity::{Host, Rejection, check_head};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE},
    request::Parts,
};
use url::Url;

use crate::{
    GatewaySettings,
    body::{Unread, collect},
    call::Asking,
    gateway::Gateway,
    live::Moment,
};

/// A client has so long to send the body of a request.
const BODY_TIME: Duration = Duration::from_secs(60);

/// A caller, and the moment by which everything is decided.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) moment: Arc<Moment>,
    pub(crate) caller: Caller,
    /// When the request came in. All that is decided about it is decided for this time.
    pub(crate) now: Timestamp,
    /// Why a chat's user is nobody here, where that was let in.
    pub(crate) refused: Option<Rejection>,
}

/// Why a request is not let in.
#[derive(Debug)]
pub(crate) struct Turned {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// What has to be said in a header: how to come in, or when to come again.
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
}

impl Entry {
    /// Proves who sends a request with this head.
    pub(crate) async fn new(gateway: &Gateway, head: &Parts) -> Result<Self, Turned> {
        let entry = Self::or_stranger(gateway, head).await?;
        match &entry.refused {
            Some(rejection) => Err(Turned::rejected(gateway, head, rejection)),
            None => Ok(entry),
        }
    }

    /// The same where a chat's user who is refused comes in as nobody, to be told why in words.
    pub(crate) async fn or_stranger(gateway: &Gateway, head: &Parts) -> Result<Self, Turned> {
        let host = check_head(head)
            .map_err(|fault| Turned::new(StatusCode::BAD_REQUEST, format!("{fault}.")))?;
        let own = gateway.doors.public_url().map(Url::scheme);
        check_origin(&gateway.settings, own, head, host).map_err(|message| {
            gateway.doors.note_foreign_origin(head);
            Turned::new(StatusCode::FORBIDDEN, message)
        })?;
        let now = gateway.clock.now();
        if !gateway.live.is_fresh(now) {
            let message = "The gate is closed: it has not heard from its database for too long.";
            return Err(Turned::new(StatusCode::SERVICE_UNAVAILABLE, message.into()));
        }
        let snapshot = gateway.live.snapshot();
        let caller = gateway.doors.caller_or_stranger(head, &snapshot, now).await;
        let (caller, refused) = caller.map_err(|it| Turned::rejected(gateway, head, &it))?;
        // What was learnt of the caller at the door, such as an account whose groups are not known,
        // is in a newer snapshot only.
        Ok(Self { moment: gateway.live.load(), caller, now, refused })
    }

    /// Who asks through a face, and by what it is decided.
    pub(crate) fn asking<'e>(&'e self, endpoint: &'e Endpoint, face: &'static str) -> Asking<'e> {
        let Self { moment, caller, now, .. } = self;
        Asking { moment, caller, endpoint, now: *now, face }
    }

    /// What the caller may use at an endpoint, if that is anything.
    pub(crate) fn reach<'e>(&'e self, endpoint: &'e Endpoint) -> Option<Reach<'e>> {
        self.moment.reach(&self.caller, endpoint, self.now)
    }
}

impl Turned {
    const fn new(status: StatusCode, message: String) -> Self {
        Self { status, message, header: None }
    }

    fn rejected(gateway: &Gateway, head: &Parts, rejection: &Rejection) -> Self {
        let status = match rejection {
            Rejection::NotKept => StatusCode::SERVICE_UNAVAILABLE,
            Rejection::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Rejection::Scope(_) => StatusCode::FORBIDDEN,
            it if it.is_final() => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        };
        let header = match rejection {
            Rejection::TooMany(seconds) => Some((RETRY_AFTER, HeaderValue::from(*seconds))),
            Rejection::NotKept => None,
            it if it.is_final() => None,
            _ => Some((WWW_AUTHENTICATE, gateway.doors.challenge(rejection, head.uri.path()))),
        };
        Self { status, message: rejection.to_string(), header }
    }
}

/// Refuses requests that a web page was tricked into sending (DNS rebinding, other origins).
/// `own` is the scheme under which browsers know the gate, if it is known. Whoever names no host is
/// let in only where any would do.
fn check_origin(
    settings: &GatewaySettings,
    own: Option<&str>,
    head: &Parts,
    host: Option<Host<'_>>,
) -> Result<(), String> {
    let allowed = &settings.allowed_hosts;
    let is_allowed = |host: Host<'_>| allowed.iter().any(|it| it.eq_ignore_ascii_case(host.name));
    if !allowed.is_empty() && !host.is_some_and(is_allowed) {
        return Err(format!(
            "The host \"{}\" is not one of this gateway's: add it to GATEHALL_ALLOWED_HOSTS.",
            host.map_or("", |host| host.name)
        ));
    }
    let Some(origin) = head.headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or("");
    let is_own = Host::of_origin(origin).zip(host).is_some_and(|((scheme, named), host)| {
        own.is_none_or(|own| own == scheme) && named.is(host, scheme)
    });
    if is_own || settings.allowed_origins.iter().any(|other| other.eq_ignore_ascii_case(origin)) {
        return Ok(());
    }
    Err(format!(
        "The origin \"{}\" may not use this gateway: add it to GATEHALL_ALLOWED_ORIGINS, or set \
         GATEHALL_PUBLIC_URL to the gate's own.",
        gatehall_domain::names::shown(origin, 80)
    ))
}

/// What somebody has to know who comes in rightly and sees nothing, because nobody is named or
/// whoever is named is refused.
pub(crate) fn hint(caller: &Caller, refused: Option<&Rejection>) -> Option<Cow<'static, str>> {
    let refused = refused
        .map(|rejection| Cow::Owned(format!("There are no tools here for this user. {rejection}")));
    refused.or_else(|| names_nobody(caller).map(Cow::Borrowed))
}

/// What somebody has to know whose key is right and who sees nothing: nobody is named, or somebody
/// who is unknown here.
pub(crate) fn names_nobody(caller: &Caller) -> Option<&'static str> {
    match (caller.user, caller.door) {
        (None, Door::ServiceKey) => Some(
            "This key names no user, so there are no tools for it. The client has to send its \
             signed user header; in Open WebUI set ENABLE_FORWARD_USER_INFO_HEADERS=true and \
             FORWARD_USER_INFO_HEADER_JWT_SECRET.",
        ),
        (None, Door::OpenWebUi) => Some(
            "The signed-in user is not known to Gatehall, so there are no tools. An administrator \
             can add the user, or see with gatehall explain what would.",
        ),
        _ => None,
    }
}

/// What somebody has to know who is known and has nothing at an endpoint. It says the same whether
/// or not there is such an endpoint.
pub(crate) const fn nothing_for(endpoint: &Endpoint) -> &'static str {
    match endpoint {
        Endpoint::All => {
            "You have no tools here yet. An administrator can give you some, or put you into a \
             group that has them."
        }
        Endpoint::Tenant(_) | Endpoint::Server(..) => {
            "You have no tools at this address. All that you may use are at /mcp and at \
             /openapi.json; an administrator can give you more, or tell you the right address."
        }
    }
}

/// The endpoint that parts of a path name; none if they cannot name one.
pub(crate) fn endpoint_of(tenant: &str, server: Option<&str>) -> Option<Endpoint> {
    match (tenant, server) {
        (tenant, None) => Some(Endpoint::Tenant(tenant.parse().ok()?)),
        ("-", Some(server)) => Some(Endpoint::Server(None, server.parse().ok()?)),
        (tenant, Some(server)) => {
            Some(Endpoint::Server(Some(tenant.parse().ok()?), server.parse().ok()?))
        }
    }
}

/// Reads a body of bounded size, in bounded time.
///
/// # Errors
/// The status, and what to tell the sender.
pub(crate) async fn read_body(mut body: Body, limit: usize) -> Result<Bytes, (StatusCode, String)> {
    match tokio::time::timeout(BODY_TIME, collect(&mut body, limit)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(Unread::TooLarge)) => {
            let message = format!("the body is larger than {limit} bytes");
            Err((StatusCode::PAYLOAD_TOO_LARGE, message))
        }
        Ok(Err(Unread::Broken(_))) => Err((StatusCode::BAD_REQUEST, "the body broke off".into())),
        Err(_) => {
            let message = format!("the body did not come within {} seconds", BODY_TIME.as_secs());
            Err((StatusCode::REQUEST_TIMEOUT, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_hosts_and_origins_are_refused() {
        let settings = GatewaySettings {
            allowed_hosts: vec!["localhost".into(), "::1".into()],
            allowed_origins: vec!["https://chat.example".into()],
            ..Default::default()
        };
        let check = |scheme, pairs: &[(&'static str, &'static str)]| {
            let mut request = http::Request::new(());
            for (name, value) in pairs {
                request.headers_mut().append(*name, HeaderValue::from_static(value));
            }
            let (head, ()) = request.into_parts();
            check_head(&head).is_ok_and(|host| check_origin(&settings, scheme, &head, host).is_ok())
        };
        let host = ("host", "localhost:8080");
        assert!(check(None, &[host]));
        assert!(check(None, &[("host", "[::1]:8080")]));
        assert!(!check(None, &[("host", "evil.example")]));
        assert!(!check(None, &[]));
        assert!(!check(None, &[host, host]));
        for (scheme, origin, allowed) in [
            (None, "http://localhost:8080", true),
            (None, "https://localhost:8080", true),
            (Some("http"), "http://LocalHost:8080", true),
            (Some("http"), "https://localhost:8080", false),
            (Some("https"), "http://localhost:8080", false),
            (Some("https"), "https://localhost:8080", true),
            (Some("https"), "https://chat.example", true),
            (Some("https"), "http://chat.example", false),
            (None, "http://localhost:9999", false),
            (None, "http://localhost", false),
            (None, "http://me@localhost:8080", false),
            (None, "http://localhost:8080/", false),
            (None, "ws://localhost:8080", false),
            (None, "localhost:8080", false),
            (None, "null", false),
            (None, "", false),
        ] {
            assert_eq!(check(scheme, &[host, ("origin", origin)]), allowed, "{scheme:?} {origin}");
        }
        let own = ("origin", "http://localhost:8080");
        assert!(!check(None, &[host, own, own]));
    }

    #[test]
    fn http_2_names_the_host_in_the_address() {
        let settings = GatewaySettings { allowed_hosts: vec!["gate".into()], ..Default::default() };
        let mut request = http::Request::new(());
        *request.version_mut() = http::Version::HTTP_2;
        *request.uri_mut() = "http://gate:8080/mcp".parse().unwrap();
        request.headers_mut().insert(ORIGIN, HeaderValue::from_static("http://gate:8080"));
        let (head, ()) = request.into_parts();
        let host = check_head(&head).unwrap();
        assert_eq!(check_origin(&settings, None, &head, host), Ok(()));
    }
}
