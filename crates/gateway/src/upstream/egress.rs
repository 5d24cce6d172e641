//! The one place from which HTTP leaves. Redirects are not followed: a credential goes to the
//! address the administrator wrote, and nowhere else.

use std::{cell::Cell, sync::Arc, time::Duration};

use bytes::Bytes;
use gatehall_identity::Connector;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};

use super::error::UpstreamError;

/// Pools of connections to upstreams, one for each lane, so that a call never leaves its thread.
#[derive(Debug, Clone)]
pub struct Egress {
    lanes: Arc<[Client<Connector, Full<Bytes>>]>,
}

thread_local! {
    static LANE: Cell<usize> = const { Cell::new(0) };
}

/// Says that the current thread is lane `number`, counted from 1. Threads that say nothing share
/// the pool of lane 0.
pub fn enter_lane(number: usize) {
    LANE.set(number);
}

impl Egress {
    /// Pools for this many lanes, beside the shared one. They trust the certificate authorities of
    /// the system, or the usual public ones if the system has none.
    pub fn new(lanes: usize) -> Self {
        let connector = gatehall_identity::connector();
        let client = || {
            Client::builder(TokioExecutor::new())
                .pool_idle_timeout(Duration::from_secs(60))
                .pool_timer(TokioTimer::new())
                .pool_max_idle_per_host(512)
                // A connection that somebody between drops silently is noticed.
                .timer(TokioTimer::new())
                .http2_keep_alive_interval(Duration::from_secs(20))
                .http2_keep_alive_timeout(Duration::from_secs(10))
                .http2_keep_alive_while_idle(true)
                .build(connector.clone())
        };
        Self { lanes: (0..=lanes).map(|_| client()).collect() }
    }

    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        self.lanes[LANE.get() % self.lanes.len()].request(request).await.map_err(|error| {
            let mut text = chain(&error);
            if text.contains("InvalidContentType") {
                text = "it does not speak TLS at this port: perhaps http:// is right".into();
            }
            if error.is_connect() {
                UpstreamError::Unreachable(text)
            } else {
                UpstreamError::Ended(text)
            }
        })
    }
}

/// An error and what lies behind it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut texts = Vec::new();
    let mut next = error.source();
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    // The outermost texts only say "client error"; the innermost says what happened.
    texts.pop().unwrap_or_else(|| error.to_string())
}
