use std::{sync::Arc, time::Duration};

use gatehall_domain::{ConnectionId, ConnectionPath, Timestamp, snapshot::Site};

use crate::{
    catalogue::Offer,
    upstream::{Facts, Speaks, UpstreamError},
};

/// How a connection is.
#[derive(Debug, Clone)]
pub struct ConnectionStatus {
    /// Its id.
    pub connection: ConnectionId,
    /// Which one.
    pub path: ConnectionPath,
    /// Its transport, as its server says it.
    pub transport: &'static str,
    /// What came of the last look.
    pub state: State,
    /// Definitions that were left out of the catalogue, and why.
    pub problems: Vec<String>,
    /// Why its list of tools was not read to its end, if it was not.
    pub cut: Option<&'static str>,
    /// What was mended in definitions, each with the tools that had it.
    pub repairs: Vec<String>,
    /// How long the last look took.
    pub took: Duration,
    /// The last lines of a process's standard error.
    pub stderr: Vec<String>,
    /// The server's own names of tools that came, went or changed since the gate started, as seen
    /// the last time that some did.
    pub changed: Option<(Timestamp, Vec<String>)>,
    /// The last failures, the newest first.
    pub failures: Vec<(Timestamp, String)>,
}

/// Failures that are remembered.
const FAILURES: usize = 5;

/// What came of the last look at a connection.
#[derive(Debug, Clone)]
pub enum State {
    /// Nobody has looked yet.
    Unseen,
    /// It answers.
    Up {
        /// What it says of itself.
        facts: Facts,
        /// How many tools it offers.
        tools: usize,
    },
    /// It does not.
    Down(UpstreamError),
}

impl ConnectionStatus {
    /// What the connection was found to speak.
    pub fn speaks(&self) -> Speaks {
        match &self.state {
            State::Up { facts, .. } => facts.speaks,
            State::Down(UpstreamError::Unsupported(what)) => *what,
            State::Down(UpstreamError::Refused { .. }) => Speaks::RefusesCredential,
            State::Down(
                UpstreamError::Junk(_)
                | UpstreamError::Unreadable(_)
                | UpstreamError::Status { .. }
                | UpstreamError::Handshake(_)
                | UpstreamError::WrongId { .. }
                | UpstreamError::Encoded(_)
                | UpstreamError::TooLarge(_),
            ) => Speaks::SomethingElse,
            State::Down(UpstreamError::Credential { .. } | UpstreamError::Spawn(_)) => {
                Speaks::Unusable
            }
            State::Down(_) => Speaks::Nothing,
            State::Unseen => Speaks::Unseen,
        }
    }

    pub(crate) fn new(site: &Site) -> Self {
        Self {
            connection: site.connection.id,
            path: site.connection.path.clone(),
            transport: site.server.transport.kind(),
            state: State::Unseen,
            problems: Vec::new(),
            cut: None,
            repairs: Vec::new(),
            took: Duration::ZERO,
            stderr: Vec::new(),
            changed: None,
            failures: Vec::new(),
        }
    }

    pub(crate) fn looked(
        &mut self,
        found: &Result<(Arc<Offer>, Facts), UpstreamError>,
        took: Duration,
        now: Timestamp,
    ) {
        self.took = took;
        if let Err(error) = found {
            self.failures.insert(0, (now, error.to_string()));
            self.failures.truncate(FAILURES);
        }
        self.state = match found {
            Ok((offer, facts)) => {
                self.cut = offer.cut;
                self.problems.clone_from(&offer.report.left_out);
                self.repairs.clone_from(&offer.report.mended);
                State::Up { facts: facts.clone(), tools: offer.tools.len() }
            }
            Err(error) => State::Down(error.clone()),
        };
    }

    /// Notes what a server says otherwise than before.
    pub(crate) fn compare(&mut self, before: &Offer, after: &Offer, now: Timestamp) {
        let differing = after.differing(before);
        if !differing.is_empty() {
            self.changed = Some((now, differing));
        }
    }
}
