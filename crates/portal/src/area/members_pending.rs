//! What is ticked in the matrix and not applied yet, and what it would do.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
};

use gatehall_control::operation::{
    find_group, find_user,
    group::{GroupEdit, change},
};
use gatehall_domain::{
    Change, Company, EmailAddress, GroupName, Record, Refusal, Snapshot, Timestamp, UserId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reach::difference;
use crate::web::{Face, Fault, Portal, Visitor};

/// The matrix with what is ticked in it; programs name only what they would add and remove.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "MembersReview")]
#[serde(deny_unknown_fields)]
pub(super) struct Ticked {
    /// Memberships to add, each an email, a space and a group.
    #[serde(default)]
    add: Vec<String>,
    /// Memberships to remove, likewise.
    #[serde(default)]
    remove: Vec<String>,
    /// The cells of this page.
    #[serde(default)]
    #[schemars(skip)]
    shown: Vec<String>,
    /// Those that were members when it was made.
    #[serde(default)]
    #[schemars(skip)]
    was: Vec<String>,
    /// Those that are ticked now.
    #[serde(default)]
    #[schemars(skip)]
    ticked: Vec<String>,
    #[serde(default)]
    #[schemars(skip)]
    pub(super) q: String,
    #[serde(default)]
    #[schemars(skip)]
    pub(super) groups: String,
    /// The page of the matrix that this is.
    #[schemars(skip)]
    pub(super) here: Option<MatrixPage>,
    /// The page that is wanted instead of a review.
    #[schemars(skip)]
    pub(super) show: Option<MatrixPage>,
}

/// A page of the matrix: the number of its people, a blank, and that of its groups.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct MatrixPage {
    pub(super) page: usize,
    pub(super) group_page: usize,
}

impl Default for MatrixPage {
    fn default() -> Self {
        Self { page: 1, group_page: 1 }
    }
}

impl fmt::Display for MatrixPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.page, self.group_page)
    }
}

impl TryFrom<String> for MatrixPage {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let numbers = text.split_once(' ').and_then(|(page, group_page)| {
            Some(Self { page: page.parse().ok()?, group_page: group_page.parse().ok()? })
        });
        numbers.ok_or("must be two numbers separated by a space")
    }
}

/// Memberships that are to begin and to end, each written as [`pair`] does.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct PendingMembers {
    pub(super) add: Vec<String>,
    pub(super) remove: Vec<String>,
    /// Of people or groups that are gone by now.
    #[serde(skip)]
    pub(super) gone: Vec<String>,
}

/// A cell of the matrix as forms name it.
pub(super) fn pair(email: &EmailAddress, group: &GroupName) -> String {
    format!("{email} {group}")
}

fn split(pair: &str) -> Result<(EmailAddress, GroupName), Refusal> {
    let (email, group) = pair
        .split_once(' ')
        .ok_or_else(|| Refusal::invalid("add", "must be an email, a space and a group"))?;
    Ok((email.parse()?, group.parse()?))
}

impl PendingMembers {
    /// What was ticked or cleared on this page, and what came along from others. What somebody
    /// else changed meanwhile is left as they want it.
    ///
    /// # Errors
    /// If a pair names nobody; a page, which is older than the company, only notes that.
    pub(super) fn of(snapshot: &Snapshot, face: Face, sent: &Ticked) -> Result<Self, Refusal> {
        let sets =
            [&sent.shown, &sent.was, &sent.ticked].map(|it| it.iter().collect::<HashSet<_>>());
        let [shown, was, ticked] = &sets;
        let came = |pairs: &[String]| {
            pairs.iter().filter(|pair| !shown.contains(pair)).cloned().collect::<BTreeSet<_>>()
        };
        let (mut add, mut remove) = (came(&sent.add), came(&sent.remove));
        add.extend(ticked.difference(was).map(|it| it.to_string()));
        remove.extend(was.difference(ticked).map(|it| it.to_string()));

        Self::wanted(snapshot, face, &add, &remove)
    }

    /// What of these is not so already.
    ///
    /// # Errors
    /// As there.
    pub(super) fn wanted<'p>(
        snapshot: &Snapshot,
        face: Face,
        add: impl IntoIterator<Item = &'p String>,
        remove: impl IntoIterator<Item = &'p String>,
    ) -> Result<Self, Refusal> {
        let mut pending = Self::default();
        for pair in add {
            if pending.is_member(snapshot, face, pair)? == Some(false) {
                pending.add.push(pair.clone());
            }
        }
        for pair in remove {
            if pending.is_member(snapshot, face, pair)? == Some(true) {
                pending.remove.push(pair.clone());
            }
        }
        Ok(pending)
    }

    /// Whether a pair is so now; nothing if it is gone.
    fn is_member(
        &mut self,
        snapshot: &Snapshot,
        face: Face,
        pair: &str,
    ) -> Result<Option<bool>, Refusal> {
        let company = snapshot.company();
        let (email, group) = split(pair)?;
        let found = find_user(company, &email)
            .and_then(|user| Ok((user.id, find_group(company, group.as_str())?.id)));
        match found {
            Ok((user, group)) => Ok(Some(snapshot.groups(user).contains(&group))),
            Err(_) if face == Face::Page => {
                self.gone.push(pair.to_owned());
                Ok(None)
            }
            Err(refusal) => Err(refusal),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }

    /// Whether a cell is to become the other of what it is.
    pub(super) fn holds(&self, pair: &str) -> bool {
        // Both are sorted.
        let sorted = |pairs: &[String]| pairs.binary_search_by(|it| it.as_str().cmp(pair)).is_ok();
        sorted(&self.add) || sorted(&self.remove)
    }

    /// What would come of it.
    ///
    /// # Errors
    /// If it cannot be done; a page only notes that, so that nothing ticked is lost.
    pub(super) fn effect(&self, visitor: &Visitor, portal: &Portal) -> Result<Effect, Fault> {
        let company = visitor.snapshot.company();
        let effect = changes(company, &self.add, &self.remove, visitor.now)
            .and_then(|changes| Effect::of(visitor, portal, &changes));
        match effect {
            Err(refusal) if visitor.face == Face::Page => {
                Ok(Effect { refused: Some(refusal.to_string()), ..Effect::default() })
            }
            effect => Ok(effect?),
        }
    }
}

/// The changes that pairs stand for.
///
/// # Errors
/// If a pair names nobody, or a rule is against it.
pub(super) fn changes(
    company: &Company,
    add: &[String],
    remove: &[String],
    now: Timestamp,
) -> Result<Vec<Change>, Refusal> {
    let mut edits: BTreeMap<GroupName, GroupEdit> = BTreeMap::new();
    for pair in add {
        let (email, group) = split(pair)?;
        edits.entry(group).or_default().add_members.push(email);
    }
    for pair in remove {
        let (email, group) = split(pair)?;
        edits.entry(group).or_default().remove_members.push(email);
    }
    let mut all = Vec::new();
    for (group, edit) in edits {
        all.extend(change(company, &group, &edit, now)?);
    }
    Ok(all)
}

/// What changes do to people.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Effect {
    /// People who lose tools.
    pub(super) losing: Vec<String>,
    /// How many gain some.
    pub(super) gaining: usize,
    /// Why it cannot be done at all.
    #[serde(skip)]
    pub(super) refused: Option<String>,
}

impl Effect {
    fn of(visitor: &Visitor, portal: &Portal, changes: &[Change]) -> Result<Self, Refusal> {
        let before = &visitor.snapshot;
        let after = before.after(before.revision(), changes)?;
        after.company().keeps_admin(before.company(), changes)?;
        let touched: BTreeSet<UserId> = changes
            .iter()
            .filter_map(|change| match change.record() {
                Record::Membership(it) => Some(it.user),
                _ => None,
            })
            .collect();
        let mut effect = Self::default();
        // Users with equal grants gain and lose the same.
        let mut known: HashMap<(u64, u64), (bool, bool)> = HashMap::new();
        for id in touched {
            let (Some(old), Some(new)) = (before.view(id), after.view(id)) else { continue };
            let (loses, gains) = *known
                .entry((old.id, new.id))
                .or_insert_with(|| difference(portal, before, &after, id, visitor.now));
            if loses {
                effect.losing.push(after.company().user_label(id));
            }
            effect.gaining += usize::from(gains);
        }
        Ok(effect)
    }
}
