//! What was found, put together.

use gatehall_identity::{Finding, Health};

/// Findings of one look.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Finding>);

impl Report {
    fn note(&mut self, subject: impl Into<String>, state: Health, found: String, remedy: String) {
        self.0.push(Finding { subject: subject.into(), state, found, remedy, form: None });
    }

    pub(crate) fn good(&mut self, subject: impl Into<String>, found: impl Into<String>) {
        self.note(subject, Health::Good, found.into(), String::new());
    }

    /// It cannot be seen from here; the remedy says from where it can.
    pub(crate) fn unknown(
        &mut self,
        subject: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.note(subject, Health::Unknown, found.into(), remedy.into());
    }

    pub(crate) fn doubtful(
        &mut self,
        subject: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.note(subject, Health::Doubtful, found.into(), remedy.into());
    }

    pub(crate) fn bad(
        &mut self,
        subject: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.note(subject, Health::Bad, found.into(), remedy.into());
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.0
    }
}
