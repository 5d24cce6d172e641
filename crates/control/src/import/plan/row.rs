//! The lines of a plan.

use gatehall_domain::{Change, Record};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::page;

/// What an import would do with one record.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanRow {
    /// Where the file speaks of it.
    pub place: String,
    /// The kind of record.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What would happen.
    #[serde(flatten)]
    pub state: State,
    #[serde(skip)]
    pub(super) change: Option<Change>,
}

/// What would happen with a record.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// It would be added.
    New,
    /// These of its fields would change.
    Changed {
        /// Their names.
        fields: Vec<String>,
    },
    /// It is so already.
    Unchanged,
    /// It is there and stays as it is, since only what is missing is wanted.
    Kept {
        /// The names of the fields of which the file says something else.
        fields: Vec<String>,
    },
    /// The row is wrong, so that nothing of the file can be applied.
    Wrong {
        /// Why, and what would be right.
        reason: String,
    },
    /// It is there but the file does not say it; with pruning it would be removed.
    Extra,
    /// Something is left to be done by hand.
    Todo {
        /// What.
        what: String,
    },
}

/// What of a plan is applied.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// What is new.
    pub new: bool,
    /// What changes.
    pub changed: bool,
    /// Removing what the file does not say.
    pub extra: bool,
    /// What is right although other rows are wrong.
    pub partial: bool,
    /// The lists of which only what is missing is added: an entry that is there stays as it is,
    /// with all that hangs on it.
    pub only_missing: Lists,
}

/// Lists of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lists(u16);

/// The lists there are, each with the kind of record that an entry is.
const LISTS: [(&str, &str); 9] = [
    ("tenants", "tenant"),
    ("servers", "server"),
    ("connections", "connection"),
    ("groups", "group"),
    ("users", "user"),
    ("grants", "grant"),
    ("providers", "provider"),
    ("claim_mappings", "claim mapping"),
    ("host_rules", "host rule"),
];

impl Lists {
    /// Their names, as files write them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        LISTS.iter().map(|(name, _)| *name)
    }

    /// With the list of this name, if there is one.
    #[must_use]
    pub fn with(self, name: &str) -> Self {
        let at = LISTS.iter().position(|(list, _)| *list == name);
        Self(self.0 | at.map_or(0, |at| 1 << at))
    }

    /// Whether entries that are records of this kind are in one of them.
    pub(super) fn have(self, kind: &str) -> bool {
        LISTS.iter().position(|(_, it)| *it == kind).is_some_and(|at| self.0 & 1 << at != 0)
    }
}

impl Default for Choice {
    /// Everything but removals, if all of it is right.
    fn default() -> Self {
        Self {
            new: true,
            changed: true,
            extra: false,
            partial: false,
            only_missing: Lists::default(),
        }
    }
}

impl State {
    /// The state in one word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed { .. } => "changed",
            Self::Unchanged => "unchanged",
            Self::Kept { .. } => "kept",
            Self::Wrong { .. } => "wrong",
            Self::Extra => "extra",
            Self::Todo { .. } => "to do",
        }
    }
}

impl PlanRow {
    /// The page on which what is left to do is done, if there is one.
    pub fn form(&self) -> Option<String> {
        let (_, connection) = self.name.split_once(" of ")?;
        let is_todo = matches!(self.state, State::Todo { .. }) && self.kind == "credential";
        is_todo.then(|| page::connection(connection))
    }

    /// The fields that would change, each with its value now and then.
    pub fn differences<'p>(&'p self) -> Vec<(&'p str, String, String)> {
        let (State::Changed { fields }, Some(change)) = (&self.state, &self.change) else {
            return Vec::new();
        };
        let members = |record: Option<&Record>| record.map(Record::members).unwrap_or_default();
        let (before, after) = (members(change.before()), members(change.after()));
        let plain = |value: Option<&Value>| match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let values = |name: &str| (plain(before.get(name)), plain(after.get(name)));
        let with_name = |name: &'p String| {
            let (old, new) = values(name);
            (name.as_str(), old, new)
        };
        fields.iter().map(with_name).collect()
    }
}

/// The names of the members in which two records of one kind differ.
pub(super) fn changed_fields(before: &Record, after: &Record) -> Vec<String> {
    let (before, after) = (before.members(), after.members());
    let differ = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
    let fields: Vec<String> = differ.map(|(name, _)| name.clone()).collect();
    // A sealed secret is not serialised, so that two of them look alike.
    if fields.is_empty() { vec!["secret".into()] } else { fields }
}
