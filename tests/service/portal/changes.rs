//! What changes do: at once, undone, refused when somebody was faster.

use gatehall_domain::Record;
use gatehall_test_support::Kind;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{ADA, ALICE, Visitor, company, seen_in};
use crate::on_both;

on_both!(
    a_change_acts_at_once_and_can_be_undone,
    of_two_administrators_the_second_sees_both_versions,
    what_was_typed_is_not_lost,
    the_last_administrator_stays,
    credentials_and_administrators_need_a_fresh_sign_in,
    no_way_leads_round_the_fresh_sign_in,
    two_replicas_do_not_overwrite_each_other,
    pages_of_other_sites_change_nothing,
    a_key_manages_only_if_it_was_made_for_it,
    commands_are_run_only_if_they_are_allowed,
    what_is_not_said_of_a_server_stays,
);

const USER: &str = "/users/alice@google.example";

async fn a_change_acts_at_once_and_can_be_undone(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let alice = world.user(ALICE).await;
    assert_eq!(alice.tools("/mcp").await.len(), 2);

    let done = ada.post(USER, &[("enabled", "false")]).await;
    let revision = done.revision();
    // The answer came when this gate served the change.
    assert_eq!(alice.rpc("/mcp", "tools/list", json!({})).await.status, StatusCode::UNAUTHORIZED);
    let page = ada.follow(&done).await;
    assert!(page.text.contains("Disabled user alice@google.example."), "{}", page.text);
    assert!(page.text.contains("action=\"/undo\""), "{}", page.text);

    let undone = ada.post("/undo", &[("revision", &revision.to_string()), ("next", USER)]).await;
    assert_eq!(undone.revision(), revision + 1);
    assert_eq!(alice.tools("/mcp").await.len(), 2);
    // Once is enough: nothing is as the first change left it.
    let again = ada.post("/undo", &[("revision", &revision.to_string())]).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text);
    // Secrets come back, too, although no page ever shows them.
    let fields = [("placement", "environment:KEY"), ("secret", "s3cret")];
    let set = ada.post("/connections/google/time/credentials", &fields).await.revision();
    let gone = ada
        .post("/connections/google/time/credentials/remove", &[("placement", "environment:KEY")])
        .await
        .revision();
    assert_eq!(gone, set + 1);
    let sealed = async || {
        let snapshot = world.desk.snapshot().await.unwrap();
        let credential = snapshot.company().credentials.values().next().cloned();
        credential.map(|it| Record::from((*it).clone()))
    };
    assert_eq!(sealed().await, None);
    ada.post("/undo", &[("revision", &gone.to_string())]).await.revision();
    let Some(Record::Credential(credential)) = sealed().await else { panic!("it is not back") };
    let gatehall_domain::SecretSource::Sealed(bytes) = credential.secret else { panic!() };
    assert!(bytes.0.len() > 16);
}

async fn of_two_administrators_the_second_sees_both_versions(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let opened = seen_in(&ada.get("/tenants/google").await);
    ada.post("/tenants/google", &[("name", "Alphabet"), ("seen", &opened)]).await.revision();
    let late = [("name", "Googol"), ("description", "search"), ("seen", opened.as_str())];
    let refused = ada.post("/tenants/google", &late).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    for text in ["Someone else changed this", "Alphabet", "Googol", "search"] {
        assert!(refused.text.contains(text), "{text}: {}", refused.text);
    }
    // The page holds the newest version's mark, so that it can be sent again on purpose.
    let newest = seen_in(&refused);
    assert_ne!(newest, opened);
    ada.post("/tenants/google", &[("name", "Googol"), ("seen", &newest)]).await.revision();
    let api = ada
        .send(Method::PATCH, "/api/v1/tenants/google", &[("name", "x"), ("seen", &opened)])
        .await;
    assert_eq!((api.status, &api.json()["now"]["name"]), (StatusCode::CONFLICT, &json!("Googol")));
}

async fn what_was_typed_is_not_lost(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let fields =
        [("paste", "alice@google.example\nstranger@nowhere.example"), ("description", "<b>")];
    let refused = ada.post("/groups/google-people", &fields).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    for text in ["stranger@nowhere.example", "There is no user", "&#60;b&#62;", "role=\"alert\""] {
        assert!(refused.text.contains(text), "{text}: {}", refused.text);
    }
    let wrong = ada.post("/users", &[("email", "no address"), ("name", "Nora")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.text.contains("aria-invalid=\"true\"") && wrong.text.contains("Nora"),
        "{}",
        wrong.text
    );
    let api = ada.send(Method::POST, "/api/v1/users", &[("email", "no address")]).await;
    assert_eq!(
        (api.status, &api.json()["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("email"))
    );
    // Nor is it when the session ended meanwhile.
    let nobody = Visitor::nobody(&world);
    let refused = nobody.post("/users", &[("email", "nora@google.example")]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(refused.text.contains("nora@google.example"), "{}", refused.text);
    // A secret does not come back.
    let fields = [("placement", "cookie:x"), ("secret", "s3cret")];
    let wrong = ada.post("/connections/google/time/credentials", &fields).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!wrong.text.contains("s3cret"), "{}", wrong.text);
}

async fn the_last_administrator_stays(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    for (path, fields) in [
        ("/users/ada@company.example", &[("enabled", "false")][..]),
        ("/users/ada@company.example", &[("remove_groups", "MCP-Admin")]),
        ("/users/ada@company.example/remove", &[("cascade", "true")]),
        ("/groups/MCP-Admin", &[("enabled", "false")]),
        ("/groups/MCP-Admin/remove", &[("cascade", "true")]),
        ("/members", &[("remove", "ada@company.example MCP-Admin")]),
    ] {
        let refused = ada.post(path, fields).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{path} {fields:?}: {}", refused.text);
        assert!(refused.text.contains("The last administrator must stay"), "{}", refused.text);
    }
    ada.post(USER, &[("admin", "true")]).await.revision();
    ada.post("/users/ada@company.example", &[("remove_groups", "MCP-Admin")]).await.revision();
    assert_eq!(ada.get("/overview").await.status, StatusCode::FORBIDDEN);
}

async fn credentials_and_administrators_need_a_fresh_sign_in(kind: Kind) {
    let world = company(kind).await;
    let stale = Visitor::by_provider(&world, ADA, 16 * 60).await;
    let fresh = Visitor::signed_in(&world, ADA, 60).await;
    let credential = [("placement", "environment:KEY"), ("secret", "s3cret")];
    for (path, fields) in [
        ("/connections/google/time/credentials", &credential[..]),
        (USER, &[("admin", "true")]),
        (USER, &[("bind", "open-webui=an-account")]),
        ("/users/ada@company.example", &[("bind", "open-webui=an-account")]),
        ("/users", &[("email", "new@company.example"), ("admin", "true")]),
        ("/groups/MCP-Admin", &[("add_members", ALICE)]),
        ("/members", &[("add", "alice@google.example MCP-Admin")]),
        ("/keys", &[("user", ADA), ("manage", "true")]),
        ("/tenants/google/admins", &[("add", ALICE)]),
    ] {
        let refused = stale.post(path, fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}: {}", refused.text);
        assert!(refused.text.contains("again=1"), "{path}: {}", refused.text);
    }
    // The rest goes on.
    stale.post(USER, &[("name", "Alice B.")]).await.revision();
    fresh.post("/connections/google/time/credentials", &credential).await.revision();
    fresh.post(USER, &[("bind", "open-webui=an-account")]).await.revision();
    let user = fresh.get("/api/v1/users/alice@google.example").await.json();
    assert_eq!(user["identities"][0]["by_address"], false, "{user}");
}

/// What a stale session was once able to do.
async fn no_way_leads_round_the_fresh_sign_in(kind: Kind) {
    let world = company(kind).await;
    let fresh = Visitor::signed_in(&world, ADA, 60).await;
    let stale = Visitor::by_provider(&world, ADA, 16 * 60).await;
    // A membership of the administrators that comes back with their group.
    fresh.post(USER, &[("admin", "true")]).await.revision();
    fresh.post("/users/mike@microsoft.example", &[("add_groups", "MCP-Admin")]).await.revision();
    let gone = fresh.post("/groups/MCP-Admin/remove", &[("cascade", "true")]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.text);
    let alice = Visitor::by_provider(&world, ALICE, 16 * 60).await;
    let undo = [("revision", &*gone.revision().to_string())];
    assert_eq!(alice.post("/undo", &undo).await.status, StatusCode::FORBIDDEN);
    // An administrator who is disabled.
    let fresh = Visitor::signed_in(&world, ALICE, 60).await;
    fresh.post("/users/mike@microsoft.example", &[("admin", "true"), ("enabled", "false")]).await;
    let taken = [("email", "evil@nowhere.example"), ("enabled", "true")];
    let refused = alice.post("/users/mike@microsoft.example", &taken).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    // What was typed is there to be sent again.
    assert!(refused.text.contains("evil@nowhere.example"), "{}", refused.text);
    // A credential that would go elsewhere, and a key without end.
    for (path, fields) in [
        ("/connections/google/web", &[("url", "http://evil.example/")][..]),
        ("/servers/web", &[("url", "http://evil.example/")]),
        ("/me/keys", &[("name", "mine")]),
    ] {
        let refused = alice.post(path, fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}: {}", refused.text);
    }
    // Ada is no administrator any more.
    assert_eq!(stale.post(USER, &[("name", "x")]).await.status, StatusCode::FORBIDDEN);
}

async fn two_replicas_do_not_overwrite_each_other(kind: Kind) {
    let world = company(kind).await;
    let other = world.replica().await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let there = ada.at(&format!("http://{}", other.address)).await;
    let opened = seen_in(&ada.get("/tenants/google").await);
    let (first, second) =
        ([("name", "One"), ("seen", &*opened)], [("name", "Two"), ("seen", &*opened)]);
    let (one, two) =
        tokio::join!(ada.post("/tenants/google", &first), there.post("/tenants/google", &second),);
    let mut answers = [one.status, two.status];
    answers.sort();
    assert_eq!(answers, [StatusCode::SEE_OTHER, StatusCode::CONFLICT], "{} {}", one.text, two.text);
    // A page that tells of a change waits for it.
    let done = ada.post("/tenants/google", &[("name", "Three")]).await;
    let page = there.follow(&done).await;
    assert!(page.text.contains("<h1>Three</h1>"), "{}", page.text);
    assert!(page.text.contains("Changed tenant google."), "{}", page.text);
}

async fn pages_of_other_sites_change_nothing(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let before = world.desk.store().revision().await.unwrap();
    for path in [USER, "/api/v1/users", "/undo", "/me/keys", "/import/plan"] {
        let refused = ada.post_from_elsewhere(path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}: {}", refused.text);
    }
    assert_eq!(world.desk.store().revision().await.unwrap(), before);
}

async fn a_key_manages_only_if_it_was_made_for_it(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let made = ada.send(Method::POST, "/api/v1/me/keys", &[("name", "tools")]).await.json();
    let url = format!("{}/api/v1/users", world.address());
    let list = async |key: &str| {
        reqwest::Client::new().get(&url).bearer_auth(key).send().await.unwrap().status()
    };
    assert_eq!(list(made["key"].as_str().unwrap()).await, StatusCode::FORBIDDEN);
    let order = gatehall_control::operation::key::KeyOrder {
        name: "manage".into(),
        user: Some(ADA.parse().unwrap()),
        tenant: None,
        manage: true,
        expires_at: None,
    };
    let now = world.desk.clock().now();
    let add = |snapshot: &gatehall_domain::Snapshot| {
        gatehall_control::operation::key::add(snapshot.company(), &order, now)
    };
    let key = world.desk.change(add).await.unwrap();
    world.catch_up().await;
    let text = secrecy::ExposeSecret::expose_secret(&key.text).to_owned();
    assert_eq!(list(&text).await, StatusCode::OK);
    assert_eq!(list("ghk_nonsense_nonsense").await, StatusCode::UNAUTHORIZED);
}

async fn what_is_not_said_of_a_server_stays(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let shown = async || {
        let server = ada.get("/api/v1/servers/web").await.json();
        (server["transport"].as_str().unwrap().to_owned(), server["url"].clone())
    };
    let change = async |fields: &[(&str, &str)]| {
        ada.send(Method::PATCH, "/api/v1/servers/web", fields).await.status
    };
    assert_eq!(change(&[("transport", "sse")]).await, StatusCode::OK);
    assert_eq!(shown().await, ("sse".to_owned(), json!("http://127.0.0.1:9/mcp")));
    assert_eq!(change(&[("url", "http://127.0.0.1:9/other")]).await, StatusCode::OK);
    assert_eq!(shown().await, ("sse".to_owned(), json!("http://127.0.0.1:9/other")));
    assert_eq!(change(&[("arguments", "-v")]).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(change(&[("transport", "smoke")]).await, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn commands_are_run_only_if_they_are_allowed(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let refused = ada.post("/servers", &[("id", "shell"), ("command", "/bin/sh")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("GATEHALL_ALLOWED_COMMANDS"), "{}", refused.text);
    // Nor with other arguments, which are as much of a program; undo brings back what was there.
    let other = [("arguments", "--local-timezone\nUTC")];
    let refused = ada.send(Method::PATCH, "/api/v1/servers/time", &other).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    let gone = ada.post("/servers/time/remove", &[("cascade", "true")]).await.revision();
    ada.post("/undo", &[("revision", &gone.to_string())]).await.revision();
    assert_eq!(ada.get("/api/v1/servers/time").await.json()["transport"], "stdio");
    let file = "[[servers]]\nid = \"shell\"\ncommand = \"/bin/sh\"\n";
    let fields = [("text", file), ("file_name", "a.toml")];
    let refused = ada.send(Method::POST, "/api/v1/import", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
}
