//! What is to be at Open WebUI, as it is said on the command line.

use anyhow::{Context, Result};
use clap::Args;
use gatehall_domain::{Snapshot, TenantId};
use gatehall_open_webui::{Access, Models, Terms};

use super::access::GateOptions;

/// Options that stand for all there are.
const ALL: &str = "all";

/// What is to be at Open WebUI. What is not said is as the last time.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is to be there")]
pub(super) struct TermOptions {
    #[command(flatten)]
    gate: GateOptions,
    /// Show the tools to this group alone, of Gatehall or else of Open WebUI; repeatable; all for
    /// everybody. [default: all]
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
    /// Also connect this tenant by OpenAPI, for models that get lost in many tools; repeatable; all
    /// for every tenant, none for none. [default: none]
    #[arg(long, value_name = "TENANT")]
    openapi: Vec<String>,
    /// Switch the tools on in new chats with this model; repeatable; all for all that are there.
    /// [default: all]
    #[arg(long, value_name = "ID")]
    model: Vec<String>,
    /// Register these models, and let everybody use them. [default: false]
    #[arg(long, value_name = "YES", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    open_models: Option<bool>,
    /// Bring Gatehall's groups over, with the members who have an account. [default: true]
    #[arg(long, value_name = "YES", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    bring_groups: Option<bool>,
}

impl TermOptions {
    /// What is said, else as it was `before`, else as it usually is.
    pub(super) fn terms(&self, before: Option<&Terms>, snapshot: &Snapshot) -> Result<Terms> {
        let gate = self.gate.gate_url.clone().or_else(|| before.map(|it| it.gate.clone()));
        let gate = gate.context(
            "say how Open WebUI reaches the gate: --gate-url, such as http://gatehall:8080",
        )?;
        let mut terms = before.cloned().unwrap_or_else(|| Terms::new(gate.clone()));
        terms.gate = gate;
        match self.group.as_slice() {
            [] => {}
            [one] if one == ALL => terms.access = Access::Everybody,
            names => terms.access = Access::Groups(names.to_vec()),
        }
        match self.model.as_slice() {
            [] => {}
            [one] if one == ALL => terms.models = Models::All,
            ids => terms.models = Models::Named(ids.to_vec()),
        }
        if !self.openapi.is_empty() {
            terms.every_tenant = self.openapi == [ALL];
            terms.openapi = self.tenants(snapshot)?;
        }
        terms.open_models = self.open_models.unwrap_or(terms.open_models);
        terms.bring_groups = self.bring_groups.unwrap_or(terms.bring_groups);
        Ok(terms)
    }

    fn tenants(&self, snapshot: &Snapshot) -> Result<Vec<TenantId>> {
        let company = snapshot.company();
        if self.openapi == ["none"] || self.openapi == [ALL] {
            return Ok(Vec::new());
        }
        let tenant = |text: &String| {
            let id: TenantId = text.parse()?;
            Ok(gatehall_control::operation::find_tenant(company, &id)?.id.clone())
        };
        self.openapi.iter().map(tenant).collect()
    }
}
