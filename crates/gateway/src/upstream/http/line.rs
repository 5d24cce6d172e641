//! What all sessions of a link go by.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT},
};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{HttpExchange, Line, METHOD, NAME, Open, back::Back};
use crate::{
    era::Era,
    upstream::{UpstreamError, session::Slot},
};

impl Line {
    /// The session of a slot, opened if there is none that is good. `probing`, it is also found out
    /// what else the server may speak.
    pub(super) async fn open(
        self: &Arc<Self>,
        slot: &Slot<Open>,
        probing: bool,
    ) -> Result<Arc<Open>, UpstreamError> {
        let renew = async |current: Option<Arc<Open>>| {
            if let Some(doubted) = current
                && self.prove(&doubted).await
            {
                return Ok(doubted);
            }
            self.handshake(probing).await.map(Arc::new)
        };
        slot.renew(
            |open| open.standing.is_good(),
            async |current| {
                let opened = Box::pin(renew(current));
                let seconds = self.open_timeout.as_secs();
                tokio::time::timeout(self.open_timeout, opened)
                    .await
                    .map_err(|_| UpstreamError::TimedOut(seconds))?
            },
        )
        .await
    }

    pub(super) fn id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// The headers of one request: those of the session, and for the modern era those that repeat
    /// what the body says.
    pub(super) fn method_headers(
        &self,
        open: &Open,
        method: &'static str,
        name: Option<&str>,
        params: &[(HeaderName, HeaderValue)],
    ) -> HeaderMap {
        let mut headers = open.headers.clone();
        if open.era == Era::Modern {
            headers.insert(&METHOD, HeaderValue::from_static(method));
            if let Some(name) = name {
                headers.insert(&NAME, crate::header_text::encode(name));
            }
            for (name, value) in params {
                headers.insert(name, value.clone());
            }
        }
        headers
    }

    pub(super) fn request(
        &self,
        method: Method,
        uri: &Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers;
        request
    }

    /// The headers every request to this server has.
    pub(super) fn base_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // What is compressed may unfold to any size.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("gatehall/", env!("CARGO_PKG_VERSION"))),
        );
        headers
    }

    pub(super) async fn post(
        &self,
        uri: &Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, UpstreamError> {
        self.egress.send(self.request(Method::POST, uri, headers, body)).await
    }

    /// Sends a request and looks at the head of the answer.
    pub(super) async fn exchange(
        self: &Arc<Self>,
        open: &Arc<Open>,
        id: u64,
        message: Bytes,
        headers: HeaderMap,
    ) -> Result<HttpExchange, UpstreamError> {
        // From here on the server may be at work.
        let mut back = Back::new(Arc::clone(open), id);
        let exchange = match self.post(&open.uri, headers, message).await {
            Ok(response) => HttpExchange::new(response, id, self.response_bytes).await,
            Err(error) => Err(error),
        };
        match exchange {
            Ok(exchange) => Ok(exchange.with(back)),
            Err(error) => {
                back.refused(&error);
                Err(error)
            }
        }
    }
}
