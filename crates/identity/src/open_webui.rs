//! The user header that Open WebUI signs for each request to a tool server: HS256 with a secret of
//! its own, good for some minutes, with neither audience nor groups.

use gatehall_domain::{EmailAddress, OPEN_WEBUI, Timestamp};
use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, errors::ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::Rejection;

/// The header's name.
pub const USER_HEADER: &str = "x-openwebui-user-jwt";

/// How far the clocks of two machines may be apart, in seconds.
const SKEW: i64 = 30;

/// A token is never taken for longer than this, whatever it says, in seconds.
const LONGEST_LIFE: i64 = 24 * 3600;

/// What the token says.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) name: String,
    exp: i64,
    #[serde(default)]
    iat: Option<i64>,
}

impl Claims {
    pub(crate) fn address(&self) -> Result<EmailAddress, Rejection> {
        let plain = self.email.trim() == self.email;
        let address = self.email.parse().ok().filter(|_| plain);
        address.ok_or(Rejection::BadUserHeader("email is not an address"))
    }
}

/// Checks such headers.
pub(crate) struct UserHeader {
    key: DecodingKey,
    validation: Validation,
}

impl UserHeader {
    pub(crate) fn new(secret: &SecretString) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[OPEN_WEBUI]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.validate_aud = false;
        // Checked below, against the clock that is handed in.
        validation.validate_exp = false;
        Self { key: DecodingKey::from_secret(secret.expose_secret().as_bytes()), validation }
    }

    /// The claims of the header, or none if it is not there.
    pub(crate) fn claims(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<Claims>, Rejection> {
        let mut values = headers.get_all(USER_HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Rejection::Repeated("X-OpenWebUI-User-Jwt"));
        }
        self.check(value.as_bytes(), now).map(Some)
    }

    /// The claims of the header's value.
    pub(crate) fn check(&self, value: &[u8], now: Timestamp) -> Result<Claims, Rejection> {
        let refuse = |why| Err(Rejection::BadUserHeader(why));
        let token = match decode::<Claims>(value, &self.key, &self.validation) {
            Ok(token) => token,
            Err(error) => {
                return refuse(match error.kind() {
                    ErrorKind::InvalidSignature => {
                        "its signature does not fit GATEHALL_OPEN_WEBUI_SECRET, which must equal \
                         FORWARD_USER_INFO_HEADER_JWT_SECRET of Open WebUI"
                    }
                    ErrorKind::InvalidAlgorithm => "it is not signed with HS256",
                    ErrorKind::InvalidIssuer => "its issuer is not open-webui",
                    ErrorKind::MissingRequiredClaim(_) => "it lacks one of sub, iss and exp",
                    _ => "it is not a readable token",
                });
            }
        };
        let (claims, now) = (token.claims, now.seconds());
        match &claims {
            _ if token.header.crit.is_some() => {
                refuse("it demands an extension that is not known here")
            }
            it if it.sub.is_empty() || it.sub.len() > 255 => {
                refuse("sub must have 1 to 255 characters")
            }
            it if it.exp < now - SKEW => refuse("it has expired"),
            it if it.exp > now + LONGEST_LIFE => refuse("it lives longer than a day"),
            it if it.iat.is_some_and(|iat| iat > now + SKEW) => refuse("it comes from the future"),
            _ => Ok(claims),
        }
    }
}
