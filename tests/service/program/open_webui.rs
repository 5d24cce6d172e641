//! The commands that set Open WebUI up.

use serde_json::json;

use super::Home;
use crate::support::open_webui::{API_KEY, HEADER, INES, OpenWebUi};

const GATE: &str = "http://gate:8080";
const CONNECTIONS: &str = "GET /api/v1/configs/tool_servers";

/// The command line of a setup that is applied as the administrator.
fn setup<'a>(chat: &'a OpenWebUi, more: &[&'a str]) -> Vec<&'a str> {
    let as_admin = ["--admin-token", API_KEY, "--gate-url", GATE, "--apply"];
    [&["open-webui", "setup", "--url", &chat.url], &as_admin[..], more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_of_options_is_said_before_anything_is_asked() {
    let (home, chat) = (Home::new(), OpenWebUi::start().await);
    for (more, says) in [
        (&["--as", "alice@google.example"][..], "--as needs --as-password-file"),
        (&["--test-group", "nosuch"], "there is no group"),
        (&["--name", "other"], "must be open-webui"),
        (&["--name", ""], "must be open-webui"),
        (&["--name", "open-webui-\u{1b}[31m"], "must be open-webui"),
        (&["--name", "open-webui-other"], "has an Open WebUI of the name open-webui-other"),
        (&["--admin-email", INES, "--as", INES, "--as-password-file", "nosuch"], "nosuch"),
    ] {
        let said = home.fails(&setup(&chat, more));
        assert!(said.contains(says), "{more:?}: {said}");
        assert!(!said.contains('\u{1b}'), "{more:?}: {said:?}");
        assert!(chat.inside().asked.is_empty(), "{more:?}: {:?}", chat.inside().asked);
    }
    for (more, says) in [
        (&["--model", "all", "--model", "told"][..], "all stands alone"),
        (&["--model", ""], "not an empty one"),
        (&["--group", ""], "not an empty one"),
        (&["--group", "nosuch\u{1b}\u{202e}"], "there is no group \"nosuch \" at Open WebUI"),
    ] {
        let said = home.fails(&setup(&chat, more));
        assert!(said.contains(says), "{more:?}: {said}");
        let changed = chat.inside().asked.iter().any(|it| it.starts_with("POST"));
        assert!(!changed, "{more:?}: {:?}", chat.inside().asked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_not_there_is_not_saved_as_an_empty_one() {
    let (home, chat) = (Home::new(), OpenWebUi::start().await);
    let foreign = json!({"type": "mcp", "url": "http://other/mcp", "info": {"id": "other"}});
    chat.inside().connections = vec![foreign.clone()];
    for (at, answer, says) in [
        (CONNECTIONS, json!({}), "it lists no connections"),
        (CONNECTIONS, json!(null), "it lists no connections"),
        ("GET /api/v1/auths/admin/config", json!(null), "it lists no settings"),
        ("GET /api/models/base", json!({}), "it lists no models"),
        ("GET /api/v1/groups/", json!([{}]), "a group has no id"),
        ("GET /api/v1/users/all", json!({}), "it lists no accounts"),
    ] {
        chat.inside().instead = Some((at, answer));
        let said = home.fails(&setup(&chat, &[]));
        assert!(said.contains(says), "{at}: {said}");
        let inside = chat.inside();
        assert_eq!(inside.connections, std::slice::from_ref(&foreign), "{at}");
        assert!(!inside.asked.iter().any(|it| it.starts_with("POST")), "{:?}", inside.asked);
    }
    chat.inside().instead = None;
    home.must(&setup(&chat, &["--no-test"]));
    assert_eq!(chat.inside().connections.len(), 2);
}

#[test]
fn by_hand_nothing_is_swallowed() {
    let home = Home::new();
    let file = home.data_dir().join("import.json");
    let write = ["open-webui", "setup", "--gate-url", GATE, "--write", file.to_str().unwrap()];
    for more in [
        &["--group", "google-employees"][..],
        &["--model", "told"],
        &["--open-models"],
        &["--bring-groups"],
        &["--new-key"],
        &["--no-test"],
        &["--json"],
    ] {
        let said = home.fails(&[&write[..], more].concat());
        assert!(said.contains("by hand these do nothing"), "{more:?}: {said}");
        assert!(!file.exists(), "{more:?}");
    }
    for more in [&["--trusted-header", HEADER][..], &["--admin-password-file", "nosuch"]] {
        let said = home.fails(&[&write[..4], more].concat());
        assert!(said.contains("needs --admin-email"), "{more:?}: {said}");
    }
    home.must(&[&write[..], &["--group", "all"]].concat());
    assert!(std::fs::read_to_string(file).unwrap().contains("ghk_"));
}
