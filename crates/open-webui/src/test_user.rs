//! Asks as somebody: what a person of Open WebUI is offered, through Open WebUI.

use gatehall_domain::{EmailAddress, names::encoded};
use gatehall_vault::generate_key;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::{
    Client, Fault, Found, Plan,
    connection::{Kind, mcp_id},
    plan::Seer,
};

/// How the addresses of accounts begin that are made to ask once.
pub const TEST_USER: &str = "gatehall-check-";

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
        let password = generate_key().map_err(|error| Fault::NotKept(error.to_string()))?.text;
        let path = "/api/v1/auths/add";
        // It may be as long as a hash takes, which is 72 bytes.
        let form = json!({
            "name": "Gatehall check", "email": email.as_str(), "role": "user",
            "password": format!("{}!aA1", password.expose_secret()).chars().take(70).collect::<String>(),
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
            .filter(|it| it.email.starts_with(TEST_USER) && it.name == "Gatehall check")
    }
}

/// The names of the tools that whoever is signed in is offered, as the gate says them.
///
/// # Errors
/// If Open WebUI could not get the list.
pub async fn tools_of(client: &Client) -> Result<Vec<String>, Fault> {
    let path = format!("/api/v1/tools/id/{}/specs", mcp_id());
    let answer = client.get(&path).await?;
    let Some(all) = answer["specs"].as_array() else {
        return Err(Fault::Shape(path, "it lists no tools".into()));
    };
    Ok(all.iter().filter_map(|it| it["name"].as_str()).map(str::to_owned).collect())
}
