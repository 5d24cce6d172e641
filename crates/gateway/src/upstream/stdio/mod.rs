//! MCP over the standard input and output of a process.

mod account;
mod lines;
mod process;
mod reading;
mod stderr;
mod supervise;
mod waiters;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use gatehall_domain::ConnectionId;
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Answer, Facts, Secrets, UpstreamError,
    answer::error_parts,
    raw::Begun,
    request::{self, ToolCall},
    session::{Sessions, Slot},
};
use crate::{Tasks, era::Era};

pub use account::{Accounts, StdioUids, UidsUnusable};
use process::Process;
pub(super) use process::StdioExchange;
pub(super) use stderr::Stderr;

/// A process that does not answer `server/discover` in this time is asked the old way. Python
/// servers take some seconds to start.
const DISCOVER: Duration = Duration::from_secs(10);

/// A connection to an MCP server that is a process of ours.
#[derive(Debug)]
pub(crate) struct StdioLink {
    launch: Launch,
    tasks: Tasks,
    sessions: Sessions<Session>,
    open_timeout: Duration,
    legacy: AtomicBool,
    stderr: Arc<Stderr>,
}

/// How to start the process.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) command: String,
    pub(super) arguments: Vec<String>,
    /// Whose process it is.
    pub(super) connection: ConnectionId,
    /// The connection's name, for messages.
    pub(super) name: Arc<str>,
    /// Where the user is found that it runs as.
    pub(super) accounts: Accounts,
    /// Its environment, with the credentials. Only what its user needs comes before it.
    pub(super) environment: BTreeMap<String, Secret>,
    pub(super) line_bytes: usize,
    /// Whether each caller gets a process of their own.
    pub(super) of_one_caller: bool,
    /// Where it is told that a process ended by itself.
    pub(super) died: Arc<Deaths>,
    /// Whether it was told that its processes write what is no message.
    pub(super) stray_told: Arc<AtomicBool>,
    /// What nothing may show that the process says.
    pub(super) secrets: Arc<Secrets>,
}

/// The processes of a launch that ended by themselves, and who starts them again.
#[derive(Debug)]
pub(super) struct Deaths {
    look_again: Arc<Notify>,
    /// How many in a row did not live long.
    early: AtomicU32,
}

/// A process that lived so long did not fail at its start.
const LIVED: Duration = Duration::from_secs(60);
const SHORTEST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

impl Deaths {
    pub(super) fn new(look_again: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self { look_again, early: AtomicU32::new(0) })
    }

    /// Asks whoever keeps the catalogue to look again.
    fn look_again(&self) -> Arc<Notify> {
        Arc::clone(&self.look_again)
    }

    /// Has the process started again, after a pause that grows while it keeps dying early.
    async fn again(&self, lived: Duration, stop: &CancellationToken) {
        let early = match lived < LIVED {
            true => self.early.fetch_add(1, Ordering::Relaxed) + 1,
            false => {
                self.early.store(0, Ordering::Relaxed);
                0
            }
        };
        let pause = (SHORTEST_BACKOFF * 2_u32.saturating_pow(early.min(10))).min(LONGEST_BACKOFF);
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        self.look_again.notify_one();
    }
}

/// A value that is not shown.
pub(super) struct Secret(pub(super) secrecy::SecretString);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("\u{2026}")
    }
}

/// A process with which a handshake was made.
#[derive(Debug)]
struct Session {
    process: Arc<Process>,
    era: Era,
    facts: Facts,
}

impl StdioLink {
    pub(super) fn new(launch: Launch, tasks: Tasks, open_timeout: Duration) -> Self {
        let stateful = launch.of_one_caller;
        Self {
            launch,
            tasks,
            sessions: Sessions::new(stateful),
            open_timeout,
            legacy: AtomicBool::new(false),
            stderr: Arc::default(),
        }
    }

    /// Asks something of the gateway's own.
    pub(crate) async fn ask(
        &self,
        method: &'static str,
        params: &[(&str, String)],
    ) -> Result<(Answer, Facts), UpstreamError> {
        // The handshake has its own time, so that it can say what it has seen in it.
        let session = self.open(self.sessions.shared()).await?;
        let id = session.process.id();
        let message = request::own_request(id, method, session.era, params);
        let asked = async { session.process.begin(id, message, None).await?.answer().await };
        let answer = tokio::time::timeout(self.open_timeout, asked).await;
        let answer = answer.map_err(|_| UpstreamError::TimedOut(self.open_timeout.as_secs()))??;
        Ok((answer, session.facts.clone()))
    }

    /// Starts the shared process, and says what it is.
    pub(crate) async fn greet(&self) -> Result<Facts, UpstreamError> {
        Ok(self.open(self.sessions.shared()).await?.facts.clone())
    }

    /// Begins a call.
    pub(super) async fn call(
        &self,
        call: &ToolCall,
    ) -> Result<Begun<StdioExchange>, UpstreamError> {
        let slot = self.sessions.of(call.permit.user());
        let session = self.open(&slot).await?;
        let id = session.process.id();
        let wire = {
            let caller = Some(call.permit.user());
            session.process.begin(id, call.message(id, session.era), caller).await?
        };
        Ok(Begun { wire, era: session.era, id })
    }

    /// Whether what it logs reaches the caller that it is about.
    pub(super) const fn passes_logs(&self) -> bool {
        self.launch.of_one_caller
    }

    /// What the process said on its standard error of late.
    pub(crate) fn stderr(&self) -> Vec<String> {
        self.stderr.lines()
    }

    /// Ends the processes of callers who have been away for long.
    pub(crate) fn sweep(&self) {
        self.sessions.sweep();
    }

    /// Forgets what was learnt, so that the next request starts anew. Ends idle processes.
    pub(crate) fn reset(&self) {
        self.sessions.take().for_each(drop);
        self.legacy.store(false, Ordering::Relaxed);
    }

    async fn open(&self, slot: &Slot<Session>) -> Result<Arc<Session>, UpstreamError> {
        slot.get(|session| session.process.is_alive(), async || Box::pin(self.handshake()).await)
            .await
    }

    fn start(&self) -> Result<Arc<Process>, UpstreamError> {
        Process::start(&self.launch, &self.tasks, Arc::clone(&self.stderr))
    }

    /// One process is of one era. Some lock to the first message, some exit on one they do not
    /// know; those are started anew and asked the old way.
    async fn handshake(&self) -> Result<Session, UpstreamError> {
        let end = Instant::now() + self.open_timeout;
        let mut process = self.start()?;
        if !self.legacy.load(Ordering::Relaxed) {
            let id = process.id();
            let message = request::own_request(id, "server/discover", Era::Modern, &[]);
            let asked = async { process.begin(id, message, None).await?.answer().await };
            // What is left has to do for a second try in the older way.
            let wait = DISCOVER.min(self.open_timeout / 2);
            match tokio::time::timeout(wait, asked).await {
                Ok(Ok(Answer::Result(result))) => {
                    if let Some(facts) = Facts::modern(&result.raw) {
                        if facts.tells_changes {
                            // Its answer comes when the server ends, and means nothing then.
                            process.send(request::listen(process.id())).await?;
                        }
                        return Ok(Session { process, era: Era::Modern, facts });
                    }
                }
                Ok(Ok(Answer::Error(_))) => {}
                Ok(Err(_)) | Err(_) => process = self.start()?,
            }
        }
        let facts = tokio::time::timeout_at(end, initialize(&process)).await;
        let facts = facts.map_err(|_| process.late(self.open_timeout.as_secs()))??;
        self.legacy.store(true, Ordering::Relaxed);
        Ok(Session { process, era: Era::Legacy, facts })
    }
}

async fn initialize(process: &Arc<Process>) -> Result<Facts, UpstreamError> {
    let id = process.id();
    let facts = match process.begin(id, request::initialize(id), None).await?.answer().await? {
        Answer::Result(result) => Facts::legacy(&result.raw)?,
        Answer::Error(error) => return Err(UpstreamError::Handshake(error_parts(&error).1)),
    };
    let ready: Bytes = request::notification("notifications/initialized", &[]);
    process.send(ready).await?;
    Ok(facts)
}
