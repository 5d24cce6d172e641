use std::collections::HashMap;

use serde_json::Value;

use crate::{Client, Fault, WishedMember};

/// Somebody's account at Open WebUI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id, which Open WebUI signs.
    pub id: String,
    /// In small letters.
    pub email: String,
    /// `admin`, `user` or `pending`.
    pub role: String,
    /// The name to show.
    pub name: String,
}

impl Client {
    pub(crate) async fn accounts(&self) -> Result<Vec<Account>, Fault> {
        let path = "/api/v1/users/all";
        let all = self.get(path).await?;
        let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
        let one = |it: &Value| Account {
            id: text(it, "id"),
            email: text(it, "email").to_lowercase(),
            role: text(it, "role"),
            name: text(it, "name"),
        };
        match all["users"].as_array() {
            Some(all) => Ok(all.iter().map(one).filter(|it| !it.id.is_empty()).collect()),
            None => Err(Fault::Shape(path.to_owned(), "it lists no accounts".into())),
        }
    }
}

/// Accounts, found as Gatehall knows people: by the account that is bound to them, else by address.
pub(crate) struct Directory<'f> {
    by_id: HashMap<&'f str, &'f Account>,
    by_email: HashMap<&'f str, &'f Account>,
}

impl<'f> Directory<'f> {
    pub(crate) fn of(accounts: &'f [Account]) -> Self {
        Self {
            by_id: accounts.iter().map(|it| (it.id.as_str(), it)).collect(),
            by_email: accounts.iter().map(|it| (it.email.as_str(), it)).collect(),
        }
    }

    /// Who is bound to an account has none but that: another with the same address is refused at the
    /// gate, too.
    pub(crate) fn of_member(&self, member: &WishedMember) -> Option<&'f Account> {
        match &member.account {
            Some(id) => self.by_id.get(id.as_str()).copied(),
            None => self.by_email.get(member.email.to_lowercase().as_str()).copied(),
        }
    }
}
