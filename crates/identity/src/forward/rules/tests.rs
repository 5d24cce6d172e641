use gatehall_domain::{Admit, Company, HostRuleId, Remains, Timestamp, UnreadRow};
use uuid::Uuid;

use super::*;

mod readers;

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

/// What programs make of raw bytes nobody knows, so that they may be any path of the host.
#[test]
fn raw_letters_open_only_what_is_open_as_a_whole() {
    let open = |rules: &[(&str, Admit)], path: &str| {
        let rules = rules.iter().map(|(path, admit)| ("*", *path, admit.clone()));
        let snapshot = snapshot(rules);
        let needed = needed(&snapshot, "app.example.com", path);
        !needed.is_empty() && needed.iter().all(|rule| rule.is_open())
    };
    let whole = [("/", Admit::Open)];
    let part = [("/", Admit::SignedIn), ("/public", Admit::Open)];
    let but_admin = [("/", Admit::Open), ("/admin", Admit::Groups(vec![]))];
    let alone = [("/public", Admit::Open)];
    for letter in ['\u{e4}', '\u{af}', '\u{fffd}', '\u{85}', '\u{2f8a}'] {
        for path in [format!("/{letter}"), format!("/public/{letter}"), format!("/adm{letter}in")] {
            assert!(open(&whole, &path), "{path:?}");
            for rules in [&part[..], &but_admin, &alone] {
                assert!(!open(rules, &path), "{path:?}");
            }
        }
    }
    assert!(open(&part, "/public/%C3%A4"), "as browsers write it");
}

/// Which paths need the rule of `/admin/` beside, or in place of, the one they are written for.
#[test]
fn a_rule_guards_every_spelling_of_its_path() {
    let rules = [("/", Admit::SignedIn), ("/public", Admit::Open), ("/app.js", Admit::Open)];
    let guarded = ["/admin/", "/app", "/class"].map(|path| (path, Admit::Groups(vec![])));
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
        "/public/index.PHP/admin",
        "/public/index.php:x/admin",
        "/public/index.php.old/admin",
        "/public/x.other/admin",
        "/x.php/y.php/public/z",
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
        ("/public/class/x", "/public"),
        ("/cla%E1%BA%9E", "/ /class"),
        ("/cla%C3%9F", "/ /class"),
        ("/class%C2%85", "/ /class"),
        ("/class%EF%BF%B9", "/ /class"),
        ("/class%F0%9B%B2%A0", "/ /class"),
        ("/class%E2%80%A8", "/ /class"),
    ] {
        assert_eq!(demanded(path), expected, "{path}");
    }
}

/// What is behind a script is a page of the script's program, whatever the script itself is for.
#[test]
fn what_is_behind_a_script_needs_its_own_rule() {
    let demanded = |rules: &[&str], path: &str| {
        let snapshot = snapshot(rules.iter().map(|path| ("*", *path, Admit::SignedIn)));
        let rules = needed(&snapshot, "app.example.com", path);
        let mut paths: Vec<&str> = rules.iter().map(|rule| rule.path.as_str()).collect();
        paths.sort_unstable();
        paths.join(" ")
    };
    let public = &["/", "/public"][..];
    for script in [
        "index.php",
        "Index.PHP",
        "i.php5",
        "i.phtml",
        "i.cgi",
        "i.fcgi",
        "i.pl",
        "i.py",
        "i.rb",
        "i.asp",
        "i.aspx",
        "i.ashx",
        "i.jsp",
        "i.jspx",
        "i.do",
        "i.action",
        "i.cfm",
        "i.php.en",
        "i.php%20",
        "i.php.",
        "i.php+",
        "i.php:x",
        "i.php%C2%AD",
        "i%EF%BD%81.p%C3%A4hp.php",
        ".i.php",
    ] {
        let path = format!("/public/{script}/secret");
        assert_eq!(demanded(public, &path), "/ /public", "{path}");
        assert_eq!(demanded(&["/public"], &path), "", "{path}: /secret has no rule");
        let whole = format!("/public/{script}");
        assert!(!demanded(&["/public"], &whole).is_empty(), "{whole}: nothing is behind it");
    }
    for usual in [
        "/public/v1.2/x",
        "/public/.well-known/x",
        "/public/.php/x",
        "/public/tool.git/info/refs",
        "/public/me@example.com/x",
        "/public/app.js/x",
        "/public/report.pdf/2",
        "/public/index.php",
        "/public/x/y/z/index.php",
        "/public/phpinfo/x",
        "/public/x.phpx/y",
    ] {
        assert_eq!(demanded(public, usual), "/public", "{usual}");
    }
    let app = &["/", "/app", "/app/public", "/app/secret", "/secret/open"][..];
    for (path, expected) in [
        ("/app/public/x.php/app/secret", "/app /app/public /app/secret"),
        ("/app/public/x.php/secret", "/ /app/public /app/secret"),
        ("/app/x.php/secret", "/ /app /app/secret"),
        ("/app/x.php/public/y", "/ /app /app/public"),
        ("/x.php/secret/open", "/ /secret/open"),
        ("/x.php/SECRET/open", "/ /secret/open"),
        ("/app/public/x.other/secret", "/app/public /app/secret"),
        ("/app/public/x.other/app/y", "/app /app/public"),
    ] {
        assert_eq!(demanded(app, path), expected, "{path}");
    }
    // Whatever has more readings than anybody looks at may be any path.
    for many in ["/public/x.php/y.php/z", &("/public".to_owned() + &"/x.y".repeat(200) + "/z")] {
        assert_eq!(demanded(app, many).split(' ').count(), app.len(), "{many}");
        assert_eq!(demanded(&["/public"], many), "", "{many}");
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
