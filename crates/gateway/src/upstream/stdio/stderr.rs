use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::StreamExt;
use gatehall_domain::names::shown;
use tokio::io::AsyncRead;
use tokio_util::codec::FramedRead;

use super::lines::{Line, Lines};
use crate::upstream::secrets::Secrets;

const LINES: usize = 40;

/// The last lines a process said on its standard error, over all its restarts, each with what it may
/// not show.
#[derive(Debug, Default)]
pub(super) struct Stderr(Mutex<VecDeque<(String, Arc<Secrets>)>>);

impl Stderr {
    fn push(&self, line: &str, secrets: &Arc<Secrets>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back((shown(line, 300).into_owned(), Arc::clone(secrets)));
    }

    /// The lines, the oldest first.
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(line, secrets)| secrets.quote(line)).collect()
    }
}

/// Keeps what a process says there, until it ends.
pub(super) async fn keep_stderr<R: AsyncRead + Unpin>(
    errors: R,
    stderr: Arc<Stderr>,
    secrets: Arc<Secrets>,
) {
    let mut lines = FramedRead::new(errors, Lines::new(4096));
    while let Some(Ok(Line::Whole(line) | Line::Overlong(line, _))) = lines.next().await {
        stderr.push(&String::from_utf8_lossy(&line), &secrets);
    }
}
