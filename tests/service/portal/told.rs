//! What pages say, once and of the right thing, and where they lead.

use gatehall_control::{
    import::{Choice, read},
    operation::tenant::{TenantEdit, change},
};
use gatehall_test_support::Kind;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{ADA, ALICE, Visitor, company};
use crate::{
    on_both,
    support::{Rascal, World, eventually},
};

on_both!(
    what_was_done_is_told_once,
    a_name_with_wildcards_hides_that_tool_alone,
    a_page_leads_only_to_pages_of_ours,
    what_is_named_twice_counts_once,
    a_service_key_says_how_open_webui_is_set_up,
    a_new_connection_is_followed,
    a_remedy_leads_to_a_form,
);

async fn what_was_done_is_told_once(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let done = ada.post("/groups/google-people", &[("description", "x")]).await;
    let first = ada.follow(&done).await;
    assert!(first.text.contains("Changed group google-people."), "{}", first.text);
    let forgotten =
        first.cookies.iter().any(|it| it.contains("gatehall_told_") && it.contains("Max-Age=0"));
    assert!(forgotten, "{:?}", first.cookies);
    // Loaded anew, or gone back to, by a browser that did as it was told.
    let again = ada.get(&done.location).await;
    assert!(!again.text.contains("Changed group"), "{}", again.text);
    // Nobody has another page say something by an address.
    let led = ada.get("/groups/google-people?done=ended").await;
    assert!(!led.text.contains("The sessions have ended"), "{}", led.text);
}

async fn a_name_with_wildcards_hides_that_tool_alone(kind: Kind) {
    let tool = |name: &str| json!({"name": name, "inputSchema": {"type": "object"}});
    let server = Rascal::start(vec![tool("*"), tool("a?"), tool("ab"), tool("read")]).await;
    let world = World::new(
        kind,
        json!({
            "servers": [{"id": "odd", "url": server.url, "access": "public"}],
            "connections": [{"server": "odd"}],
            "users": [{"email": ADA, "admin": true}, {"email": ALICE}],
        }),
    )
    .await;
    world.has_tools(4).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let alice = world.user(ALICE).await;
    let all = alice.tools("/mcp").await;
    assert_eq!(all.len(), 4);
    let list = ada.get("/api/v1/tools").await.json();
    let rows = list["tools"]["rows"].as_array().unwrap();
    for (own, left) in [("*", 3), ("a?", 2)] {
        let mut public = None;
        for row in rows {
            let path = format!("/api/v1/tools/{}", row["name"].as_str().unwrap());
            let shown = ada.get(&path).await.json();
            if shown["own_name"] == own {
                public = Some((path, shown));
            }
        }
        let (path, shown) = public.unwrap();
        assert_eq!(shown["hideable"], true, "{shown}");
        let page = path.strip_prefix("/api/v1").unwrap();
        ada.post(&format!("{page}/hide"), &[("hidden", "true")]).await.revision();
        assert_eq!(alice.tools("/mcp").await.len(), left, "{own}");
        assert_eq!(ada.get(&path).await.json()["hidden"], true);
    }
    // As a file it says the same.
    let file = ada.get("/api/v1/export").await.json();
    let tools: Vec<_> = file["grants"].as_array().unwrap().iter().map(|it| &it["tools"]).collect();
    assert!(tools.contains(&&json!("\\*")) && tools.contains(&&json!("a\\?")), "{file}");
    let entries = read("company.json", &file.to_string()).unwrap();
    let plan = world.desk.plan(&entries, Choice::default()).await.unwrap();
    assert_eq!(plan.count("unchanged"), plan.rows.len(), "{plan:?}");
}

async fn a_page_leads_only_to_pages_of_ours(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    for referer in [
        "http://gate//evil.example/x",
        "http://gate/%09/evil.example\\x",
        "http://gate///evil.example",
    ] {
        let form = ada.from(referer, "/users", "email=nobody").await;
        assert_eq!(form.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!form.text.contains("href=\"//"), "{referer}: {}", form.text);
    }
    let kept = ada.from("http://gate/users?q=a", "/users", "email=nobody").await;
    assert!(kept.text.contains("href=\"/users?q=a\""), "{}", kept.text);
    for next in ["//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example"] {
        let preference = ada.post("/me/preferences", &[("scheme", "dark"), ("next", next)]).await;
        assert_eq!(preference.location, "/", "{next:?}");
    }
    let fields = [("add", "alice@google.example MCP-Admin"), ("back", "/members\\evil")];
    let members = ada.post("/members", &fields).await;
    assert!(members.location.starts_with("/members?done="), "{}", members.location);
}

async fn what_is_named_twice_counts_once(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let paste =
        "mike@microsoft.example\ntina@google.example, Mike@Microsoft.example\nalice@google.example";
    let done = ada.post("/groups/google-people", &[("paste", paste)]).await;
    let page = ada.follow(&done).await.text;
    assert!(page.contains("One duplicate address was ignored"), "{page}");
    let group = ada.get("/api/v1/groups/google-people").await.json();
    assert_eq!(group["members"]["pages"]["total"], 3, "{group}");
    let user = json!({"email": "new@google.example", "groups": ["google-people", "Google-People"]});
    ada.api(Method::POST, "/api/v1/users", &user).await;
    let left = json!({"remove_groups": ["google-people", "google-people"]});
    ada.api(Method::PATCH, "/api/v1/users/new@google.example", &left).await;
    let (tenant, now) = ("google".parse().unwrap(), world.desk.clock().now());
    let edit = || TenantEdit {
        add_admins: [ALICE, ALICE].map(|it| it.parse().unwrap()).into(),
        ..TenantEdit::default()
    };
    world.change(|snapshot| Ok(change(snapshot.company(), &tenant, edit(), now)?)).await;
}

async fn a_service_key_says_how_open_webui_is_set_up(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let made = ada.post("/keys", &[("name", "chat")]).await.text;
    let id = made.split("ghk_").nth(1).unwrap().split('_').next().unwrap().to_owned();
    let key = ada.get(&format!("/keys/{id}")).await.text;
    for page in [&made, &key] {
        for said in [
            "FORWARD_USER_INFO_HEADER_JWT_SECRET",
            "FORWARD_USER_INFO_HEADER_JWT_EXPIRES_SECONDS=3600",
            "GATEHALL_OPEN_WEBUI_SECRET",
            "/mcp</code>",
            "<dt>Name</dt>",
            "<dt>Access Control</dt>",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!page.contains(crate::support::SECRET), "{page}");
    }
    let own = ada.post("/keys", &[("user", ALICE)]).await.text;
    assert!(!own.contains("FORWARD_USER_INFO"), "{own}");
}

async fn a_new_connection_is_followed(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    // A server that takes the request and says no more.
    let server = Rascal::start(vec![json!({"name": "a", "inputSchema": {"type": "object"}})]).await;
    server.behave(crate::support::Whim::Silent);
    let fields = [("id", "slow"), ("transport", "streamable-http"), ("url", &*server.url)];
    ada.post("/servers", &fields).await.revision();
    ada.post("/connections", &[("tenant", "google"), ("server", "slow")]).await.revision();
    let page = ada.get("/connections/google/slow").await.text;
    assert!(page.contains("hx-select=\"#state\"") && page.contains("not checked yet"), "{page}");
    server.behave(crate::support::Whim::Good);
    let settled = ada.get("/connections/google/time").await.text;
    assert!(
        settled.contains("id=\"state\"") && !settled.contains("hx-select=\"#state\""),
        "{settled}"
    );
    eventually("the server was asked", async || (server.asked() > 0).then_some(())).await;
}

async fn a_remedy_leads_to_a_form(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let page = ada.post("/settings/doctor", &[]).await.text;
    assert!(page.contains("href=\"/providers/entra\""), "{page}");
    assert!(!page.contains("gatehall provider"), "{page}");
    let found = ada.send(Method::POST, "/api/v1/settings/doctor", &[]).await.json();
    assert!(found.to_string().contains("gatehall provider change entra"), "programs: {found}");
    let file = json!({"connections": [{
        "tenant": "google", "server": "web",
        "credentials": [{"placement": "header:Authorization:Bearer"}],
    }]});
    let plan = ada.post_file("/import/plan", "a.json", file.to_string().as_bytes()).await.text;
    assert!(plan.contains("href=\"/connections/google/web\""), "{plan}");
    assert!(!plan.contains("gatehall connection change"), "{plan}");
}
