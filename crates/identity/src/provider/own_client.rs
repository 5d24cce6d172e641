//! Groups that the gate asks for with its own client, for people who came with an access token:
//! that token is for this gate, and Microsoft Graph would not take it.

use std::sync::Arc;

use gatehall_domain::Timestamp;
use oauth2::{
    ClientId, ClientSecret, RequestTokenError, Scope, TokenResponse, TokenUrl, basic::BasicClient,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    Providers, graph,
    members::{AGAIN, Answer, FRESH},
    running::Running,
};

/// A token of the gate's own is not used in its last seconds.
const SPARE: i64 = 60;

impl Running {
    /// The groups of somebody, by their id in their directory, or why they are not known.
    pub(super) async fn groups_of(
        &self,
        (directory, object): (&str, &str),
        providers: &Providers,
        now: Timestamp,
    ) -> Result<Arc<[String]>, String> {
        let key = format!("{directory}/{object}");
        let cache = &self.members.groups;
        cache.remove_if(&key, |answer| answer.until <= now);
        let asked = cache.get_or_insert_async(&key, async {
            let said = match self.own_token(directory, providers, now).await {
                Ok(token) => {
                    let token = token.expose_secret();
                    graph::groups(self, Some(token), Some(object)).await.map(Into::into)
                }
                Err(problem) => Err(problem),
            };
            let life = if said.is_ok() { FRESH } else { AGAIN };
            Ok::<_, std::convert::Infallible>(Answer { said, until: now.plus_seconds(life) })
        });
        match asked.await {
            Ok(answer) => answer.said,
        }
    }

    /// A token for Graph that is the gate's own.
    async fn own_token(
        &self,
        directory: &str,
        providers: &Providers,
        now: Timestamp,
    ) -> Result<SecretString, String> {
        let mut tokens = self.members.tokens.lock().await;
        if let Some(answer) = tokens.get(directory).filter(|it| now < it.until) {
            return answer.said.clone();
        }
        let (said, life) = match self.fetch_token(directory, providers).await {
            Ok((token, life)) => (Ok(token), (life - SPARE).max(1)),
            Err(problem) => (Err(problem), AGAIN),
        };
        let answer = Answer { said: said.clone(), until: now.plus_seconds(life) };
        tokens.insert(directory.to_owned(), answer);
        said
    }

    /// Client credentials (RFC 6749, section 4.4), and for how many seconds they count.
    async fn fetch_token(
        &self,
        directory: &str,
        providers: &Providers,
    ) -> Result<(SecretString, i64), String> {
        let known = self.known().ok_or("the provider does not answer")?;
        let secret = providers.client_secret(&self.record).map_err(|error| error.to_string())?;
        let secret = secret.ok_or("there is no client secret")?;
        let mut address = known.metadata.token_endpoint.clone();
        if self.record.single_tenant_id().is_none() {
            address = in_directory(&address, directory).ok_or("the token endpoint is odd")?;
        }
        let client = BasicClient::new(ClientId::new(self.record.client_id.clone()))
            .set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
            .set_token_uri(TokenUrl::from_url(address));
        let scope = Scope::new(format!("{}/.default", graph::base(&self.record)));
        let fetch = self.fetch.clone();
        let http = move |request| fetch.clone().oauth(request);
        let answer = client.exchange_client_credentials().add_scope(scope);
        let token = answer.request_async(&http).await.map_err(|error| match &error {
            RequestTokenError::ServerResponse(said) => {
                format!("the provider gives this gate no token for Graph: {}", said.error())
            }
            RequestTokenError::Request(error) => error.to_string(),
            other => other.to_string(),
        })?;
        let life = token.expires_in().map_or(FRESH, |life| life.as_secs() as i64);
        Ok((SecretString::from(token.access_token().secret().clone()), life))
    }
}

/// The token endpoint of one directory, where a provider speaks for several.
fn in_directory(address: &Url, directory: &str) -> Option<Url> {
    let (_, rest) = address.path().strip_prefix('/')?.split_once('/')?;
    let mut own = address.clone();
    own.set_path(&format!("/{directory}/{rest}"));
    Some(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_in_the_directory_of_the_person() {
        let common = "https://login.microsoftonline.com/organizations/oauth2/v2.0/token";
        let own = in_directory(&common.parse().unwrap(), "7d1f").unwrap();
        assert_eq!(own.as_str(), "https://login.microsoftonline.com/7d1f/oauth2/v2.0/token");
        assert_eq!(in_directory(&"https://id.example".parse().unwrap(), "7d1f"), None);
    }
}
