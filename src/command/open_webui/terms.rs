//! What is to be at Open WebUI, as it is said on the command line.

use anyhow::{Context, Result, bail, ensure};
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

/// What an option chooses that stands for some, or for all.
enum Chosen {
    Unsaid,
    All,
    These(Vec<String>),
}

fn chosen(said: &[String], option: &str) -> Result<Chosen> {
    ensure!(said.iter().all(|it| !it.trim().is_empty()), "{option}: give a name, not an empty one");
    match said {
        [] => Ok(Chosen::Unsaid),
        [one] if one == ALL => Ok(Chosen::All),
        some if some.iter().any(|it| it == ALL) => {
            bail!("{option}: all stands alone, and not beside names")
        }
        some => Ok(Chosen::These(some.to_vec())),
    }
}

impl TermOptions {
    /// Those that the form for doing it by hand cannot have.
    pub(super) fn beyond_the_form(&self) -> impl Iterator<Item = &'static str> {
        let some = |names: &[String]| !names.is_empty() && names != [ALL];
        let given = [
            (some(&self.group), "--group"),
            (!self.model.is_empty(), "--model"),
            (self.open_models == Some(true), "--open-models"),
            (self.bring_groups == Some(true), "--bring-groups"),
        ];
        given.into_iter().filter_map(|(is_given, name)| is_given.then_some(name))
    }

    /// What is said, else as it was `before`, else as it usually is.
    pub(super) fn terms(&self, before: Option<&Terms>, snapshot: &Snapshot) -> Result<Terms> {
        let gate = self.gate.gate_url.clone().or_else(|| before.map(|it| it.gate.clone()));
        let gate = gate.context(
            "say how Open WebUI reaches the gate: --gate-url, such as http://gatehall:8080",
        )?;
        let mut terms = before.cloned().unwrap_or_else(|| Terms::new(gate.clone()));
        terms.gate = gate;
        match chosen(&self.group, "--group")? {
            Chosen::Unsaid => {}
            Chosen::All => terms.access = Access::Everybody,
            Chosen::These(names) => terms.access = Access::Groups(names),
        }
        match chosen(&self.model, "--model")? {
            Chosen::Unsaid => {}
            Chosen::All => terms.models = Models::All,
            Chosen::These(ids) => terms.models = Models::Named(ids),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stands_alone_and_nothing_is_empty() {
        let of = |said: &[&str]| {
            let said: Vec<String> = said.iter().map(|it| (*it).to_owned()).collect();
            chosen(&said, "--model")
        };
        assert!(matches!(of(&[]), Ok(Chosen::Unsaid)));
        assert!(matches!(of(&["all"]), Ok(Chosen::All)));
        assert!(matches!(of(&["a", "b"]), Ok(Chosen::These(ids)) if ids == ["a", "b"]));
        for bad in [&["all", "told"][..], &["told", "all"], &[""], &["told", " "]] {
            assert!(of(bad).is_err(), "{bad:?}");
        }
    }
}
