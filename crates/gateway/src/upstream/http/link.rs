use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::future::{BoxFuture, FutureExt};
use tokio::time::Instant;

use super::{exchange::HttpExchange, line::Line, listen::listen, open::Open};
use crate::{
    json,
    upstream::{
        answer::Answer,
        carried::Carried,
        credentials::Opened,
        error::UpstreamError,
        exchange::Exchange,
        facts::Facts,
        item_kind::ItemKind,
        link::{Begin, Link, Unbegun},
        page::Page,
        request::{self, ToolCall},
        session::{Sessions, Slot},
        wire::answer,
    },
};

/// A connection to an MCP server over HTTP.
#[derive(Debug)]
pub(in crate::upstream) struct HttpLink {
    line: Arc<Line>,
    sessions: Sessions<Open>,
    /// In which session it is listened.
    listening: Mutex<Weak<Open>>,
}

impl HttpLink {
    pub(in crate::upstream) fn new(line: Line) -> Self {
        let sessions = Sessions::new(line.of_one_caller);
        Self { line: Arc::new(line), sessions, listening: Mutex::default() }
    }

    /// The session of a slot, opened if there is none that is good. `probing`, it is also found out
    /// what else the server may speak.
    async fn session(
        &self,
        slot: &Slot<Open>,
        credentials: &Opened,
        probing: bool,
    ) -> Result<Arc<Open>, UpstreamError> {
        let renew = async |current: Option<Arc<Open>>| {
            if let Some(doubted) = current
                && doubted.prove().await
            {
                return Ok(doubted);
            }
            self.line.handshake(credentials, probing).await.map(Arc::new)
        };
        let limit = self.line.open_timeout;
        slot.renew(
            |open| open.standing.is_good(),
            async |current| {
                let opened = Box::pin(renew(current));
                tokio::time::timeout(limit, opened)
                    .await
                    .map_err(|_| UpstreamError::TimedOut(limit.as_secs()))?
            },
        )
        .await
    }

    /// Asks something of the gateway's own, in the shared session.
    async fn ask(
        &self,
        method: &'static str,
        params: &[(&str, String)],
    ) -> Result<(Answer, Facts), UpstreamError> {
        let credentials = self.line.credentials.of(None).await?;
        let slot = self.sessions.of(credentials.identity, None);
        let deadline = Instant::now() + self.line.open_timeout;
        let asked = async {
            let open = self.session(&slot, &credentials, true).await?;
            let id = self.line.id();
            let message = request::own_request(id, method, open.era, params);
            let headers = open.method_headers(method, None, &[]);
            let answered = match HttpExchange::begin(&open, id, message, headers).await {
                Ok(exchange) => answer(exchange).await,
                Err(error) => Err(error),
            };
            // What the gate asks may be asked twice, by whoever knows what belongs to a session.
            if !matches!(answered, Ok(Answer::Result(_))) && !open.standing.is_good() {
                open.standing.fail();
                let now = self.session(&slot, &credentials, true).await?;
                if !Arc::ptr_eq(&now, &open) {
                    return Err(UpstreamError::SessionLost);
                }
            }
            Ok((answered?, open.facts.clone()))
        };
        let seconds = self.line.open_timeout.as_secs();
        tokio::time::timeout_at(deadline, asked).await.unwrap_or_else(|_| {
            if let Some(open) = slot.current() {
                open.standing.silent();
            }
            Err(UpstreamError::TimedOut(seconds))
        })
    }

    /// Begins a call. It is begun a second time only if the server says, of the call and once more
    /// when it is asked, that it does not know the session: with the status that the protocol has
    /// for that, and without an answer to the call. Then it has not run.
    async fn call(&self, call: &ToolCall) -> Result<Box<dyn Exchange>, Unbegun> {
        let caller = Some(call.permit.user());
        let credentials = self.line.credentials.of(caller).await.map_err(Unbegun::theirs)?;
        let slot = self.sessions.of(credentials.identity, caller);
        // That one caller gets no session of their own says nothing of those of others.
        let unopened = match self.line.of_one_caller {
            true => Unbegun::theirs,
            false => Unbegun::ours,
        };
        let open = self.session(&slot, &credentials, false).await.map_err(unopened)?;
        let error = match self.call_in(&open, call).await {
            Ok(begun) => return Ok(begun),
            Err(error) => error,
        };
        if open.has_session() && matches!(error, UpstreamError::Status { status: 404, .. }) {
            let opened = self.session(&slot, &credentials, false).await;
            if open.standing.is_lost() {
                let open = opened.map_err(unopened)?;
                return self.call_in(&open, call).await.map_err(Unbegun::theirs);
            }
        }
        Err(Unbegun::theirs(error))
    }

    async fn call_in(
        &self,
        open: &Arc<Open>,
        call: &ToolCall,
    ) -> Result<Box<dyn Exchange>, UpstreamError> {
        let id = self.line.id();
        let message = call.message(id, open.era);
        let name = Some(call.permit.tool().as_ref());
        let mut headers = open.method_headers("tools/call", name, &call.headers);
        if let Some(trace) = &call.passed.trace {
            trace.put(&mut headers);
        }
        let wire = HttpExchange::begin(open, id, message, headers).await?;
        Ok(Carried::boxed(wire, open.era, id, &call.passed, &self.line.look_again))
    }
}

impl Link for HttpLink {
    fn open(&self) -> BoxFuture<'_, Result<Facts, UpstreamError>> {
        async {
            let credentials = self.line.credentials.of(None).await?;
            let slot = self.sessions.of(credentials.identity, None);
            Ok(self.session(&slot, &credentials, true).await?.facts.clone())
        }
        .boxed()
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
        async move { self.call(&call).await }.boxed()
    }

    fn forget(&self) {
        // Callers keep theirs.
        self.sessions.forget_shared();
        self.line.set_legacy(false);
    }

    fn close(&self) {
        self.sessions.close();
        self.line.set_legacy(false);
    }

    fn listen(&self) {
        let Some(open) = self.sessions.shared() else { return };
        let here = Arc::downgrade(&open);
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if !open.facts.tells_changes || listening.ptr_eq(&here) {
            return;
        }
        listening.clone_from(&here);
        self.line.tasks.spawn_until_stop(listen(here, Arc::clone(&self.line.look_again)));
    }

    fn sweep(&self) {
        self.sessions.sweep();
    }

    fn passes_logs(&self) -> bool {
        true
    }
}
