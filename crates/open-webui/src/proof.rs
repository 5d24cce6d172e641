//! How an administrator is known to Open WebUI, and signing in as one.

use gatehall_domain::{EmailAddress, names::shown};
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::{Client, Fault, fault::said};

/// How somebody is known to Open WebUI.
#[derive(Debug, Clone)]
pub enum Proof {
    /// An API key, or the token of somebody who is signed in.
    Token(SecretString),
    /// Open WebUI believes whoever reaches it: this header names the address.
    Header {
        /// The header's name.
        name: String,
        /// Who signs in.
        email: EmailAddress,
    },
    /// An address and its password.
    Password {
        /// Who signs in.
        email: EmailAddress,
        /// The password.
        password: SecretString,
    },
}

impl Proof {
    /// The same proof for somebody else, where it can be given without knowing more of them.
    pub fn of(&self, other: &EmailAddress) -> Option<Self> {
        match self {
            Self::Header { name, .. } => {
                Some(Self::Header { name: name.clone(), email: other.clone() })
            }
            Self::Token(_) | Self::Password { .. } => None,
        }
    }

    fn email(&self) -> Option<&EmailAddress> {
        match self {
            Self::Token(_) => None,
            Self::Header { email, .. } | Self::Password { email, .. } => Some(email),
        }
    }
}

impl Client {
    /// Signs in as an administrator. The first account of a fresh Open WebUI is made by signing in;
    /// that is done only if it `may` be.
    ///
    /// # Errors
    /// Whatever keeps it from being done, and what to do.
    pub async fn sign_in(&self, proof: &Proof, may: bool) -> Result<Self, Fault> {
        let (client, account) = self.enter(proof, may).await?;
        if let Some(other) = account["role"].as_str().filter(|role| *role != "admin") {
            client.sign_out(proof).await;
            return Err(Fault::NotAdministrator(
                who(proof, &account),
                shown(other, 40).into_owned(),
            ));
        }
        // An API key cannot ask who it is; whether it is an administrator's shows here.
        client.is_still_in().await?;
        Ok(client)
    }

    /// Makes sure that whoever is signed in is so still, as an administrator.
    ///
    /// # Errors
    /// If it is not so: see [`Fault::ends_session`]; or if it cannot be asked.
    pub async fn is_still_in(&self) -> Result<(), Fault> {
        self.get("/api/v1/configs/tool_servers").await.map(drop)
    }

    /// Signs in as anybody whose account can be used.
    ///
    /// # Errors
    /// As [`Client::sign_in`].
    pub async fn sign_in_as(&self, proof: &Proof) -> Result<Self, Fault> {
        Ok(self.enter(proof, false).await?.0)
    }

    /// Ends the session that signing in began. An API key and a given token stay as they are.
    pub async fn sign_out(&self, proof: &Proof) {
        if !matches!(proof, Proof::Token(_)) {
            let _ = self.exchange(Method::POST, "/api/v1/auths/signout", None, None).await;
        }
    }

    /// Whoever the proof names, and their account as far as it is known.
    async fn enter(&self, proof: &Proof, may: bool) -> Result<(Self, Value), Fault> {
        let path = "/api/config";
        let (status, answer) = self.exchange(Method::GET, path, None, None).await?;
        if status == 429 {
            return Err(Fault::Limited(self.address().to_owned()));
        }
        if (400..500).contains(&status) {
            return Err(Fault::NotOpenWebUi(self.address().to_owned(), status));
        }
        if status >= 500 {
            return Err(Fault::Refused(path.to_owned(), status, said(&answer)));
        }
        let config = self.json(path, &answer)?;
        if config["version"].as_str().is_none() || !config["features"].is_object() {
            let why = "its settings name no version".to_owned();
            return Err(Fault::Shape(self.address().to_owned(), why));
        }
        if config["onboarding"] == json!(true) && !may {
            return Err(Fault::NobodyYet(who(proof, &Value::Null)));
        }
        let takes_header = config["features"]["auth_trusted_header"] == json!(true);
        let (told, body) = match proof {
            Proof::Token(token) => return self.with_token(bare(token)?).know(proof).await,
            Proof::Header { name, .. } if !takes_header => {
                return Err(Fault::NoTrustedHeader(name.clone()));
            }
            Proof::Header { name, email } => {
                (Some((name.as_str(), email.as_str())), json!({ "email": "", "password": "" }))
            }
            Proof::Password { .. } if takes_header => return Err(Fault::WantsHeader),
            Proof::Password { email, password } => {
                (None, json!({ "email": email.as_str(), "password": password.expose_secret() }))
            }
        };
        let path = "/api/v1/auths/signin";
        let (status, answer) = self.exchange(Method::POST, path, Some(&body), told).await?;
        if !(200..300).contains(&status) {
            return Err(refused(proof, status, &answer));
        }
        let account = self.json(path, &answer)?;
        let Some(token) = account["token"].as_str() else {
            return Err(Fault::SecondFactor(who(proof, &account)));
        };
        let client = self.with_token(SecretString::from(token.to_owned()));
        usable(proof, &account)?;
        Ok((client, account))
    }

    async fn know(self, proof: &Proof) -> Result<(Self, Value), Fault> {
        let account = match self.has_api_key() {
            true => Value::Null,
            false => self.get("/api/v1/auths/").await?,
        };
        usable(proof, &account)?;
        Ok((self, account))
    }
}

/// A token as it is sent: what is pasted may have blanks and ends of lines around it.
fn bare(token: &SecretString) -> Result<SecretString, Fault> {
    let token = token.expose_secret().trim();
    match !token.is_empty() && token.bytes().all(|it| it.is_ascii_graphic()) {
        true => Ok(SecretString::from(token.to_owned())),
        false => Err(Fault::OddToken),
    }
}

/// An account that waits cannot do anything, and would be told that its token is wrong.
fn usable(proof: &Proof, account: &Value) -> Result<(), Fault> {
    match account["role"].as_str() {
        Some("pending") => Err(Fault::Waiting(who(proof, account))),
        _ => Ok(()),
    }
}

fn who(proof: &Proof, account: &Value) -> String {
    let named = proof.email().map(ToString::to_string);
    let said = || account["email"].as_str().map(str::to_owned);
    let who = named.or_else(said).unwrap_or_else(|| "the owner of the token".into());
    shown(&who, 254).into_owned()
}

fn refused(proof: &Proof, status: u16, answer: &[u8]) -> Fault {
    let said = said(answer);
    match (status, proof) {
        (403, _) => Fault::PasswordsOff,
        (429, _) => Fault::TooMany,
        (400, Proof::Header { name, .. }) => Fault::HeaderNotTaken(name.clone()),
        (400 | 401, Proof::Password { email, .. }) => Fault::BadPassword(email.to_string()),
        _ => Fault::Refused("signing in".into(), status, said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word() {
        let of = |text: &str| bare(&SecretString::from(text.to_owned()));
        for text in ["sk-1", " sk-1\r\n", "sk-1\t"] {
            assert_eq!(of(text).unwrap().expose_secret(), "sk-1");
        }
        for text in ["", " ", "a b", "a\nb", "a\u{7f}", "\u{e4}"] {
            assert!(matches!(of(text), Err(Fault::OddToken)), "{text:?}");
        }
    }
}
