//! What administrators look at and try, beside what callers do.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use gatehall_domain::{
    Caller, ConnectionId, Endpoint, Reach, Snapshot, Tool, ToolDefinition, Transport,
    snapshot::Site,
};
use serde::Deserialize;
use tokio::net::{TcpStream, lookup_host};

use crate::{
    Gateway,
    call::{Asked, Asking, Failure, REVOKED, Refusal, STOPPING, UNRECORDED, WITHHELD},
    catalogue::Offer,
    era::{self, Era},
    upstream::{Answer, Listing, error_parts},
};

/// How long a step of a probe may take that has no limit of its own.
const STEP: Duration = Duration::from_secs(10);

/// What came of a call.
#[derive(Debug, Clone)]
pub struct Called {
    /// Whether the tool did what it was asked.
    pub succeeded: bool,
    /// The result as JSON, or why there is none.
    pub text: String,
    /// How long it took.
    pub took: Duration,
}

/// A step of a probe.
#[derive(Debug, Clone)]
pub struct Probe {
    /// What was done: `resolve`, `connect`, `start`, `discover`, `initialize`, `list`.
    pub step: &'static str,
    /// What came of it, well or badly.
    pub said: Result<String, String>,
    /// How long it took.
    pub took: Duration,
}

impl Gateway {
    /// Shows every tool, connection by connection.
    pub fn each_tool(&self, see: &mut dyn FnMut(Tool<'_>)) {
        let moment = self.live.load();
        for site in moment.snapshot.sites() {
            if let Some(offer) = moment.catalogue.offer(site.connection.id) {
                each(offer, see);
            }
        }
    }

    /// Shows the tools of one connection.
    pub fn tools_of(&self, connection: ConnectionId, see: &mut dyn FnMut(Tool<'_>)) {
        if let Some(offer) = self.live.load().catalogue.offer(connection) {
            each(offer, see);
        }
    }

    /// The tool of this public name.
    pub fn tool(&self, public: &str) -> Option<ToolDefinition> {
        let moment = self.live.load();
        let (offer, tool) = moment.find(&Endpoint::All, public)?;
        Some(ToolDefinition {
            connection: offer.connection,
            public: tool.public.to_string(),
            name: tool.name.to_string(),
            description: tool.description.to_string(),
            input_schema: tool.input_schema().to_owned(),
            definition: tool.definition(&tool.name, false),
        })
    }

    /// The public names that a caller's list holds, in its order.
    pub fn list(&self, caller: &Caller) -> Vec<String> {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            name: Cow<'a, str>,
        }
        let moment = self.live.load();
        let all = Endpoint::All;
        let Ok(reach) = Reach::new(&moment.snapshot, caller, &all, self.clock.now()) else {
            return Vec::new();
        };
        let tenant = caller.tenant.as_ref();
        let list = moment.list(&reach, &all, tenant, Era::Modern, self.settings.page_tools);
        let mut names = Vec::new();
        for part in list.pages.iter().flat_map(|page| &page.parts) {
            let text = [b"[", part.as_ref(), b"]"].concat();
            let tools: Vec<Named<'_>> = serde_json::from_slice(&text).unwrap_or_default();
            names.extend(tools.into_iter().map(|tool| tool.name.into_owned()));
        }
        names
    }

    /// Calls a tool as this caller, like any client: it is decided, counted and recorded.
    pub async fn call_as(&self, caller: &Caller, public: &str, arguments: &str) -> Called {
        let began = Instant::now();
        let called = |succeeded, text| Called { succeeded, text, took: began.elapsed() };
        let moment = self.live.load();
        let asked =
            Asked { name: Cow::Borrowed(public), arguments: Some(arguments), ..Default::default() };
        let asking = Asking {
            moment: &moment,
            caller,
            endpoint: &Endpoint::All,
            now: self.clock.now(),
            face: "portal",
        };
        let running = match self.admit(&asking, asked) {
            Ok(running) => running,
            Err(refused) => {
                return called(
                    false,
                    match refused.told().await {
                        Refusal::Denied(denial) => denial.to_string(),
                        Refusal::Ambiguous(problem) => problem,
                        Refusal::Unrecorded => UNRECORDED.into(),
                    },
                );
            }
        };
        let done = running.done().await;
        match &done.answer {
            Ok(Answer::Result(result)) => {
                called(!result.is_error, String::from_utf8_lossy(&result.raw).into_owned())
            }
            Ok(Answer::Error(error)) => {
                let (code, message) = error_parts(error);
                called(false, format!("{message} ({code})"))
            }
            Err(Failure::Revoked) => called(false, REVOKED.into()),
            Err(Failure::Stopping) => called(false, STOPPING.into()),
            Err(Failure::Unrecorded) => called(false, WITHHELD.into()),
            Err(Failure::Upstream(error)) => called(false, format!("{error}: {}", error.remedy())),
        }
    }

    /// Opens a connection anew, beside the one that serves callers, and tells each step. It ends
    /// with the first that fails.
    pub async fn probe(&self, snapshot: &Snapshot, site: &Site, tell: impl Fn(Probe)) {
        let connection = &site.connection;
        let transport =
            site.server.transport.resolve(connection.path.tenant.as_ref(), connection.url.as_ref());
        if let Some(url) = transport.url() {
            let host = url.url().host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let port = url.url().port_or_known_default().unwrap_or(443);
            let Some(address) = step(&tell, "resolve", async {
                let found = lookup_host((host, port)).await.map_err(|error| error.to_string())?;
                let found: Vec<_> = found.collect();
                let texts: Vec<String> = found.iter().map(|it| it.ip().to_string()).collect();
                let first = found.first().copied().ok_or("the name has no address")?;
                Ok((texts.join(", "), first))
            })
            .await
            else {
                return;
            };
            let connect = step(&tell, "connect", async {
                let stream = TcpStream::connect(address).await.map_err(|it| it.to_string())?;
                drop(stream);
                Ok((address.to_string(), ()))
            });
            if connect.await.is_none() {
                return;
            }
        }
        let upstream = self.live.builder().build(site, snapshot.company());
        let began = Instant::now();
        let greeted = upstream.open().await;
        let stdio = matches!(transport, Transport::Stdio { .. });
        let step = match &greeted {
            Ok(facts) if facts.revision == era::MODERN => "discover",
            Ok(_) => "initialize",
            Err(_) if stdio => "start",
            Err(_) => "discover",
        };
        let failed = greeted.is_err();
        let said = greeted.map_err(|error| format!("{error}. {}", error.remedy()));
        let said = said.map(|it| format!("{} {}, revision {}", it.name, it.version, it.revision));
        tell(Probe { step, said, took: began.elapsed() });
        if !failed {
            let began = Instant::now();
            let listed = upstream.list().await;
            let said = listed.map_err(|error| format!("{error}. {}", error.remedy()));
            let said = said.map(|Listing { tools, cut, .. }| match cut {
                None => format!("{} tools", tools.len()),
                Some(why) => {
                    format!("{} tools; the list was not read to its end: {why}", tools.len())
                }
            });
            tell(Probe { step: "list", said, took: began.elapsed() });
        } else if let Some(line) = upstream.last_words().last() {
            let said = Err(format!("its last words: {line}"));
            tell(Probe { step: "stderr", said, took: Duration::ZERO });
        }
        upstream.close();
    }
}

/// Does a step and tells it; gives what came of it if it went well.
async fn step<T>(
    tell: &impl Fn(Probe),
    step: &'static str,
    work: impl Future<Output = Result<(String, T), String>>,
) -> Option<T> {
    let began = Instant::now();
    let ended = tokio::time::timeout(STEP, work).await;
    let ended = ended.unwrap_or_else(|_| Err(format!("no answer within {} s", STEP.as_secs())));
    let (said, value) = match ended {
        Ok((text, value)) => (Ok(text), Some(value)),
        Err(problem) => (Err(problem), None),
    };
    tell(Probe { step, said, took: began.elapsed() });
    value
}

fn each(offer: &Offer, see: &mut dyn FnMut(Tool<'_>)) {
    for tool in &offer.tools {
        see(Tool {
            connection: offer.connection,
            public: &tool.public,
            name: &tool.name,
            description: &tool.description,
        });
    }
}
