use std::{fmt, process::Stdio, sync::Arc, time::Instant};

use bytes::Bytes;
use process_wrap::tokio::{CommandWrap, CommandWrapper, ProcessSession};
use secrecy::ExposeSecret;
use tokio::{
    io::AsyncWriteExt,
    process::{ChildStdin, Command},
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::{codec::FramedRead, sync::CancellationToken};

use super::{
    account::Account,
    launch::Launch,
    lines::Lines,
    reading::read,
    stderr::{Stderr, keep_stderr},
    supervise::{GRACE, supervise},
    waiters::Waiters,
};
use crate::{
    Tasks,
    json::on_one_line,
    upstream::{credentials::Opened, error::UpstreamError},
};

/// Up to so many bits a number is exact where all numbers are floats.
const EXACT_BITS: u32 = 53;

/// A running process. Dropped, it is ended with all it started.
pub(super) struct Process {
    input: mpsc::Sender<Bytes>,
    waiters: Arc<Waiters>,
    stop: CancellationToken,
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
        credentials: &Opened,
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
        for (name, value) in launch.environment.iter().chain(&credentials.environment) {
            command.env(name, value.expose_secret());
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
        let waiters = Waiters::new(launch);
        let process = Arc::new(Self {
            input: input.clone(),
            waiters: Arc::clone(&waiters),
            stop: stop.clone(),
        });
        let lines = FramedRead::new(stdout, Lines::new(launch.line_bytes));
        let errors =
            tasks.spawn(keep_stderr(errors, Arc::clone(&stderr), Arc::clone(&waiters.secrets)));
        tasks.spawn(write(stdin, messages, stop.clone()));
        let closed = CancellationToken::new();
        let reading = read(lines, launch.line_bytes, Arc::clone(&waiters), input.downgrade());
        let (ended, silent) = (stop.clone(), closed.clone());
        let reading = tasks.spawn(async move {
            reading.await;
            // A process that closes its output and goes on answers nobody. Most that close it end.
            if ended.run_until_cancelled(sleep(GRACE)).await.is_some() {
                silent.cancel();
                ended.cancel();
            }
        });
        let program = tasks.stop().clone();
        let connection = Arc::clone(&launch.name);
        let died = Arc::clone(&launch.died);
        tasks.spawn(async move {
            let began = Instant::now();
            let (mut how, mut by_itself) = supervise(&mut child, &stop, &program).await;
            if closed.is_cancelled() && !by_itself {
                (how, by_itself) = ("it closed its output, and was ended".into(), true);
            }
            if by_itself {
                // What it wrote last may still be on its way, unless somebody else keeps it open.
                let _ = timeout(GRACE, async { (reading.await, errors.await) }).await;
            }
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

    /// An id that nobody guesses: a process may write what callers sent it in a way that it can be
    /// read as an answer. It is a number that is exact in every language.
    pub(super) fn id(&self) -> u64 {
        let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
        (random >> (64 - EXACT_BITS)).max(1)
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.waiters.is_ended()
    }

    /// Nothing came of the process in time.
    pub(super) fn late(&self, seconds: u64) -> UpstreamError {
        self.waiters.late(seconds)
    }

    /// Sends a message.
    pub(super) async fn send(&self, message: Bytes) -> Result<(), UpstreamError> {
        self.input.send(message).await.map_err(|_| self.waiters.gone())
    }

    /// Sends a message, unless too many wait to be read: who does not read would not read this
    /// either.
    pub(super) fn try_send(&self, message: Bytes) {
        let _ = self.input.try_send(message);
    }

    pub(super) const fn waiters(&self) -> &Arc<Waiters> {
        &self.waiters
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop.cancel();
    }
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
