//! What people and scripts see of findings, whoever looked.

use std::process::ExitCode;

use gatehall_domain::{Finding, Health};

use crate::output::{Table, text};

/// Shows findings, and what to do about each; `none` if there are none.
pub(super) fn print(findings: &[Finding], none: &str) {
    let mut table = Table::new(&["state", "what", "found"]);
    for it in findings {
        table.row([it.state.as_str().into(), it.subject.clone(), it.found.clone()]);
    }
    table.print(none);
    for it in findings.iter().filter(|it| it.state != Health::Good) {
        text(&format!("\n{}: {}", it.subject, it.found));
        if !it.remedy.as_str().is_empty() {
            text(&format!("  do: {}", it.remedy));
        }
    }
}

/// A failure if anything is bad.
pub(super) fn exit(findings: &[Finding]) -> ExitCode {
    match findings.iter().any(|it| it.state == Health::Bad) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}
