//! Tool servers: the running ends of connections.

mod answer;
mod breaker;
mod build;
mod egress;
mod error;
mod exchange;
mod http;
mod list;
mod raw;
mod request;
mod result;
mod secrets;
mod session;
mod stdio;
mod visit;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use gatehall_domain::ConnectionId;
use tokio::sync::{Notify, Semaphore};

pub(crate) use answer::{Answer, error_parts};
use breaker::Breaker;
pub(crate) use build::Builder;
pub use egress::{Egress, enter_lane};
pub use error::UpstreamError;
pub(crate) use exchange::{Event, Exchange};
pub(crate) use request::{LogLevel, Passed, ToolCall};
pub(crate) use result::{CallResult, Kind};
use secrets::Secrets;
pub(crate) use visit::{Visit, told, visits};

pub use self::stdio::{Accounts, StdioUids, UidsUnusable};
use self::{http::HttpLink, stdio::StdioLink};
use crate::era;

/// The running end of a connection.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// Which connection it is.
    pub(crate) connection: ConnectionId,
    /// The connection's path.
    pub(crate) name: Arc<str>,
    link: Link,
    /// What nothing may show that the link tells.
    secrets: Arc<Secrets>,
    /// Time until a call is given up.
    pub(crate) call_timeout: Duration,
    places: Arc<Semaphore>,
    concurrent_calls: usize,
    breaker: Breaker,
    last_error: Mutex<Option<UpstreamError>>,
    /// Asks whoever keeps the catalogue to look again.
    pub(crate) look_again: Arc<Notify>,
}

/// How a server is reached.
#[derive(Debug)]
enum Link {
    Http(HttpLink),
    Stdio(StdioLink),
    /// It cannot be reached, whatever is tried.
    Broken(UpstreamError),
}

/// What a server said of itself in the handshake. Unverified: nothing is decided on it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The revision that was agreed on.
    pub revision: &'static str,
    /// The server's name for itself.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Facts {
    fn new(revision: &'static str, result: &serde_json::Value) -> Self {
        // The modern era moved the server's name into the metadata.
        let info = result
            .pointer("/_meta/io.modelcontextprotocol~1serverInfo")
            .or_else(|| result.get("serverInfo"));
        let text = |name: &str| {
            let value = info.and_then(|info| info.get(name)).and_then(|value| value.as_str());
            gatehall_domain::names::shown(value.unwrap_or(""), 80).into_owned()
        };
        Self { revision, name: text("name"), version: text("version") }
    }

    /// What a `DiscoverResult` tells, if it offers the modern revision.
    fn modern(result: &Bytes) -> Option<Self> {
        let result: serde_json::Value = serde_json::from_slice(result).ok()?;
        let versions = result.get("supportedVersions")?.as_array()?;
        let offered = versions.iter().any(|version| version == era::MODERN);
        offered.then(|| Self::new(era::MODERN, &result))
    }

    /// What an `InitializeResult` tells.
    fn legacy(result: &Bytes) -> Result<Self, UpstreamError> {
        let result: serde_json::Value = serde_json::from_slice(result)
            .map_err(|_| UpstreamError::Junk("the result of initialize cannot be read".into()))?;
        let version = result.get("protocolVersion").and_then(|it| it.as_str()).unwrap_or("");
        let revision = era::legacy(version).ok_or_else(|| {
            UpstreamError::Handshake(format!("it offers revision \"{version}\" only"))
        })?;
        Ok(Self::new(revision, &result))
    }
}

impl Upstream {
    /// Begins a call.
    ///
    /// # Errors
    /// If the upstream cannot be asked.
    pub(crate) async fn call(&self, call: &ToolCall) -> Result<Exchange, UpstreamError> {
        if call.permit.connection() != self.connection {
            return Err(UpstreamError::Unreachable("the permit is for another connection".into()));
        }
        if !self.breaker.is_closed() {
            return Err(UpstreamError::Resting(
                self.last_error().map_or_else(String::new, |it| it.to_string()),
            ));
        }
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| UpstreamError::Busy(self.concurrent_calls))?;
        match &self.link {
            Link::Http(link) => {
                let begun = link.call(call).await;
                Ok(Exchange::new(self.told(begun)?, call, place, Arc::clone(&self.secrets)))
            }
            Link::Stdio(link) => {
                let begun = link.call(call).await;
                Ok(Exchange::new(self.told(begun)?, call, place, Arc::clone(&self.secrets)))
            }
            Link::Broken(error) => Err(error.clone()),
        }
    }

    /// A text of the server's, fit to be shown to those who do not know its secrets.
    pub(crate) fn quote(&self, text: &str) -> String {
        self.secrets.quote(text)
    }

    /// What the link told, without the connection's secrets where it failed.
    fn told<T>(&self, told: Result<T, UpstreamError>) -> Result<T, UpstreamError> {
        told.map_err(|error| self.secrets.error(error))
    }

    /// Makes the handshake, if it was not made yet.
    ///
    /// # Errors
    /// If the server cannot be reached, or speaks something else.
    pub(crate) async fn greet(&self) -> Result<Facts, UpstreamError> {
        let greeted = match &self.link {
            Link::Http(link) => link.greet().await,
            Link::Stdio(link) => link.greet().await,
            Link::Broken(error) => Err(error.clone()),
        };
        self.told(greeted).map(|facts| self.secrets.facts(facts))
    }

    /// Notes how asking went.
    pub(crate) fn report(&self, error: Option<&UpstreamError>) {
        match error {
            None => self.breaker.succeeded(),
            Some(error) if error.is_outage() => {
                self.breaker.failed();
                *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(error.clone());
                self.look_again.notify_one();
            }
            // What the catalogue says of its tools may be out of date.
            Some(UpstreamError::Disagrees(_)) => self.look_again.notify_one(),
            Some(_) => {}
        }
    }

    /// The last failure.
    fn last_error(&self) -> Option<UpstreamError> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last lines a process wrote to its standard error.
    pub(crate) fn stderr(&self) -> Vec<String> {
        match &self.link {
            Link::Stdio(link) => link.stderr().iter().map(|it| self.quote(it)).collect(),
            Link::Http(_) | Link::Broken(_) => Vec::new(),
        }
    }

    /// Lets go of the sessions and processes of callers who have been away for long.
    pub(crate) fn sweep(&self) {
        match &self.link {
            Link::Http(link) => link.sweep(),
            Link::Stdio(link) => link.sweep(),
            Link::Broken(_) => {}
        }
    }

    /// Lets go of sessions and processes. Calls under way keep theirs to their end.
    pub(crate) fn close(&self) {
        match &self.link {
            Link::Http(link) => link.reset(),
            Link::Stdio(link) => link.reset(),
            Link::Broken(_) => {}
        }
    }
}
