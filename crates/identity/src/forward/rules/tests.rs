use gatehall_domain::{Admit, Company, HostRuleId, PathPrefix, Remains, Timestamp, UnreadRow};
use proptest::{collection::vec, prelude::*, sample::select};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::*;

fn snapshot<'r>(rules: impl IntoIterator<Item = (&'r str, &'r str, Admit)>) -> Snapshot {
    let mut company = Company::default();
    for (number, (host, path, admit)) in rules.into_iter().enumerate() {
        let rule = HostRule {
            id: HostRuleId(Uuid::from_u128(number as u128)),
            host: host.parse().unwrap(),
            path: path.parse().unwrap(),
            admit,
            created_at: Timestamp::from_micros(0),
        };
        company.put(rule.into());
    }
    Snapshot::new(1, company)
}

#[test]
fn the_rule_of_the_most_exact_host_and_the_longest_path_counts() {
    let snapshot = snapshot([
        ("app.example.com", "/", Admit::SignedIn),
        ("app.example.com", "/public/", Admit::Open),
        ("app.example.com", "/admin", Admit::Groups(vec![])),
        ("*.example.com", "/public/deep/", Admit::SignedIn),
        ("beta.example.com", "/public/", Admit::Open),
    ]);
    let open = |host: &str, path: &str| {
        let rules = needed(&snapshot, host, path);
        (rules.len(), !rules.is_empty() && rules.iter().all(|rule| rule.is_open()))
    };
    assert_eq!(open("app.example.com", "/"), (1, false));
    assert_eq!(open("app.example.com", "/public/x"), (1, true));
    assert_eq!(open("app.example.com", "/public/deep/x"), (1, true), "the exact host counts");
    assert_eq!(open("other.example.com", "/public/deep/x"), (1, false));
    assert_eq!(open("other.example.com", "/"), (0, false), "no rule, no entry");
    assert_eq!(open("evil.example", "/public/x"), (0, false));
    for odd in ["/public/../admin", "/public/%2e%2e/admin", "/public//admin", "/public/..;/x"] {
        assert_eq!(open("app.example.com", odd), (3, false), "{odd}");
        let nobody = (0, false);
        assert_eq!(open("beta.example.com", odd), nobody, "{odd} may be a path without a rule");
    }
}

/// Which paths need the rule of `/admin/` beside, or in place of, the one they are written for.
#[test]
fn a_rule_guards_every_spelling_of_its_path() {
    let rules = [("/", Admit::SignedIn), ("/public", Admit::Open), ("/app.js", Admit::Open)];
    let guarded = [("/admin/", Admit::Groups(vec![])), ("/app", Admit::Groups(vec![]))];
    let snapshot = snapshot(rules.into_iter().chain(guarded).map(|(path, it)| ("*", path, it)));
    let demanded = |path: &str| {
        let rules = needed(&snapshot, "app.example.com", path);
        let mut paths: Vec<&str> = rules.iter().map(|rule| rule.path.as_str()).collect();
        paths.sort_unstable();
        paths.join(" ")
    };
    for path in [
        "/admin",
        "/ADMIN",
        "/Admin/x",
        "/admin.",
        "/admin./x",
        "/admin%20",
        "/admin+",
        "/%20admin",
        "/admin.json",
        "/admin:x/y",
        "/admin%3fx",
        "/admin%23x",
        "/%EF%BD%81dmin",
        "/admi%CC%81n",
        "/adm%C4%B1n",
        "/admin%C2%AD",
        "/index.php/admin",
        "/x/app.cgi/ADMIN/x",
        "/app.css/../admin",
        "/x;/admin",
        "/%61dmin",
        "/%2561dmin",
        "//admin",
        "/x%2f..%2fadmin",
        "/x%5cadmin",
        "/ADMINI~1",
        "/public/%E2%80%A5/admin",
        "/public%EF%BC%8F..",
        "/public/.../x",
        "/a%3cdmin",
        "/public/%E2%80%8B",
        "/(S(x))/admin",
        "/public/index.php5/admin",
    ] {
        assert!(demanded(path).contains("/admin/"), "{path}: {}", demanded(path));
    }
    for (path, expected) in [
        ("/", "/"),
        ("/ADMINISTRATION", "/"),
        ("/x/admin", "/"),
        ("/Gr%C3%BCn/%E6%96%87%E4%BB%B6.PDF", "/"),
        ("/a%20b(c)[d]!$&'*,=@~", "/"),
        ("/admin/x", "/admin/"),
        ("/public/Logo.PNG", "/public"),
        ("/public/v1.2/x", "/public"),
        ("/public/v1.2/admin", "/public"),
        ("/PUBLIC/x", "/ /public"),
        ("/public.", "/ /public"),
        ("/app.js", "/app.js"),
        ("/app.js/x", "/app.js"),
        ("/app.css", "/ /app"),
    ] {
        assert_eq!(demanded(path), expected, "{path}");
    }
}

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
    collapsed,
    resolved,
];

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
        let texts: Vec<&str> = rules.iter().map(String::as_str).collect();
        let snapshot = snapshot(texts.iter().map(|path| ("*", *path, Admit::Open)));
        let demanded = needed(&snapshot, "app.example.com", &path);
        if demanded.is_empty() {
            return Ok(());
        }
        let demanded: Vec<&PathPrefix> = demanded.iter().map(|rule| &rule.path).collect();
        let has = |rule: &str| demanded.iter().any(|it| it.as_str() == rule);
        let read = |path: &str| readers.iter().fold(path.to_owned(), |it, read| read(&it));
        let meant = meant(&texts, &path, &read);
        prop_assert!(!meant.is_empty(), "{path}: no rule for {}", read(&path));
        for rule in meant {
            prop_assert!(has(rule), "{path}: {rule} for {}, but {demanded:?}", read(&path));
        }
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

#[test]
fn a_rule_that_cannot_be_read_closes_its_host() {
    let company = |host: Option<&str>| {
        let mut company = Company::default();
        for (number, host) in [(1, "app.example.com"), (2, "other.example.com")] {
            let rule = HostRule {
                id: HostRuleId(uuid::Uuid::from_u128(number)),
                host: host.parse().unwrap(),
                path: "/".parse().unwrap(),
                admit: Admit::Open,
                created_at: Timestamp::from_micros(0),
            };
            company.put(rule.into());
        }
        let host = host.map(|host| host.parse().unwrap());
        company.without(vec![UnreadRow {
            table: "host_rules",
            key: "k".into(),
            problem: "p".into(),
            remains: Remains::HostRule { host, path: None },
        }])
    };
    let open = |company: &Company, host: &str| {
        needed(&Snapshot::new(1, company.clone()), host, "/x").len()
    };
    let one = company(Some("app.example.com"));
    assert_eq!((open(&one, "app.example.com"), open(&one, "other.example.com")), (0, 1));
    let below = company(Some("*.example.com"));
    assert_eq!((open(&below, "app.example.com"), open(&below, "other.example.com")), (0, 0));
    let any = company(None);
    assert_eq!((open(&any, "app.example.com"), open(&any, "other.example.com")), (0, 0));
}
