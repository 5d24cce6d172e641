//! Asks as somebody: what a person of Open WebUI is offered, through Open WebUI.

use gatehall_domain::{EmailAddress, names::encoded};
use gatehall_vault::new_secret;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::{Client, Fault, Found, Plan, connection::Kind, plan::Seer};

/// How the addresses of accounts begin that are made to ask once.
pub const TEST_USER: &str = "gatehall-check-";

/// What they are called.
pub const TEST_USER_NAME: &str = "Gatehall check";

/// An account that was made to ask once.
#[derive(Debug)]
pub struct TestUser {
    /// Its id, which Open WebUI signs.
    pub id: String,
    /// Whoever asks as this account.
    pub client: Client,
}

impl Client {
    /// Makes an account with a password that nobody knows, in the groups that see the connection.
    ///
    /// # Errors
    /// If it is not made, or cannot be used.
    pub async fn add_test_user(
        &self,
        email: &EmailAddress,
        plan: &Plan,
    ) -> Result<TestUser, Fault> {
        let password = new_secret().map_err(|error| Fault::NoPassword(error.to_string()))?;
        let path = "/api/v1/auths/add";
        // With the kinds of characters that Open WebUI may want, and not longer than a hash takes,
        // which is 72 bytes.
        let form = json!({
            "name": TEST_USER_NAME, "email": email.as_str(), "role": "user",
            "password": format!("{}!aA1", password.expose_secret()),
        });
        let made = self.post(path, &form).await?;
        let Some(id) = made["id"].as_str().map(str::to_owned) else {
            return Err(Fault::Shape(path.to_owned(), "the new account has no id".into()));
        };
        let Some(token) = made["token"].as_str() else {
            self.remove_account(&id).await?;
            return Err(Fault::SecondFactor("every account".into()));
        };
        let client = self.with_token(SecretString::from(token.to_owned()));
        for seer in &plan.see {
            if let Seer::Group(group) = seer {
                self.put_in_group(group, std::slice::from_ref(&id)).await?;
            }
        }
        Ok(TestUser { id, client })
    }

    /// Removes an account with all that it has.
    ///
    /// # Errors
    /// If it is not removed.
    pub async fn remove_account(&self, id: &str) -> Result<(), Fault> {
        self.delete(&format!("/api/v1/users/{}", encoded(id))).await.map(drop)
    }

    /// Whether Open WebUI reaches the gate with the key of the connection: *Verify Connection*, which
    /// names no user.
    ///
    /// # Errors
    /// What Open WebUI says.
    pub async fn verify(&self) -> Result<(), Fault> {
        let all = self.connections().await?;
        let Some(at) = Kind::Mcp.find(&all) else {
            return Err(Fault::NoSuchFunction("the connection gatehall".into()));
        };
        let path = "/api/v1/configs/tool_servers/verify";
        self.post(path, &Value::Object(all[at].clone())).await.map(drop)
    }
}

impl Found {
    /// Accounts that an earlier check made and could not remove any more.
    pub fn left_over(&self) -> impl Iterator<Item = &crate::Account> {
        self.accounts
            .iter()
            .filter(|it| it.email.starts_with(TEST_USER) && it.name == TEST_USER_NAME)
    }
}

/// The names of the tools that whoever is signed in is offered, as the gate says them.
///
/// # Errors
/// If Open WebUI could not get the list.
pub async fn tools_of(client: &Client) -> Result<Vec<String>, Fault> {
    let path = format!("/api/v1/tools/id/{}/specs", Kind::Mcp.tool_id());
    let answer = client.get(&path).await?;
    let Some(all) = answer["specs"].as_array() else {
        return Err(Fault::Shape(path, "it lists no tools".into()));
    };
    Ok(all.iter().filter_map(|it| it["name"].as_str()).map(str::to_owned).collect())
}
