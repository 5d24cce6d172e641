use gatehall_domain::names::shown;
use serde_json::Value;

use crate::{Account, Client, Fault, Version, client::Object, group::FoundGroup, model::BaseModel};

/// What is set at an Open WebUI, as far as it matters here.
pub struct Found {
    /// Its version, as it says it.
    pub version: String,
    /// What it tells everybody of itself.
    pub(crate) config: Value,
    /// What administrators set.
    pub(crate) admin: Object,
    /// All connections to tool servers, with their keys.
    pub connections: Vec<Object>,
    pub(crate) models: Vec<Object>,
    pub(crate) base_models: Vec<BaseModel>,
    pub(crate) groups: Vec<FoundGroup>,
    /// All accounts.
    pub accounts: Vec<Account>,
}

impl Found {
    /// The version, if it is one.
    pub fn version(&self) -> Option<Version> {
        self.version.parse().ok()
    }

    /// The account of this address.
    pub fn account(&self, email: &str) -> Option<&Account> {
        let email = email.to_lowercase();
        self.accounts.iter().find(|it| it.email == email)
    }
}

impl Client {
    /// Reads all of it, as an administrator.
    ///
    /// # Errors
    /// What could not be read.
    pub async fn read(&self) -> Result<Found, Fault> {
        let config = self.get("/api/config").await?;
        let path = "/api/v1/auths/admin/config";
        let Value::Object(admin) = self.get(path).await? else {
            return Err(Fault::Shape(path.to_owned(), "it lists no settings".into()));
        };
        Ok(Found {
            version: shown(config["version"].as_str().unwrap_or_default(), 40).into_owned(),
            admin,
            connections: self.connections().await?,
            models: self.models().await?,
            base_models: self.base_models().await?,
            groups: self.groups().await?,
            accounts: self.accounts().await?,
            config,
        })
    }

    /// The connections to tool servers, as they are now.
    pub(crate) async fn connections(&self) -> Result<Vec<Object>, Fault> {
        let path = "/api/v1/configs/tool_servers";
        listed(path, self.get(path).await?)
    }

    /// Puts a list in place of the one that was read, if that is still the one there. Open WebUI
    /// takes whole lists alone, and would not notice.
    pub(crate) async fn save_connections(
        &self,
        read: &[Object],
        new: &[Object],
    ) -> Result<(), Fault> {
        let path = "/api/v1/configs/tool_servers";
        if !same(read, &self.connections().await?) {
            return Err(Fault::Moved);
        }
        let body = serde_json::json!({ "TOOL_SERVER_CONNECTIONS": new });
        let kept = listed(path, self.post(path, &body).await?)?;
        // Whoever saved in between sees theirs gone; whoever does so now, here.
        match same(new, &kept) && same(new, &self.connections().await?) {
            true => Ok(()),
            false => Err(Fault::Crossed),
        }
    }
}

fn same(one: &[Object], other: &[Object]) -> bool {
    let sorted = |all: &[Object]| {
        let mut all: Vec<Object> = crate::connection::settled(all);
        all.iter_mut().for_each(Object::sort_keys);
        all.into_iter().map(|it| Value::Object(it).to_string()).collect::<Vec<_>>()
    };
    sorted(one) == sorted(other)
}

fn listed(path: &str, mut answer: Value) -> Result<Vec<Object>, Fault> {
    let shape = || Fault::Shape(path.to_owned(), "it lists no connections".into());
    // A list that is not there is none that is empty: whoever saved it so would remove them all.
    let list = answer.get_mut("TOOL_SERVER_CONNECTIONS").map(Value::take).ok_or_else(shape)?;
    match list {
        Value::Null => Ok(Vec::new()),
        list => serde_json::from_value(list).map_err(|_| shape()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_list_that_is_there_is_one() {
        let of = |answer| listed("/x", answer);
        for answer in [json!({}), json!(null), json!([]), json!("x"), json!({"connections": []})] {
            assert!(matches!(of(answer.clone()), Err(Fault::Shape(..))), "{answer}");
        }
        for list in [json!({}), json!("x"), json!([1]), json!([[]])] {
            let answer = json!({"TOOL_SERVER_CONNECTIONS": list});
            assert!(matches!(of(answer.clone()), Err(Fault::Shape(..))), "{answer}");
        }
        for list in [json!(null), json!([]), json!([{}])] {
            let answer = json!({"TOOL_SERVER_CONNECTIONS": list});
            assert!(of(answer.clone()).is_ok(), "{answer}");
        }
    }
}
