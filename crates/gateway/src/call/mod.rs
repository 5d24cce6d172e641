//! The way of a call, whichever face it came through: from a name to a permit, to the upstream,
//! into the audit.

mod running;
mod unattended;

use std::{borrow::Cow, sync::Arc};

use gatehall_domain::{Caller, Denial, Endpoint, Permit, Reach, Timestamp};
use gatehall_identity::Rejection;

use running::Watched;
pub(crate) use running::{Done, Failure, REVOKED, Running, STOPPING, Step, WITHHELD};
pub(crate) use unattended::Unattended;

use crate::{
    catalogue::{HeaderParam, Offer, Tool},
    gateway::Gateway,
    json::{ObjectWriter, is_unambiguous, spelled},
    live::Moment,
    record::{Account, Receipt},
    trace::Trace,
    upstream::{LogLevel, Passed, ToolCall, Upstream},
};

/// Who asks, where, and by what it is decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) moment: &'a Moment,
    pub(crate) caller: &'a Caller,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) now: Timestamp,
    /// Through which face: `mcp`, `openapi` or `portal`.
    pub(crate) face: &'static str,
}

/// What a caller asks for.
#[derive(Debug, Default)]
pub(crate) struct Asked<'a> {
    /// The tool, by the name the caller uses.
    pub(crate) name: Cow<'a, str>,
    /// The arguments as raw JSON, if there are any.
    pub(crate) arguments: Option<&'a str>,
    /// What of the request's metadata passes on, if anything does.
    pub(crate) meta: Option<ObjectWriter>,
    pub(crate) progress_token: Option<String>,
    pub(crate) log_level: Option<LogLevel>,
    /// The trace that the request belongs to.
    pub(crate) trace: Option<Trace>,
}

impl Asked<'_> {
    /// What of it passes on, besides the name.
    pub(crate) fn passed(self) -> Passed {
        let Self { name: _, arguments, meta, progress_token, log_level, trace } = self;
        let (arguments, meta) = (arguments.map(str::to_owned), meta.map(ObjectWriter::finish));
        Passed { arguments, meta, progress_token, log_level, trace }
    }
}

/// Why a call is not made.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// To the caller all denials are one, but for a limit.
    Denied(Denial),
    /// The arguments can be read in two ways; where, and what to do about it.
    Ambiguous(String),
    /// The caller may, but nothing could tell of it afterwards.
    Unrecorded,
}

/// A call that is not made.
#[derive(Debug)]
pub(crate) struct Refused {
    why: Refusal,
    /// Whether the audit has it.
    receipt: Receipt,
}

impl Refused {
    /// Why, once the audit has it.
    pub(crate) async fn told(mut self) -> Refusal {
        match self.receipt.kept().await {
            true => self.why,
            false => Refusal::Unrecorded,
        }
    }
}

/// What the caller of a call hears that is not made, since the audit cannot be written.
pub(crate) const UNRECORDED: &str = "The audit cannot be written, and without it no call is made. \
                                     An administrator finds the reason at /ready.";

/// After how many seconds it may be tried again.
pub(crate) const UNRECORDED_SECONDS: u64 = 10;

/// What the caller hears of a tool that is not there or not theirs: nobody is told which of the two.
/// A model passes it on to a person.
pub(crate) fn unknown_tool(name: &str) -> String {
    let name = gatehall_domain::names::shown(name, 128);
    format!("Unknown tool: {name}. There is none, or you may not use it: ask an administrator.")
}

impl Gateway {
    /// Decides whether a call may be made. A refusal is recorded here.
    pub(crate) fn admit(&self, asking: &Asking<'_>, asked: Asked<'_>) -> Result<Running, Refused> {
        let Asking { moment, caller, endpoint, .. } = *asking;
        let bytes = asked.arguments.map_or(0, str::len);
        let found = moment.find(endpoint, &asked.name);
        let refuse = |denial| self.refuse_call(asking, &asked.name, bytes, denial);
        let (permit, upstream) = permit(asking, found.as_ref()).map_err(refuse)?;
        let tool = found.map(|(_, tool)| tool);
        // Somebody who may not call learns nothing of what a tool takes.
        let params = tool.map_or(&[][..], |tool| &tool.header_params);
        if let Some(ambiguity) = asked.arguments.and_then(|it| ambiguity(it, params)) {
            let mut refused = refuse(Denial::Ambiguous);
            if matches!(refused.why, Refusal::Denied(Denial::Ambiguous)) {
                refused.why = Refusal::Ambiguous(ambiguity);
            }
            return Err(refused);
        }
        let mut account = self.account(asking);
        if self.recorder.is_shut() {
            account.unrecorded();
            return Err(Refused { why: Refusal::Unrecorded, receipt: Receipt::default() });
        }
        let site = moment.snapshot.site(permit.connection());
        let counted = site.map_or(Ok(()), |site| self.doors.count_call(caller, &site.connection));
        if let Err(Rejection::TooMany(seconds)) = counted {
            let denial = Denial::TooOften(seconds);
            account.asks(asked.name.as_ref().into(), Some(permit.connection()), bytes);
            let why = Refusal::Denied(denial);
            return Err(Refused { why, receipt: account.denied(denial) });
        }
        let public =
            tool.map_or_else(|| Arc::clone(permit.tool()), |tool| Arc::clone(&tool.public));
        account.asks(public, Some(permit.connection()), bytes);
        account.allowed(permit.because());
        let headers = param_headers(params, asked.arguments);
        let call = ToolCall { permit, passed: asked.passed(), headers };
        Ok(Running::new(
            Watched {
                live: Arc::clone(&self.live),
                caller: caller.clone(),
                endpoint: endpoint.clone(),
                clock: self.clock.clone(),
            },
            upstream,
            call,
            account,
        ))
    }

    /// Records that a call is refused, by the name that it gives, and counts it: names are not to
    /// be guessed faster than tools are called.
    pub(crate) fn refuse_call(
        &self,
        asking: &Asking<'_>,
        name: &str,
        bytes: usize,
        denial: Denial,
    ) -> Refused {
        let denial = match self.doors.count_refused(asking.caller) {
            Err(Rejection::TooMany(seconds)) => Denial::TooOften(seconds),
            _ => denial,
        };
        let found = asking.moment.find(asking.endpoint, name);
        let name = gatehall_domain::names::shown(name, 128).into_owned();
        let mut account = self.account(asking);
        account.asks(name.into(), found.map(|(offer, _)| offer.connection), bytes);
        Refused { why: Refusal::Denied(denial), receipt: account.denied(denial) }
    }

    fn account(&self, asking: &Asking<'_>) -> Account {
        let Asking { moment, caller, now, face, .. } = *asking;
        let id = self.next_request_id();
        Account::open(&self.recorder, now, &moment.snapshot, caller, face, id)
    }
}

fn permit(
    asking: &Asking<'_>,
    found: Option<&(&Offer, &Tool)>,
) -> Result<(Permit, Arc<Upstream>), Denial> {
    let Asking { moment, caller, endpoint, now, .. } = *asking;
    let reach = Reach::new(&moment.snapshot, caller, endpoint, now)?;
    let (offer, tool) = found.ok_or(Denial::UnknownTool)?;
    let permit = reach.permit(offer.connection, &tool.name)?;
    let upstream = moment.upstreams.get(&offer.connection).ok_or(Denial::UnknownTool)?;
    Ok((permit, Arc::clone(upstream)))
}

/// Where arguments can be read in two ways, if they can. Their names are the tool's own, so that
/// other spellings matter only where a header repeats an argument.
fn ambiguity(arguments: &str, params: &[HeaderParam]) -> Option<String> {
    if !is_unambiguous(arguments) {
        return Some("the arguments have a member twice: remove one".into());
    }
    if params.is_empty() {
        return None;
    }
    // What cannot be read here, such as 1e400, nobody could compare with a header.
    let Ok(arguments) = serde_json::from_str(arguments) else {
        return Some("the arguments hold a number that is too large: write it as text".into());
    };
    let (name, of) = params.iter().find_map(|param| param.twin(&arguments))?;
    let name = spelled(&name);
    Some(format!("the server may read the argument \"{name}\" as \"{of}\": leave it out"))
}

fn param_headers(
    params: &[HeaderParam],
    arguments: Option<&str>,
) -> Vec<(http::HeaderName, http::HeaderValue)> {
    if params.is_empty() {
        return Vec::new();
    }
    let arguments = serde_json::from_str(arguments.unwrap_or("{}")).unwrap_or_default();
    let header = |param: &HeaderParam| Some((param.header.clone(), param.value(&arguments)?));
    params.iter().filter_map(header).collect()
}
