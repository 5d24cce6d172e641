//! Tool servers: the running ends of connections.

mod answer;
mod breaker;
mod build;
mod carried;
mod credentials;
mod egress;
mod error;
mod exchange;
mod facts;
mod http;
mod item_kind;
mod link;
mod list;
mod log_level;
mod messages;
mod ongoing;
mod page;
mod question;
mod request;
mod result;
mod secrets;
mod session;
mod speaks;
mod stdio;
mod visit;
mod wire;
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
use credentials::{Credentials, Usable};
pub use egress::{Egress, enter_lane};
pub use error::UpstreamError;
pub(crate) use exchange::{Event, Note};
pub use facts::Facts;
use link::Link;
pub(crate) use list::Listing;
pub(crate) use log_level::LogLevel;
pub(crate) use ongoing::{Beginning, Ongoing};
pub(crate) use request::{Passed, ToolCall};
pub(crate) use result::{CallResult, Kind};
pub use speaks::Speaks;
pub use stdio::{Accounts, StdioUids, UidsUnusable};
pub(crate) use visit::{VISIT_REQUIRED, Visit, told, visits};

/// The running end of a connection.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// Which connection it is.
    pub(crate) connection: ConnectionId,
    /// The connection's path.
    pub(crate) name: Arc<str>,
    link: Arc<dyn Link>,
    credentials: Arc<Credentials>,
    /// Time until a call is given up.
    pub(crate) call_timeout: Duration,
    places: Arc<Semaphore>,
    concurrent_calls: usize,
    breaker: Breaker,
    last_error: Mutex<Option<UpstreamError>>,
    /// Asks whoever keeps the catalogue to look again.
    pub(crate) look_again: Arc<Notify>,
    /// Tells them that the credentials are others.
    pub(crate) renewed: Notify,
}

impl Upstream {
    /// Sets about a call.
    ///
    /// # Errors
    /// If the upstream is not to be asked now.
    pub(crate) fn call(&self, call: ToolCall) -> Result<Beginning, UpstreamError> {
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
        Ok(Beginning { begin: Arc::clone(&self.link).begin(call), place: Some(place) })
    }

    /// The call, once the server has it. May be dropped and called again without losing anything;
    /// not after it was had.
    ///
    /// # Errors
    /// If the server cannot be asked.
    pub(crate) async fn begun(&self, beginning: &mut Beginning) -> Result<Ongoing, UpstreamError> {
        let begun = beginning.begin.as_mut().await.map_err(|unbegun| {
            if unbegun.is_ours {
                self.closed_to_all(&unbegun.error);
            }
            unbegun.error
        });
        let (secrets, place) = (self.credentials.secrets(), beginning.place.take());
        Ok(Ongoing { exchange: self.told(begun)?, secrets, _place: place })
    }

    /// Whether what the server logs reaches the caller that it is about.
    pub(crate) fn passes_logs(&self) -> bool {
        self.link.passes_logs()
    }

    /// A text of the server's, fit to be shown to those who do not know its secrets.
    pub(crate) fn quote(&self, text: &str) -> String {
        self.credentials.secrets().quote(text)
    }

    /// What the link told, without the connection's secrets where it failed.
    fn told<T>(&self, told: Result<T, UpstreamError>) -> Result<T, UpstreamError> {
        told.map_err(|error| self.credentials.secrets().error(error))
    }

    /// Opens the way to the server, unless it is open.
    ///
    /// # Errors
    /// If the server cannot be reached, or speaks something else.
    pub(crate) async fn open(&self) -> Result<Facts, UpstreamError> {
        self.told(self.link.open().await).map(|facts| self.credentials.secrets().facts(facts))
    }

    /// Listens for changes of the server's tools, if it tells of them on a stream of its own and
    /// nobody listens yet.
    pub(crate) fn listen(&self) {
        self.link.listen();
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

    /// What the server said last beside the protocol: the last lines of a process's standard error.
    pub(crate) fn last_words(&self) -> Vec<String> {
        self.link.last_words()
    }

    /// From here on these credentials count. Calls under way keep what they have to their end.
    fn renew(&self, credentials: Usable) {
        self.credentials.replace(credentials);
        self.link.close();
        self.breaker.succeeded();
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.renewed.notify_one();
    }

    /// Lets go of the sessions and processes of callers who have been away for long.
    pub(crate) fn sweep(&self) {
        self.link.sweep();
    }

    /// Lets go of sessions and processes. Calls under way keep theirs to their end.
    pub(crate) fn close(&self) {
        self.link.close();
    }
}
