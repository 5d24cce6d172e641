//! What people see of plans and findings.

use std::process::ExitCode;

use anyhow::Result;
use gatehall_domain::EmailAddress;
use gatehall_open_webui::{Finding, PlanRow, State};
use gatehall_portal::wiring::Binding;
use serde_json::json;

use crate::output::{self, Table, error};

/// Shows a plan; those that stay as they are only if `all` is.
pub(super) fn plan(rows: &[PlanRow], all: bool) {
    let mut table = Table::new(&["state", "kind", "name", "what"]);
    for it in rows.iter().filter(|it| all || it.state != "unchanged") {
        table.row([it.state.into(), it.kind.into(), it.name.clone(), it.what.clone()]);
    }
    table.print("");
}

/// What becomes of an administrator's account.
pub(super) fn binding(email: &EmailAddress, binding: &Binding) -> PlanRow {
    let (state, what) = match binding {
        Binding::There => ("unchanged", String::new()),
        Binding::New(..) => ("new", "it is bound to the user of its address".to_owned()),
        Binding::Left(why) => ("left", why.clone()),
    };
    PlanRow { state, kind: "account", name: email.to_string(), what }
}

/// How many things of a plan have to be done.
pub(super) fn changes(rows: &[PlanRow]) -> usize {
    rows.iter().filter(|it| !matches!(it.state, "unchanged" | "left")).count()
}

/// Shows findings, and what to do about each.
pub(super) fn findings(all: &[Finding]) {
    let mut table = Table::new(&["state", "what", "found"]);
    for it in all {
        table.row([it.state.as_str().into(), it.subject.clone(), it.found.clone()]);
    }
    table.print("");
    for it in all.iter().filter(|it| it.state != State::Good && !it.remedy.is_empty()) {
        error(&format!("{}: {}", it.subject, it.remedy));
    }
}

/// All of it for scripts.
pub(super) fn json(rows: &[PlanRow], found: &[Finding]) -> Result<()> {
    output::json(&json!({ "plan": rows, "findings": found })).map(drop)
}

/// A failure if anything is bad.
pub(super) fn exit(all: &[Finding]) -> ExitCode {
    match all.iter().any(|it| it.state == State::Bad) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}
