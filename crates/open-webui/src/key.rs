use gatehall_domain::{Company, KeyId, Timestamp};
use gatehall_vault::{parse_key, secret_matches};

/// What a key that stands in a connection is to Gatehall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// A service key that can be used for everything.
    Good(KeyId),
    /// Why it is no use, in words.
    Bad(&'static str),
}

/// Looks a key up by what it begins with, and checks that it is the whole one.
pub fn key_state(company: &Company, text: &str, now: Timestamp) -> KeyState {
    let Some((id, secret)) = parse_key(text.trim()) else {
        return KeyState::Bad("it is no key of Gatehall");
    };
    let Some(key) = id.parse::<KeyId>().ok().and_then(|id| company.keys.get(&id)) else {
        return KeyState::Bad("it is not known here");
    };
    if !secret_matches(secret, &key.digest) {
        return KeyState::Bad("it begins like a key from here, and is another");
    }
    match key {
        key if key.revoked_at.is_some() => KeyState::Bad("it is revoked"),
        key if !key.is_live(now) => KeyState::Bad("it has ended"),
        key if key.user.is_some() => {
            KeyState::Bad("it is somebody's own: everybody would have the tools of that one person")
        }
        key if key.tenant.is_some() => KeyState::Bad("it is for one tenant alone"),
        key => KeyState::Good(key.id.clone()),
    }
}
