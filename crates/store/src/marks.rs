use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

/// So many revisions are known again.
const MOST: usize = 64;

/// By which event of the audit the last revisions are known again that this process saw. A number
/// alone says nothing: after a restore the database gives the same numbers to other revisions.
#[derive(Debug, Default)]
pub(crate) struct Marks(Mutex<VecDeque<(u64, Uuid)>>);

impl Marks {
    /// Notes the last event of a revision.
    pub(crate) fn note(&self, revision: u64, event: Uuid) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        marks.retain(|(known, _)| *known != revision);
        marks.push_back((revision, event));
        if marks.len() > MOST {
            marks.pop_front();
        }
    }

    /// The last event of a revision, if it was seen lately.
    pub(crate) fn of(&self, revision: u64) -> Option<Uuid> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        marks.iter().find(|(known, _)| *known == revision).map(|(_, event)| *event)
    }
}
