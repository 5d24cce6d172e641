//! What an Open WebUI sends.

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::{Client, SECRET};

/// The header that Open WebUI sends for a user.
pub(crate) fn signed(email: &str, secret: &str) -> String {
    signed_as(&format!("id-of-{}", email.to_lowercase()), email, secret)
}

pub(crate) fn signed_as(account: &str, email: &str, secret: &str) -> String {
    signed_for(300, account, email, secret)
}

/// The same for so many seconds.
pub(crate) fn signed_for(seconds: u64, account: &str, email: &str, secret: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({"sub": account, "email": email, "name": "Some One", "role": "user",
        "iss": "open-webui", "iat": now, "exp": now + seconds});
    encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

/// What a chat's user is told who has no tools.
pub(crate) async fn told(chat: &Client) -> String {
    let found = chat.modern("/mcp", "server/discover", json!({})).await.json();
    found["result"]["instructions"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
}

pub(crate) fn acting_for(client: &Client, email: &str) -> Client {
    client.with("x-openwebui-user-jwt", &signed(email, SECRET))
}
