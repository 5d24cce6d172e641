//! The isolation scenario: each user lists and calls exactly their tenants' tools, on both faces;
//! each tenant's own credential, and nobody else's, reaches its server.

use std::collections::BTreeSet;

use gatehall_control::operation::{
    NewSecret,
    connection::{ConnectionEdit, NewCredential, change as change_connection},
    user::{UserEdit, change},
};
use gatehall_domain::GroupName;
use gatehall_test_support::{Kind, tool};
use serde_json::{Value, json};

use crate::{
    on_both,
    support::{Client, Recorder, World, eventually},
};

on_both!(
    each_user_has_their_tenants_tools_and_no_others,
    guesses_are_answered_like_things_that_do_not_exist,
    each_tenants_own_credential_reaches_its_server,
    access_ends_as_fast_as_it_begins,
);

const TOOLS: [&str; 4] = ["count", "read_text", "wait", "write_text"];

struct Scene {
    world: World,
    google: Recorder,
    microsoft: Recorder,
}

async fn scene(kind: Kind) -> Scene {
    let (google, microsoft) = (Recorder::start().await, Recorder::start().await);
    let time = tool("python/bin/mcp-server-time");
    let world = World::new(kind, json!({
        "tenants": [{"id": "google"}, {"id": "microsoft"}, {"id": "closed", "enabled": false}],
        "servers": [
            {"id": "notes", "url": "http://127.0.0.1:1/mcp"},
            {"id": "time", "command": time, "access": "public"},
        ],
        "connections": [
            {"tenant": "google", "server": "notes", "url": google.url()},
            {"tenant": "microsoft", "server": "notes", "url": microsoft.url()},
            {"tenant": "closed", "server": "notes", "url": google.url()},
            {"server": "time"},
        ],
        "groups": [{"name": "google-people"}, {"name": "microsoft-people"}, {"name": "MCP-Admin"}],
        "users": [
            {"email": "alice@google.example", "groups": ["google-people"]},
            {"email": "bob@microsoft.example", "groups": ["microsoft-people"]},
            {"email": "ines@company.example", "groups": ["google-people", "microsoft-people"]},
            {"email": "ada@company.example", "groups": ["MCP-Admin"]},
            {"email": "nora@company.example"},
        ],
        "grants": [
            {"group": "google-people", "tenant": "google"},
            {"group": "google-people", "tenant": "closed"},
            {"group": "microsoft-people", "tenant": "microsoft"},
        ],
    }))
    .await;
    for tenant in ["google", "microsoft"] {
        let edit = ConnectionEdit {
            credentials: vec![NewCredential {
                placement: gatehall_domain::Placement::bearer(),
                secret: NewSecret::Value(format!("secret-of-{tenant}").into()),
                expires_at: None,
            }],
            ..Default::default()
        };
        let (path, now) = (format!("{tenant}/notes").parse().unwrap(), world.desk.clock().now());
        world
            .change(|snapshot| {
                change_connection(snapshot.company(), world.desk.vault(), &path, &edit, now)
            })
            .await;
    }
    world.has_tools(10).await;
    Scene { world, google, microsoft }
}

fn names(tenants: &[&str]) -> BTreeSet<String> {
    let public = ["time_convert_time", "time_get_current_time"].map(str::to_owned);
    let own = tenants.iter().flat_map(|tenant| TOOLS.map(|tool| format!("{tenant}_notes_{tool}")));
    public.into_iter().chain(own).collect()
}

async fn each_user_has_their_tenants_tools_and_no_others(kind: Kind) {
    let scene = scene(kind).await;
    for (email, tenants) in [
        ("alice@google.example", &["google"][..]),
        ("bob@microsoft.example", &["microsoft"]),
        ("ines@company.example", &["google", "microsoft"]),
        ("ada@company.example", &["google", "microsoft"]),
        ("nora@company.example", &[]),
    ] {
        let client = scene.world.user(email).await;
        let listed: BTreeSet<String> = client.tools("/mcp").await.into_iter().collect();
        assert_eq!(listed, names(tenants), "{email} over MCP");
        let operations: BTreeSet<String> =
            client.operations("/openapi.json").await.into_iter().collect();
        assert_eq!(operations, names(tenants), "{email} over OpenAPI");
        let modern = client.modern("/mcp", "tools/list", json!({})).await.json();
        assert_eq!(modern["result"]["tools"].as_array().unwrap().len(), listed.len());
        for tenant in ["google", "microsoft", "closed"] {
            calls_agree_with_lists(&client, tenant, tenants.contains(&tenant)).await;
        }
    }
}

/// What is listed can be called on both faces, and nothing else.
async fn calls_agree_with_lists(client: &Client, tenant: &str, allowed: bool) {
    let name = format!("{tenant}_notes_read_text");
    let arguments = json!({"text": "hello"});
    let called = client.call("/mcp", &name, arguments.clone()).await.json();
    let operated = client.operate(&format!("/tools/{name}"), arguments.clone()).await;
    let modern = client
        .modern("/mcp", "tools/call", json!({"name": name, "arguments": arguments}))
        .await
        .json();
    if allowed {
        assert_eq!(called["result"]["content"][0]["text"], "hello", "{called}");
        assert_eq!(modern["result"]["content"][0]["text"], "hello", "{modern}");
        assert_eq!((operated.status.as_u16(), operated.text.as_str()), (200, "hello"));
        return;
    }
    // The same words, whether there is none or it is somebody else's.
    let told = format!(
        "Unknown tool: {name}. There is none, or you may not use it: ask an administrator."
    );
    for refused in [&called, &modern] {
        assert_eq!(refused["error"], json!({"code": -32602, "message": told}));
    }
    assert_eq!(operated.status, 404);
    assert_eq!(operated.json()["detail"], told);
}

async fn guesses_are_answered_like_things_that_do_not_exist(kind: Kind) {
    let scene = scene(kind).await;
    let alice = scene.world.user("alice@google.example").await;
    let bob = scene.world.user("bob@microsoft.example").await;
    let list = json!({});

    // Paths of another tenant, of a disabled one, and of none.
    let call = json!({"name": "read_text", "arguments": {"text": "x"}});
    for (method, params) in
        [("tools/list", &list), ("initialize", &list), ("ping", &list), ("tools/call", &call)]
    {
        let elsewhere = alice.rpc("/mcp/nowhere", method, params.clone()).await.seen();
        for path in [
            "/mcp/microsoft",
            "/mcp/closed",
            "/mcp/microsoft/notes",
            "/mcp/google/nothing",
            "/mcp/-/nothing",
        ] {
            let seen = alice.rpc(path, method, params.clone()).await.seen();
            assert_eq!(seen, elsewhere, "{path} {method}");
        }
    }
    assert_eq!(alice.tools("/mcp/microsoft").await, [""; 0]);
    let document = alice.get("/t/nowhere/openapi.json", &[]).await.text;
    for tenant in ["microsoft", "closed"] {
        let seen = alice.get(&format!("/t/{tenant}/openapi.json"), &[]).await.text;
        assert_eq!(seen.replace(tenant, "nowhere"), document, "{tenant}");
    }

    // Names of another tenant's tools, at endpoints of one's own.
    for (path, name) in [
        ("/mcp", "microsoft_notes_read_text"),
        ("/mcp/google", "microsoft_notes_read_text"),
        ("/mcp/google", "time_get_current_time"),
        ("/mcp/google/notes", "google_notes_read_text"),
        ("/mcp/google/notes", "microsoft_notes_read_text"),
    ] {
        let guessed = alice.call(path, name, json!({"text": "x"})).await.text;
        let unknown = alice.call(path, "no_such_tool_at_all", json!({"text": "x"})).await.text;
        assert_eq!(guessed, unknown.replace("no_such_tool_at_all", name), "{path} {name}");
    }

    // A session of somebody else, of another endpoint, and a made-up one.
    let opened = alice.rpc("/mcp", "initialize", json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})).await;
    let session = opened.headers["mcp-session-id"].to_str().unwrap().to_owned();
    let with = |client: &Client, id: &str| client.with("mcp-session-id", id);
    let made_up =
        with(&bob, "no-such-session").rpc("/mcp", "tools/list", list.clone()).await.seen();
    assert_eq!(made_up.0, 404);
    assert_eq!(with(&bob, &session).rpc("/mcp", "tools/list", list.clone()).await.seen(), made_up);
    assert_eq!(
        with(&alice, &session).rpc("/mcp/google", "tools/list", list.clone()).await.seen(),
        made_up
    );
    let other_key = scene.world.user("alice@google.example").await;
    assert_eq!(
        with(&other_key, &session).rpc("/mcp", "tools/list", list.clone()).await.seen(),
        made_up
    );
    assert_eq!(with(&alice, &session).rpc("/mcp", "tools/list", list).await.status, 200);

    // Cursors.
    let cursor = |cursor: &str| json!({"cursor": cursor});
    let invalid = alice.rpc("/mcp", "tools/list", cursor("AAAA")).await.json();
    assert_eq!(invalid["error"]["code"], -32602);
    for guessed in ["", "1", &session] {
        assert_eq!(alice.rpc("/mcp", "tools/list", cursor(guessed)).await.json(), invalid);
    }
}

async fn each_tenants_own_credential_reaches_its_server(kind: Kind) {
    let scene = scene(kind).await;
    let ines = scene.world.user("ines@company.example").await;
    for tenant in ["google", "microsoft"] {
        let arguments = json!({"text": "x"});
        ines.call("/mcp", &format!("{tenant}_notes_read_text"), arguments.clone()).await;
        ines.operate(&format!("/t/{tenant}/tools/{tenant}_notes_write_text"), arguments).await;
    }
    for (recorder, own, other) in
        [(&scene.google, "google", "microsoft"), (&scene.microsoft, "microsoft", "google")]
    {
        let seen = recorder.seen();
        let after_credential: Vec<_> =
            seen.iter().filter(|seen| seen.authorization.is_some()).collect();
        assert!(after_credential.len() > 3, "{seen:?}");
        for request in &seen {
            let expected = format!("Bearer secret-of-{own}");
            assert!(
                request.authorization.as_deref().is_none_or(|it| it == expected),
                "{request:?}"
            );
            assert!(
                !request.headers.contains(&ines.key),
                "the caller's key went upstream: {request:?}"
            );
            assert!(!request.headers.contains(&format!("secret-of-{other}")), "{request:?}");
        }
    }
    // And no answer shows one.
    let document = ines.get("/openapi.json", &[]).await.text;
    assert!(!document.contains("secret-of-"));
}

async fn access_ends_as_fast_as_it_begins(kind: Kind) {
    let scene = scene(kind).await;
    let world = &scene.world;
    let replica = world.replica().await;
    let nora = world.user("nora@company.example").await;
    let there = nora.at(format!("http://{}", replica.address));
    let name = "google_notes_read_text";
    let group: GroupName = "google-people".parse().unwrap();
    let email = "nora@company.example".parse().unwrap();
    let now = world.desk.clock().now();
    let arguments = json!({"text": "x"});

    let joined = UserEdit { add_groups: vec![group.clone()], ..Default::default() };
    world.change(|snapshot| Ok(change(snapshot.company(), &email, &joined, now)?)).await;
    assert_eq!(
        nora.call("/mcp", name, arguments.clone()).await.json()["result"]["content"][0]["text"],
        "x"
    );
    eventually("the other replica opens, too", async || {
        let answer = there.call("/mcp", name, arguments.clone()).await.json();
        answer.get("result").map(drop)
    })
    .await;

    // A call under way here and one there, when the membership ends.
    let slow = |client: &Client| {
        let client = client.clone();
        let params = json!({"name": "google_notes_wait", "arguments": {"milliseconds": 60_000}});
        tokio::spawn(async move { client.rpc("/mcp", "tools/call", params).await.json() })
    };
    let (here, elsewhere) = (slow(&nora), slow(&there));
    eventually("both calls are under way", async || {
        let seen = scene.google.seen();
        let waiting = seen.iter().filter(|seen| seen.headers.contains(r#""mcp-name": "wait""#));
        (waiting.count() == 2).then_some(())
    })
    .await;
    let left = UserEdit { remove_groups: vec![group], ..Default::default() };
    world.change(|snapshot| Ok(change(snapshot.company(), &email, &left, now)?)).await;
    assert!(nora.call("/mcp", name, arguments.clone()).await.json().get("error").is_some());
    for cut in [here, elsewhere] {
        let answer: Value =
            tokio::time::timeout(std::time::Duration::from_secs(20), cut).await.unwrap().unwrap();
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        assert!(
            answer["result"]["content"][0]["text"].as_str().unwrap().contains("Access"),
            "{answer}"
        );
    }
    replica.stop(std::future::pending()).await;
}
