//! Where secrets may lie, and which variables they may fill, at the command line.

use serde_json::{Value, json};

use super::{Home, Said};
use crate::support::Recorder;

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_is_read_if_the_operator_named_it_and_else_everything_says_so() {
    let recorder = Recorder::start().await;
    let company = json!({
        "servers": [{"id": "documents", "url": recorder.url()}],
        "connections": [{"server": "documents", "credentials":
            [{"placement": "header:Authorization:Bearer", "environment": "DOCUMENTS_TOKEN"}]}],
        "providers": [{"id": "entra", "issuer": "http://127.0.0.1:9", "client_id": "x",
            "client_secret_environment": "ENTRA_SECRET"}],
    });
    let told = tokio::task::spawn_blocking(move || {
        let home = Home::new();
        let file = home.file("company.json", &company.to_string());
        let plan = home.json(&["import", &file]);
        let todo = |name: &str| {
            let rows = plan["rows"].as_array().unwrap().iter();
            rows.filter(|row| row["state"] == "todo").any(|row| {
                row["what"].as_str().unwrap().contains(&format!("GATEHALL_SECRET_VARIABLES={name}"))
            })
        };
        assert!(todo("DOCUMENTS_TOKEN") && todo("ENTRA_SECRET"), "{plan:#}");
        home.must(&["import", &file, "--apply"]);
        let refused = home.fails(&["check"]);
        assert!(refused.contains("GATEHALL_SECRET_VARIABLES=DOCUMENTS_TOKEN"), "{refused}");
        let doctor = home.fails(&["doctor"]);
        let both = "GATEHALL_SECRET_VARIABLES=DOCUMENTS_TOKEN,ENTRA_SECRET";
        assert!(doctor.contains(both), "{doctor}");
        let with = |setting: &str| {
            let mut command = home.command(&["check", "--secret-variables", setting]);
            Said::of(command.env("DOCUMENTS_TOKEN", "t0ken").output().unwrap())
        };
        // What is named is meant, and nothing that only looks like it.
        let other = with("DOCUMENTS_TOKEN_2,documents_token,DOCUMENT_*");
        assert!(other.code == Some(1) && other.out.contains("may not read"), "{other:?}");
        let empty = with("");
        assert!(empty.code == Some(1) && empty.out.contains("may not read"), "{empty:?}");
        let named = with("OTHER,DOCUMENTS_*");
        assert_eq!(named.code, Some(0), "{named:?}");
        for all in ["*", "GATEHALL_*", "GATEHALL_DATABASE", "A*"] {
            assert_eq!(with(all).code, Some(2), "{all}");
        }
        // Settings files say it, too.
        let file = home.file("settings.toml", "secret_variables = [\"OTHER\", \"DOCUMENTS_*\"]\n");
        let mut command = home.command(&["check", "--config", &file]);
        let named = Said::of(command.env("DOCUMENTS_TOKEN", "t0ken").output().unwrap());
        assert_eq!(named.code, Some(0), "{named:?}");
        // The gate's own are nobody's secret.
        let own = json!({"connections": [{"server": "documents", "credentials":
            [{"placement": "header:X-Key", "environment": "GATEHALL_DATABASE"}]}]});
        let file = home.file("own.json", &own.to_string());
        assert!(home.fails(&["import", &file, "--apply"]).contains("Gatehall's own"));
    });
    told.await.unwrap();
    let bearer = Some("Bearer t0ken".to_owned());
    let seen = recorder.seen();
    assert!(!seen.is_empty() && seen.iter().all(|it| it.authorization == bearer), "{seen:?}");
}

#[test]
fn a_description_declares_what_credentials_fill() {
    let home = Home::new();
    home.must(&["tenant", "add", "google"]);
    let declared = |home: &Home| {
        home.json(&["server", "show", "notes"])["transport"]["credential_variables"].clone()
    };
    let command = ["--command", "/bin/notes", "--environment", "PATH=/usr/bin"];
    home.must(&[&["server", "add", "notes"], &command[..]].concat());
    home.must(&["connection", "add", "google/notes"]);
    let key = home.file("key", "s3cret\n");
    let set = |place: &str, file: &str| {
        home.run(&[
            "connection",
            "change",
            "google/notes",
            "--credential",
            &format!("environment:{place}=file:{file}"),
        ])
    };
    let refused = set("API_KEY", &key);
    assert!(refused.err.contains("credential_variables"), "{refused:?}");
    let change = |more: &[&str]| home.run(&[&["server", "change", "notes"], more].concat());
    assert_eq!(change(&["--credential-variable", "API_KEY"]).code, Some(0));
    assert_eq!(declared(&home), json!(["API_KEY"]));
    assert_eq!(set("API_KEY", &key).code, Some(0));
    // Not even here may a secret steer what runs; a description may.
    for name in ["LD_PRELOAD", "node_options", "PATH", "A-B", "A=B"] {
        let said = change(&["--credential-variable", "API_KEY", "--credential-variable", name]);
        assert!(said.code == Some(1) && said.err.contains("credential_variables"), "{said:?}");
    }
    assert_eq!(change(&["--environment", "NODE_OPTIONS=--no-warnings"]).code, Some(0));
    assert_eq!(declared(&home), json!(["API_KEY"]), "what is not named stays");
    let used = change(&["--credential-variable", ""]);
    assert!(used.code == Some(1) && used.err.contains("environment:API_KEY"), "{used:?}");
    // Secrets have a bound, wherever they come from.
    let long = home.file("long", &"x".repeat(16385));
    let fits = home.file("fits", &"x".repeat(16384));
    assert!(set("API_KEY", &long).err.contains("16384"));
    assert_eq!(set("API_KEY", &fits).code, Some(0));
    let provider =
        ["provider", "add", "entra", "--issuer", "http://127.0.0.1:9", "--client-id", "x"];
    let secret = format!("file:{long}");
    assert!(home.fails(&[&provider[..], &["--client-secret", &secret]].concat()).contains("16384"));
    let row = |credential: Value| json!({"connections": [{"tenant": "google", "server": "notes", "credentials": [credential]}]});
    let long = row(json!({"placement": "environment:API_KEY", "file": long})).to_string();
    let long = home.file("long.json", &long);
    assert!(home.fails(&["import", &long, "--apply"]).contains("16384"));
    home.must(&[
        "connection",
        "change",
        "google/notes",
        "--remove-credential",
        "environment:API_KEY",
    ]);
    assert_eq!(change(&["--credential-variable", ""]).code, Some(0));
    assert_eq!(declared(&home), Value::Null);

    // A file that does not say it leaves it; a list of servers says it with the key's variable.
    let file = |text: Value| home.file("file.json", &text.to_string());
    let list = json!({"servers": [{"id": "notes", "type": "stdio", "command": "/bin/notes", "api_key_env": "NOTES_KEY"}]});
    home.must(&["import", &file(list), "--apply"]);
    assert_eq!(declared(&home), json!(["NOTES_KEY"]));
    let silent =
        json!({"servers": [{"id": "notes", "command": "/bin/notes", "arguments": ["-v"]}]});
    home.must(&["import", &file(silent), "--apply"]);
    assert_eq!(declared(&home), json!(["NOTES_KEY"]));
    // What is each tenant's must not become what is all tenants'.
    let shared = json!({"servers": [{"id": "files", "command": "/bin/files", "arguments": ["/data/{tenant}"]}],
        "connections": [{"server": "files"}]});
    let said = home.fails(&["import", &file(shared), "--apply"]);
    assert!(said.contains("place for a tenant's id"), "{said}");
}
