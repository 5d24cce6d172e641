//! What an administrator sets and imports by hand, where nobody may do it for them.

use gatehall_domain::TenantId;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::{connection::Grant, connections::kinds};

/// The text of the file that the form *Add Connection* imports. It holds the key.
pub fn import_file(gate: &Url, tenants: &[TenantId], key: &SecretString) -> SecretString {
    let everybody = [Grant::everybody()];
    let all = kinds(tenants).into_iter();
    let all = all.map(|it| it.wished(None, gate, key.expose_secret(), &everybody));
    let all = Value::Array(all.map(Value::Object).collect());
    SecretString::from(format!("{all:#}\n"))
}

/// What has to be in Open WebUI's environment. `secret` stands for where the secret lies.
pub fn variables(secret: &str) -> [(&'static str, String); 3] {
    [
        ("ENABLE_FORWARD_USER_INFO_HEADERS", "true".to_owned()),
        ("FORWARD_USER_INFO_HEADER_JWT_SECRET", secret.to_owned()),
        ("FORWARD_USER_INFO_HEADER_JWT_EXPIRES_SECONDS", "3600".to_owned()),
    ]
}
