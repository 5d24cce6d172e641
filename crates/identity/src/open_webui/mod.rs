//! The user header that an Open WebUI signs for each request to a tool server: HS256 with a secret of
//! its own, good for some minutes, with neither audience nor groups. All of them write the same
//! issuer, so that the secret alone tells which of several it is.

mod news;
mod setting;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use gatehall_domain::{EmailAddress, OPEN_WEBUI, Timestamp, names};
use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, errors::ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

pub(crate) use self::news::ChatNews;
pub use self::{
    news::{ChatSaid, Misfit},
    setting::ChatSetting,
};
use crate::Rejection;

/// The header's name.
pub const USER_HEADER: &str = "x-openwebui-user-jwt";

/// How far the clocks of two machines may be apart, in seconds.
const SKEW: i64 = 30;

/// A token is never taken for longer than this, whatever it says, in seconds.
const LONGEST_LIFE: i64 = 24 * 3600;

/// A chat shows this to a person in the middle of a turn: what is proved once for all its calls did
/// not last as long.
const EXPIRED: &str = "it has expired, since clocks differ, or a chat took longer to answer than it \
                       lasts. Send the message again, or have Open WebUI's \
                       FORWARD_USER_INFO_HEADER_JWT_EXPIRES_SECONDS set higher";

/// An Open WebUI whose word counts here.
#[derive(Debug)]
pub struct OpenWebUi {
    /// The issuer under which its accounts are bound, and its name for people: `open-webui`, or
    /// something that begins so ([`is_open_webui`](gatehall_domain::is_open_webui)).
    pub id: String,
    /// The secret with which it signs.
    pub secret: SecretString,
    /// The domains about whose addresses it is believed.
    pub domains: Vec<String>,
    /// Whether its word about an address also binds the account of somebody who administers
    /// something here.
    pub binds_admins: bool,
    /// Whether it is one of the file of several, and not that of the plain settings.
    pub in_file: bool,
}

impl OpenWebUi {
    /// What tells its secret from others without giving it away: the first 8 hex digits of its
    /// SHA-256.
    pub fn fingerprint(&self) -> String {
        names::short_digest(self.secret.expose_secret())
    }

    /// What may be told of it.
    pub fn setting(&self) -> ChatSetting {
        let Self { id, domains, binds_admins, in_file, .. } = self;
        ChatSetting {
            id: id.clone(),
            fingerprint: Some(self.fingerprint()),
            domains: domains.clone(),
            binds_admins: *binds_admins,
            in_file: *in_file,
        }
    }

    pub(crate) fn believes(&self, email: &EmailAddress) -> bool {
        setting::believes(&self.domains, email)
    }
}

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

/// Whom an Open WebUI names.
#[derive(Debug)]
pub(crate) struct ChatUser {
    /// Which one.
    pub(crate) chat: Arc<OpenWebUi>,
    pub(crate) claims: Claims,
}

impl ChatUser {
    pub(crate) fn address(&self) -> Result<EmailAddress, Rejection> {
        let email = &self.claims.email;
        let plain = email.trim() == email;
        let address = email.parse().ok().filter(|_| plain);
        address.ok_or(Rejection::BadUserHeader("email is not an address"))
    }

    /// The key of the account's identity.
    pub(crate) fn account(&self) -> (String, String) {
        (self.chat.id.clone(), self.claims.sub.clone())
    }

    /// The account, as somebody binds it at the command line.
    pub(crate) fn shown(&self) -> String {
        format!("{}={}", self.chat.id, names::shown(&self.claims.sub, 255))
    }
}

/// Checks such headers.
pub(crate) struct UserHeaders {
    chats: Vec<KnownChat>,
    validation: Validation,
}

/// An Open WebUI whose headers are believed.
struct KnownChat {
    chat: Arc<OpenWebUi>,
    key: DecodingKey,
    /// How many seconds its last good header lasted; 0 if there was none.
    life: AtomicI64,
}

impl KnownChat {
    fn new(chat: OpenWebUi) -> Self {
        let key = DecodingKey::from_secret(chat.secret.expose_secret().as_bytes());
        Self { chat: Arc::new(chat), key, life: AtomicI64::new(0) }
    }

    /// Written only if it is another than before, since every request comes here.
    fn note_life(&self, claims: &Claims) {
        let Some(issued) = claims.iat else { return };
        let life = claims.exp - issued;
        if self.life.load(Ordering::Relaxed) != life {
            self.life.store(life, Ordering::Relaxed);
        }
    }
}

impl UserHeaders {
    pub(crate) fn new(chats: Vec<OpenWebUi>) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[OPEN_WEBUI]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.validate_aud = false;
        // Checked below, against the clock that is handed in.
        validation.validate_exp = false;
        Self { chats: chats.into_iter().map(KnownChat::new).collect(), validation }
    }

    /// How many seconds the last good header of each lasted from which one came, by id.
    pub(crate) fn lives(&self) -> BTreeMap<String, i64> {
        let lives = self.chats.iter().map(|it| (&it.chat.id, it.life.load(Ordering::Relaxed)));
        lives.filter(|(_, life)| *life > 0).map(|(id, life)| (id.clone(), life)).collect()
    }

    /// Those that are known.
    pub(crate) fn chats(&self) -> impl Iterator<Item = &OpenWebUi> {
        self.chats.iter().map(|it| it.chat.as_ref())
    }

    /// Whom the header names; none if it is not there.
    pub(crate) fn user(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<ChatUser>, Rejection> {
        let mut values = headers.get_all(USER_HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Rejection::Repeated("X-OpenWebUI-User-Jwt"));
        }
        self.check(value.as_bytes(), now).map(Some)
    }

    /// Whom the header's value names.
    pub(crate) fn check(&self, value: &[u8], now: Timestamp) -> Result<ChatUser, Rejection> {
        let refuse = |why| Err(Rejection::BadUserHeader(why));
        let decoded = self.chats.iter().find_map(|known| {
            let decoded = decode::<Claims>(value, &known.key, &self.validation);
            match decoded.map_err(|error| error.into_kind()) {
                // Perhaps it is from another.
                Err(ErrorKind::InvalidSignature) => None,
                decoded => Some((known, decoded)),
            }
        });
        let (known, token) = match decoded {
            None => return Err(Rejection::UnknownSecret),
            Some((known, Ok(token))) => (known, token),
            Some((_, Err(kind))) => {
                return refuse(match kind {
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
            it if it.exp < now - SKEW => refuse(EXPIRED),
            it if it.exp > now + LONGEST_LIFE => refuse("it lives longer than a day"),
            it if it.iat.is_some_and(|iat| iat > now + SKEW) => refuse("it comes from the future"),
            _ => {
                known.note_life(&claims);
                Ok(ChatUser { chat: Arc::clone(&known.chat), claims })
            }
        }
    }
}
