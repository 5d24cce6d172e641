//! A sign-in under way. It is kept by the browser, in a sealed cookie of its own, so that several
//! may be under way at once and any replica can finish them.

use aws_lc_rs::rand;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use gatehall_domain::{ProviderId, Timestamp};
use gatehall_vault::Vault;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::session::{CookieJar, Jar, digest_of};

/// What the sealed cookie is for.
const PURPOSE: &str = "sign-in";

/// A sign-in has so long to finish, in seconds.
const LIFE: i64 = 600;

/// No browser has more of them under way.
const MOST: usize = 5;

/// What has to be remembered from the beginning of a sign-in to its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) provider: ProviderId,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) return_to: String,
    /// Whether the person has to prove anew who they are, signed in there or not.
    #[serde(default)]
    pub(crate) again: bool,
    /// In seconds since 1970.
    pub(crate) began: i64,
}

/// 256 random bits as visible characters.
pub(crate) fn random_text() -> Option<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

impl Attempt {
    /// The headers that make the browser remember it, and forget the oldest if it remembers many.
    pub(crate) fn remember(
        &self,
        headers: &HeaderMap,
        jar: &Jar,
        vault: &Vault,
    ) -> Option<Vec<HeaderValue>> {
        let mut others: Vec<(i64, &str)> = CookieJar::of(headers)
            .beginning(&jar.name(PREFIX))
            .map(|(name, value)| (open(name, value, vault).map_or(0, |it| it.began), name))
            .collect();
        others.sort_unstable();
        let surplus = (others.len() + 1).saturating_sub(MOST);
        let mut cookies: Vec<HeaderValue> =
            others[..surplus].iter().filter_map(|(_, name)| jar.clear(name)).collect();
        let name = cookie_name(jar, &self.state);
        let plain = serde_json::to_vec(self).ok()?;
        let sealed = vault.seal_token(PURPOSE, &name, &plain).ok()?;
        cookies.push(jar.set(&name, &sealed, LIFE)?);
        Some(cookies)
    }

    /// The attempt of this state, if this browser began it and its time is not over; and the
    /// header that makes the browser forget it.
    pub(crate) fn recall(
        state: &str,
        headers: &HeaderMap,
        jar: &Jar,
        vault: &Vault,
        now: Timestamp,
    ) -> (Option<Self>, Option<HeaderValue>) {
        let name = cookie_name(jar, state);
        let cookies = CookieJar::of(headers);
        // Of several the one counts that opens: others may have set one of this name.
        let opened = cookies.all(&name).flatten().filter_map(|it| open(&name, it, vault));
        let found = opened
            .filter(|it| it.state == state)
            .find(|it| (it.began..it.began + LIFE).contains(&now.seconds()));
        (found, jar.clear(&name))
    }
}

const PREFIX: &str = "gatehall-login-";

fn cookie_name(jar: &Jar, state: &str) -> String {
    let digest = digest_of(state.as_bytes());
    jar.name(&format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(&digest.0[..12])))
}

fn open(name: &str, value: &str, vault: &Vault) -> Option<Attempt> {
    serde_json::from_slice(&vault.open_token(PURPOSE, name, value).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use http::header::{COOKIE, SET_COOKIE};

    use super::*;

    const NOW: i64 = 1_800_000_000;

    /// Any page below the cookie domain may set a cookie of this name, and with any bytes.
    #[test]
    fn no_foreign_cookie_keeps_a_sign_in_from_ending() {
        let (vault, jar) = (Vault::ephemeral().unwrap(), Jar::new(Some("example.com".into())));
        let attempt = Attempt {
            provider: "id".parse().unwrap(),
            state: "state".into(),
            nonce: "nonce".into(),
            verifier: "verifier".into(),
            return_to: "/".into(),
            again: false,
            began: NOW,
        };
        let set = attempt.remember(&HeaderMap::new(), &jar, &vault).unwrap().remove(0);
        let own = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        let (name, _) = own.split_once('=').unwrap();
        let now = Timestamp::from_micros(NOW * 1_000_000);
        let recalled = |cookies: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_bytes(cookies.as_bytes()).unwrap());
            let (found, forgets) = Attempt::recall("state", &headers, &jar, &vault, now);
            assert!(forgets.is_some(), "{SET_COOKIE}");
            found.is_some()
        };
        for foreign in [
            "city=M\u{fc}nchen".to_owned(),
            format!("{name}="),
            format!("{name}=stale"),
            format!("{name}=M\u{fc}nchen"),
        ] {
            for cookies in [
                format!("{foreign}; {own}"),
                format!("{own}; {foreign}"),
                format!("{foreign}; {own}; {foreign}"),
            ] {
                assert!(recalled(&cookies), "{cookies}");
            }
            assert!(!recalled(&foreign), "{foreign}");
        }
    }
}
