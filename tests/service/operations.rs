//! What a call of an operation is answered with: pictures as such, and why a call was cut.

use gatehall_test_support::Kind;
use serde_json::json;

use crate::support::{Client, Rascal, Recorder, Whim, World, eventually};

const ADA: &str = "ada@company.example";

/// A picture of one pixel, as servers write it.
const PICTURE: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

async fn scene() -> (World, Rascal, Client) {
    let tool = json!({"name": "draw", "description": "A tool", "inputSchema": {"type": "object"}});
    let rascal = Rascal::start(vec![tool]).await;
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "rascal", "url": rascal.url}],
        "connections": [{"tenant": "google", "server": "rascal"}],
        "users": [{"email": ADA, "admin": true}],
    });
    let world = World::new(Kind::Sqlite, company).await;
    world.has_tools(1).await;
    let ada = world.user(ADA).await;
    (world, rascal, ada)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_picture_is_answered_as_what_it_is() {
    let (_world, rascal, ada) = scene().await;
    let says = |text: String| Whim::Says(text.replace("PICTURE", PICTURE).leak());
    let ask = async |result: &str| {
        rascal.behave(says(result.to_owned()));
        ada.operate("/tools/google_rascal_draw", json!({})).await
    };
    let picture = r#"{"type":"image","data":"PICTURE","mimeType":"image/gif"}"#;
    let lines = r#"{"type":"image","data":"R0lGODlhAQABAIAAAAAAAP///yH5BAEA\nAAAALAAAAAABAAEAAAIBRAA7","mimeType":"Image/GIF"}"#;
    for result in [
        format!(r#"{{"content":[{picture}]}}"#),
        format!(r#"{{"content":[{lines}]}}"#),
        format!(r#"{{"content":[{{"type":"text","text":" "}},{picture}]}}"#),
        // Servers that make structured content of whatever their tool returns.
        format!(r#"{{"content":[{picture}],"structuredContent":{picture}}}"#),
        format!(r#"{{"content":[{picture}],"structuredContent":{{"result":[{picture}]}}}}"#),
    ] {
        let answer = ask(&result).await;
        assert_eq!(answer.status, 200, "{result}: {}", answer.text);
        assert_eq!(answer.headers["content-type"], "image/gif", "{result}");
        assert_eq!(answer.headers["content-length"], "42", "{result}");
        assert!(answer.text.starts_with("GIF89a"), "{result}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
    let sound = r#"{"content":[{"type":"audio","data":"AAAA","mimeType":"audio/wav"}]}"#;
    assert_eq!(ask(sound).await.headers["content-type"], "audio/wav");
    // What is more than a picture, or none, stays JSON.
    for result in [
        format!(r#"{{"content":[{picture},{picture}]}}"#),
        format!(r#"{{"content":[{{"type":"text","text":"a pixel"}},{picture}]}}"#),
        format!(r#"{{"content":[{picture}],"structuredContent":{{"width":1}}}}"#),
    ] {
        let answer = ask(&result).await;
        assert_eq!(answer.headers["content-type"], "application/json", "{result}");
    }
    let page = r#"{"content":[{"type":"image","data":"PICTURE","mimeType":"text/html"}]}"#;
    assert_eq!(ask(page).await.status, 502, "a page is no picture");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cut_by_a_removed_right_says_so_on_both_faces() {
    use gatehall_control::operation::user::{UserEdit, change};

    let recorder = Recorder::start().await;
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "notes", "url": recorder.url()}],
        "connections": [{"tenant": "google", "server": "notes"}],
        "groups": [{"name": "writers"}],
        "users": [{"email": ADA, "groups": ["writers"]}],
        "grants": [{"group": "writers", "tenant": "google"}],
    });
    let world = World::new(Kind::Sqlite, company).await;
    world.has_tools(4).await;
    let ada = world.user(ADA).await;
    let arguments = json!({"milliseconds": 60_000});
    let operated = tokio::spawn({
        let (ada, arguments) = (ada.clone(), arguments.clone());
        async move { ada.operate("/tools/google_notes_wait", arguments).await }
    });
    let found = tokio::spawn({
        let (ada, arguments) = (ada.clone(), arguments.clone());
        let call = json!({"name": "google_notes_wait", "arguments": arguments});
        async move { ada.operate("/tools/gatehall_call_tool", call).await }
    });
    let called = tokio::spawn({
        let ada = ada.clone();
        async move { ada.call("/mcp", "google_notes_wait", arguments).await }
    });
    eventually("all calls are under way", async || {
        let calls = recorder.seen().iter().filter(|it| it.headers.contains("tools/call")).count();
        (calls == 3).then_some(())
    })
    .await;
    let (email, now) = (ADA.parse().unwrap(), world.desk.clock().now());
    let off = UserEdit { enabled: Some(false), ..Default::default() };
    world.change(|snapshot| Ok(change(snapshot.company(), &email, &off, now)?)).await;
    const SAID: &str = "Access to this tool ended while it was running.";
    for operated in [operated, found] {
        let answer = operated.await.unwrap();
        assert_eq!(answer.status, 403, "{}", answer.text);
        let problem = answer.json();
        assert_eq!(problem["type"], "urn:gatehall:problem:access-ended");
        assert_eq!(problem["detail"], SAID);
    }
    let result = called.await.unwrap().message()["result"].clone();
    assert_eq!((&result["isError"], &result["content"][0]["text"]), (&json!(true), &json!(SAID)));
}
