use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt};
use gatehall_domain::UserId;
use tokio::time::Instant;

use super::{exchange::StdioExchange, launch::Launch, process::Process, stderr::Stderr};
use crate::{
    Tasks,
    era::Era,
    json,
    upstream::{
        answer::{Answer, error_parts},
        carried::Carried,
        credentials::Opened,
        error::UpstreamError,
        exchange::Exchange,
        facts::Facts,
        item_kind::ItemKind,
        link::{Begin, Link, Unbegun},
        page::Page,
        request::{self, ToolCall},
        session::Sessions,
        speaks::Speaks,
        wire::answer,
    },
};

/// A process that does not answer `server/discover` in this time is asked the old way. Python
/// servers take some seconds to start.
const DISCOVER: Duration = Duration::from_secs(10);

/// A connection to an MCP server that is a process of ours.
#[derive(Debug)]
pub(in crate::upstream) struct StdioLink {
    launch: Launch,
    tasks: Tasks,
    sessions: Sessions<Session>,
    open_timeout: Duration,
    legacy: AtomicBool,
    stderr: Arc<Stderr>,
}

/// A process with which a handshake was made.
#[derive(Debug)]
struct Session {
    process: Arc<Process>,
    era: Era,
    facts: Facts,
}

impl StdioLink {
    pub(in crate::upstream) fn new(launch: Launch, tasks: Tasks, open_timeout: Duration) -> Self {
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
    async fn ask(
        &self,
        method: &'static str,
        params: &[(&str, String)],
    ) -> Result<(Answer, Facts), UpstreamError> {
        // The handshake has its own time, so that it can say what it has seen in it.
        let session = self.session(None).await?;
        let process = &session.process;
        let id = process.id();
        let message = request::own_request(id, method, session.era, params);
        let asked = async { answer(StdioExchange::begin(process, id, message, None).await?).await };
        let answered = tokio::time::timeout(self.open_timeout, asked).await;
        let answered =
            answered.map_err(|_| UpstreamError::TimedOut(self.open_timeout.as_secs()))??;
        Ok((answered, session.facts.clone()))
    }

    async fn call(&self, call: &ToolCall) -> Result<Box<dyn Exchange>, UpstreamError> {
        let caller = call.permit.user();
        let session = self.session(Some(caller)).await?;
        let (process, era) = (&session.process, session.era);
        let id = process.id();
        let message = call.message(id, era);
        let wire = StdioExchange::begin(process, id, message, Some(caller)).await?;
        Ok(Carried::boxed(wire, era, id, &call.passed, &self.launch.died.look_again()))
    }

    /// The session of a caller, or the one in which the gate asks on its own behalf.
    async fn session(&self, caller: Option<UserId>) -> Result<Arc<Session>, UpstreamError> {
        let credentials = self.launch.credentials.of(caller).await?;
        let slot = self.sessions.of(credentials.identity, caller);
        let open = async || Box::pin(self.handshake(&credentials)).await;
        slot.get(|session| session.process.is_alive(), open).await
    }

    fn start(&self, credentials: &Opened) -> Result<Arc<Process>, UpstreamError> {
        Process::start(&self.launch, credentials, &self.tasks, Arc::clone(&self.stderr))
    }

    /// One process is of one era. Some lock to the first message, some exit on one they do not
    /// know; those are started anew and asked the old way.
    async fn handshake(&self, credentials: &Opened) -> Result<Session, UpstreamError> {
        let end = Instant::now() + self.open_timeout;
        let mut process = self.start(credentials)?;
        if !self.legacy.load(Ordering::Relaxed) {
            let id = process.id();
            let message = request::own_request(id, "server/discover", Era::Modern, &[]);
            let asked =
                async { answer(StdioExchange::begin(&process, id, message, None).await?).await };
            // What is left has to do for a second try in the older way.
            let wait = DISCOVER.min(self.open_timeout / 2);
            match tokio::time::timeout(wait, asked).await {
                Ok(Ok(Answer::Result(result))) => {
                    if let Some(facts) = Facts::modern(&result.raw, Speaks::StdioModern) {
                        if facts.tells_changes {
                            // Its answer comes when the server ends, and means nothing then.
                            process.send(request::listen(process.id())).await?;
                        }
                        return Ok(Session { process, era: Era::Modern, facts });
                    }
                }
                Ok(Ok(Answer::Error(_))) => {}
                Ok(Err(_)) | Err(_) => process = self.start(credentials)?,
            }
        }
        let facts = tokio::time::timeout_at(end, initialize(&process)).await;
        let facts = facts.map_err(|_| process.late(self.open_timeout.as_secs()))??;
        self.legacy.store(true, Ordering::Relaxed);
        Ok(Session { process, era: Era::Legacy, facts })
    }
}

impl Link for StdioLink {
    fn open(&self) -> BoxFuture<'_, Result<Facts, UpstreamError>> {
        async { Ok(self.session(None).await?.facts.clone()) }.boxed()
    }

    fn list<'l>(
        &'l self,
        kind: ItemKind,
        cursor: Option<&'l str>,
    ) -> BoxFuture<'l, Result<(Page, Facts), UpstreamError>> {
        async move {
            let params = cursor.map(|cursor| ("cursor", json::string(cursor)));
            let (answer, facts) = self.ask(kind.list_method(), params.as_slice()).await?;
            Ok((Page::answered(kind, cursor.is_none(), &answer)?, facts))
        }
        .boxed()
    }

    fn begin(self: Arc<Self>, call: ToolCall) -> Begin {
        // Whatever fails here, the caller's message was not read.
        async move { self.call(&call).await.map_err(Unbegun::ours) }.boxed()
    }

    fn forget(&self) {
        self.close();
    }

    fn close(&self) {
        self.sessions.close();
        self.legacy.store(false, Ordering::Relaxed);
    }

    fn sweep(&self) {
        self.sessions.sweep();
    }

    fn passes_logs(&self) -> bool {
        self.launch.of_one_caller
    }

    fn last_words(&self) -> Vec<String> {
        self.stderr.lines()
    }
}

async fn initialize(process: &Arc<Process>) -> Result<Facts, UpstreamError> {
    let id = process.id();
    let exchange = StdioExchange::begin(process, id, request::initialize(id), None).await?;
    let facts = match answer(exchange).await? {
        Answer::Result(result) => Facts::legacy(&result.raw, Speaks::StdioLegacy)?,
        Answer::Error(error) => return Err(UpstreamError::Handshake(error_parts(&error).1)),
    };
    let ready = request::notification("notifications/initialized", &[]);
    process.send(ready).await?;
    Ok(facts)
}
