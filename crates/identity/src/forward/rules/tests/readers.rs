//! What programs of many kinds make of a path, and which rules that needs.

use gatehall_domain::{Admit, PathPrefix};
use proptest::{collection::vec, prelude::*, sample::select};
use unicode_normalization::UnicodeNormalization;

use super::{needed, snapshot};

/// How some program reads a path.
type Reader = fn(&str) -> String;

const READERS: &[Reader] = &[
    |path| path.to_lowercase(),
    |path| path.to_uppercase(),
    |path| path.nfkc().collect(),
    |path| path.nfkd().filter(|it| !unicode_normalization::char::is_combining_mark(*it)).collect(),
    |path| path.chars().filter(|it| !matches!(it, '\u{ad}' | '\u{200b}')).collect(),
    percent_decoded,
    |path| percent_decoded(&percent_decoded(path)),
    |path| path.replace('\\', "/"),
    |path| path.replace('+', " "),
    |path| path.split(['?', '#']).next().unwrap().to_owned(),
    |path| path.split('\0').next().unwrap().to_owned(),
    |path| by_segment(path, |it| it.split(';').next().unwrap()),
    |path| by_segment(path, |it| it.split(':').next().unwrap()),
    |path| by_segment(path, |it| it.trim_end_matches(['.', ' '])),
    |path| by_segment(path, str::trim),
    |path| path.split('/').filter(|it| !it.starts_with("(S(")).collect::<Vec<_>>().join("/"),
    |path| path.trim_end_matches('/').to_owned(),
    |path| if path.ends_with('/') { path.to_owned() } else { format!("{path}/") },
    without_format,
    behind_script_alone,
    behind_script_in_folder,
    collapsed,
    resolved,
];

const BEHIND_SCRIPT: &[Reader] = &[behind_script_alone, behind_script_in_folder];

fn by_segment(path: &str, read: fn(&str) -> &str) -> String {
    path.split('/').map(read).collect::<Vec<_>>().join("/")
}

fn percent_decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((byte, more)) = rest.split_first() {
        let digits = more.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let code = digits.and_then(|it| u8::from_str_radix(it, 16).ok());
        (rest, _) = match code.filter(|_| *byte == b'%') {
            Some(code) => (&more[2..], bytes.push(code)),
            None => (more, bytes.push(*byte)),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// As routers read `/page.json` that know formats.
fn without_format(path: &str) -> String {
    let at = path.rfind('/').unwrap_or(0);
    let end = path[at..].find('.').map_or(path.len(), |dot| at + dot);
    path[..end].to_owned()
}

/// As a program reads a path that is one script: what is behind it (`PATH_INFO`). What nothing is
/// behind is a file.
fn behind_script(path: &str) -> Option<(String, String)> {
    let segments: Vec<&str> = path.split('/').collect();
    let at = segments.iter().position(|it| it.to_lowercase().ends_with(".php"))?;
    let (folder, page) = (segments[..at].join("/"), segments[at + 1..].join("/"));
    page.contains(|letter| letter != '/').then_some((folder, page))
}

fn behind_script_alone(path: &str) -> String {
    behind_script(path).map_or_else(|| path.to_owned(), |(_, page)| format!("/{page}"))
}

/// As a program that is in a folder, the script of which nobody has to name.
fn behind_script_in_folder(path: &str) -> String {
    let found = behind_script(path);
    found.map_or_else(|| path.to_owned(), |(folder, page)| format!("{folder}/{page}"))
}

fn collapsed(path: &str) -> String {
    let mut text = path.to_owned();
    while text.contains("//") {
        text = text.replace("//", "/");
    }
    text
}

fn resolved(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.trim_start_matches('/').split('/') {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    format!("/{}", segments.join("/"))
}

/// The longest rules for what a program reads, which reads the paths of the rules likewise.
fn meant<'r>(rules: &[&'r str], path: &str, read: &dyn Fn(&str) -> String) -> Vec<&'r str> {
    let text = match read(path) {
        none if none.is_empty() => "/".to_owned(),
        text => text,
    };
    let fit = rules.iter().filter_map(|rule| {
        let prefix = read(rule);
        let prefix = if prefix.is_empty() { "/" } else { &prefix };
        let rest = text.strip_prefix(prefix)?;
        let whole = prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/');
        whole.then_some((prefix.trim_end_matches('/').len(), *rule))
    });
    let fit: Vec<(usize, &str)> = fit.collect();
    let longest = fit.iter().map(|(length, _)| *length).max();
    fit.iter().filter(|(length, _)| Some(*length) == longest).map(|(_, rule)| *rule).collect()
}

const NAMES: &[&str] = &["admin", "Admin", "kit", "public", "x"];
const PIECES: &[&str] = &[
    "/",
    "/",
    "/",
    "/",
    "admin",
    "ADMIN",
    "Admin",
    "kit",
    "public",
    "x",
    "%E2%84%AAit",
    "K%C4%B0T",
    "%EF%BD%81dmin",
    "adm%C3%ADn",
    "adm%C4%B1n",
    "%C2%AD",
    "%E2%80%8B",
    "%61dmin",
    "%2561dmin",
    "..",
    ".",
    "%2e",
    "%2E%2E",
    "%2f",
    "%5c",
    "\\",
    ";x",
    "%3b",
    ".json",
    "%20",
    "+",
    ":x",
    "%3fx",
    "%23x",
    "%00",
    "%EF%BC%8F",
    "%EF%BC%8E",
    "x.php/",
    "index.PHP/",
    "x.css/",
    "v1.2",
    "%C2%85",
    "(S(x))",
    "~1",
    "%",
    "%E9",
];

fn rule() -> impl Strategy<Value = String> {
    (vec(select(NAMES), 0..3), any::<bool>()).prop_map(|(names, slash)| {
        let path = names.iter().map(|name| format!("/{name}")).collect::<String>();
        if path.is_empty() || slash { path + "/" } else { path }
    })
}

/// Fails unless what `read` makes of the path is admitted by its own rule.
fn check_reading(
    rules: &[String],
    path: &str,
    read: &dyn Fn(&str) -> String,
) -> Result<(), TestCaseError> {
    let texts: Vec<&str> = rules.iter().map(String::as_str).collect();
    let snapshot = snapshot(texts.iter().map(|path| ("*", *path, Admit::Open)));
    let demanded = needed(&snapshot, "app.example.com", path);
    if demanded.is_empty() {
        return Ok(());
    }
    let demanded: Vec<&PathPrefix> = demanded.iter().map(|rule| &rule.path).collect();
    let has = |rule: &str| demanded.iter().any(|it| it.as_str() == rule);
    let meant = meant(&texts, path, read);
    prop_assert!(!meant.is_empty(), "{path}: no rule for {}", read(path));
    for rule in meant {
        prop_assert!(has(rule), "{path}: {rule} for {}, but {demanded:?}", read(path));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Whoever gets a path past the gate satisfies the rule of whatever a program makes of it.
    #[test]
    fn no_reading_of_a_path_escapes_its_rule(
        rules in vec(rule(), 1..6),
        pieces in vec(select(PIECES), 0..7),
        readers in vec(select(READERS), 0..4),
    ) {
        let path = format!("/{}", pieces.concat());
        check_reading(&rules, &path, &|path| readers.iter().fold(path.to_owned(), |it, read| read(&it)))?;
    }

    /// The same of what is behind a script.
    #[test]
    fn no_page_behind_a_script_escapes_its_rule(
        rules in vec(rule(), 1..6),
        folders in vec(select(NAMES), 0..3),
        script in select(&["x.php", "X.PHP", "x.php.", "x.php:x", "x.php%20"][..]),
        pieces in vec(select(PIECES), 1..5),
        before in select(READERS),
        behind in select(BEHIND_SCRIPT),
        after in select(READERS),
    ) {
        let folders: String = folders.iter().map(|name| format!("/{name}")).collect();
        let path = format!("{folders}/{script}/{}", pieces.concat());
        check_reading(&rules, &path, &|path| after(&behind(&before(path))))?;
    }

    /// The path as it is written needs its own rule; a usual one needs nothing else.
    #[test]
    fn usual_paths_need_one_rule(
        rules in vec(vec(select(&["/a", "/b", "/c"][..]), 1..4), 1..6),
        segments in vec(select(&["/a", "/b", "/c", "/D", "/d%20e"][..]), 0..5),
    ) {
        let rules: Vec<String> = rules.iter().map(|it| it.concat()).collect();
        let path = segments.concat() + "/Logo.PNG";
        let all = rules.iter().map(String::as_str).chain(["/"]);
        let snapshot = snapshot(all.map(|path| ("*", path, Admit::SignedIn)));
        let demanded = needed(&snapshot, "app.example.com", &path);
        let first = demanded[0].path.as_str();
        prop_assert!(demanded.iter().all(|it| it.path.as_str() == first), "{path}");
        prop_assert!(demanded[0].path.matches(&path));
    }
}
