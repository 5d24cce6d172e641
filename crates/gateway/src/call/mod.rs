//! The way of a call, whichever face it came through: from a name to a permit, to the upstream,
//! into the audit.

mod running;

use std::{borrow::Cow, sync::Arc};

use gatehall_domain::{Caller, Denial, Endpoint, Permit, Reach, Timestamp};
use gatehall_identity::Rejection;

use running::Watched;
pub(crate) use running::{Done, Failure, Running, STOPPING, Step, WITHHELD};

use crate::{
    catalogue::{HeaderParam, Offer, Tool},
    gateway::Gateway,
    json::Members,
    live::Moment,
    record::{Account, Receipt},
    upstream::{LogLevel, ToolCall, Upstream},
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

/// Why a call is not made.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The caller may not; this is in the audit when the receipt says so.
    Denied(Denial, Receipt),
    /// The caller may, but nothing could tell of it afterwards.
    Unrecorded,
}

impl Refused {
    /// Why, when the audit has it. None if it cannot have it.
    pub(crate) async fn told(self) -> Option<Denial> {
        match self {
            Self::Denied(denial, mut receipt) => receipt.kept().await.then_some(denial),
            Self::Unrecorded => None,
        }
    }
}

/// What the caller of a call hears that is not made, since the audit cannot be written.
pub(crate) const UNRECORDED: &str = "The audit cannot be written, and without it no call is made. \
                                     An administrator finds the reason at /ready.";

/// After how many seconds it may be tried again.
pub(crate) const UNRECORDED_SECONDS: u64 = 10;

/// A notification for the caller: method and params.
pub(crate) type Note = (&'static str, String);

impl Gateway {
    /// Decides whether a call may be made. A refusal is recorded here; to the caller all of them
    /// are one.
    pub(crate) fn admit(
        &self,
        now: Timestamp,
        moment: &Moment,
        caller: &Caller,
        endpoint: &Endpoint,
        asked: Asked<'_>,
        face: &'static str,
    ) -> Result<Running, Refused> {
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
        let (permit, upstream) = match permit(now, moment, caller, endpoint, found.as_ref()) {
            Ok(allowed) => allowed,
            Err(denial) => {
                // Names are not to be guessed faster than tools are called.
                let counted = self.doors.count_refused(caller);
                let denial = match counted {
                    Err(Rejection::TooMany(seconds)) => Denial::TooOften(seconds),
                    _ => denial,
                };
                let name = gatehall_domain::names::shown(&asked.name, 128).into_owned();
                account.asks(name.into(), found.map(|(offer, _)| offer.connection), bytes);
                return Err(Refused::Denied(denial, account.denied(denial)));
            }
        };
        if self.recorder.is_shut() {
            account.unrecorded();
            return Err(Refused::Unrecorded);
        }
        let site = moment.snapshot.site(permit.connection());
        let counted = site.map_or(Ok(()), |site| self.doors.count_call(caller, &site.connection));
        if let Err(Rejection::TooMany(seconds)) = counted {
            let denial = Denial::TooOften(seconds);
            account.asks(asked.name.as_ref().into(), Some(permit.connection()), bytes);
            return Err(Refused::Denied(denial, account.denied(denial)));
        }
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
}

fn permit(
    now: Timestamp,
    moment: &Moment,
    caller: &Caller,
    endpoint: &Endpoint,
    found: Option<&(&Offer, &Tool)>,
) -> Result<(Permit, Arc<Upstream>), Denial> {
    let reach = Reach::new(&moment.snapshot, caller, endpoint, now)?;
    let (offer, tool) = found.ok_or(Denial::UnknownTool)?;
    let permit = reach.permit(offer.connection, &tool.name)?;
    let upstream = moment.upstreams.get(&offer.connection).ok_or(Denial::UnknownTool)?;
    Ok((permit, Arc::clone(upstream)))
}

fn param_headers(
    tool: &Tool,
    arguments: Option<&str>,
) -> Vec<(http::HeaderName, http::HeaderValue)> {
    if tool.header_params.is_empty() {
        return Vec::new();
    }
    let arguments = serde_json::from_str(arguments.unwrap_or("{}")).unwrap_or_default();
    let header = |param: &HeaderParam| Some((param.header.clone(), param.value(&arguments)?));
    tool.header_params.iter().filter_map(header).collect()
}

/// Whether a result says that the tool failed.
pub(crate) fn is_tool_error(result: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(result) else { return false };
    text.contains("\"isError\"")
        && Members::read(text)
            .is_ok_and(|members| members.get("isError").is_some_and(|raw| raw.get() == "true"))
}
