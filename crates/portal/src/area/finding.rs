//! What was found, by the doctor or at Open WebUI, as the portal shows it.

use gatehall_domain::{Finding, Health};
use schemars::JsonSchema;
use serde::Serialize;

use crate::web::Short;

#[derive(Serialize, JsonSchema)]
pub(super) struct FindingRow {
    /// `good`, `unknown` (it cannot be seen from here), `doubtful` or `bad`.
    pub(super) state: &'static str,
    pub(super) subject: String,
    pub(super) found: String,
    remedy: String,
    /// The page on which that is done, if it is done here.
    pub(super) form: Option<String>,
}

impl FindingRow {
    pub(super) fn all(findings: &[Finding]) -> Vec<Self> {
        findings.iter().map(Self::new).collect()
    }

    fn new(it: &Finding) -> Self {
        let remedy = match it.state {
            Health::Good => "",
            Health::Unknown | Health::Doubtful | Health::Bad => it.remedy.on_page(),
        };
        Self {
            state: it.state.as_str(),
            subject: Short::name(&it.subject),
            found: Short::text(&it.found),
            remedy: Short::text(remedy),
            form: it.form.clone(),
        }
    }

    /// What mends it, in words: a command is for those who have no page for it.
    pub(super) fn words(&self) -> &str {
        let is_command = self.form.is_some() && self.remedy.starts_with("gatehall ");
        if is_command { "" } else { &self.remedy }
    }
}
