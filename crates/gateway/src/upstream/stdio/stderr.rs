use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::StreamExt;
use gatehall_domain::names::shown;
use tokio::io::AsyncRead;
use tokio_util::codec::FramedRead;

use super::lines::{Line, Lines};

const LINES: usize = 40;

/// The last lines a process said on its standard error, over all its restarts.
#[derive(Debug, Default)]
pub(crate) struct Stderr(Mutex<VecDeque<String>>);

impl Stderr {
    pub(super) fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(shown(line, 300).into_owned());
    }

    /// The lines, the oldest first.
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// Keeps what a process says there, until it ends.
pub(super) async fn keep_stderr<R: AsyncRead + Unpin>(errors: R, stderr: Arc<Stderr>) {
    let mut lines = FramedRead::new(errors, Lines::new(4096));
    while let Some(Ok(Line::Whole(line) | Line::Overlong(line, _))) = lines.next().await {
        stderr.push(&String::from_utf8_lossy(&line));
    }
}
