//! Groups of Gatehall at Open WebUI. Those that are Gatehall's say so in their description, where
//! people see it; no other group is ever touched.

use std::collections::BTreeSet;

use gatehall_domain::GroupId;
use serde_json::{Value, json};

use crate::{Account, Client, Fault, accounts::Directory, client::encoded, record::Record};

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
        add: Vec<String>,
        remove: Vec<String>,
    },
    Delete {
        id: String,
        name: String,
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
    for wish in wished.iter().filter(|it| chosen(it)) {
        let members = wish.members.iter().filter_map(|it| directory.of_member(it));
        let members: BTreeSet<String> = members.map(|it| it.id.clone()).collect();
        let Some(own) = found.iter().find(|it| it.is_of(wish.id)) else {
            let taken = found.iter().any(|it| it.name.eq_ignore_ascii_case(&wish.name));
            match taken {
                true => plan.left.push((
                    wish.name.clone(),
                    "a group of that name is there that is not Gatehall's: rename one of the two",
                )),
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
        let rename = (own.name != wish.name).then(|| own.name.clone());
        match add.is_empty() && remove.is_empty() && rename.is_none() {
            true => plan.same.push((wish.id, own.id.clone(), wish.name.clone())),
            false => {
                let (id, name) = (own.id.clone(), wish.name.clone());
                let group = wish.id;
                plan.changes.push(GroupChange::Change { group, id, name, rename, add, remove });
            }
        }
    }
    let is_wished = |mark: &str| wished.iter().any(|it| it.id.to_string() == mark);
    for own in found {
        match mark_of(&own.description) {
            Some(mark) if !is_wished(mark) && record.has_group(&own.id) => {
                plan.changes
                    .push(GroupChange::Delete { id: own.id.clone(), name: own.name.clone() });
            }
            Some(mark) if !is_wished(mark) => plan
                .left
                .push((own.name.clone(), "it is of another Gatehall, or of one that is no more")),
            _ => {}
        }
    }
    plan
}

impl Client {
    /// All groups; with their members those that a Gatehall keeps.
    pub(crate) async fn groups(&self) -> Result<Vec<FoundGroup>, Fault> {
        let path = "/api/v1/groups/";
        let all = self.get(path).await?;
        let Some(all) = all.as_array() else {
            return Err(Fault::Shape(path.to_owned(), "it lists no groups".into()));
        };
        let mut groups = Vec::with_capacity(all.len());
        for it in all {
            let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
            let mut group = FoundGroup {
                id: text("id"),
                name: text("name"),
                description: text("description"),
                members: BTreeSet::new(),
            };
            if mark_of(&group.description).is_some() {
                group.members = self.members(&group.id).await?;
            }
            groups.push(group);
        }
        Ok(groups)
    }

    async fn members(&self, id: &str) -> Result<BTreeSet<String>, Fault> {
        let path = format!("/api/v1/groups/id/{}/export", encoded(id));
        let group = self.get(&path).await?;
        let Some(members) = group["user_ids"].as_array() else {
            return Err(Fault::Shape(path, "it names no members".into()));
        };
        Ok(members.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    pub(crate) async fn add_group(&self, name: &str, description: &str) -> Result<String, Fault> {
        let path = "/api/v1/groups/create";
        let made = self.post(path, &json!({ "name": name, "description": description })).await?;
        let id = made["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| Fault::Shape(path.to_owned(), "the new group has no id".into()))
    }

    pub(crate) async fn rename_group(&self, id: &str, name: &str) -> Result<(), Fault> {
        let path = format!("/api/v1/groups/id/{}", encoded(id));
        let was = self.get(&path).await?;
        let form = json!({ "name": name, "description": was["description"] });
        self.post(&format!("{path}/update"), &form).await.map(drop)
    }

    pub(crate) async fn put_in_group(&self, id: &str, accounts: &[String]) -> Result<(), Fault> {
        self.move_accounts(id, "add", accounts).await
    }

    pub(crate) async fn take_from_group(&self, id: &str, accounts: &[String]) -> Result<(), Fault> {
        self.move_accounts(id, "remove", accounts).await
    }

    async fn move_accounts(&self, id: &str, how: &str, accounts: &[String]) -> Result<(), Fault> {
        let path = format!("/api/v1/groups/id/{}/users/{how}", encoded(id));
        for some in accounts.chunks(1000) {
            self.post(&path, &json!({ "user_ids": some })).await?;
        }
        Ok(())
    }

    pub(crate) async fn delete_group(&self, id: &str) -> Result<(), Fault> {
        self.delete(&format!("/api/v1/groups/id/{}/delete", encoded(id))).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
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
            told[0].contains(
                r#"id: "g1", name: "Sales", rename: Some("Old name"), add: ["a1"], remove: ["b1"]"#
            ),
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
        let there = [found("g1", "Sales", &format!("{} ", marked(wish[0].id, "")), &["a1"])];
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
}
