//! A signed word to a backend about who sends a request: the one form that it can check by itself.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use gatehall_domain::{Timestamp, UserId};
use gatehall_vault::Vault;
use http::HeaderValue;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use quick_cache::sync::Cache;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Value, json};

use super::Person;
use crate::session::digest_of;

/// What a backend may rely on for so long, in seconds.
const LIFE: i64 = 300;

/// A signature is made anew after so long, in seconds.
const FRESH: i64 = 60;

/// How many signed words are kept.
const KEPT: usize = 50_000;

/// What keys are derived for.
const PURPOSE: &str = "assertion";

/// The keys that sign, the newest first, and what was signed of late.
pub(crate) struct Assertions {
    keys: Vec<SigningKey>,
    signed: Cache<(UserId, String), Signed>,
}

struct SigningKey {
    id: String,
    public: String,
    private: EncodingKey,
}

#[derive(Clone)]
struct Signed {
    at: i64,
    person: Person,
    header: HeaderValue,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    email: &'a str,
    name: &'a str,
    groups: &'a [String],
    admin: bool,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Assertions {
    /// Keys that every replica with the same key file has.
    pub(crate) fn new(vault: &Vault) -> Self {
        let seeds = vault.derive(PURPOSE).unwrap_or_default();
        let keys = seeds.iter().filter_map(|seed| {
            let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose_secret()).ok()?;
            let public = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
            let id = BASE64_URL_SAFE_NO_PAD.encode(&digest_of(public.as_bytes()).0[..9]);
            let private = EncodingKey::from_ed_der(pair.to_pkcs8v1().ok()?.as_ref());
            Some(SigningKey { id, public, private })
        });
        Self { keys: keys.collect(), signed: Cache::new(KEPT) }
    }

    /// What the host's backend is told about somebody.
    pub(crate) fn assert(
        &self,
        person: &Person,
        issuer: &str,
        host: &str,
        now: Timestamp,
    ) -> HeaderValue {
        let now = now.seconds();
        let key = (person.user, host.to_owned());
        if let Some(signed) = self.signed.get(&key)
            && (signed.at..signed.at + FRESH).contains(&now)
            && signed.person == *person
        {
            return signed.header;
        }
        let header = self.sign(person, issuer, host, now).unwrap_or(HeaderValue::from_static(""));
        let signed = Signed { at: now, person: person.clone(), header: header.clone() };
        self.signed.insert(key, signed);
        header
    }

    fn sign(&self, person: &Person, issuer: &str, host: &str, now: i64) -> Option<HeaderValue> {
        let key = self.keys.first()?;
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::EdDSA) };
        let claims = Claims {
            iss: issuer,
            aud: host,
            sub: person.user.to_string(),
            email: &person.email,
            name: &person.name,
            groups: &person.groups,
            admin: person.admin,
            iat: now,
            nbf: now,
            exp: now + LIFE,
        };
        let token = encode(&header, &claims, &key.private).ok()?;
        HeaderValue::try_from(token).ok()
    }

    /// The public halves (RFC 7517, RFC 8037), for backends.
    pub(crate) fn key_set(&self) -> Value {
        let key = |key: &SigningKey| {
            json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
                    "kid": key.id, "x": key.public })
        };
        json!({ "keys": self.keys.iter().map(key).collect::<Vec<_>>() })
    }
}
