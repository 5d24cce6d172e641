//! People who are unknown here: who is added, and what the others, and administrators, hear.

use gatehall::settings::{AddUnknown, Domains};
use gatehall_store::EventFilter;
use gatehall_test_support::Kind;
use serde_json::json;

use crate::support::{Client, Recorder, World, acting_for, eventually};

async fn world(add: Option<AddUnknown>) -> (World, Recorder, Client) {
    let recorder = Recorder::start().await;
    let company = json!({
        "tenants": [{"id": "google"}, {"id": "microsoft"}],
        "servers": [{"id": "notes", "url": recorder.url()}],
        "connections": [{"tenant": "google", "server": "notes"}, {"tenant": "microsoft", "server": "notes"}],
        "groups": [{"name": "microsoft-employees"}],
        "grants": [
            {"users": "*@google.example", "tenant": "google"},
            {"users": "*@elsewhere.example", "tenant": "google"},
            {"users": "*@contoso.example", "tenant": "google", "effect": "deny"},
            {"group": "microsoft-employees", "tenant": "microsoft"},
        ],
    });
    let world = World::with(Kind::Sqlite, company, |settings| {
        let domains = ["google.example", "microsoft.example", "contoso.example"];
        settings.doors.open_webui_domains = Domains(domains.map(str::to_owned).to_vec());
        settings.add_unknown_users = add.unwrap_or(settings.add_unknown_users);
    })
    .await;
    world.has_tools(8).await;
    let chat = world.service_client(None).await;
    (world, recorder, chat)
}

/// As nothing is set, a grant to a pattern is enough for whoever it means, if Open WebUI may vouch
/// for them; nobody else is added.
#[tokio::test(flavor = "multi_thread")]
async fn whom_a_pattern_means_is_added_by_default() {
    let (world, _recorder, chat) = world(None).await;
    assert_eq!(acting_for(&chat, "zoe@google.example").tools("/mcp").await.len(), 4);
    let users = async || -> Vec<String> {
        let snapshot = world.desk.snapshot().await.unwrap();
        snapshot.company().users.values().map(|it| it.email.to_string()).collect()
    };
    assert_eq!(users().await, ["zoe@google.example"]);
    for stranger in ["bob@microsoft.example", "eve@contoso.example"] {
        assert_eq!(acting_for(&chat, stranger).tools("/mcp").await, Vec::<String>::new());
    }
    // A pattern makes nobody believed.
    let foreign = acting_for(&chat, "mallory@elsewhere.example");
    let answer = foreign.rpc("/mcp", "tools/list", json!({})).await;
    assert!(!answer.text.contains("google_notes"), "{}", answer.text);
    assert_eq!(users().await, ["zoe@google.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_added_where_the_setting_says_so() {
    let (world, _recorder, chat) = world(Some(AddUnknown::False)).await;
    assert_eq!(acting_for(&chat, "zoe@google.example").tools("/mcp").await, Vec::<String>::new());
    assert!(world.desk.snapshot().await.unwrap().company().users.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_unknown_hears_so_on_both_faces_and_the_audit_has_it_once() {
    let (world, _recorder, chat) = world(None).await;
    let bob = acting_for(&chat, "bob@microsoft.example");
    let found = bob.modern("/mcp", "server/discover", json!({})).await.json();
    let hint = found["result"]["instructions"].as_str().unwrap();
    assert!(hint.contains("not known to Gatehall"), "{hint}");
    for path in ["/tools/gatehall_search_tools", "/tools/search_tools"] {
        let searched = bob.operate(path, json!({"query": ""})).await.json();
        assert_eq!(searched, json!({"tools": [], "hint": hint}), "{path}");
    }
    let described = json!({"names": ["google_notes_wait"]});
    let described = bob.operate("/tools/gatehall_describe_tools", described).await.json();
    assert_eq!(described["hint"], hint);
    let called = json!({"name": "google_notes_wait", "arguments": {}});
    for (path, body) in
        [("/tools/gatehall_call_tool", called), ("/tools/google_notes_wait", json!({}))]
    {
        let refused = bob.operate(path, body).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (404, &json!(hint)));
    }
    let refused = bob.call("/mcp", "google_notes_wait", json!({})).await.json();
    assert_eq!(refused["error"]["message"], hint);

    let carol = acting_for(&chat, "carol@microsoft.example");
    carol.tools("/mcp").await;
    let events = eventually("the audit has both", async || {
        let filter = EventFilter { limit: 100, ..Default::default() };
        let events = world.desk.store().events(&filter).await.unwrap();
        let reasons = events.into_iter().filter_map(|it| it.reason);
        let unknown: Vec<String> =
            reasons.filter(|reason| reason.starts_with("person.unknown")).collect();
        (unknown.len() >= 2).then_some(unknown)
    })
    .await;
    assert_eq!(events.len(), 2, "one for each, however often they come: {events:?}");
}

/// Metadata of a protected resource has to name a server that issues tokens for it.
#[tokio::test(flavor = "multi_thread")]
async fn where_no_access_tokens_are_taken_nobody_is_led_to_ask_for_one() {
    let provider = |audiences: &[&str]| {
        json!({"providers": [{"id": "entra", "issuer": "http://127.0.0.1:9", "client_id": "x",
            "audiences": audiences}]})
    };
    for (company, takes) in
        [(json!({"tenants": []}), false), (provider(&[]), false), (provider(&["gate"]), true)]
    {
        let world = World::new(Kind::Sqlite, company.clone()).await;
        let nobody = Client::new(world.address(), "no key");
        for path in ["/mcp", "/mcp/google", "/mcp/google/notes"] {
            let asked = format!("/.well-known/oauth-protected-resource{path}");
            let metadata = nobody.get(&asked, &[]).await;
            let refused = nobody.rpc(path, "tools/list", json!({})).await;
            let challenge = refused.headers["www-authenticate"].to_str().unwrap();
            assert_eq!(challenge.contains("resource_metadata"), takes, "{company}: {challenge}");
            match takes {
                false => assert_eq!(metadata.status, 404, "{company}: {}", metadata.text),
                true => {
                    let servers = &metadata.json()["authorization_servers"];
                    assert_eq!(*servers, json!(["http://127.0.0.1:9"]));
                    assert!(challenge.contains(&asked), "{challenge}");
                }
            }
        }
    }
}
