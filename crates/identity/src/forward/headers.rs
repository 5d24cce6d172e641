//! Who it is, in headers for a backend.

use std::fmt::Write;

use gatehall_domain::{Snapshot, UserId};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A user as a backend hears of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) email: String,
    pub(crate) name: String,
    /// Names in order. None of them can hold a comma.
    pub(crate) groups: Vec<String>,
    pub(crate) admin: bool,
}

impl Person {
    pub(crate) fn of(id: UserId, snapshot: &Snapshot) -> Option<Self> {
        let company = snapshot.company();
        let user = company.users.get(&id)?;
        let groups = snapshot.groups(id).iter().filter_map(|group| company.groups.get(group));
        let enabled = groups.filter(|group| group.enabled);
        let mut groups: Vec<String> = enabled.map(|group| group.name.to_string()).collect();
        groups.sort_unstable();
        let admin = snapshot.view(id)?.admin.is_some();
        let (email, name) = (user.email.to_string(), user.name.clone());
        Some(Self { user: id, email, name, groups, admin })
    }
}

static EMAIL: HeaderName = HeaderName::from_static("x-user-email");
static GROUPS: HeaderName = HeaderName::from_static("x-user-groups");
static ADMIN: HeaderName = HeaderName::from_static("x-user-admin");
static NAME: HeaderName = HeaderName::from_static("x-user-name");
static ASSERTION: HeaderName = HeaderName::from_static("x-gatehall-assertion");

/// Adds every identity header, empty where there is nothing to say: some proxies pass the client's
/// own header where the answer has none.
pub(crate) fn add(headers: &mut HeaderMap, person: Option<&Person>, assertion: HeaderValue) {
    let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    let nothing = HeaderValue::from_static("");
    let (email, groups, admin, name) = match person {
        Some(it) => (
            text(&it.email),
            text(&it.groups.join(",")),
            HeaderValue::from_static(if it.admin { "true" } else { "false" }),
            text(&visible(&it.name)),
        ),
        None => (nothing.clone(), nothing.clone(), HeaderValue::from_static("false"), nothing),
    };
    headers.insert(EMAIL.clone(), email);
    headers.insert(GROUPS.clone(), groups);
    headers.insert(ADMIN.clone(), admin);
    headers.insert(NAME.clone(), name);
    headers.insert(ASSERTION.clone(), assertion);
}

/// What is said of somebody has at most so many bytes. Envoy takes 60 KiB of headers, and others as
/// much as they are told to.
pub(crate) const MOST: usize = 48 * 1024;

/// How many bytes all headers have.
pub(crate) fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

/// What oauth2-proxy says beside them.
pub(crate) fn add_auth_request(headers: &mut HeaderMap, person: &Person) {
    let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    for (name, value) in [
        ("x-auth-request-user", person.user.to_string()),
        ("x-auth-request-email", person.email.clone()),
        ("x-auth-request-preferred-username", person.email.clone()),
        ("x-auth-request-groups", person.groups.join(",")),
    ] {
        headers.insert(HeaderName::from_static(name), text(&value));
    }
}

/// A name in visible ASCII and blanks; other characters are percent-encoded as UTF-8.
fn visible(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b' ' | b'!'..=b'$' | b'&'..=b'~' => text.push(byte.into()),
            _ => drop(write!(text, "%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_travel_in_visible_characters() {
        assert_eq!(visible("Ines M\u{fc}ller 100%"), "Ines M%C3%BCller 100%25");
        assert_eq!(visible("a\r\nX: y"), "a%0D%0AX: y");
    }

    #[test]
    fn every_header_is_there_even_for_nobody() {
        let mut headers = HeaderMap::new();
        add(&mut headers, None, HeaderValue::from_static(""));
        assert_eq!(headers.len(), 5);
        assert_eq!(headers["x-user-admin"], "false");
        assert_eq!(headers["x-user-email"], "");
    }
}
