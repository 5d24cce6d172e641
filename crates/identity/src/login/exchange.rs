//! The two halves of the authorization code flow that speak to the provider (RFC 6749, section
//! 4.1; RFC 7636).

use std::sync::Arc;

use oauth2::{
    AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse, TokenResponse,
    TokenUrl,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
        BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Attempt, fault::SignInFault};
use crate::{
    fetch::Fetch,
    provider::{Known, Providers, Running},
};

/// What comes beside an access token.
#[derive(Debug, Serialize, Deserialize)]
struct IdTokenField {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

type OpenIdClient = Client<
    BasicErrorResponse,
    StandardTokenResponse<IdTokenField, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The tokens of a sign-in.
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) access_token: String,
}

/// Us, as a provider knows us.
pub(super) struct Exchange {
    client: OpenIdClient,
    provider: Arc<Running>,
    fetch: Fetch,
}

impl Exchange {
    pub(super) fn new(
        provider: Arc<Running>,
        known: &Known,
        providers: &Providers,
        redirect: Url,
    ) -> Result<Self, SignInFault> {
        let record = &provider.record;
        let metadata = &known.metadata;
        let mut client = Client::new(ClientId::new(record.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(metadata.authorization_endpoint.clone()))
            .set_token_uri(TokenUrl::from_url(metadata.token_endpoint.clone()))
            .set_redirect_uri(RedirectUrl::from_url(redirect));
        let secret = providers.client_secret(record).map_err(|_| SignInFault::Provider)?;
        if let Some(secret) = secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        Ok(Self { client, provider, fetch: providers.fetch.clone() })
    }

    /// Where the browser has to go. The attempt gets its verifier.
    pub(super) fn begin(&self, attempt: &mut Attempt) -> Url {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        attempt.verifier = verifier.into_secret();
        let state = attempt.state.clone();
        let scopes = scopes(&self.provider).into_iter().map(Scope::new);
        let mut request = self
            .client
            .authorize_url(|| CsrfToken::new(state))
            .add_scopes(scopes)
            .set_pkce_challenge(challenge)
            .add_extra_param("nonce", attempt.nonce.clone());
        if attempt.again {
            // OpenID Connect Core 1.0, section 3.1.2.1.
            request = request.add_extra_param("prompt", "login").add_extra_param("max_age", "0");
        }
        request.url().0
    }

    /// Changes the code for tokens.
    pub(super) async fn finish(
        &self,
        code: String,
        attempt: &Attempt,
    ) -> Result<Tokens, SignInFault> {
        let fetch = self.fetch.clone();
        let http = move |request| fetch.clone().oauth(request);
        let answer = self
            .client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
            .request_async(&http)
            .await;
        let tokens = answer.map_err(|error| {
            let text = match &error {
                RequestTokenError::ServerResponse(said) => said.error().to_string(),
                RequestTokenError::Request(error) => error.to_string(),
                RequestTokenError::Parse(error, _) => format!("an answer of another form: {error}"),
                RequestTokenError::Other(text) => text.clone(),
            };
            tracing::warn!(provider.id = %self.provider.record.id, error = text, "a code was not changed for tokens");
            self.failed(&error, &text)
        })?;
        let id_token = tokens.extra_fields().id_token.clone().ok_or_else(|| {
            let found = "its answer to a sign-in has no ID token".into();
            self.provider.exchange_failed(found, "allow the scope openid for this client", true);
            SignInFault::Provider
        })?;
        Ok(Tokens { id_token, access_token: tokens.access_token().secret().clone() })
    }
}

impl Exchange {
    /// Remembers why a code was not changed, unless the code is to blame, which anybody may send.
    fn failed<E: std::error::Error + 'static>(
        &self,
        error: &RequestTokenError<E, BasicErrorResponse>,
        text: &str,
    ) -> SignInFault {
        match error {
            RequestTokenError::ServerResponse(said)
                if matches!(
                    said.error(),
                    BasicErrorResponseType::InvalidClient
                        | BasicErrorResponseType::UnauthorizedClient
                ) =>
            {
                let found = format!("it does not take this gate's client id and secret ({text})");
                self.provider.exchange_failed(
                    found,
                    "set the client id and the secret as the provider has them",
                    true,
                );
                SignInFault::Client
            }
            RequestTokenError::ServerResponse(_) => SignInFault::Code,
            _ => {
                let found = format!("it did not change a code for tokens: {text}");
                let remedy = "try a sign-in again; if it stays, run the doctor";
                self.provider.exchange_failed(found, remedy, false);
                SignInFault::Provider
            }
        }
    }
}

/// What is asked for. Without `openid` there would be no ID token.
fn scopes(provider: &Running) -> Vec<String> {
    use gatehall_domain::Profile;
    let set = &provider.record.settings.scopes;
    let usual: &[&str] = match provider.record.profile {
        // The last is for groups that do not fit into a token.
        Profile::Entra => &["openid", "profile", "email", "https://graph.microsoft.com/User.Read"],
        Profile::Authentik | Profile::Generic => &["openid", "profile", "email"],
    };
    match set.is_empty() {
        true => usual.iter().map(|it| (*it).to_owned()).collect(),
        false => {
            let openid = "openid".to_owned();
            let missing = (!set.contains(&openid)).then_some(openid);
            missing.into_iter().chain(set.iter().cloned()).collect()
        }
    }
}
