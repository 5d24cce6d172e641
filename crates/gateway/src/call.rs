//! The way of a call, whichever face it came through: from a name to a permit, to the upstream,
//! into the audit.

use std::{borrow::Cow, sync::Arc};

use gatehall_domain::{Caller, Decision, Denial, Endpoint, Permit, Reach};
use tokio::sync::mpsc;

use crate::{
    era::Era,
    gateway::Gateway,
    json::Members,
    live::{Live, Moment},
    record::Account,
    upstream::{Answer, Event, LogLevel, ToolCall, Upstream, UpstreamError},
};

/// What a caller asks for.
#[derive(Debug, Default)]
pub(crate) struct Asked<'a> {
    /// The tool, by the name the caller uses.
    pub(crate) name: Cow<'a, str>,
    /// The arguments as raw JSON, if there are any.
    pub(crate) arguments: Option<&'a str>,
    /// Other members of the request's params: `"a":1,"b":2`.
    pub(crate) more_params: String,
    /// Members of its metadata that pass on, likewise.
    pub(crate) meta: String,
    pub(crate) progress_token: Option<String>,
    pub(crate) log_level: Option<LogLevel>,
}

/// A call that was allowed.
#[derive(Debug)]
pub(crate) struct Job {
    live: Arc<Live>,
    upstream: Arc<Upstream>,
    call: ToolCall,
    account: Account,
    caller: Caller,
    endpoint: Endpoint,
    clock: gatehall_domain::Clock,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) answer: Result<Answer, Failure>,
    /// What the upstream speaks.
    pub(crate) era: Era,
    /// The connection's name, for messages.
    pub(crate) connection: String,
    pub(crate) request_id: u64,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The upstream failed.
    Upstream(UpstreamError),
    /// The right to make the call ended while it was under way.
    Revoked,
}

/// A notification for the caller: method and params.
pub(crate) type Note = (&'static str, String);

impl Gateway {
    /// Decides whether a call may be made. A refusal is recorded here; to the caller all of them
    /// are one.
    pub(crate) fn admit(
        &self,
        moment: &Moment,
        caller: &Caller,
        endpoint: &Endpoint,
        asked: Asked<'_>,
        face: &'static str,
    ) -> Result<Job, Denial> {
        let now = self.clock.now();
        let mut account = Account::open(
            &self.recorder,
            now,
            &moment.snapshot,
            caller,
            face,
            self.next_request_id(),
        );
        let bytes = asked.arguments.map_or(0, str::len);
        let found = moment.find(endpoint, &asked.name);
        let (permit, upstream) = match self.permit(moment, caller, endpoint, found.as_ref()) {
            Ok(allowed) => allowed,
            Err(denial) => {
                let name = gatehall_domain::names::shown(&asked.name, 128).into_owned();
                account.asks(name.into(), found.map(|(offer, _)| offer.connection), bytes);
                account.denied(denial);
                return Err(denial);
            }
        };
        let tool = found.map(|(_, tool)| tool);
        let public =
            tool.map_or_else(|| Arc::clone(permit.tool()), |tool| Arc::clone(&tool.public));
        account.asks(public, Some(permit.connection()), bytes);
        account.allowed(permit.because());
        let headers = tool.map_or_else(Vec::new, |tool| param_headers(tool, asked.arguments));
        let mut params = String::new();
        if let Some(arguments) = asked.arguments {
            params = format!("\"arguments\":{arguments}");
        }
        if !asked.more_params.is_empty() {
            params.push_str(if params.is_empty() { "" } else { "," });
            params.push_str(&asked.more_params);
        }
        let call = ToolCall {
            permit,
            params,
            meta: asked.meta,
            headers,
            progress_token: asked.progress_token,
            log_level: asked.log_level,
        };
        Ok(Job {
            live: Arc::clone(&self.live),
            upstream,
            call,
            account,
            caller: caller.clone(),
            endpoint: endpoint.clone(),
            clock: self.clock.clone(),
        })
    }

    fn permit(
        &self,
        moment: &Moment,
        caller: &Caller,
        endpoint: &Endpoint,
        found: Option<&(&crate::catalogue::Offer, &crate::catalogue::Tool)>,
    ) -> Result<(Permit, Arc<Upstream>), Denial> {
        let reach = Reach::new(&moment.snapshot, caller, endpoint, self.clock.now())?;
        let (offer, tool) = found.ok_or(Denial::UnknownTool)?;
        let permit = reach.permit(offer.connection, &tool.name)?;
        let upstream = moment.upstreams.get(&offer.connection).ok_or(Denial::UnknownTool)?;
        Ok((permit, Arc::clone(upstream)))
    }
}

fn param_headers(
    tool: &crate::catalogue::Tool,
    arguments: Option<&str>,
) -> Vec<(http::HeaderName, http::HeaderValue)> {
    if tool.header_params.is_empty() {
        return Vec::new();
    }
    let arguments = serde_json::from_str(arguments.unwrap_or("{}")).unwrap_or_default();
    let header = |param: &crate::catalogue::HeaderParam| {
        Some((param.header.clone(), param.value(&arguments)?))
    };
    tool.header_params.iter().filter_map(header).collect()
}

impl Job {
    /// Makes the call and waits for its answer. Dropped before, it is cancelled upstream.
    pub(crate) async fn run(mut self, notes: Option<mpsc::Sender<Note>>) -> Done {
        let limit = self.upstream.call_timeout;
        let mut era = Era::Legacy;
        let answer = tokio::select! {
            biased;
            answer = carry(&self.upstream, &self.call, notes, &mut era) => answer.map_err(Failure::Upstream),
            () = tokio::time::sleep(limit) => {
                Err(Failure::Upstream(UpstreamError::TimedOut(limit.as_secs())))
            }
            () = self.revoked() => Err(Failure::Revoked),
        };
        self.settle(&answer);
        let connection = self.upstream.path.to_string();
        Done { answer, era, connection, request_id: self.account.request_id() }
    }

    fn settle(&mut self, answer: &Result<Answer, Failure>) {
        match answer {
            Ok(answer) => {
                self.upstream.report(None);
                let (json, failed) = match answer {
                    Answer::Result(json) => (json, is_tool_error(json)),
                    Answer::Error(json) => (json, true),
                };
                self.account.answered(failed, json.len());
            }
            Err(Failure::Upstream(error)) => {
                self.upstream.report(Some(error));
                let reference = format_args!("{:x}", self.account.request_id()).to_string();
                tracing::warn!(connection = %self.upstream.path, %error, reference, "a call failed");
                self.account.failed(error.kind());
            }
            Err(Failure::Revoked) => self.account.failed("access ended"),
        }
    }

    /// Waits until the right to make this call ends.
    async fn revoked(&self) {
        let mut revisions = self.live.revisions();
        let mut decided = self.call.permit.revision();
        loop {
            let snapshot = self.live.snapshot();
            if snapshot.revision() != decided {
                decided = snapshot.revision();
                let permit = &self.call.permit;
                let reach = Reach::new(&snapshot, &self.caller, &self.endpoint, self.clock.now());
                let decision = reach.map(|reach| reach.decide(permit.connection(), permit.tool()));
                if !matches!(decision, Ok(Decision::Allowed(_))) {
                    return;
                }
            }
            if revisions.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

async fn carry(
    upstream: &Upstream,
    call: &ToolCall,
    notes: Option<mpsc::Sender<Note>>,
    era: &mut Era,
) -> Result<Answer, UpstreamError> {
    let mut exchange = upstream.call(call).await?;
    *era = exchange.era;
    loop {
        match exchange.next().await? {
            Event::Answer(answer) => return Ok(answer),
            Event::Note(method, params) => {
                if let Some(notes) = &notes {
                    // A slow caller slows the upstream, and nobody else.
                    let _ = notes.send((method, params)).await;
                }
            }
        }
    }
}

/// Whether a result says that the tool failed.
pub(crate) fn is_tool_error(result: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(result) else { return false };
    text.contains("\"isError\"")
        && Members::read(text)
            .is_ok_and(|members| members.get("isError").is_some_and(|raw| raw.get() == "true"))
}
