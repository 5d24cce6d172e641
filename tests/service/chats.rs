//! Open WebUIs whose accounts change, of which there are several, or whose secret does not fit.

use gatehall_control::{
    operation::{
        account::unbind_all,
        user::{UserEdit, change},
    },
    said_of_chats, serving,
};
use gatehall_domain::{Health, RefusedAccount};
use gatehall_identity::{ChatScene, chat_findings};
use gatehall_store::{Event, EventFilter};
use gatehall_test_support::Kind;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    on_both,
    support::{Client, Recorder, SECRET, World, eventually, signed_as, told},
};

on_both!(
    a_new_account_of_somebody_is_told_to_them_and_to_administrators,
    of_several_open_webuis_each_names_its_own_users,
    a_secret_that_does_not_fit_is_told_with_where_it_came_from,
    gates_with_different_secrets_are_found,
);

const ALICE: &str = "alice@google.example";
const BOB: &str = "bob@microsoft.example";
const SALES: &str = "the secret of sales, long enough";

/// The folder holds the file of its second Open WebUI.
async fn world(kind: Kind) -> (World, Recorder, TempDir) {
    let recorder = Recorder::start().await;
    let company = json!({
        "tenants": [{"id": "google"}, {"id": "microsoft"}],
        "servers": [{"id": "notes", "url": recorder.url()}],
        "connections": [{"tenant": "google", "server": "notes"}, {"tenant": "microsoft", "server": "notes"}],
        "users": [{"email": ALICE}, {"email": BOB}],
        "grants": [{"user": ALICE, "tenant": "google"}, {"user": BOB, "tenant": "microsoft"}],
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.toml");
    let sales =
        format!("[open-webui-sales]\nsecret = \"{SALES}\"\ndomains = [\"microsoft.example\"]\n");
    std::fs::write(&file, sales).unwrap();
    let world = World::with(kind, company, |it| it.doors.open_webuis = Some(file.clone())).await;
    world.has_tools(8).await;
    (world, recorder, folder)
}

/// A chat's user with this account.
fn with_account(chat: &Client, account: &str, email: &str, secret: &str) -> Client {
    chat.with("x-openwebui-user-jwt", &signed_as(account, email, secret))
}

async fn refusals(world: &World, rule: &str) -> Vec<Event> {
    let filter = EventFilter { limit: 50, ..Default::default() };
    let mut events = world.desk.store().events(&filter).await.unwrap();
    events.retain(|it| it.reason.as_deref().is_some_and(|reason| reason.starts_with(rule)));
    events
}

async fn refused_accounts(world: &World) -> Vec<RefusedAccount> {
    eventually("the gates hear of the account", async || {
        let now = world.desk.clock().now();
        let found = world.desk.store().refused_accounts(now).await.unwrap();
        (!found.is_empty()).then_some(found)
    })
    .await
}

async fn a_new_account_of_somebody_is_told_to_them_and_to_administrators(kind: Kind) {
    let (world, recorder, _folder) = world(kind).await;
    let chat = world.service_client(None).await;
    assert_eq!(with_account(&chat, "old", ALICE, SECRET).tools("/mcp").await.len(), 4);

    // The person: no error, which a chat would not show, but words, in every way of asking.
    let alice = with_account(&chat, "new", ALICE, SECRET);
    for path in ["/mcp", "/mcp/google", "/mcp/google/notes"] {
        assert_eq!(alice.tools(path).await, Vec::<String>::new(), "{path}");
    }
    let text = told(&alice).await;
    for part in
        [ALICE, "another account of open-webui", "ask an administrator", "--unbind open-webui"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    let legacy = alice.rpc("/mcp", "initialize", hello).await.json();
    assert_eq!(legacy["result"]["instructions"], text.as_str(), "{legacy}");
    let call = json!({"name": "google_notes_write_text", "arguments": {"text": "x"}});
    let called = alice.modern("/mcp", "tools/call", call.clone()).await.json();
    assert_eq!(called["error"]["message"], text.as_str(), "{called}");
    let called = alice.operate("/tools/google_notes_write_text", json!({"text": "x"})).await;
    assert_eq!(called.status, 403, "{}", called.text);
    let problem = called.json();
    assert!(problem["detail"].as_str().unwrap().contains("--unbind open-webui"), "{problem}");
    let calls = recorder.seen().into_iter().filter(|it| it.headers.contains("tools/call"));
    assert_eq!(calls.count(), 0, "nothing was done for the account");

    // The administrators: the audit once, however often it is tried, and the list of accounts.
    let found = eventually("the audit has it", async || {
        let found = refusals(&world, "person.other-account").await;
        (!found.is_empty()).then_some(found)
    })
    .await;
    assert_eq!(found.len(), 1, "{found:?}");
    let reason = found[0].reason.as_deref().unwrap();
    assert!(reason.contains(&format!("as {ALICE}, from 127.0.0.1")), "{reason}");
    assert_eq!((found[0].actor.as_str(), found[0].door.as_deref()), ("nobody", Some("open-webui")));
    let refused = refused_accounts(&world).await;
    let snapshot = world.desk.snapshot().await.unwrap();
    let user = snapshot.company().user_by_email(&ALICE.parse().unwrap()).unwrap().id;
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!((refused[0].user, refused[0].subject.as_str()), (user, "new"));
    assert!(refused[0].is_open(snapshot.company()));

    // Nothing heals by itself; an administrator decides.
    let users = [ALICE.parse().unwrap()];
    world.change(|it| Ok(unbind_all(it.company(), "open-webui", Some(&users))?)).await;
    assert_eq!(alice.tools("/mcp").await.len(), 4);
    let snapshot = world.desk.snapshot().await.unwrap();
    assert!(!refused[0].is_open(snapshot.company()), "nobody has to decide any more");
    let old = with_account(&chat, "old", ALICE, SECRET);
    assert_eq!(old.tools("/mcp").await, Vec::<String>::new(), "and the old one is out");
}

async fn of_several_open_webuis_each_names_its_own_users(kind: Kind) {
    let (world, _recorder, _folder) = world(kind).await;
    let chat = world.service_client(None).await;
    let ask = async |secret: &str, email: &str| {
        with_account(&chat, "same id", email, secret).tools("/mcp").await.len()
    };
    assert_eq!(ask(SECRET, ALICE).await, 4);
    // The same id of another is another account, and may not take the address along.
    assert_eq!(ask(SALES, BOB).await, 4);
    let snapshot = world.desk.snapshot().await.unwrap();
    let company = snapshot.company();
    let user = |email: &str| company.user_by_email(&email.parse().unwrap()).unwrap().id;
    let at = |issuer: &str| company.user_by_identity(issuer, "same id").unwrap().id;
    assert_eq!(at("open-webui"), user(ALICE));
    assert_eq!(at("open-webui-sales"), user(BOB));
    let foreign = with_account(&chat, "other id", ALICE, SALES);
    assert_eq!(foreign.tools("/mcp").await, Vec::<String>::new());
    let text = told(&foreign).await;
    assert!(text.contains("may not vouch") && text.contains("open-webui-sales=other id"), "{text}");

    // Accounts of one are bound and unbound by its name, and those of the other stay.
    let (email, now) = (ALICE.parse().unwrap(), world.desk.clock().now());
    let bind = vec!["open-webui-sales=other id".parse().unwrap()];
    let edit = UserEdit { bind, ..Default::default() };
    world.change(|it| Ok(change(it.company(), &email, &edit, now)?)).await;
    assert_eq!(foreign.tools("/mcp").await.len(), 4);
    world.change(|it| Ok(unbind_all(it.company(), "open-webui-sales", None)?)).await;
    assert_eq!(foreign.tools("/mcp").await, Vec::<String>::new());
    assert_eq!(ask(SECRET, ALICE).await, 4);
}

/// What is wrong with Open WebUIs, as the doctor and the overview say it.
async fn bad(world: &World) -> Vec<String> {
    let now = world.desk.clock().now();
    let gates = serving(world.desk.store(), now).await.unwrap();
    let scene = ChatScene { own: Vec::new(), gates: said_of_chats(&gates).collect() };
    let snapshot = world.desk.snapshot().await.unwrap();
    let found = chat_findings(&scene, snapshot.company(), now);
    let bad = found.into_iter().filter(|it| it.state == Health::Bad);
    bad.map(|it| format!("{}; {}", it.found, it.remedy)).collect()
}

async fn a_secret_that_does_not_fit_is_told_with_where_it_came_from(kind: Kind) {
    let (world, _recorder, _folder) = world(kind).await;
    let chat = world.service_client(None).await;
    let forged = with_account(&chat, "old", ALICE, "a secret of another, long enough");
    for _ in 0..3 {
        let refused = forged.rpc("/mcp", "tools/list", json!({})).await;
        assert_eq!(refused.status, 401, "{}", refused.text);
        assert!(refused.text.contains("FORWARD_USER_INFO_HEADER_JWT_SECRET"), "{}", refused.text);
    }
    let found = eventually("the gates hear of it", async || {
        let found = bad(&world).await;
        found.iter().any(|it| it.contains(" 3 of its user headers")).then_some(found)
    })
    .await;
    assert_eq!(found.len(), 1, "{found:?}");
    for part in
        ["with the key test from 127.0.0.1", "GATEHALL_OPEN_WEBUI_SECRET", "open-webui-sales "]
    {
        assert!(found[0].contains(part), "{part}: {found:?}");
    }
    assert!(!found[0].contains(SECRET) && !found[0].contains(SALES), "{found:?}");
    eventually("the audit has it", async || {
        (!refusals(&world, "open-webui.secret").await.is_empty()).then_some(())
    })
    .await;
}

async fn gates_with_different_secrets_are_found(kind: Kind) {
    let (world, _recorder, _folder) = world(kind).await;
    let _chat = world.service_client(None).await;
    let folder = tempfile::tempdir().unwrap();
    // The same secrets elsewhere are well.
    let same = world.elsewhere(folder.path(), |_| ()).await.unwrap();
    same.stop(std::future::pending()).await;
    // One that was set may be on its way to all gates, one after the other.
    let other = world
        .elsewhere(folder.path(), |it| {
            it.open_webui_secret = Some("the next secret, as long".into())
        })
        .await
        .unwrap();
    let found = eventually("the gates differ", async || bad(&world).await.pop()).await;
    assert!(found.contains("the gates have different secrets"), "{found}");
    other.stop(std::future::pending()).await;
    eventually("the gate that differed is gone", async || {
        bad(&world).await.is_empty().then_some(())
    })
    .await;

    // One that a gate makes up for itself never is, where others are on the same database.
    let own = tempfile::tempdir().unwrap();
    let made_up = world.elsewhere(own.path(), |it| {
        it.open_webui_secret = None;
        it.doors.open_webuis = None;
        it.doors.open_webui_domains = Default::default();
    });
    match (kind, made_up.await) {
        (Kind::Postgres, Err(error)) => {
            let said = format!("{error:#}");
            assert!(said.contains("set GATEHALL_OPEN_WEBUI_SECRET"), "{said}");
        }
        (Kind::Sqlite, Ok(gate)) => gate.stop(std::future::pending()).await,
        (kind, answer) => panic!("{kind:?}: {:?}", answer.map(|it| it.address)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_refuses_an_open_webui_that_is_called_like_a_provider() {
    let recorder = Recorder::start().await;
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "notes", "url": recorder.url()}],
        "connections": [{"tenant": "google", "server": "notes"}],
        "providers": [{"id": "entra", "issuer": "http://127.0.0.1:9", "client_id": "x", "enabled": false}],
    });
    let world = World::new(Kind::Sqlite, company).await;
    // Before the name was reserved it could be a provider's.
    let rename =
        "update providers set id = 'open-webui-sales'; update revision set number = number + 1";
    gatehall_test_support::sql(&world.database, rename);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.toml");
    std::fs::write(&file, format!("[open-webui-sales]\nsecret = \"{SALES}\"\n")).unwrap();
    let refused = world.elsewhere(folder.path(), |it| it.doors.open_webuis = Some(file.clone()));
    let error = refused.await.map(|it| it.address).unwrap_err();
    assert!(format!("{error:#}").contains("a provider has the id open-webui-sales"), "{error:#}");
}
