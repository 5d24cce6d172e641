//! Which names in a path may be those of scripts, to which what follows is only an argument
//! (RFC 3875, section 4.1.5, `PATH_INFO`).

/// How surely a name is that of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Servers run it, as they are shipped or as their manuals say.
    Known,
    /// Only a server that is set up for it runs it.
    Hardly,
}

/// Endings of what servers run. PHP has more, by its versions.
const ENDINGS: [&str; 28] = [
    "action", "ashx", "asmx", "asp", "aspx", "axd", "cfc", "cfm", "cgi", "dll", "do", "exe",
    "fcgi", "jsf", "jsp", "jspa", "jspx", "lua", "phar", "pht", "phtml", "pl", "py", "rb", "sh",
    "shtml", "svc", "wsgi",
];

/// None for a name without an ending: `folder`, `v1.2`, `.well-known`. The last ending is not the
/// one that counts everywhere (`index.php.en`), and something may hang on to it (`index.php:x`).
pub(super) fn kind(name: &str) -> Option<Kind> {
    let hidden = name.strip_prefix('.').unwrap_or(name);
    let endings = || hidden.split('.').skip(1);
    if endings().any(is_known) {
        return Some(Kind::Known);
    }
    let lettered = |it: &str| it.starts_with(|letter: char| letter.is_ascii_alphabetic());
    endings().any(lettered).then_some(Kind::Hardly)
}

fn is_known(ending: &str) -> bool {
    let end = ending.find(|letter: char| !letter.is_ascii_alphanumeric());
    let ending = &ending[..end.unwrap_or(ending.len())];
    let version = ending.strip_prefix("php");
    version.is_some_and(|it| matches!(it, "" | "s") || it.bytes().all(|b| b.is_ascii_digit()))
        || ENDINGS.contains(&ending)
}
