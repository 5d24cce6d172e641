//! The gate's own secrets may lie in files.

use std::{os::unix::fs::PermissionsExt, path::Path};

use gatehall_test_support::{Database, Kind, psql};
use serde_json::json;

use super::{Home, Serving};
use crate::support::{Client, signed_as};

const PASSWORD: &str = "p@ss/word:%41 of the database";

/// The address of a database, without a password, for a role that has to say one; its role.
fn guarded(database: &Database) -> (String, String) {
    let superuser = Database::superuser(&database.url);
    let (_, name) = database.url.rsplit_once('/').unwrap();
    let role = format!("{name}_role");
    // scripts/postgres asks members of this role for their passwords, and nobody else.
    let group = "do $$ begin create role asks_for_a_password; \
                 exception when duplicate_object or unique_violation then null; end $$";
    psql(&superuser, group);
    psql(
        &superuser,
        &format!("create role {role} login password '{PASSWORD}' in role asks_for_a_password"),
    );
    psql(&superuser, &format!("grant all on database {name} to {role}"));
    let mut url = reqwest::Url::parse(&database.url).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(None).unwrap();
    (url.into(), role)
}

#[test]
fn a_password_in_a_file_opens_the_database_for_every_command() {
    let home = Home::new();
    let database = Database::new(Kind::Postgres);
    let (url, role) = guarded(&database);
    let file = home.file("password", &format!("\u{feff}{PASSWORD}\r\n"));
    let closed = PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, closed).unwrap();
    let with = |file: &str| {
        let mut command = home.command(&["user", "list"]);
        command.env("GATEHALL_DATABASE", &url).env("GATEHALL_DATABASE_PASSWORD_FILE", file);
        super::Said::of(command.output().unwrap())
    };
    let without = home.fails(&["--database", &url, "user", "list"]);
    assert!(without.contains("password"), "{without}");
    let listed = with(&file);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    // Before the command and behind it.
    let flag = ["--database", &url, "--database-password-file", &file];
    home.must(&[&flag[..], &["user", "add", "nora@google.example"]].concat());
    let commands: [&[&str]; 7] = [
        &["user", "list"],
        &["check"],
        &["export"],
        &["audit"],
        &["explain", "nora@google.example"],
        &["session", "list"],
        &["admin", "link"],
    ];
    for command in commands {
        home.must(&[command, &flag].concat());
    }

    // A gate that has it so tells the commands beside it where it is.
    let serve = [&["serve", "--listen", "127.0.0.1:0"], &flag[..]].concat();
    let (serving, _) = Serving::start(home.command(&serve));
    let found = home.untold(&["user", "list"]);
    assert!(found.code == Some(0) && found.out.contains("nora@google.example"), "{found:?}");
    assert!(found.err.contains(&file) && !found.err.contains("p@ss"), "{found:?}");
    drop(serving);

    let wrong = home.file("wrong", "another");
    std::fs::set_permissions(&wrong, PermissionsExt::from_mode(0o600)).unwrap();
    let refused = with(&wrong);
    assert!(refused.code == Some(1) && refused.err.contains(&wrong), "{refused:?}");
    assert!(refused.err.contains("password authentication failed"), "{refused:?}");
    assert!(!refused.err.contains("another"), "{refused:?}");
    let missing = with(&format!("{file}.none"));
    assert!(missing.code == Some(1) && missing.err.contains("is not there"), "{missing:?}");
    let whole = url.replace(&role, &format!("{role}:word"));
    let twice = home.fails(&["--database", &whole, "--database-password-file", &file, "check"]);
    assert!(twice.contains("GATEHALL_DATABASE_PASSWORD_FILE") && twice.contains("take it out"));
    let embedded = home.fails(&["--database-password-file", &file, "check"]);
    assert!(embedded.contains("is for PostgreSQL"), "{embedded}");
    assert!(!Path::new(&home.data_dir().join("gatehall.db")).exists(), "and none was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_open_webui_may_lie_in_a_file() {
    const SECRET: &str = "the secret of the file, long enough";
    let home = Home::new();
    let file = home.file("secret", &format!("{SECRET}\n"));
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    home.must(&["user", "add", "nora@google.example"]);
    let key = home.must(&["key", "add", "--service", "--name", "Chat"]);
    let mut serve = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    serve.env("GATEHALL_OPEN_WEBUI_SECRET_FILE", &file);
    serve.env("GATEHALL_OPEN_WEBUI_DOMAINS", "google.example");
    let (serving, url) = Serving::start(serve);
    let chat = Client::new(url, key.trim());
    for (secret, status) in [(SECRET, 200), ("the secret of another, long enough", 401)] {
        let header = signed_as("account", "nora@google.example", secret);
        let user = chat.with("x-openwebui-user-jwt", &header);
        assert_eq!(user.rpc("/mcp", "tools/list", json!({})).await.status.as_u16(), status);
    }
    drop(serving);

    let serve = |variables: &[(&str, &str)]| {
        let mut serve = home.command(&["serve", "--listen", "127.0.0.1:0"]);
        serve.envs(variables.iter().copied());
        let said = super::Said::of(serve.output().unwrap());
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(!said.err.contains(SECRET), "{said:?}");
        said.err
    };
    let name = "GATEHALL_OPEN_WEBUI_SECRET_FILE";
    let both = serve(&[(name, &file), ("GATEHALL_OPEN_WEBUI_SECRET", SECRET)]);
    assert!(both.contains("both set") && both.contains(name), "{both}");
    for (text, mode, says) in [
        ("", 0o600, "empty"),
        ("short", 0o600, "too short"),
        ("changeme changeme changeme", 0o600, "stands in"),
        ("one line of a secret\nanother line", 0o600, "more than one line"),
        (SECRET, 0o644, "chmod 600"),
    ] {
        let bad = home.file("bad", text);
        std::fs::set_permissions(&bad, PermissionsExt::from_mode(mode)).unwrap();
        let said = serve(&[(name, &bad)]);
        assert!(
            said.contains(says) && said.contains(&bad) && said.contains(name),
            "{says}: {said}"
        );
    }
    let proxy = [
        ("GATEHALL_FORWARDED_USER_PROXIES", "192.0.2.1"),
        ("GATEHALL_FORWARDED_USER_SECRET_FILE", "/no/such/file"),
    ];
    let said = serve(&proxy);
    assert!(said.contains("/no/such/file") && said.contains(proxy[1].0), "{said}");
    let key = home.fails(&["api", "/tools", "--key-file", "/no/such/file"]);
    assert!(key.contains("/no/such/file of GATEHALL_KEY_FILE"), "{key}");
}
