//! Finds out which era a server is of, and opens a session if it has any.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri};

use super::{
    exchange::HttpExchange,
    headers::{self, METHOD, SESSION, VERSION},
    line::Line,
    open::Open,
    probe,
    standing::Standing,
};
use crate::{
    era::{self, Era},
    upstream::{
        answer::{Answer, error_parts},
        credentials::Opened,
        error::UpstreamError,
        facts::Facts,
        request::{initialize, notification, own_request},
        speaks::Speaks,
        wire::answer,
    },
};

/// A server that does not answer `server/discover` in this time is asked the old way.
const DISCOVER: Duration = Duration::from_secs(5);

/// What a server's answer to `server/discover` tells.
enum Verdict {
    Modern(Facts),
    Legacy,
    /// It had some trouble; perhaps it answers the old way.
    Unsure,
}

impl Line {
    pub(super) async fn handshake(
        self: &Arc<Self>,
        credentials: &Opened,
        probing: bool,
    ) -> Result<Open, UpstreamError> {
        let mut last = UpstreamError::Junk("the address has no endpoint".into());
        for uri in &self.places {
            match self.handshake_at(uri, credentials).await {
                Ok(open) => return Ok(open),
                // Nothing of MCP here; perhaps at the next place.
                Err(
                    error @ (UpstreamError::Status { status: 400..=499 | 501, .. }
                    | UpstreamError::Junk(_)
                    | UpstreamError::WrongId { .. }
                    | UpstreamError::Encoded(_)),
                ) => {
                    last = error;
                }
                Err(error) => return Err(error),
            }
        }
        match self.places.first().filter(|_| probing) {
            Some(uri) => Err(probe::other_protocol(self, uri, credentials)
                .await
                .map_or(last, UpstreamError::Unsupported)),
            None => Err(last),
        }
    }

    async fn handshake_at(
        self: &Arc<Self>,
        uri: &Uri,
        credentials: &Opened,
    ) -> Result<Open, UpstreamError> {
        let mut legacy = self.is_legacy();
        if !legacy {
            match self.discover(uri, credentials).await? {
                Verdict::Modern(facts) => {
                    let mut with = headers::base(credentials);
                    with.insert(&VERSION, HeaderValue::from_static(era::MODERN));
                    return Ok(self.opened(uri, Era::Modern, with, facts));
                }
                Verdict::Legacy => legacy = true,
                Verdict::Unsure => {}
            }
        }
        let opened = self.initialize(uri, credentials).await;
        // Perhaps it is of another era than it was.
        self.set_legacy(legacy && opened.is_ok());
        opened
    }

    fn opened(self: &Arc<Self>, uri: &Uri, era: Era, headers: HeaderMap, facts: Facts) -> Open {
        let (line, uri) = (Arc::clone(self), uri.clone());
        Open { line, uri, era, headers, facts, standing: Standing::default() }
    }

    /// Asks the modern way. Only an answer of the modern era proves it; whatever else comes, the
    /// old way decides. A refused credential is no verdict on the era.
    async fn discover(&self, uri: &Uri, credentials: &Opened) -> Result<Verdict, UpstreamError> {
        let id = self.id();
        let mut with = headers::base(credentials);
        with.insert(&VERSION, HeaderValue::from_static(era::MODERN));
        with.insert(&METHOD, HeaderValue::from_static("server/discover"));
        let message = own_request(id, "server/discover", Era::Modern, &[]);
        let answered = async {
            let response = self.post(uri, with, message).await?;
            answer(HttpExchange::new(response, id, self.response_bytes).await?).await
        };
        match tokio::time::timeout(DISCOVER, answered).await {
            Ok(Ok(Answer::Result(result))) => {
                let facts = Facts::modern(&result.raw, Speaks::StreamableHttpModern);
                Ok(facts.map_or(Verdict::Legacy, Verdict::Modern))
            }
            Ok(Ok(Answer::Error(error))) => match error_parts(&error) {
                (-32022, message) if !mentions_legacy(&error) => {
                    Err(UpstreamError::Handshake(message))
                }
                (-32021 | -32020, message) => Err(UpstreamError::Handshake(message)),
                _ => Ok(Verdict::Legacy),
            },
            Ok(Err(error @ (UpstreamError::Refused { .. } | UpstreamError::Unreachable(_)))) => {
                Err(error)
            }
            Ok(Err(UpstreamError::Status { status: 500.., .. } | UpstreamError::Ended(_)))
            | Err(_) => Ok(Verdict::Unsure),
            Ok(Err(_)) => Ok(Verdict::Legacy),
        }
    }

    async fn initialize(
        self: &Arc<Self>,
        uri: &Uri,
        credentials: &Opened,
    ) -> Result<Open, UpstreamError> {
        let id = self.id();
        let response = self.post(uri, headers::base(credentials), initialize(id)).await?;
        // An id on anything but a success is none.
        let session =
            response.headers().get(&SESSION).filter(|_| response.status().is_success()).cloned();
        let exchange = HttpExchange::new(response, id, self.response_bytes).await?;
        let facts = match answer(exchange).await? {
            Answer::Result(result) => Facts::legacy(&result.raw, Speaks::StreamableHttpLegacy)?,
            Answer::Error(error) => return Err(UpstreamError::Handshake(error_parts(&error).1)),
        };
        let mut with = headers::base(credentials);
        with.insert(&VERSION, HeaderValue::from_static(facts.revision));
        if let Some(mut session) = session {
            session.set_sensitive(true);
            with.insert(&SESSION, session);
        }
        let ready = notification("notifications/initialized", &[]);
        let response = self.post(uri, with.clone(), ready).await?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            return Err(UpstreamError::Status {
                status,
                excerpt: "to notifications/initialized".into(),
            });
        }
        Ok(self.opened(uri, Era::Legacy, with, facts))
    }
}

fn mentions_legacy(error: &Bytes) -> bool {
    let error: serde_json::Value = serde_json::from_slice(error).unwrap_or_default();
    let supported = error.pointer("/data/supported").and_then(|list| list.as_array());
    supported.is_some_and(|list| {
        list.iter().filter_map(|v| v.as_str()).any(|v| era::legacy(v).is_some())
    })
}
