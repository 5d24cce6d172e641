//! Groups, as Open WebUI lists and changes them.

use std::collections::BTreeSet;

use gatehall_domain::names::encoded;
use serde_json::{Value, json};

use crate::{
    Client, Fault,
    group::{FoundGroup, mark_of},
};

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
            if group.id.is_empty() {
                return Err(Fault::Shape(path.to_owned(), "a group has no id".into()));
            }
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

    pub(crate) async fn name_group(
        &self,
        id: &str,
        name: &str,
        description: &str,
    ) -> Result<(), Fault> {
        let path = format!("/api/v1/groups/id/{}/update", encoded(id));
        let form = json!({ "name": name, "description": description });
        self.post(&path, &form).await.map(drop)
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
