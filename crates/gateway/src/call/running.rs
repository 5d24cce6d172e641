use std::{pin::Pin, sync::Arc, time::Duration};

use gatehall_domain::{Caller, Clock, ConnectionId, Decision, Endpoint, Permit, Reach, UserId};
use tokio::time::{Instant, sleep_until};

use crate::{
    era::Era,
    live::Live,
    record::{Account, Receipt},
    upstream::{Answer, Beginning, Event, Note, Ongoing, ToolCall, Upstream, UpstreamError},
};

/// Most calls are over before this. Only then is it watched how long a call takes, and whether the
/// right to make it lasts.
const SHORT: Duration = Duration::from_millis(200);

/// A call under way. Dropped before its end, it is cancelled upstream and recorded as such.
pub(crate) struct Running {
    state: State,
    upstream: Arc<Upstream>,
    /// Whose call it is.
    caller: UserId,
    account: Account,
    began: Instant,
    watch: Watch,
    /// The end, while it is not yet known to be in the audit.
    ended: Option<(Box<Done>, Receipt)>,
}

/// What the right to make a call depends on.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) live: Arc<Live>,
    pub(super) caller: Caller,
    pub(super) endpoint: Endpoint,
    pub(super) clock: Clock,
}

enum State {
    /// The server is not to be asked now.
    Refused(UpstreamError),
    /// The request is on its way.
    Beginning(Beginning),
    /// The answer is on its way.
    Going(Ongoing),
}

/// What comes of a state for whoever waits.
enum Next {
    Note(Note),
    Answer(Answer),
}

enum Watch {
    /// The call is young.
    Not(Watched, Permit),
    /// Ends when the call has to.
    On(Pin<Box<dyn Future<Output = Failure> + Send>>),
    Over,
}

/// What comes next from a call.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is one of those that take longer. Comes once.
    Long,
    /// A notification for the caller.
    Note(Note),
    /// Its end.
    Done(Done),
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) answer: Result<Answer, Failure>,
    /// What the upstream speaks.
    pub(crate) era: Era,
    /// The connection's name, for messages.
    pub(crate) connection: Arc<str>,
    pub(crate) request_id: u64,
}

/// What the caller of a call hears that the gate's stop ends.
pub(crate) const STOPPING: &str = "The gate stops, and the call was still running: call again.";

/// What the caller of a call hears whose right to it was taken away.
pub(crate) const REVOKED: &str = "Access to this tool ended while it was running.";

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The upstream failed.
    Upstream(UpstreamError),
    /// The right to make the call ended while it was under way.
    Revoked,
    /// The gate stops.
    Stopping,
    /// The call was made, but the audit could not be written.
    Unrecorded,
}

/// What the caller of a call hears whose answer is withheld.
pub(crate) const WITHHELD: &str = "The call was made, but the audit could not be written, and \
                                   without it no answer is given. An administrator finds the \
                                   reason at /ready.";

impl Running {
    pub(super) fn new(
        watched: Watched,
        upstream: Arc<Upstream>,
        call: ToolCall,
        account: Account,
    ) -> Self {
        let permit = call.permit.clone();
        Self {
            state: upstream.call(call).map_or_else(State::Refused, State::Beginning),
            upstream,
            caller: permit.user(),
            account,
            began: Instant::now(),
            watch: Watch::Not(watched, permit),
            ended: None,
        }
    }

    /// What comes next. May be dropped and called again without losing anything; not after
    /// [`Step::Done`].
    pub(crate) async fn next(&mut self) -> Step {
        if self.ended.is_some() {
            return self.recorded().await;
        }
        let young = matches!(self.watch, Watch::Not(..));
        let ended = tokio::select! {
            biased;
            step = self.state.next(&self.upstream) => match step {
                Ok(Next::Note(note)) => return Step::Note(note),
                Ok(Next::Answer(answer)) => Ok(answer),
                Err(error) => Err(Failure::Upstream(error)),
            },
            () = sleep_until(self.began + SHORT), if young => {
                self.watch();
                return Step::Long;
            }
            failure = self.watch.ended() => Err(failure),
        };
        let request_id = self.account.request_id();
        let receipt = self.settle(&ended, request_id);
        let done = Done {
            answer: ended,
            era: self.state.era(),
            connection: Arc::clone(&self.upstream.name),
            request_id,
        };
        if receipt.is_settled() {
            return Step::Done(done);
        }
        self.ended = Some((Box::new(done), receipt));
        self.recorded().await
    }

    /// Waits until the end is in the audit.
    async fn recorded(&mut self) -> Step {
        let kept = match &mut self.ended {
            Some((_, receipt)) => receipt.kept().await,
            None => std::future::pending().await,
        };
        match self.ended.take() {
            Some((done, _)) if kept => Step::Done(*done),
            Some((done, _)) => Step::Done(Done { answer: Err(Failure::Unrecorded), ..*done }),
            None => std::future::pending().await,
        }
    }

    /// Whose call it is, and of which connection.
    pub(super) fn whose(&self) -> (UserId, ConnectionId) {
        (self.caller, self.upstream.connection)
    }

    /// The end, whatever comes before it.
    pub(crate) async fn done(mut self) -> Done {
        loop {
            if let Step::Done(done) = self.next().await {
                return done;
            }
        }
    }

    /// From here on the call ends when its time is over or its right is gone.
    fn watch(&mut self) {
        let Watch::Not(watched, permit) = std::mem::replace(&mut self.watch, Watch::Over) else {
            return;
        };
        let limit = self.upstream.call_timeout;
        let end = self.began + limit;
        self.watch = Watch::On(Box::pin(async move {
            tokio::select! {
                () = sleep_until(end) => Failure::Upstream(UpstreamError::TimedOut(limit.as_secs())),
                () = watched.revoked(&permit) => Failure::Revoked,
                () = watched.live.cut() => Failure::Stopping,
            }
        }));
    }

    fn settle(&mut self, ended: &Result<Answer, Failure>, request_id: u64) -> Receipt {
        match ended {
            Ok(answer) => {
                self.upstream.report_call(self.caller, None);
                let (json, failed) = match answer {
                    Answer::Result(result) => (&result.raw, result.is_error),
                    Answer::Error(json) => (json, true),
                };
                self.account.answered(failed, json.len())
            }
            Err(Failure::Upstream(error)) => {
                self.upstream.report_call(self.caller, Some(error));
                let reference = format!("{request_id:x}");
                // The whole error may quote what the server answered.
                let kind = error.kind();
                tracing::warn!(connection = %self.upstream.name, kind, reference, "a call failed");
                tracing::debug!(connection = %self.upstream.name, %error, reference, "a call failed");
                self.account.failed(error.kind())
            }
            Err(Failure::Revoked) => self.account.failed("access ended"),
            Err(Failure::Stopping) => self.account.failed("the gate stopped"),
            Err(Failure::Unrecorded) => Receipt::default(),
        }
    }
}

impl State {
    async fn next(&mut self, upstream: &Upstream) -> Result<Next, UpstreamError> {
        loop {
            match self {
                Self::Refused(error) => return Err(error.clone()),
                Self::Beginning(beginning) => *self = Self::Going(upstream.begun(beginning).await?),
                Self::Going(ongoing) => match ongoing.next().await? {
                    Event::Note(note) => return Ok(Next::Note(note)),
                    Event::Answer(answer) => return Ok(Next::Answer(answer)),
                    // The caller is not asked yet.
                    Event::Question(question) => {
                        let reply = question.reply_of_gate();
                        ongoing.reply(question, reply);
                    }
                },
            }
        }
    }

    /// In which era's terms the answer is.
    fn era(&self) -> Era {
        match self {
            // Without an answer it means nothing.
            Self::Refused(_) | Self::Beginning(_) => Era::Legacy,
            Self::Going(ongoing) => ongoing.era(),
        }
    }
}

impl Watch {
    async fn ended(&mut self) -> Failure {
        match self {
            Self::On(watch) => watch.await,
            Self::Not(..) | Self::Over => std::future::pending().await,
        }
    }
}

impl Watched {
    /// Waits until the right to make this call ends.
    async fn revoked(&self, permit: &Permit) {
        let mut revisions = self.live.revisions();
        let mut decided = permit.revision();
        loop {
            let snapshot = self.live.snapshot();
            if snapshot.revision() != decided {
                decided = snapshot.revision();
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
