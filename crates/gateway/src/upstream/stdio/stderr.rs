use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use gatehall_domain::names::shown;

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
