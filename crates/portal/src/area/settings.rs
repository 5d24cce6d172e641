//! What was set when the gate was started, what it stands on, and the doctor.

use askama::Template;
use axum::{extract::State, response::Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    common::Nothing, finding::FindingRow, host_rules::HostRuleRow, providers::ProviderRow,
};
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
    let findings = FindingRow::all(&findings);
    Ok(admin.show(&Findings { frame: admin.frame("Diagnostics"), findings }))
}
