//! What was set when the gate was started, what it stands on, and the doctor.

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_identity::{Finding, Health};
use schemars::JsonSchema;
use serde::Serialize;

use super::{common::Nothing, host_rules::HostRuleRow, providers::ProviderRow};
use crate::web::{Admin, Book, Fault, Frame, Input, Shared, Short};

pub(super) fn ways(book: Book) -> Book {
    book.area("settings")
        .show::<Settings, _, _>("/settings", "Show the settings", show)
        .act::<Nothing, Findings, _, _>("/settings/doctor", "Examine the deployment", doctor)
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "settings/show.html")]
struct Settings {
    #[serde(skip)]
    frame: Frame,
    settings: Vec<Setting>,
    providers: Vec<ProviderRow>,
    host_rules: Vec<HostRuleRow>,
}

/// Something that was set at the start.
#[derive(Serialize, JsonSchema)]
struct Setting {
    name: &'static str,
    value: String,
}

async fn show(admin: Admin, State(portal): Shared) -> Response {
    let company = admin.snapshot.company();
    let settings = portal.hall.settings().into_iter();
    let settings = settings.map(|(name, value)| Setting { name, value: Short::text(&value) });
    admin.show(&Settings {
        frame: admin.frame("Settings"),
        settings: settings.collect(),
        providers: ProviderRow::all(company, &portal.doors),
        host_rules: HostRuleRow::all(company),
    })
}

/// What the doctor found.
#[derive(Template, Serialize, JsonSchema)]
#[template(path = "settings/doctor.html")]
struct Findings {
    #[serde(skip)]
    frame: Frame,
    findings: Vec<FindingRow>,
}

#[derive(Serialize, JsonSchema)]
struct FindingRow {
    /// `good`, `unknown` (it cannot be seen from here), `doubtful` or `bad`.
    state: &'static str,
    subject: String,
    found: String,
    remedy: String,
    /// The page on which that is done, if it is done here.
    form: Option<String>,
}

impl FindingRow {
    /// What mends it, in words: a command is for those who have no page for it.
    fn words(&self) -> &str {
        let is_command = self.form.is_some() && self.remedy.starts_with("gatehall ");
        if is_command { "" } else { &self.remedy }
    }

    fn new(it: &Finding) -> Self {
        Self {
            state: it.state.as_str(),
            subject: Short::name(&it.subject),
            found: Short::text(&it.found),
            remedy: match it.state {
                Health::Good => String::new(),
                Health::Unknown | Health::Doubtful | Health::Bad => Short::text(&it.remedy),
            },
            form: it.form.clone(),
        }
    }
}

impl Findings {
    /// How many are not good.
    fn to_mend(&self) -> usize {
        self.findings.iter().filter(|it| matches!(it.state, "doubtful" | "bad")).count()
    }
}

async fn doctor(
    admin: Admin,
    State(portal): Shared,
    Input(Nothing {}): Input<Nothing>,
) -> Result<Response, Fault> {
    let findings = portal.hall.examine().await;
    let findings = findings.iter().map(FindingRow::new).collect();
    Ok(admin.show(&Findings { frame: admin.frame("What the doctor found"), findings }))
}
