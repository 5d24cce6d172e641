//! What has to be changed at an Open WebUI for it to be as it should, and what is shown of that.

use gatehall_domain::{GroupId, names::shown};
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::{
    Access, Fault, Found, Record, Wish, WishedGroup,
    client::Object,
    connection::{Grant, Kind},
    connections::{Need, Sight, kinds, needs},
    group::{self, FoundGroup, GroupChange, GroupPlan},
    model::{self, ModelPlan},
    narrow::narrowed,
    wish::Terms,
};

/// What has to be changed.
pub struct Plan {
    pub(crate) terms: Terms,
    /// The list of connections that was read.
    pub(crate) read: Vec<Object>,
    pub(crate) connections: Vec<(Kind, Need)>,
    pub(crate) see: Vec<Seer>,
    pub(crate) groups: GroupPlan,
    pub(crate) models: ModelPlan,
    /// Whether a key is needed that nobody has.
    pub needs_key: bool,
}

/// Who sees the connections.
#[derive(Debug, Clone)]
pub(crate) enum Seer {
    Everybody,
    /// A group of Open WebUI.
    Group(String),
    /// One that is made for this group of Gatehall.
    NewGroup(GroupId),
}

/// A line of a plan. It has no secret in it, and can be shown whatever Open WebUI says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlanRow {
    /// `new`, `changed`, `removed`, `unchanged` or `left`.
    pub state: &'static str,
    /// `key`, `group`, `connection` or `model`.
    pub kind: &'static str,
    /// Which one.
    pub name: String,
    /// What of it, or why it is left alone.
    pub what: String,
}

impl PlanRow {
    /// A line of these words.
    pub fn new(state: &'static str, kind: &'static str, name: &str, what: &str) -> Self {
        let (name, what) = (shown(name, 200).into_owned(), shown(what, 400).into_owned());
        Self { state, kind, name, what }
    }

    /// Whether something has to be done.
    pub fn is_change(&self) -> bool {
        !matches!(self.state, "unchanged" | "left")
    }
}

/// Compares what is there with what should be.
///
/// # Errors
/// If a group that is named is nowhere.
pub fn plan(found: &Found, wish: &Wish, record: &Record) -> Result<Plan, Fault> {
    let terms = &wish.terms;
    let named = |it: &WishedGroup| match &terms.access {
        Access::Groups(names) => names.iter().any(|name| name.eq_ignore_ascii_case(&it.name)),
        Access::Everybody => false,
    };
    let chosen = |it: &WishedGroup| terms.bring_groups || named(it);
    let groups = group::compare(&wish.groups, chosen, &found.groups, &found.accounts, record);
    let see = seers(&terms.access, &wish.groups, &found.groups)?;
    let kinds = kinds(&wish.tenants);
    let key = wish.key.as_ref().map(ExposeSecret::expose_secret);
    let sight = Sight { see: &see, groups: &found.groups, wished: &wish.groups };
    let connections = needs(&kinds, &found.connections, terms, key, &sight, record);
    let tools: Vec<String> = kinds.iter().map(Kind::tool_id).collect();
    let mut models = model::compare(
        &terms.models,
        &tools[..1],
        terms.open_models,
        &found.models,
        &found.base_models,
    );
    models.narrowed = narrowed(&terms.models, terms.open_models, &found.models, &record.models);
    let gone = |id: &str| models.narrowed.iter().any(|it| it.unregister && it.id == id);
    models.changes.retain(|it| !gone(&it.id));
    models.same.retain(|id| !models.narrowed.iter().any(|it| it.id == *id));
    Ok(Plan {
        terms: terms.clone(),
        read: found.connections.clone(),
        connections,
        see,
        groups,
        models,
        needs_key: key.is_none(),
    })
}

fn seers(
    access: &Access,
    wished: &[WishedGroup],
    found: &[FoundGroup],
) -> Result<Vec<Seer>, Fault> {
    let Access::Groups(names) = access else { return Ok(vec![Seer::Everybody]) };
    let seer = |name: &String| {
        let own = wished.iter().find(|it| it.name.eq_ignore_ascii_case(name));
        let there = |group: &&FoundGroup| match own {
            Some(own) => group.is_of(own.id),
            None => group.name.eq_ignore_ascii_case(name),
        };
        match (found.iter().find(there), own) {
            (Some(group), _) => Ok(Seer::Group(group.id.clone())),
            // One of that name that is not Gatehall's stays what it is, and is meant.
            (None, Some(own)) => Ok(found
                .iter()
                .find(|it| it.name.eq_ignore_ascii_case(name))
                .map_or(Seer::NewGroup(own.id), |it| Seer::Group(it.id.clone()))),
            (None, None) => Err(Fault::NoGroup(name.clone())),
        }
    };
    names.iter().map(seer).collect()
}

impl Seer {
    /// The grant, if the group is there already.
    pub(crate) fn known(&self) -> Option<Grant> {
        match self {
            Self::Everybody => Some(Grant::everybody()),
            Self::Group(id) => Some(Grant::group(id)),
            Self::NewGroup(_) => None,
        }
    }
}

impl Plan {
    /// Whether everything is as it should be.
    pub fn is_done(&self) -> bool {
        let settled = self.connections.iter().all(|(_, need)| need.is_settled());
        let models = self.models.changes.is_empty() && self.models.narrowed.is_empty();
        settled && models && self.groups.changes.is_empty()
    }

    /// What people are shown.
    pub fn rows(&self) -> Vec<PlanRow> {
        let mut rows = Vec::new();
        let mut row = |state, kind, name: &str, what: String| {
            rows.push(PlanRow::new(state, kind, name, &what));
        };
        if self.needs_key {
            row("new", "key", "Open WebUI", "a service key".into());
        }
        for (_, _, name) in &self.groups.same {
            row("unchanged", "group", name, String::new());
        }
        for change in &self.groups.changes {
            let (state, name, what) = change.told();
            row(state, "group", &name, what);
        }
        for (name, why) in &self.groups.left {
            row("left", "group", name, (*why).to_owned());
        }
        for (kind, need) in &self.connections {
            let id = kind.id();
            match need {
                Need::Nothing => row("unchanged", "connection", &id, String::new()),
                Need::New => row("new", "connection", &id, kind.url(&self.terms.gate)),
                Need::Change(what) => row("changed", "connection", &id, what.join(", ")),
                Need::Gone(None) => row("removed", "connection", &id, String::new()),
                Need::Gone(Some(_)) => {
                    row("changed", "connection", &id, "it is put back as it was before".into());
                }
                Need::Left(why) => row("left", "connection", &id, (*why).to_owned()),
            }
        }
        for id in &self.models.same {
            row("unchanged", "model", id, String::new());
        }
        for change in &self.models.changes {
            let mut what = Vec::new();
            if !change.tools.is_empty() {
                what.push("the tools are switched on in new chats");
            }
            if change.open {
                what.push("everybody may use it");
            }
            let state = if change.register.is_some() { "new" } else { "changed" };
            row(state, "model", &change.id, what.join(", "));
        }
        for it in &self.models.narrowed {
            row("removed", "model", &it.id, it.what());
        }
        for (id, why) in &self.models.left {
            row("left", "model", id, (*why).to_owned());
        }
        rows
    }
}

impl GroupChange {
    fn told(&self) -> (&'static str, String, String) {
        match self {
            Self::Create { name, members, .. } => {
                ("new", name.clone(), format!("members with an account: {}", members.len()))
            }
            Self::Delete { name, why, .. } => ("removed", name.clone(), (*why).to_owned()),
            Self::Change { name, rename, text, add, remove, .. } => {
                let mut what = Vec::new();
                if let Some(before) = rename {
                    what.push(format!("was called {before}"));
                } else if text.is_some() {
                    what.push("its description".to_owned());
                }
                for (count, how) in [(add.len(), "come"), (remove.len(), "go")] {
                    if count > 0 {
                        what.push(format!("{count} {how}"));
                    }
                }
                ("changed", name.clone(), what.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_nothing_that_moves_the_cursor() {
        let row = PlanRow::new("left", "model", "a\u{1b}[2Jb\rc", &"\u{202e}x".repeat(1000));
        assert_eq!(row.name, "a [2Jb c");
        assert!(row.what.chars().count() <= 401 && !row.what.contains('\u{202e}'), "{row:?}");
        let undone = crate::Undone::new("group", "a\u{1b}[2Jb\rc\u{202e}", "it is removed");
        assert_eq!(undone.name, "a [2Jb c");
    }
}
