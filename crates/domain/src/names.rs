//! The public names of tools. A name never depends on who looks or on what else exists.

use std::borrow::Cow;

use aws_lc_rs::digest;
use url::form_urlencoded::byte_serialize;

use crate::{ServerId, TenantId};

/// Open WebUI puts its connection id in front of a name, and models stop at 64 characters.
pub const LONGEST: usize = 55;

/// Gatehall's own operations beside the tools. Open WebUI turns its own search for tools off where
/// a tool is called `search_tools` or `call_tool`.
pub const OPERATIONS: [&str; 3] =
    ["gatehall_search_tools", "gatehall_describe_tools", "gatehall_call_tool"];

/// Beginnings of what the operations were called before, which clients may still have.
const FORMER: [&str; 3] = ["search_", "describe_", "call_"];

/// The beginning that is Gatehall's own, if tools behind `prefix` could be named like one of its
/// operations.
pub(crate) fn reserved(prefix: &str) -> Option<&str> {
    let former = FORMER.iter().copied().find(|it| prefix.starts_with(it));
    former.or_else(|| OPERATIONS.iter().any(|it| it.starts_with(prefix)).then_some(prefix))
}

/// How the public names of a connection's tools begin: `{tenant}_{server}_`, only `{tenant}_`
/// where both have the same id, and `{server}_` for a server of no tenant.
pub fn prefix(tenant: Option<&TenantId>, server: &ServerId) -> String {
    match tenant {
        Some(tenant) if tenant.as_str() != server.as_str() => format!("{tenant}_{server}_"),
        _ => format!("{server}_"),
    }
}

/// The public name of `tool` behind `prefix`: only `[A-Za-z0-9_-]` and at most [`LONGEST`]
/// characters. A name that must be cut or cleaned ends in 8 hex digits of the SHA-256 of the whole
/// name, so that two tools never become one.
pub fn public_name(prefix: &str, tool: &str) -> String {
    let whole = format!("{prefix}{tool}");
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if whole.len() <= LONGEST && whole.chars().all(fits) {
        return whole;
    }
    let clean = whole.chars().map(|c| if fits(c) { c } else { '_' });
    let mut name: String = clean.take(LONGEST - 9).collect();
    name.push('_');
    name.push_str(&short_digest(&whole));
    name
}

/// A text as a part of the path or query of an address.
pub fn encoded(text: &str) -> String {
    // A path knows no plus.
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// 8 hex digits of the SHA-256 of a text.
pub fn short_digest(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text from an upstream or a directory, made fit for showing: without marks that turn the
/// direction of what stands around it, with spaces for control characters, and cut to `longest`
/// characters.
pub fn shown(text: &str, longest: usize) -> Cow<'_, str> {
    let odd = |c: char| c.is_control() || turns(c);
    if text.len() <= longest && !text.contains(odd) {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut visible = text.chars().filter(|&c| !turns(c)).map(plain);
    let mut cut: String = visible.by_ref().take(longest).collect();
    if visible.next().is_some() {
        cut.push('\u{2026}');
    }
    Cow::Owned(cut)
}

/// A text that is to be shown as it is, such as JSON, with marks that turn its direction written
/// out.
pub fn escaped(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        if turns(c) {
            visible.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            visible.push(c);
        }
    }
    visible
}

fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_tenant_server_and_tool() {
        let (google, github) = ("google".parse().unwrap(), "github".parse().unwrap());
        let files: ServerId = "files".parse().unwrap();
        let own: ServerId = "github".parse().unwrap();
        assert_eq!(public_name(&prefix(Some(&google), &files), "read"), "google_files_read");
        assert_eq!(
            public_name(&prefix(Some(&github), &own), "create_issue"),
            "github_create_issue"
        );
        assert_eq!(public_name(&prefix(None, &files), "read"), "files_read");
    }

    #[test]
    fn long_and_odd_names_stay_apart() {
        let long = "x".repeat(300);
        let names = [
            public_name("t_s_", &long),
            public_name("t_s_", &format!("{long}y")),
            public_name("t_s_", "a.b"),
            public_name("t_s_", "a/b"),
            public_name("t_s_", "a_b"),
            public_name("t_s_", "\u{1f600}"),
        ];
        for (at, name) in names.iter().enumerate() {
            assert!(name.len() <= LONGEST && name.is_ascii(), "{name}");
            assert!(!names[..at].contains(name), "{name}");
        }
        assert_eq!(names[0].len(), LONGEST);
        assert_eq!(names[4], "t_s_a_b");
    }

    #[test]
    fn a_shown_text_is_cut_only_where_it_is_too_long() {
        assert_eq!(shown("plain", 5), "plain");
        assert_eq!(shown("longer", 5), "longe\u{2026}");
        assert_eq!(shown("two\nlines", 80), "two lines");
        assert_eq!(escaped("{\"a\": \"b\u{202e}c\"}"), "{\"a\": \"b\\u202ec\"}");
        assert_eq!(shown("a\u{202e}turned\u{2066} \u{200f}text", 80), "aturned text");
        assert_eq!(shown("\u{fc}\u{fc}\u{fc}", 3), "\u{fc}\u{fc}\u{fc}");
    }

    #[test]
    fn a_text_is_one_part_of_an_address() {
        assert_eq!(encoded("a/b c+d?e=%\u{e9}"), "a%2Fb%20c%2Bd%3Fe%3D%25%C3%A9");
    }

    #[test]
    fn no_tool_is_called_like_an_operation() {
        for (prefix, own) in [
            ("gatehall_", Some("gatehall_")),
            ("call_", Some("call_")),
            ("search_engine_", Some("search_")),
            ("gatehall_documents_", None),
            ("google_", None),
        ] {
            assert_eq!(reserved(prefix), own, "{prefix}");
            let clashes = OPERATIONS.iter().any(|it| it.starts_with(prefix));
            assert!(own.is_some() || !clashes, "{prefix}");
        }
        assert!(OPERATIONS.iter().all(|it| it.len() <= LONGEST));
    }
}
