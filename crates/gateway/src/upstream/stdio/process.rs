use std::{
    collections::HashMap,
    fmt,
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::StreamExt;
use process_wrap::tokio::{CommandWrap, CommandWrapper, ProcessSession};
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncRead, AsyncWriteExt},
    process::{Child, ChildStdin, Command},
    sync::{mpsc, oneshot},
};
use tokio_util::{codec::FramedRead, sync::CancellationToken};

use super::{
    Launch,
    account::Account,
    lines::{Line, Lines},
    stderr::{Stderr, keep_stderr},
};
use crate::{
    Tasks,
    json::{Skim, on_one_line},
    upstream::{Answer, Secrets, UpstreamError, answer::Message, raw::RawEvent, request},
};

/// How long a process may take to end after its input closed, and again after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// Notifications that wait for a slow caller; more are dropped.
const NOTES: usize = 64;

/// A running process. Dropped, it is ended with all it started.
pub(crate) struct Process {
    input: mpsc::Sender<Bytes>,
    waiters: Arc<Waiters>,
    next_id: AtomicU64,
    stop: CancellationToken,
}

/// The requests that wait for an answer of the process.
#[derive(Default)]
struct Waiters {
    by_id: Mutex<HashMap<u64, Waiter>>,
    /// Whether all of them come from one caller.
    of_one_caller: bool,
    secrets: Arc<Secrets>,
    /// How the process ended.
    ended: OnceLock<String>,
}

struct Waiter {
    answer: oneshot::Sender<Result<Answer, UpstreamError>>,
    notes: mpsc::Sender<(String, Option<Bytes>)>,
}

/// One request to the process under way.
#[derive(Debug)]
pub(crate) struct StdioExchange {
    id: u64,
    process: Arc<Process>,
    answer: oneshot::Receiver<Result<Answer, UpstreamError>>,
    notes: mpsc::Receiver<(String, Option<Bytes>)>,
    answered: bool,
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Process")
    }
}

impl Process {
    /// Starts the process in a session of its own, as its connection's user, with nothing in its
    /// environment but what is declared and where that user lives.
    pub(super) fn start(
        launch: &Launch,
        tasks: &Tasks,
        stderr: Arc<Stderr>,
    ) -> Result<Arc<Self>, UpstreamError> {
        let account = launch.accounts.of(launch.connection, &launch.name);
        let account = account.map_err(UpstreamError::Spawn)?;
        let mut command = match &account {
            Some(_) => Command::new(Account::program(&launch.command)),
            None => Command::new(&launch.command),
        };
        command
            .args(&launch.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(account) = &account {
            account.take(&mut command);
        }
        // So it has a group of its own, too, and no terminal: through the gate's it could type
        // commands into the shell of whoever started the gate.
        ProcessSession
            .pre_spawn(&mut command, &CommandWrap::with_new(&launch.command, |_| ()))
            .map_err(|error| UpstreamError::Spawn(error.to_string()))?;
        for (name, value) in &launch.environment {
            command.env(name, value.0.expose_secret());
        }
        // Its pipes belong to the runtime in which its tasks run, not to a lane.
        let _runtime = tasks.runtime().enter();
        let mut child = command.spawn().map_err(|error| {
            UpstreamError::Spawn(match &account {
                Some(account) => account.explain(&launch.command, &error),
                None => format!("{}: {error}", launch.command),
            })
        })?;
        let uid = account.map(|account| account.uid);
        let missing = || UpstreamError::Spawn("its input and output are missing".into());
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;

        let (input, messages) = mpsc::channel(64);
        // The process ends with the program, or when nobody holds it any more.
        let stop = CancellationToken::new();
        let waiters = Arc::new(Waiters {
            of_one_caller: launch.of_one_caller,
            secrets: Arc::clone(&launch.secrets),
            ..Waiters::default()
        });
        let process = Arc::new(Self {
            input: input.clone(),
            waiters: Arc::clone(&waiters),
            next_id: AtomicU64::new(1),
            stop: stop.clone(),
        });
        let lines = FramedRead::new(stdout, Lines::new(launch.line_bytes));
        tasks.spawn(keep_stderr(errors, Arc::clone(&stderr)));
        tasks.spawn(write(stdin, messages, stop.clone()));
        tasks.spawn(read(lines, launch.line_bytes, Arc::clone(&waiters), input.downgrade()));
        let program = tasks.stop().clone();
        let connection = Arc::clone(&launch.name);
        let died = Arc::clone(&launch.died);
        tasks.spawn(async move {
            let began = Instant::now();
            let (mut how, by_itself) = supervise(&mut child, &stop, &program).await;
            // What it could not read or write is explained by whom it was.
            if let Some(uid) = uid {
                how.push_str(&format!(" (as uid {uid})"));
            }
            waiters.end(&how, &stderr);
            if by_itself {
                tracing::warn!(%connection, how, "a server's process ended by itself");
                died.again(began.elapsed(), &program).await;
            }
        });
        Ok(process)
    }

    pub(super) fn id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn is_alive(&self) -> bool {
        self.waiters.ended.get().is_none()
    }

    /// Sends a message.
    pub(super) async fn send(&self, message: Bytes) -> Result<(), UpstreamError> {
        self.input.send(message).await.map_err(|_| self.waiters.gone())
    }

    /// Sends a request.
    pub(super) async fn begin(
        self: &Arc<Self>,
        id: u64,
        message: Bytes,
    ) -> Result<StdioExchange, UpstreamError> {
        let (answer, waiting) = oneshot::channel();
        let (notes, noted) = mpsc::channel(NOTES);
        self.waiters.lock().insert(id, Waiter { answer, notes });
        let exchange = StdioExchange {
            id,
            process: Arc::clone(self),
            answer: waiting,
            notes: noted,
            answered: false,
        };
        if !self.is_alive() {
            return Err(self.waiters.gone());
        }
        self.send(message).await?;
        Ok(exchange)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl StdioExchange {
    pub(crate) async fn next(&mut self) -> Result<RawEvent, UpstreamError> {
        tokio::select! {
            biased;
            Some((method, params)) = self.notes.recv() => Ok(RawEvent::Notification(method, params)),
            answer = &mut self.answer => {
                self.answered = true;
                let gone = || UpstreamError::Ended("the process went away".into());
                answer.map_err(|_| gone())?.map(RawEvent::Answer)
            }
        }
    }

    /// The answer, whatever else comes.
    pub(super) async fn answer(mut self) -> Result<Answer, UpstreamError> {
        loop {
            if let RawEvent::Answer(answer) = self.next().await? {
                return Ok(answer);
            }
        }
    }
}

impl Drop for StdioExchange {
    fn drop(&mut self) {
        if !self.answered && self.process.waiters.lock().remove(&self.id).is_some() {
            // If the queue is full the process does not read, and would not read this either.
            let _ = self.process.input.try_send(request::cancelled(self.id));
        }
    }
}

impl Waiters {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Waiter>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gone(&self) -> UpstreamError {
        UpstreamError::Ended(
            self.ended.get().cloned().unwrap_or_else(|| "it closed its input".into()),
        )
    }

    /// The process has ended: nobody needs to wait any more.
    fn end(&self, how: &str, stderr: &Stderr) {
        let how = match stderr.lines().pop() {
            Some(last) => format!("{how}; it said: {last}"),
            None => how.to_owned(),
        };
        let how = self.ended.get_or_init(|| how).clone();
        for (_, waiter) in self.lock().drain() {
            let _ = waiter.answer.send(Err(UpstreamError::Ended(how.clone())));
        }
    }

    fn answer(&self, id: u64, answer: Result<Answer, UpstreamError>) {
        if let Some(waiter) = self.lock().remove(&id) {
            let _ = waiter.answer.send(answer);
        }
    }

    /// Progress names its request by the token, which is our id. Other notifications name none:
    /// they are passed on only by a process of one caller, so that nobody hears another's.
    fn note(&self, method: String, params: Option<Bytes>) {
        let waiters = self.lock();
        let waiter = match method.as_str() {
            "notifications/progress" => {
                params.as_ref().and_then(progress_token).and_then(|id| waiters.get(&id))
            }
            _ if self.of_one_caller && waiters.len() == 1 => waiters.values().next(),
            _ => None,
        };
        if let Some(waiter) = waiter {
            let _ = waiter.notes.try_send((method, params));
        }
    }
}

fn progress_token(params: &Bytes) -> Option<u64> {
    let members = crate::json::Members::read(str::from_utf8(params).ok()?).ok()?;
    members.get("progressToken")?.get().parse().ok()
}

async fn write(
    mut stdin: ChildStdin,
    mut messages: mpsc::Receiver<Bytes>,
    stop: CancellationToken,
) {
    let written = async {
        while let Some(message) = messages.recv().await {
            // Raw parts may hold line ends between their tokens; a message is one line.
            let mut line = on_one_line(&String::from_utf8_lossy(&message)).into_owned();
            line.push('\n');
            if stdin.write_all(line.as_bytes()).await.is_err() || stdin.flush().await.is_err() {
                break;
            }
        }
    };
    // Leaving closes the process's input, which asks it to end.
    stop.run_until_cancelled(written).await;
}

async fn read<R: AsyncRead + Unpin>(
    mut lines: FramedRead<R, Lines>,
    limit: usize,
    waiters: Arc<Waiters>,
    input: mpsc::WeakSender<Bytes>,
) {
    while let Some(Ok(line)) = lines.next().await {
        match line {
            Line::Whole(line) if line.is_empty() => {}
            Line::Whole(line) => match Message::read(&line) {
                Ok(Message::Answer(id, answer)) => waiters.answer(id, Ok(answer)),
                Ok(Message::Notification(method, params)) => waiters.note(method, params),
                Ok(Message::Request(id, method)) => {
                    if let Some(input) = input.upgrade() {
                        let _ = input.try_send(request::answer_to(&id, &method));
                    }
                }
                Err(error) => {
                    let error = waiters.secrets.error(error);
                    tracing::debug!(%error, "a line of a process was no message");
                    // Whoever waits for this answer gets no other.
                    if let Some(id) = Skim::id_of(&line) {
                        waiters.answer(id, Err(error));
                    }
                }
            },
            Line::Overlong(_, Some(id)) => {
                waiters.answer(id, Err(UpstreamError::TooLarge(limit)));
            }
            Line::Overlong(_, None) => tracing::debug!("a line of a process was too long"),
        }
    }
}

/// Waits until the process ends, or ends it: first its input is closed, then SIGTERM, then
/// SIGKILL; the last two to its whole group. Answers how it ended, and whether by itself.
async fn supervise(
    child: &mut Child,
    stop: &CancellationToken,
    program: &CancellationToken,
) -> (String, bool) {
    let group = child.id().and_then(|id| Pid::from_raw(id as i32));
    let signal = |signal| {
        if let Some(group) = group {
            let _ = kill_process_group(group, signal);
        }
    };
    let status = tokio::select! {
        status = child.wait() => Some(status),
        () = stop.cancelled() => None,
        () = program.cancelled() => None,
    };
    let by_itself = status.is_some();
    let status = match status {
        Some(status) => status,
        None => {
            stop.cancel();
            let mut ended = tokio::time::timeout(GRACE, child.wait()).await;
            if ended.is_err() {
                signal(Signal::TERM);
                ended = tokio::time::timeout(GRACE, child.wait()).await;
            }
            match ended {
                Ok(status) => status,
                Err(_) => {
                    signal(Signal::KILL);
                    child.wait().await
                }
            }
        }
    };
    // Whatever the process started and left behind.
    signal(Signal::KILL);
    stop.cancel();
    let how = match (by_itself, status) {
        (true, Ok(status)) => describe(status),
        (true, Err(error)) => error.to_string(),
        (false, _) => "it was ended".into(),
    };
    (how, by_itself)
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("the process exited with code {code}"),
        None => format!("the process was ended ({status})"),
    }
}
