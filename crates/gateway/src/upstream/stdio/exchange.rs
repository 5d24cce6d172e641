use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gatehall_domain::UserId;
use tokio::sync::{mpsc, oneshot};

use super::{process::Process, waiters::Waiter};
use crate::upstream::{
    answer::Answer,
    error::UpstreamError,
    request,
    wire::{RawEvent, Wire},
};

/// What waits for a slow caller; more notifications are dropped.
const WAITING: usize = 64;

/// One request to a process under way.
#[derive(Debug)]
pub(super) struct StdioExchange {
    id: u64,
    process: Arc<Process>,
    answer: oneshot::Receiver<Result<Answer, UpstreamError>>,
    /// Notifications and questions.
    before: mpsc::Receiver<RawEvent>,
    answered: bool,
}

impl StdioExchange {
    /// Sends a request, of a caller or of the gate itself.
    pub(super) async fn begin(
        process: &Arc<Process>,
        id: u64,
        message: Bytes,
        caller: Option<UserId>,
    ) -> Result<Self, UpstreamError> {
        let (answer, waiting) = oneshot::channel();
        let (before, coming) = mpsc::channel(WAITING);
        process.waiters().add(id, Waiter { answer, before }, caller);
        let process = Arc::clone(process);
        let exchange = Self { id, process, answer: waiting, before: coming, answered: false };
        if !exchange.process.is_alive() {
            return Err(exchange.process.waiters().gone());
        }
        exchange.process.send(message).await?;
        Ok(exchange)
    }
}

impl Wire for StdioExchange {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<RawEvent, UpstreamError>> {
        if let Poll::Ready(Some(event)) = self.before.poll_recv(cx) {
            return Poll::Ready(Ok(event));
        }
        let answer = ready!(Pin::new(&mut self.answer).poll(cx));
        self.answered = true;
        let gone = || UpstreamError::Ended("the process went away".into());
        Poll::Ready(answer.map_err(|_| gone())?.map(RawEvent::Answer))
    }

    fn send(&mut self, message: Bytes) {
        self.process.try_send(message);
    }
}

impl Drop for StdioExchange {
    fn drop(&mut self) {
        let waited = !self.answered && self.process.waiters().remove(self.id);
        // Nobody else answers what was asked meanwhile.
        while let Ok(event) = self.before.try_recv() {
            if let RawEvent::Question(question) = event {
                self.process.try_send(question.answered_by_gate());
            }
        }
        if waited {
            self.process.try_send(request::cancelled(self.id));
        }
    }
}
