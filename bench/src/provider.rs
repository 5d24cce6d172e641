//! An OpenID provider that signs whatever it is asked for: its code is the nonce and the subject.

use anyhow::Result;
use aws_lc_rs::signature::Ed25519KeyPair;
use axum::{
    Form, Json, Router,
    extract::State,
    routing::{get, post},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::company::clock;

#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    key: EncodingKey,
}

#[derive(Deserialize)]
struct Asked {
    code: String,
}

impl Provider {
    /// Starts it.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let pair = Ed25519KeyPair::generate()?;
        let key = EncodingKey::from_ed_der(pair.to_pkcs8v1()?.as_ref());
        let provider = Self { issuer, key };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(provider)
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String> {
        let header = Header { kid: Some("bench".into()), ..Header::new(Algorithm::EdDSA) };
        let now = clock().now().seconds();
        let mut all = json!({ "iss": self.issuer, "iat": now, "exp": now + 3600 });
        if let (Some(all), Some(claims)) = (all.as_object_mut(), claims.as_object()) {
            all.extend(claims.clone());
        }
        Ok(encode(&header, &all, &self.key)?)
    }
}

async fn metadata(State(provider): State<Provider>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    Json(json!({
        "issuer": provider.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"),
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let jwk = Jwk::from_encoding_key(&provider.key, Algorithm::EdDSA);
    let mut key = jwk.ok().and_then(|key| serde_json::to_value(key).ok()).unwrap_or_default();
    key["kid"] = "bench".into();
    Json(json!({ "keys": [key] }))
}

/// The code is `NONCE.SUBJECT`.
async fn token(State(provider): State<Provider>, Form(asked): Form<Asked>) -> Json<Value> {
    let (nonce, subject) = asked.code.split_once('.').unwrap_or_default();
    let token = provider.sign(&json!({
        "aud": "bench", "sub": subject, "nonce": nonce, "email_verified": true,
        "email": format!("{subject}@company.example"), "name": subject,
    }));
    Json(json!({
        "access_token": "none", "token_type": "Bearer", "id_token": token.unwrap_or_default(),
    }))
}
