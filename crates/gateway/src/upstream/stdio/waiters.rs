use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use gatehall_domain::UserId;
use tokio::sync::{Notify, mpsc, oneshot};

use super::{launch::Launch, stderr::Stderr};
use crate::{
    json::{Members, whole},
    upstream::{
        answer::Answer,
        error::UpstreamError,
        question::Question,
        secrets::Secrets,
        wire::{LIST_CHANGED, RawEvent},
    },
};

/// The requests that wait for an answer of a process, and what is told to whom.
pub(super) struct Waiters {
    by_id: Mutex<HashMap<u64, Waiter>>,
    /// Whether all of them come from one caller.
    of_one_caller: bool,
    /// Who called first, and whether others did since.
    first: OnceLock<UserId>,
    has_others: AtomicBool,
    /// The connection's name, for messages.
    connection: Arc<str>,
    pub(super) secrets: Arc<Secrets>,
    look_again: Arc<Notify>,
    /// The first line that was no message.
    stray: OnceLock<String>,
    /// Whether it was told of one, by whichever process of the connection.
    stray_told: Arc<AtomicBool>,
    /// How the process ended.
    ended: OnceLock<String>,
}

pub(super) struct Waiter {
    pub(super) answer: oneshot::Sender<Result<Answer, UpstreamError>>,
    /// For what comes before it.
    pub(super) before: mpsc::Sender<RawEvent>,
}

impl Waiters {
    pub(super) fn new(launch: &Launch) -> Arc<Self> {
        Arc::new(Self {
            by_id: Mutex::default(),
            of_one_caller: launch.of_one_caller,
            first: OnceLock::new(),
            has_others: AtomicBool::new(false),
            connection: Arc::clone(&launch.name),
            secrets: launch.credentials.secrets(),
            look_again: launch.died.look_again(),
            stray: OnceLock::new(),
            stray_told: Arc::clone(&launch.stray_told),
            ended: OnceLock::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Waiter>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the answer to a request, of a caller or of the gate itself.
    pub(super) fn add(&self, id: u64, waiter: Waiter, caller: Option<UserId>) {
        if let Some(caller) = caller
            && *self.first.get_or_init(|| caller) != caller
        {
            self.has_others.store(true, Ordering::Relaxed);
        }
        self.lock().insert(id, waiter);
    }

    /// Whether one waited.
    pub(super) fn remove(&self, id: u64) -> bool {
        self.lock().remove(&id).is_some()
    }

    pub(super) fn answer(&self, id: u64, answer: Result<Answer, UpstreamError>) {
        if let Some(waiter) = self.lock().remove(&id) {
            let _ = waiter.answer.send(answer);
        }
    }

    /// Whether nobody but one caller can have a part in what the process writes: it may write late
    /// what somebody sent it who waits no more.
    pub(super) fn is_of_one(&self) -> bool {
        !self.has_others.load(Ordering::Relaxed)
    }

    /// Progress names its request by the token, which is our id. Other notifications name none:
    /// they are passed on only by a process of one caller, so that nobody hears another's.
    pub(super) fn note(&self, method: String, params: Option<Bytes>) {
        if method == LIST_CHANGED {
            self.look_again.notify_one();
            return;
        }
        let waiters = self.lock();
        let waiter = match method.as_str() {
            "notifications/progress" => {
                params.as_ref().and_then(progress_token).and_then(|id| waiters.get(&id))
            }
            _ => self.only(&waiters),
        };
        if let Some(waiter) = waiter {
            let _ = waiter.before.try_send(RawEvent::Notification(method, params));
        }
    }

    /// The one request that what names none can be about, if there is one.
    fn only<'w>(&self, waiters: &'w HashMap<u64, Waiter>) -> Option<&'w Waiter> {
        waiters.values().next().filter(|_| self.of_one_caller && waiters.len() == 1)
    }

    /// Questions name no request either. Gives back one that is of none.
    pub(super) fn ask(&self, question: Question) -> Option<Question> {
        if question.is_ping() {
            return Some(question);
        }
        let waiters = self.lock();
        let Some(waiter) = self.only(&waiters) else { return Some(question) };
        match waiter.before.try_send(RawEvent::Question(question)).map_err(|it| it.into_inner()) {
            Err(RawEvent::Question(question)) => Some(question),
            _ => None,
        }
    }

    /// The process wrote something that answers nobody. It is told of once, and may explain why
    /// there is no answer.
    pub(super) fn stray(&self, line: impl FnOnce() -> String) {
        if self.stray.get().is_some() {
            return;
        }
        let line = self.stray.get_or_init(|| self.secrets.quote(&line()));
        if !self.stray_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                connection = %self.connection,
                line,
                "a server's process writes to its standard output what is no message"
            );
        }
    }

    /// Nothing came in time.
    pub(super) fn late(&self, seconds: u64) -> UpstreamError {
        match self.stray.get().filter(|_| self.is_of_one()) {
            Some(line) => UpstreamError::Unreadable(format!(
                "there was none within {seconds} seconds, but this: {line}"
            )),
            None => UpstreamError::TimedOut(seconds),
        }
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended.get().is_some()
    }

    pub(super) fn gone(&self) -> UpstreamError {
        UpstreamError::Ended(
            self.ended.get().cloned().unwrap_or_else(|| "it closed its input".into()),
        )
    }

    /// The process has ended: nobody needs to wait any more.
    pub(super) fn end(&self, how: &str, stderr: &Stderr) {
        let mut how = how.to_owned();
        if let Some(last) = stderr.lines().pop() {
            how.push_str(&format!("; it said: {last}"));
        }
        if let Some(line) = self.stray.get() {
            how.push_str(&format!("; it wrote in place of a message: {line}"));
        }
        let how = self.ended.get_or_init(|| how).clone();
        for (_, waiter) in self.lock().drain() {
            let _ = waiter.answer.send(Err(UpstreamError::Ended(how.clone())));
        }
    }
}

fn progress_token(params: &Bytes) -> Option<u64> {
    let members = Members::read(str::from_utf8(params).ok()?).ok()?;
    whole(members.get("progressToken")?.get())
}
