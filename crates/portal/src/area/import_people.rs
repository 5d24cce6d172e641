//! What the plan of a table means for the people in it: each has several lines there.

use std::collections::BTreeMap;

use gatehall_control::import::{Plan, PlanRow, State, table::row_of};
use schemars::JsonSchema;
use serde::Serialize;

/// How many people of a table are to be what, each counted once.
#[derive(Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct People {
    /// Those of whom something is wrong, so that nothing of theirs is applied.
    pub(super) wrong: usize,
    /// Those who are added.
    pub(super) new: usize,
    /// Those who are there and become another, or get other groups.
    pub(super) changed: usize,
    /// Those who are so already.
    pub(super) unchanged: usize,
}

/// What becomes of a person; the last that any line says counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Unchanged,
    Changed,
    New,
    Wrong,
}

impl People {
    /// The people of a table.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut fates: BTreeMap<u64, Fate> = BTreeMap::new();
        for row in &plan.rows {
            let Some((number, fate)) = row_of(&row.place).zip(fate(row)) else { continue };
            let known = fates.entry(number).or_insert(fate);
            *known = fate.max(*known);
        }
        let count = |fate| fates.values().filter(|it| **it == fate).count();
        Self {
            wrong: count(Fate::Wrong),
            new: count(Fate::New),
            changed: count(Fate::Changed),
            unchanged: count(Fate::Unchanged),
        }
    }

    /// Those for whom something is done.
    pub(super) fn right(&self) -> usize {
        self.new + self.changed
    }

    /// Each number with its word, for badges.
    pub(super) fn counts(&self) -> [(usize, &'static str, &'static str); 4] {
        [
            (self.wrong, "wrong", "bad"),
            (self.new, "new", "good"),
            (self.changed, "changed", "good"),
            (self.unchanged, "unchanged", ""),
        ]
    }
}

fn fate(row: &PlanRow) -> Option<Fate> {
    match (&row.state, row.kind) {
        (State::Wrong { .. }, _) => Some(Fate::Wrong),
        (State::New, "user") => Some(Fate::New),
        (State::New | State::Changed { .. }, _) => Some(Fate::Changed),
        (State::Unchanged | State::Kept { .. }, _) => Some(Fate::Unchanged),
        // Nothing is done about these unless somebody wants it.
        (State::Extra | State::Todo { .. }, _) => None,
    }
}
