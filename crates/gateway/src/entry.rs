//! How every request comes in, whichever face it is for: where from, who, and what is known now.

use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use gatehall_domain::{Caller, Endpoint, Reach, Timestamp};
use gatehall_identity::Rejection;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::WWW_AUTHENTICATE};

use crate::{
    body::{Unread, collect},
    gateway::Gateway,
    live::Moment,
    mcp::check_origin,
};

/// A caller, and the moment by which everything is decided.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) moment: Arc<Moment>,
    pub(crate) caller: Caller,
    /// When the request came in. All that is decided about it is decided for this time.
    pub(crate) now: Timestamp,
}

/// Why a request is not let in.
#[derive(Debug)]
pub(crate) struct Turned {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl Entry {
    /// Proves who sends a request with these headers.
    pub(crate) async fn new(
        gateway: &Gateway,
        headers: &HeaderMap,
        uri_host: Option<&str>,
    ) -> Result<Self, Turned> {
        check_origin(&gateway.settings, headers, uri_host)
            .map_err(|message| Turned { status: StatusCode::FORBIDDEN, message })?;
        let now = gateway.clock.now();
        if !gateway.live.is_fresh(now) {
            let message = "The gate is closed: it has not heard from its database for too long.";
            return Err(Turned {
                status: StatusCode::SERVICE_UNAVAILABLE,
                message: message.into(),
            });
        }
        let mut moment = gateway.live.load();
        let caller =
            gateway.doors.caller(headers, &moment.snapshot, now).await.map_err(|rejection| {
                Turned {
                    status: match rejection {
                        Rejection::NotAdded(_) => StatusCode::SERVICE_UNAVAILABLE,
                        _ => StatusCode::UNAUTHORIZED,
                    },
                    message: rejection.to_string(),
                }
            })?;
        // A user who was added at the door is in a newer snapshot only.
        if caller.user.is_some_and(|user| !moment.snapshot.company().users.contains_key(&user)) {
            moment = gateway.live.load();
        }
        Ok(Self { moment, caller, now })
    }

    /// Whether an endpoint is one for this caller. Where nobody is named, nothing is hidden: the
    /// lists are empty everywhere.
    pub(crate) fn sees(&self, endpoint: &Endpoint) -> bool {
        if *endpoint == Endpoint::All || self.caller.user.is_none() {
            return true;
        }
        let reach = Reach::new(&self.moment.snapshot, &self.caller, endpoint, self.now);
        reach.is_ok_and(|reach| reach.connections().next().is_some())
    }
}

impl Turned {
    /// What a 401 has to carry (RFC 6750).
    pub(crate) fn challenge(&self) -> Option<(HeaderName, HeaderValue)> {
        let value = HeaderValue::from_static("Bearer realm=\"gatehall\"");
        (self.status == StatusCode::UNAUTHORIZED).then_some((WWW_AUTHENTICATE, value))
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

/// Reads a body of bounded size.
///
/// # Errors
/// What to tell the sender.
pub(crate) async fn read_body(mut body: Body, limit: usize) -> Result<Bytes, String> {
    collect(&mut body, &mut BytesMut::new(), limit).await.map_err(|unread| match unread {
        Unread::TooLarge => format!("the body is larger than {limit} bytes"),
        Unread::Broken(_) => "the body broke off".to_owned(),
    })
}
