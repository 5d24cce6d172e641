//! The doctor where there is no gate: on somebody's laptop, beside a folder, before a database that
//! cannot be used.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Command};

use gatehall_test_support::{Database, Kind, sql};
use serde_json::Value;

use super::{Home, Said};
use crate::on_both;

/// The program without any store: whoever runs it has nothing but a name.
fn from_a_laptop(home: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatehall"));
    command.env_clear().env("HOME", home).arg("doctor").args(arguments);
    Said::of(command.output().unwrap())
}

fn findings(said: &Said) -> Vec<Value> {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

#[track_caller]
fn has(findings: &[Value], subject: &str, state: &str, words: &str) {
    let fits = findings.iter().any(|it| {
        let text = format!("{} {}", it["found"], it["remedy"]);
        it["subject"] == subject && it["state"] == state && text.contains(words)
    });
    assert!(fits, "{subject} {state} {words}: {findings:#?}");
}

/// What is said of the host of a provider of one's own. All names below localhost lead here.
fn at_provider(findings: &[Value]) -> Vec<&Value> {
    findings.iter().filter(|it| it.to_string().contains("auth.nobody.localhost")).collect()
}

const NOBODY: [&str; 4] =
    ["--public-url", "https://admin.nobody.localhost:1", "--domain", "nobody.localhost"];

#[test]
fn a_laptop_looks_from_outside_and_makes_no_store() {
    let home = tempfile::tempdir().unwrap();
    let said = from_a_laptop(home.path(), &[&NOBODY[..], &["--json"]].concat());
    assert_eq!(said.code, Some(1), "{said:?}");
    let found = findings(&said);
    has(&found, "port 1 of app.nobody.localhost", "bad", "refused");
    has(&found, "gate", "unknown", "docker compose exec gatehall");
    let of_provider = at_provider(&found);
    assert!(of_provider.is_empty(), "that there is one is not known: {of_provider:?}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing is made");
    let said = from_a_laptop(home.path(), &NOBODY);
    assert!(said.out.contains("do: docker compose exec gatehall /gatehall doctor"), "{said:?}");
}

#[test]
fn a_folder_is_looked_at_without_a_store() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("compose");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.to_str().unwrap();
    let said = from_a_laptop(home.path(), &["--folder", path]);
    assert!(said.code == Some(1) && said.err.contains("gatehall init compose"), "{said:?}");
    std::fs::write(folder.join(".env"), "DOMAIN=nobody.localhost\n").unwrap();
    std::fs::create_dir(folder.join("secrets")).unwrap();
    let open = PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.join("secrets"), open).unwrap();
    let port = ["--public-url", "https://admin.nobody.localhost:1", "--http-port", "1"];
    let said = from_a_laptop(home.path(), &[&["--folder", path, "--json"], &port[..]].concat());
    let found = findings(&said);
    has(&found, "modes of the secrets", "bad", "chmod 700");
    has(&found, "secrets of the folder", "bad", "vault.keys");
    has(&found, "variables in .env", "bad", "PROVIDER_ISSUER");
    // The folder says the domain.
    has(&found, "port 1 of mcp.nobody.localhost", "bad", "refused");
    assert!(at_provider(&found).is_empty(), "{found:#?}");
    assert!(found.iter().any(|it| it["subject"] == "disk of the Compose folder"), "{found:#?}");
    std::fs::write(folder.join(".env"), "DOMAIN=nobody.localhost\nCOMPOSE_PROFILES=authentik\n")
        .unwrap();
    let said = from_a_laptop(home.path(), &[&["--folder", path, "--json"], &port[..]].concat());
    has(&findings(&said), "port 1 of auth.nobody.localhost", "bad", "refused");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1, "nothing is made");
    std::fs::write(folder.join(".env"), "DOMAIN='no domain'\nGATE_SUBNET=foo\n").unwrap();
    let found = findings(&from_a_laptop(home.path(), &["--folder", path, "--json"]));
    has(&found, "variables in .env", "bad", "DOMAIN: ");
    has(&found, "variables in .env", "bad", "GATE_SUBNET: ");
}

#[test]
fn what_names_no_deployment_is_refused() {
    let home = tempfile::tempdir().unwrap();
    for (flag, value, says) in [
        ("--public-url", "ftp://x.example", "https://"),
        ("--public-url", "https://x.example/path", "nothing behind"),
        ("--domain", "https://x.example", "without https://"),
        ("--domain", "", "not a domain"),
        ("--domain", "foo_bar", "not a domain"),
        ("--proxy-network", "foo", "--proxy-network"),
    ] {
        let said = from_a_laptop(home.path(), &[flag, value]);
        assert!(said.code == Some(2) && said.err.contains(says), "{flag} {value}: {said:?}");
    }
}

#[test]
fn a_gate_that_is_not_in_the_network_of_its_proxy_is_told() {
    let home = tempfile::tempdir().unwrap();
    for (network, state, says) in
        [("127.0.0.0/28", "good", "127.0.0.1"), ("203.0.113.0/28", "bad", "docker compose down")]
    {
        let arguments = [&NOBODY[..], &["--json", "--proxy-network", network]].concat();
        let found = findings(&from_a_laptop(home.path(), &arguments));
        has(&found, "network of the proxy", state, says);
    }
}

on_both!(a_database_says_what_it_is_and_one_of_a_newer_program_is_told);

async fn a_database_says_what_it_is_and_one_of_a_newer_program_is_told(kind: Kind) {
    let database = Database::new(kind);
    let told = tokio::task::spawn_blocking(move || {
        let home = Home::new();
        let arguments = ["--database", &database.url, "doctor", "--json"];
        let run = || Said::of(home.command(&[&arguments[..], &NOBODY].concat()).output().unwrap());
        let kind = if kind == Kind::Sqlite { "SQLite 3." } else { "PostgreSQL 1" };
        has(&findings(&run()), "database", "good", kind);
        let newer = "update _sqlx_migrations set version = 9999
            where version = (select max(version) from _sqlx_migrations)";
        sql(&database, newer);
        let said = run();
        assert_eq!(said.code, Some(1), "{said:?}");
        let found = findings(&said);
        has(&found, "database", "bad", "newer version of gatehall");
        // All else is looked at.
        has(&found, "port 1 of app.nobody.localhost", "bad", "refused");
    });
    told.await.unwrap();
}

#[test]
fn a_database_that_does_not_answer_keeps_nothing_else_from_being_looked_at() {
    let home = Home::new();
    let database = ["--database", "postgres://gate:a-password@127.0.0.1:1/x", "doctor", "--json"];
    let said = Said::of(home.command(&[&database[..], &NOBODY].concat()).output().unwrap());
    let found = findings(&said);
    has(&found, "database", "bad", "127.0.0.1:1/x");
    has(&found, "port 1 of app.nobody.localhost", "bad", "refused");
    assert!(!format!("{said:?}").contains("a-password"), "{said:?}");
}
