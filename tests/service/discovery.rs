//! The OpenAPI face as Open WebUI uses it: a document that is fetched without a user and shared by
//! all, users who are named in a signed header, and the operations to find one's own tools.

use gatehall::settings::AddUnknown;
use gatehall_control::operation::user::{UserEdit, change};
use gatehall_store::EventFilter;
use gatehall_test_support::Kind;
use serde_json::{Value, json};

use crate::{
    on_both,
    support::{Client, Recorder, SECRET, World, acting_for, eventually, signed, signed_as, told},
};

on_both!(
    an_unknown_but_vouched_user_is_added_if_the_setting_says_so,
    an_address_that_moves_to_another_account_does_not_take_the_user_along,
    of_two_accounts_with_one_address_at_once_only_one_acts,
);

const ALICE: &str = "alice@google.example";

async fn world(kind: Kind, add: bool) -> (World, Recorder) {
    let add_unknown_users = if add { AddUnknown::True } else { AddUnknown::False };
    let recorder = Recorder::start().await;
    let company = json!({
        "tenants": [{"id": "google"}, {"id": "microsoft"}],
        "servers": [{"id": "notes", "url": recorder.url()}],
        "connections": [{"tenant": "google", "server": "notes"}, {"tenant": "microsoft", "server": "notes"}],
        "users": [{"email": ALICE}, {"email": "bob@microsoft.example"}],
        "grants": [{"users": "*@google.example", "tenant": "google"}, {"user": "bob@microsoft.example", "tenant": "microsoft"}],
    });
    let world =
        World::with(kind, company, |settings| settings.add_unknown_users = add_unknown_users).await;
    world.has_tools(8).await;
    (world, recorder)
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_connection_sends_a_key_and_no_user() {
    let (world, _recorder) = world(Kind::Sqlite, false).await;
    let chat = world.service_client(None).await;
    for path in ["/mcp", "/mcp/google", "/mcp/google/notes", "/mcp/nowhere"] {
        assert_eq!(chat.tools(path).await, Vec::<String>::new(), "{path}");
        let found = chat.modern(path, "server/discover", json!({})).await.json();
        assert_eq!(found["result"]["resultType"], "complete");
        assert!(
            found["result"]["instructions"]
                .as_str()
                .unwrap()
                .contains("FORWARD_USER_INFO_HEADER_JWT_SECRET")
        );
    }
    assert_eq!(
        chat.operations("/openapi.json").await,
        ["gatehall_search_tools", "gatehall_describe_tools", "gatehall_call_tool"]
    );
    let plain = chat.with("x-openwebui-user-email", ALICE);
    assert_eq!(plain.tools("/mcp").await, Vec::<String>::new(), "plain headers are nobody's proof");
    let refused = plain.operate("/tools/google_notes_read_text", json!({"text": "x"})).await;
    assert_eq!(refused.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_user_sees_and_calls_their_own_tools() {
    let (world, _recorder) = world(Kind::Sqlite, false).await;
    let chat = world.service_client(None).await;
    let alice = acting_for(&chat, "Alice@Google.Example");
    assert_eq!(alice.tools("/mcp").await.len(), 4);
    assert_eq!(alice.operations("/openapi.json").await.len(), 4);
    let found =
        alice.operate("/tools/gatehall_search_tools", json!({"query": "write"})).await.json();
    assert_eq!(found["tools"][0]["name"], "google_notes_write_text", "{found}");
    assert_eq!(found["found"], 1, "{found}");
    let described = alice
        .operate(
            "/tools/gatehall_describe_tools",
            json!({"names": ["google_notes_read_text", "microsoft_notes_read_text"]}),
        )
        .await
        .json();
    assert_eq!(described["tools"][0]["inputSchema"]["properties"]["text"]["type"], "string");
    assert_eq!(described["unknown"], json!(["microsoft_notes_read_text"]));
    let call = |name: &str| json!({"name": name, "arguments": {"text": "hi"}});
    assert_eq!(
        alice.operate("/tools/gatehall_call_tool", call("google_notes_read_text")).await.text,
        "hi"
    );
    let foreign =
        alice.operate("/tools/gatehall_call_tool", call("microsoft_notes_read_text")).await;
    assert_eq!(foreign.status, 404);
    let detail = foreign.json()["detail"].to_string();
    assert!(detail.contains("Unknown tool: microsoft_notes_read_text. "), "{detail}");

    let forged =
        chat.with("x-openwebui-user-jwt", &signed(ALICE, "another secret, also long enough"));
    assert_eq!(forged.rpc("/mcp", "tools/list", json!({})).await.status, 401);
    let stranger = acting_for(&chat, "stranger@google.example");
    assert_eq!(stranger.tools("/mcp").await, Vec::<String>::new());
    let twice = alice.with("x-openwebui-user-jwt", &signed("bob@microsoft.example", SECRET));
    assert_eq!(twice.rpc("/mcp", "tools/list", json!({})).await.status, 401);

    // A disabled user has nothing from the next request on, and is told why.
    let (email, now) = (ALICE.parse().unwrap(), world.desk.clock().now());
    let off = UserEdit { enabled: Some(false), ..Default::default() };
    world.change(|snapshot| Ok(change(snapshot.company(), &email, &off, now)?)).await;
    assert_eq!(alice.tools("/mcp").await, Vec::<String>::new());
    assert!(told(&alice).await.contains("alice@google.example is disabled here"));
    let of_tenant = world.service_client(Some("google")).await;
    for disabled in [&alice, &acting_for(&of_tenant, ALICE)] {
        assert_eq!(disabled.get("/openapi.json", &[]).await.status, 403);
        let called = disabled.operate("/tools/google_notes_read_text", json!({"text": "x"})).await;
        assert_eq!(called.status, 403, "{}", called.text);
        assert!(called.text.contains("is disabled here"), "{}", called.text);
    }
    eventually("the audit has it", async || {
        let filter = EventFilter { limit: 50, ..Default::default() };
        let events = world.desk.store().events(&filter).await.unwrap();
        let reasons = events.iter().filter_map(|it| it.reason.as_deref());
        let mut of_alice = reasons.filter(|it| it.contains(&format!("as {ALICE}")));
        of_alice.any(|it| it.contains("person.disabled")).then_some(())
    })
    .await;
}

async fn an_unknown_but_vouched_user_is_added_if_the_setting_says_so(kind: Kind) {
    let (world, _recorder) = world(kind, true).await;
    let chat = world.service_client(None).await;
    let zoe = acting_for(&chat, "zoe@google.example");
    // Ten requests at once make one user, who has what the pattern gives and no groups.
    let asked: Vec<_> = (0..10)
        .map(|_| {
            let zoe = zoe.clone();
            tokio::spawn(async move { zoe.tools("/mcp").await.len() })
        })
        .collect();
    for asked in asked {
        assert_eq!(asked.await.unwrap(), 4);
    }
    let snapshot = world.desk.snapshot().await.unwrap();
    let user = snapshot.company().user_by_email(&"zoe@google.example".parse().unwrap()).unwrap();
    assert!(!user.admin && snapshot.groups(user.id).is_empty());
    assert_eq!(snapshot.company().identities.len(), 1);
}

async fn an_address_that_moves_to_another_account_does_not_take_the_user_along(kind: Kind) {
    let (world, _recorder) = world(kind, false).await;
    let chat = world.service_client(None).await;
    let first = signed_as("account 1", ALICE, SECRET);
    let alice = chat.with("x-openwebui-user-jwt", &first);
    assert_eq!(alice.tools("/mcp").await.len(), 4);
    let snapshot = world.desk.snapshot().await.unwrap();
    assert_eq!(snapshot.company().identities.len(), 1, "it is bound before anybody acts");

    // Under a new address the account is still Alice; her old address with another account is not.
    let moved = signed_as("account 1", "alice@new.example", SECRET);
    let moved = chat.with("x-openwebui-user-jwt", &moved);
    assert_eq!(moved.tools("/mcp").await.len(), 4);
    let taken = signed_as("account 2", ALICE, SECRET);
    let taken = chat.with("x-openwebui-user-jwt", &taken);
    assert_eq!(taken.tools("/mcp").await, Vec::<String>::new());
    assert!(told(&taken).await.contains("--unbind open-webui"));

    let (email, now) = (ALICE.parse().unwrap(), world.desk.clock().now());
    let unbind = UserEdit { unbind: vec!["open-webui".into()], ..Default::default() };
    world.change(|snapshot| Ok(change(snapshot.company(), &email, &unbind, now)?)).await;
    assert_eq!(taken.tools("/mcp").await.len(), 4);
}

/// Requests of two accounts at two replicas, all at once: whoever is bound acts, and the other
/// never does.
async fn of_two_accounts_with_one_address_at_once_only_one_acts(kind: Kind) {
    let (world, _recorder) = world(kind, false).await;
    let key = world.key(None, None).await;
    let other = world.replica().await;
    let gates = [world.address(), format!("http://{}", other.address)];
    let asked = (0..24).map(|number| {
        let account = number % 2;
        let header = signed_as(&format!("account {account}"), ALICE, SECRET);
        let client = Client::new(gates[number / 2 % 2].clone(), &key);
        let client = client.with("x-openwebui-user-jwt", &header);
        tokio::spawn(async move {
            let answer = client.rpc("/mcp", "tools/list", json!({})).await;
            let acted = answer.status == 200 && answer.text.contains("google_notes_read_text");
            (account, acted)
        })
    });
    let mut acted = std::collections::BTreeSet::new();
    for asked in asked.collect::<Vec<_>>() {
        let (account, did) = asked.await.unwrap();
        if did {
            acted.insert(account);
        }
    }
    assert_eq!(acted.len(), 1, "accounts that acted as Alice: {acted:?}");
    assert_eq!(world.desk.snapshot().await.unwrap().company().identities.len(), 1);
    other.stop(std::future::pending()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_personal_key_is_refused_where_a_chat_names_its_users() {
    let (world, _recorder) = world(Kind::Sqlite, false).await;
    let own = world.user(ALICE).await;
    assert_eq!(own.tools("/mcp").await.len(), 4);
    for named in ["bob@microsoft.example", ALICE] {
        let chat = acting_for(&own, named);
        let refused = chat.rpc("/mcp", "tools/list", json!({})).await;
        assert_eq!(refused.status, 403, "{}", refused.text);
        assert!(refused.text.contains("use a service key"), "{}", refused.text);
        let called = chat.operate("/tools/google_notes_read_text", json!({"text": "x"})).await;
        assert_eq!(called.status, 403, "{}", called.text);
    }
    let noted = eventually("the audit has it", async || {
        let filter = EventFilter { limit: 50, ..Default::default() };
        let events = world.desk.store().events(&filter).await.unwrap();
        let reasons: Vec<String> = events.into_iter().filter_map(|it| it.reason).collect();
        let rule = |reason: &&String| reason.starts_with("proof.personal-key");
        reasons.iter().find(rule).cloned()
    });
    noted.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_webui_binds_no_administrator_and_no_other_domain() {
    let recorder = Recorder::start().await;
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "notes", "url": recorder.url()}],
        "connections": [{"tenant": "google", "server": "notes"}],
        "groups": [{"name": "MCP-Admin"}],
        "users": [
            {"email": "ada@google.example", "groups": ["MCP-Admin"]},
            {"email": "eve@elsewhere.example"},
        ],
        "grants": [{"users": "*", "tenant": "google"}],
    });
    let world = World::new(Kind::Sqlite, company).await;
    world.has_tools(4).await;
    let chat = world.service_client(None).await;
    for (email, says) in [
        ("ada@google.example", "an address alone"),
        ("eve@elsewhere.example", "GATEHALL_OPEN_WEBUI_DOMAINS"),
    ] {
        let id = format!("id-of-{email}");
        let person = acting_for(&chat, email);
        assert_eq!(person.tools("/mcp").await, Vec::<String>::new(), "{email}");
        let text = told(&person).await;
        assert!(text.contains(says) && text.contains(&format!("--bind open-webui={id}")), "{text}");
        // Somebody binds the account.
        let bind = vec![format!("open-webui={id}").parse().unwrap()];
        let edit = UserEdit { bind, ..Default::default() };
        let (email, now) = (email.parse().unwrap(), world.desk.clock().now());
        world.change(|snapshot| Ok(change(snapshot.company(), &email, &edit, now)?)).await;
        assert_eq!(person.tools("/mcp").await.len(), 4, "{email}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_becomes_an_administrator_later_needs_the_account_confirmed() {
    let (world, _recorder) = world(Kind::Sqlite, false).await;
    let chat = world.service_client(None).await;
    let alice = acting_for(&chat, ALICE);
    assert_eq!(alice.tools("/mcp").await.len(), 4);
    let edit = async |edit: UserEdit| {
        let (email, now) = (ALICE.parse().unwrap(), world.desk.clock().now());
        world.change(|snapshot| Ok(change(snapshot.company(), &email, &edit, now)?)).await;
    };
    edit(UserEdit { admin: Some(true), ..Default::default() }).await;
    assert_eq!(alice.tools("/mcp").await, Vec::<String>::new());
    let bind = vec![format!("open-webui=id-of-{ALICE}").parse().unwrap()];
    edit(UserEdit { bind, ..Default::default() }).await;
    assert_eq!(alice.tools("/mcp").await.len(), 8, "all there is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_tenant_shows_that_tenant_alone() {
    let (world, _recorder) = world(Kind::Sqlite, false).await;
    let chat = world.service_client(Some("google")).await;
    let own = [
        "google_notes_count",
        "google_notes_read_text",
        "google_notes_wait",
        "google_notes_write_text",
    ];
    for path in ["/openapi.json", "/t/google/openapi.json"] {
        let mut operations = chat.operations(path).await;
        operations.sort();
        assert_eq!(operations, own, "{path}");
    }
    assert_eq!(chat.operations("/t/microsoft/openapi.json").await, [""; 0]);
    // The key limits, the user decides.
    let bob = acting_for(&chat, "bob@microsoft.example");
    assert_eq!(bob.tools("/mcp").await, Vec::<String>::new());
    assert_eq!(
        bob.operate("/tools/microsoft_notes_read_text", json!({"text": "x"})).await.status,
        404
    );
    assert_eq!(
        bob.operate("/tools/google_notes_read_text", json!({"text": "x"})).await.status,
        404
    );
    let alice = acting_for(&chat, ALICE);
    assert_eq!(
        alice.operate("/t/google/tools/google_notes_read_text", json!({"text": "x"})).await.text,
        "x"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_flat_stable_and_cacheable() {
    let (world, _recorder) = world(Kind::Sqlite, false).await;
    let alice = world.user(ALICE).await;
    let first = alice.get("/openapi.json", &[]).await;
    let document = first.json();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().unwrap() {
        let operation = &item["post"];
        let id = operation["operationId"].as_str().unwrap();
        assert_eq!(*path, format!("/tools/{id}"));
        assert!(
            id.len() <= 55 && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        );
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(schema["type"], "object");
        assert!(schema["properties"].is_object() && !schema.to_string().contains("$ref"));
    }
    let etag = first.headers["etag"].to_str().unwrap();
    let again = alice.get("/openapi.json", &[("if-none-match", etag)]).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    let weak = format!("\"other\", W/{etag}");
    assert_eq!(alice.get("/openapi.json", &[("if-none-match", &weak)]).await.status, 304);
    assert_eq!(alice.get("/openapi.json", &[("if-none-match", "\"other\"")]).await.status, 200);
    assert_eq!(
        alice.get("/t/google/openapi.json", &[]).await.json()["servers"][0]["url"],
        "/t/google"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_are_refused_with_the_reason() {
    let (world, _recorder) = world(Kind::Sqlite, false).await;
    let alice = world.user(ALICE).await;
    let path = "/tools/google_notes_read_text";
    let deep = format!("{{\"text\":{}{}}}", "[".repeat(500), "]".repeat(500));
    for (body, status, says) in [
        ("[]", 422, "JSON object"),
        ("7", 422, "JSON object"),
        ("{", 400, "not valid JSON"),
        (deep.as_str(), 422, "nested"),
    ] {
        let answer = alice.post(path, &[], body.to_owned()).await;
        let problem: Value = answer.json();
        assert_eq!(answer.status, status, "{body}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    assert_eq!(alice.post(path, &[("content-type", "text/plain")], "{}").await.status, 415);
    // What the server says of wrong arguments reaches the caller.
    let wrong = alice.operate(path, json!({"txet": 1})).await;
    assert!(wrong.status.is_client_error() || wrong.status == 502, "{}", wrong.text);
    assert!(wrong.text.contains("text"), "{}", wrong.text);
    for (name, body) in [
        ("gatehall_search_tools", "{\"limit\":\"x\"}"),
        ("gatehall_describe_tools", "{}"),
        ("gatehall_call_tool", "{\"name\":1}"),
        ("gatehall_call_tool", "{\"name\":\"x\",\"arguments\":[]}"),
        // As they were called before.
        ("search_tools", "{\"limit\":\"x\"}"),
        ("describe_tools", "{}"),
        ("call_tool", "{\"name\":1}"),
    ] {
        assert_eq!(
            alice.post(&format!("/tools/{name}"), &[], body.to_owned()).await.status,
            422,
            "{name}"
        );
    }
}
