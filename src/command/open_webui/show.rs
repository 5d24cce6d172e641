//! What people see of plans.

use anyhow::Result;
use gatehall_control::wiring::Binding;
use gatehall_domain::{EmailAddress, Finding};
use gatehall_open_webui::PlanRow;
use serde_json::json;

use crate::output::{self, Table};

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
    PlanRow::new(state, "account", email.as_str(), &what)
}

/// How many things of a plan have to be done.
pub(super) fn changes(rows: &[PlanRow]) -> usize {
    rows.iter().filter(|it| it.is_change()).count()
}

/// All of it for scripts.
pub(super) fn json(rows: &[PlanRow], found: &[Finding]) -> Result<()> {
    output::json(&json!({ "plan": rows, "findings": found })).map(drop)
}
