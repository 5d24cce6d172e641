//! What of Open WebUIs has to be mended is in the log and told by the doctor.

use std::{fs::File, process::Stdio};

use serde_json::json;

use super::{Home, Serving};
use crate::support::{Client, eventually, free_port, signed_as};

const SECRET: &str = "the secret of the program, long enough";

#[tokio::test(flavor = "multi_thread")]
async fn the_log_and_the_doctor_say_what_keeps_people_of_a_chat_out() {
    let home = Home::new();
    home.must(&["user", "add", "alice@google.example"]);
    home.must(&["user", "change", "alice@google.example", "--bind", "open-webui=old"]);
    home.must(&["user", "add", "bob@google.example"]);
    home.must(&["user", "change", "bob@google.example", "--bind", "open-webui=other"]);
    let key = home.must(&["key", "add", "--service", "--name", "Chat of sales"]);
    let log = home.data_dir().join("gatehall.log");
    let url = format!("http://127.0.0.1:{}", free_port());
    let mut serve = home.command(&["serve", "--listen", url.trim_start_matches("http://")]);
    serve.env("GATEHALL_OPEN_WEBUI_SECRET", SECRET);
    serve.env("GATEHALL_OPEN_WEBUI_DOMAINS", "google.example");
    serve.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
    let serving = Serving(serve.spawn().unwrap());
    let said = || std::fs::read_to_string(&log).unwrap();
    eventually("it listens", async || said().contains("listens on").then_some(())).await;

    let chat = Client::new(url, key.trim());
    let ask = async |account: &str, email: &str, secret: &str| {
        let header = signed_as(account, email, secret);
        let user = chat.with("x-openwebui-user-jwt", &header);
        user.rpc("/mcp", "tools/list", json!({})).await.status.as_u16()
    };
    for _ in 0..3 {
        assert_eq!(ask("new", "alice@google.example", SECRET).await, 200);
        assert_eq!(ask("newer", "bob@google.example", SECRET).await, 200);
        assert_eq!(ask("new", "alice@google.example", "a secret of another chat").await, 401);
    }
    let log = said();
    let lines = |words: &[&str]| {
        log.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    };
    // Each person once, however often they try, and the secret once.
    for email in ["alice@google.example", "bob@google.example"] {
        assert_eq!(lines(&["WARN", "person.other-account", email, "--unbind"]), 1, "{log}");
    }
    let fingerprint = gatehall_domain::names::short_digest(SECRET);
    let fits = ["WARN", "fits no secret", "127.0.0.1", "GATEHALL_OPEN_WEBUI_SECRET", &fingerprint];
    assert_eq!(lines(&fits), 1, "{log}");
    assert!(!log.contains(SECRET) && !log.contains("a secret of another chat"), "{log}");

    let told = eventually("the doctor hears of it", async || {
        let mut doctor = home.command(&["doctor"]);
        let out = doctor.env("GATEHALL_OPEN_WEBUI_SECRET", SECRET).output().unwrap().stdout;
        let out = String::from_utf8(out).unwrap();
        out.contains("Open WebUI's secret").then_some(out)
    })
    .await;
    for part in ["3 of its user headers", "with the key Chat of sales from 127.0.0.1", &fingerprint]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    drop(serving);
}
