//! Tool servers: the running ends of connections.

mod answer;
mod breaker;
mod build;
mod egress;
mod error;
mod exchange;
mod facts;
mod http;
mod list;
mod messages;
mod page;
mod raw;
mod request;
mod result;
mod secrets;
mod session;
mod stdio;
mod visit;
mod words;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gatehall_domain::{ConnectionId, UserId};
use tokio::sync::{Notify, Semaphore};

pub(crate) use answer::{Answer, error_parts};
use breaker::{Breaker, By};
pub(crate) use build::Builder;
pub use egress::{Egress, enter_lane};
pub use error::UpstreamError;
pub(crate) use exchange::{Event, Exchange};
pub use facts::Facts;
pub(crate) use list::Listing;
pub(crate) use request::{LogLevel, Passed, ToolCall};
pub(crate) use result::{CallResult, Kind};
use secrets::Secrets;
pub(crate) use visit::{VISIT_REQUIRED, Visit, told, visits};

pub(crate) use self::http::Listening;
pub use self::stdio::{Accounts, StdioUids, UidsUnusable};
use self::{http::HttpLink, stdio::StdioLink};

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
    Stdio(Box<StdioLink>),
    /// It cannot be reached, whatever is tried.
    Broken(UpstreamError),
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
                let begun = link.call(call).await.map_err(|unbegun| {
                    if unbegun.is_ours {
                        self.closed_to_all(&unbegun.error);
                    }
                    unbegun.error
                });
                Ok(Exchange::new(self.told(begun)?, call, place, self))
            }
            Link::Stdio(link) => {
                let begun = link.call(call).await;
                // Whatever fails here, the caller's message was not read.
                if let Err(error) = &begun {
                    self.closed_to_all(error);
                }
                Ok(Exchange::new(self.told(begun)?, call, place, self))
            }
            Link::Broken(error) => Err(error.clone()),
        }
    }

    /// Whether what the server logs reaches the caller that it is about.
    pub(crate) fn passes_logs(&self) -> bool {
        match &self.link {
            Link::Http(_) => true,
            Link::Stdio(link) => link.passes_logs(),
            Link::Broken(_) => false,
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

    /// Listens for changes of the server's tools, if it tells of them on a stream of its own and
    /// nobody listens yet.
    pub(crate) fn listen(&self, listening: &mut Listening) {
        match &self.link {
            Link::Http(link) => link.listen(listening, &self.look_again),
            // A process tells of them among all else.
            Link::Stdio(_) | Link::Broken(_) => {}
        }
    }

    /// Notes how asking went that the gate does on its own behalf.
    pub(crate) fn report(&self, error: Option<&UpstreamError>) {
        self.note(By::Gate, error, UpstreamError::is_trouble);
    }

    /// Notes how it went with what a caller asked for. That a server does not like a request of one
    /// is no trouble for others.
    pub(crate) fn report_call(&self, caller: UserId, error: Option<&UpstreamError>) {
        self.note(By::Caller(caller), error, UpstreamError::is_outage);
    }

    /// The gate did not get so far that it could send a call, which would be so for any caller.
    fn closed_to_all(&self, error: &UpstreamError) {
        match error.is_outage() {
            // That is counted as the call's.
            true => self.breaker.blame_server(),
            false => self.report(Some(error)),
        }
    }

    fn note(
        &self,
        by: By,
        error: Option<&UpstreamError>,
        counts: impl FnOnce(&UpstreamError) -> bool,
    ) {
        match error {
            None => self.breaker.succeeded(),
            // What the catalogue says of its tools may be out of date.
            Some(UpstreamError::Disagrees(_)) => self.look_again.notify_one(),
            Some(error) if counts(error) => {
                self.breaker.failed(by);
                *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(error.clone());
                self.look_again.notify_one();
            }
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
