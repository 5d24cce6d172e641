//! Groups of Gatehall at Open WebUI. Those that are Gatehall's say so in their description, where
//! people see it; no other group is ever touched.

use std::collections::BTreeSet;

use gatehall_domain::GroupId;

use crate::{Account, accounts::Directory, record::Record};

/// A group as it is at Gatehall.
#[derive(Debug, Clone)]
pub struct WishedGroup {
    /// Its id, by which it is found whatever its name.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who is in it; nobody if it is disabled.
    pub members: Vec<WishedMember>,
}

/// Somebody who is in a group.
#[derive(Debug, Clone)]
pub struct WishedMember {
    /// The address.
    pub email: String,
    /// The account at this Open WebUI that is bound to them, if one is.
    pub account: Option<String>,
}

/// A group as it is at Open WebUI.
#[derive(Debug, Clone)]
pub(crate) struct FoundGroup {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    /// Known of those that are Gatehall's.
    pub(crate) members: BTreeSet<String>,
}

/// What has to be done about a group.
#[derive(Debug, Clone)]
pub(crate) enum GroupChange {
    Create {
        group: GroupId,
        name: String,
        description: String,
        members: Vec<String>,
    },
    Change {
        group: GroupId,
        id: String,
        name: String,
        /// What it was called before, if the name changes.
        rename: Option<String>,
        /// What it is for, if that or the name changes.
        text: Option<String>,
        add: Vec<String>,
        remove: Vec<String>,
    },
    Delete {
        id: String,
        name: String,
        why: &'static str,
    },
}

/// What is found out about groups.
#[derive(Debug, Default)]
pub(crate) struct GroupPlan {
    pub(crate) changes: Vec<GroupChange>,
    /// Those that are there and right: at Gatehall, and at Open WebUI.
    pub(crate) same: Vec<(GroupId, String, String)>,
    /// Those that are left alone, and why.
    pub(crate) left: Vec<(String, &'static str)>,
}

const TAKEN: &str = "a group of that name is there that is not Gatehall's: rename one of the two";

const MARK: &str = "gatehall:";

fn marked(group: GroupId, description: &str) -> String {
    let space = if description.is_empty() { "" } else { " " };
    format!("{description}{space}(Gatehall keeps who is in it; {MARK}{group})")
}

/// Of which group of a Gatehall it is.
pub(crate) fn mark_of(description: &str) -> Option<&str> {
    let (_, behind) = description.rsplit_once(MARK)?;
    let end = behind.find(|c: char| !c.is_ascii_hexdigit() && c != '-').unwrap_or(behind.len());
    (!behind[..end].is_empty()).then_some(&behind[..end])
}

impl FoundGroup {
    pub(crate) fn is_of(&self, group: GroupId) -> bool {
        mark_of(&self.description) == Some(group.to_string().as_str())
    }

    fn delete(&self, why: &'static str) -> GroupChange {
        GroupChange::Delete { id: self.id.clone(), name: self.name.clone(), why }
    }
}

/// Compares the groups that are `chosen` among all that should be.
pub(crate) fn compare(
    wished: &[WishedGroup],
    chosen: impl Fn(&WishedGroup) -> bool,
    found: &[FoundGroup],
    accounts: &[Account],
    record: &Record,
) -> GroupPlan {
    let directory = Directory::of(accounts);
    let mut plan = GroupPlan::default();
    let is_wished = |mark: &str| wished.iter().any(|it| it.id.to_string() == mark);
    // Those of Gatehall get out of each other's way.
    let foreign = |it: &&FoundGroup| !mark_of(&it.description).is_some_and(is_wished);
    let taken =
        |name: &str| found.iter().filter(foreign).any(|it| it.name.eq_ignore_ascii_case(name));
    for wish in wished.iter().filter(|it| chosen(it)) {
        let members = wish.members.iter().filter_map(|it| directory.of_member(it));
        let members: BTreeSet<String> = members.map(|it| it.id.clone()).collect();
        let Some(own) = found.iter().find(|it| it.is_of(wish.id)) else {
            match taken(&wish.name) {
                true => plan.left.push((wish.name.clone(), TAKEN)),
                false => plan.changes.push(GroupChange::Create {
                    group: wish.id,
                    name: wish.name.clone(),
                    description: marked(wish.id, &wish.description),
                    members: members.into_iter().collect(),
                }),
            }
            continue;
        };
        let add: Vec<String> = members.difference(&own.members).cloned().collect();
        let remove: Vec<String> = own.members.difference(&members).cloned().collect();
        let differs = own.name != wish.name;
        let stays = differs && taken(&wish.name);
        if stays {
            plan.left.push((wish.name.clone(), TAKEN));
        }
        let rename = (differs && !stays).then(|| own.name.clone());
        let (id, name) = (own.id.clone(), if stays { &own.name } else { &wish.name }.clone());
        let text = marked(wish.id, &wish.description);
        let described = own.description.trim() != text.trim();
        let text = (described || rename.is_some()).then_some(text);
        match add.is_empty() && remove.is_empty() && text.is_none() {
            true => plan.same.push((wish.id, id, name)),
            false => {
                let group = wish.id;
                plan.changes.push(GroupChange::Change {
                    group,
                    id,
                    name,
                    rename,
                    text,
                    add,
                    remove,
                });
            }
        }
    }
    let is_left_out = |mark: &str| wished.iter().any(|it| it.id.to_string() == mark && !chosen(it));
    for own in found {
        match mark_of(&own.description) {
            Some(mark) if !is_wished(mark) && record.has_group(&own.id) => {
                plan.changes.push(own.delete("it is gone at Gatehall"));
            }
            Some(mark) if is_left_out(mark) && record.has_group(&own.id) => {
                plan.changes.push(own.delete("it is not brought over any more"));
            }
            Some(mark) if !is_wished(mark) => plan
                .left
                .push((own.name.clone(), "it is of another Gatehall, or of one that is no more")),
            _ => {}
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wished(n: u128, name: &str, members: &[(&str, Option<&str>)]) -> WishedGroup {
        let member = |(email, account): &(&str, Option<&str>)| WishedMember {
            email: (*email).to_owned(),
            account: account.map(str::to_owned),
        };
        let id =
            serde_json::from_value(json!(format!("00000000-0000-0000-0000-{n:012x}"))).unwrap();
        let members = members.iter().map(member).collect();
        WishedGroup { id, name: name.to_owned(), description: "Us".into(), members }
    }

    fn found(id: &str, name: &str, description: &str, members: &[&str]) -> FoundGroup {
        FoundGroup {
            id: id.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            members: members.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    fn account(id: &str, email: &str) -> Account {
        Account { id: id.into(), email: email.into(), role: "user".into(), name: String::new() }
    }

    #[test]
    fn a_renamed_group_is_found_by_its_mark_and_others_are_never_touched() {
        let accounts = [account("a1", "alice@x.example"), account("b1", "bob@x.example")];
        let wish = [
            wished(1, "Sales", &[("Alice@x.example", None), ("nobody@x.example", None)]),
            wished(2, "Care", &[]),
            wished(3, "New", &[("bob@x.example", Some("b0"))]),
        ];
        let there = [
            found("g1", "Old name", &marked(wish[0].id, "Us"), &["b1"]),
            found("g2", "care", "somebody else's", &["a1"]),
            found("g9", "Gone", &marked(wished(9, "", &[]).id, ""), &[]),
            found("g8", "Foreign", &marked(wished(8, "", &[]).id, ""), &[]),
        ];
        let mut record = Record::default();
        record.note_group(wished(9, "", &[]).id, "g9");
        let plan = compare(&wish, |_| true, &there, &accounts, &record);
        let told: Vec<String> = plan.changes.iter().map(|it| format!("{it:?}")).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].contains(r#"id: "g1", name: "Sales", rename: Some("Old name")"#)
                && told[0].contains(r#"add: ["a1"], remove: ["b1"]"#),
            "{told:?}"
        );
        // Bob is bound to another account, so that the one with his address is not his.
        assert!(told[1].contains(r#"name: "New""#) && told[1].contains("members: []"), "{told:?}");
        assert!(told[2].contains(r#"Delete { id: "g9""#), "{told:?}");
        let left: Vec<_> = plan.left.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(left, ["Care", "Foreign"]);
    }

    #[test]
    fn what_is_in_step_stays() {
        let wish = [wished(1, "Sales", &[("alice@x.example", None)])];
        let there = [found("g1", "Sales", &format!("{} ", marked(wish[0].id, "Us")), &["a1"])];
        let plan = compare(
            &wish,
            |_| true,
            &there,
            &[account("a1", "alice@x.example")],
            &Record::default(),
        );
        assert!(plan.changes.is_empty() && plan.left.is_empty());
        assert_eq!(plan.same[0].1, "g1");
    }

    #[test]
    fn a_name_that_is_taken_is_left_and_a_description_is_brought_over() {
        let wish = [wished(1, "Sales", &[]), wished(2, "Ours", &[]), wished(3, "Theirs", &[])];
        let text = |n: usize| marked(wish[n].id, "Us");
        let there = [
            found("g1", "Old", &text(0), &["a1"]),
            found("g0", "sales", "somebody else's", &[]),
            // Two that change their names for each other's.
            found("g2", "Theirs", &text(1), &[]),
            found("g3", "Ours", &marked(wish[2].id, "Them"), &[]),
        ];
        let plan = compare(&wish, |_| true, &there, &[], &Record::default());
        assert_eq!(plan.left, [("Sales".to_owned(), TAKEN)]);
        let told: Vec<String> = plan.changes.iter().map(|it| format!("{it:?}")).collect();
        assert!(
            told[0].contains(r#"name: "Old", rename: None, text: None, add: [], remove: ["a1"]"#),
            "{told:?}"
        );
        assert!(told[1].contains(r#"name: "Ours", rename: Some("Theirs")"#), "{told:?}");
        let same = [found("g3", "Theirs", &marked(wish[2].id, "Them"), &[])];
        let plan = compare(&wish[2..], |_| true, &same, &[], &Record::default());
        let told = format!("{:?}", plan.changes);
        assert!(told.contains(r#"rename: None, text: Some("Us (Gatehall"#), "{told}");
    }

    #[test]
    fn what_is_not_brought_over_any_more_goes_if_it_was() {
        let wish = [wished(1, "Sales", &[]), wished(2, "Care", &[])];
        let there = [0, 1].map(|n| found(&format!("g{n}"), "x", &marked(wish[n].id, "Us"), &[]));
        let mut record = Record::default();
        record.note_group(wish[0].id, "g0");
        let plan = compare(&wish, |_| false, &there, &[], &record);
        let told = format!("{:?}", plan.changes);
        assert!(plan.changes.len() == 1 && told.contains(r#"Delete { id: "g0""#), "{told}");
    }
}
