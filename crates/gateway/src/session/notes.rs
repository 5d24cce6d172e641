use std::sync::Arc;

use quick_cache::sync::Cache;

use super::Session;
use crate::upstream::LogLevel;

/// What this replica remembers of sessions: the log level each asked for, and which have ended.
/// A replica that does not know, or has forgotten, is only less exact: an ended session still
/// belongs to its caller alone.
#[derive(Debug, Clone)]
pub(crate) struct SessionNotes {
    notes: Arc<Cache<Session, Remembered>>,
}

#[derive(Debug, Clone, Copy)]
enum Remembered {
    Level(LogLevel),
    Ended,
}

impl Default for SessionNotes {
    fn default() -> Self {
        Self { notes: Arc::new(Cache::new(100_000)) }
    }
}

impl SessionNotes {
    pub(crate) fn set(&self, session: Session, level: LogLevel) {
        self.notes.insert(session, Remembered::Level(level));
    }

    pub(crate) fn get(&self, session: &Session) -> Option<LogLevel> {
        match self.notes.get(session) {
            Some(Remembered::Level(level)) => Some(level),
            _ => None,
        }
    }

    pub(crate) fn end(&self, session: Session) {
        self.notes.insert(session, Remembered::Ended);
    }

    pub(crate) fn has_ended(&self, session: &Session) -> bool {
        matches!(self.notes.get(session), Some(Remembered::Ended))
    }
}
