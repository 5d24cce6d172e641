//! What is kept as it was: values that are longer than a page shows, plans that were looked at,
//! keys that were revoked; and that people are thought of by the rules of a sign-in.

use gatehall_control::import::{Choice, read};
use gatehall_test_support::{Kind, tool};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{ADA, ALICE, MIKE, Visitor, company};
use crate::{
    on_both,
    support::{SECRET, signed},
};

on_both!(
    what_is_changed_is_not_cut,
    a_revoked_key_stays_so,
    an_import_applies_the_plan_that_was_seen,
    a_guest_is_judged_like_a_sign_in,
    memberships_are_reviewed_before_they_change,
    a_page_of_a_form_leads_to_the_form,
    undo_is_offered_while_it_works,
    what_is_found_in_the_audit_is_downloaded_whole,
);

async fn what_is_changed_is_not_cut(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let long = "long ".repeat(150) + "end";
    for path in ["/groups/google-people", "/tenants/google", "/servers/time"] {
        ada.post(path, &[("description", &long)]).await.revision();
        let page = ada.get(path).await.text;
        let (_, field) = page.split_once("name=\"description\"").unwrap();
        assert!(field.split("</textarea>").next().unwrap().ends_with(&long), "{path}");
        let view = ada.get(&format!("/api/v1{path}")).await.json();
        assert_eq!(view["description"], long.as_str(), "{path}");
    }
    // A form of a command sends its arguments along, whatever was changed.
    let command = tool("python/bin/mcp-server-time").display().to_string();
    let arguments = ["", "--local-timezone", "Europe/Berlin", " ", "a\nb", ""];
    let file = json!({"servers": [{"id": "odd", "command": command, "arguments": arguments}]});
    let entries = read("odd.json", &file.to_string()).unwrap();
    world.desk.import(&entries, Choice::default()).await.unwrap();
    world.catch_up().await;
    let sent = arguments.join("\r\n");
    let fields = [("name", "Odd"), ("command", &command), ("arguments", &sent)];
    ada.post("/servers/odd", &fields).await.revision();
    let kept = async || ada.get("/api/v1/servers/odd").await.json()["arguments"].clone();
    assert_eq!(kept().await, json!(arguments));
    let refused = ada.post("/servers/odd", &[("command", &command), ("arguments", "-v")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    assert_eq!(kept().await, json!(arguments));
    // A line end that somebody forgot to close does not become a part of a name.
    let open = [
        ("text", "email,name\na@google.example,\"abc\nb@google.example,x\n"),
        ("file_name", "a.csv"),
    ];
    let plan = ada.send(Method::POST, "/api/v1/import/plan", &open).await.json();
    assert_eq!(plan["sound"], false, "{plan}");
}

async fn a_revoked_key_stays_so(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let made = ada.send(Method::POST, "/api/v1/keys", &[("user", ALICE)]).await.json();
    let id = made["id"].as_str().unwrap();
    let revoked = ada.post(&format!("/keys/{id}/remove"), &[("confirm", id)]).await;
    let notice = ada.follow(&revoked).await.text;
    assert!(notice.contains("Revoked key"), "{notice}");
    assert!(!notice.contains("action=\"/undo\""), "{notice}");
    let undone = ada.post("/undo", &[("revision", &revoked.revision().to_string())]).await;
    assert_eq!(undone.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", undone.text);
    let key = ada.get(&format!("/api/v1/keys/{id}")).await.json();
    assert_eq!(key["key"]["state"], "revoked");
}

async fn an_import_applies_the_plan_that_was_seen(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let file = "email,groups\nbert@google.example,google-people\n";
    let mut fields = vec![("text", file), ("file_name", "a.csv")];
    let plan = ada.send(Method::POST, "/api/v1/import/plan", &fields).await.json();
    let seen = plan["seen"].as_str().unwrap().to_owned();
    // Somebody else is faster.
    ada.post("/users", &[("email", "bert@google.example")]).await.revision();
    fields.push(("seen", &seen));
    let refused = ada.send(Method::POST, "/api/v1/import", &fields).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    let shown = ada.post("/import", &fields).await;
    assert_eq!(shown.status, StatusCode::CONFLICT, "{}", shown.text);
    assert!(shown.text.contains("so this is a new one"), "{}", shown.text);
    let bert = ada.get("/api/v1/users/bert@google.example").await.json();
    assert_eq!(bert["memberships"], json!([]));
    // So it is if what the plan would change has another value by now.
    let rename = [("text", "email,name\nalice@google.example,Alicia\n"), ("file_name", "a.csv")];
    let plan = ada.send(Method::POST, "/api/v1/import/plan", &rename).await.json();
    ada.post("/users/alice@google.example", &[("name", "Alix")]).await.revision();
    let again = ada.send(Method::POST, "/api/v1/import/plan", &rename).await.json();
    assert_ne!(plan["seen"], again["seen"]);
    // The plan as it is now can be applied.
    let plan = ada.send(Method::POST, "/api/v1/import/plan", &fields).await.json();
    fields.pop();
    fields.push(("seen", plan["seen"].as_str().unwrap()));
    let applied = ada.send(Method::POST, "/api/v1/import", &fields).await;
    assert_eq!(applied.status, StatusCode::OK, "{}", applied.text);
}

async fn a_guest_is_judged_like_a_sign_in(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let said = |email: &str, groups: serde_json::Value| {
        json!({"email": email, "email_verified": true, "groups": groups}).to_string()
    };
    let ask =
        async |said: &str| ada.send(Method::POST, "/api/v1/access/guest", &[("said", said)]).await;
    let nora = said("nora@google.example", json!(["g-1"]));
    let page = ada.get("/access?user=nora@google.example").await.text;
    for part in ["no user has this email yet", "entra: it", "Open WebUI: "] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // Nobody is added, and no address believed, unless the provider is told to.
    let refused = ask(&nora).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("may vouch for"), "{}", refused.text);
    let fields = [("domains", "google.example"), ("profile", "generic"), ("add_users", "false")];
    ada.post("/providers/entra", &fields).await.revision();
    let refused = ask(&nora).await;
    assert!(refused.text.contains("No user here has the email"), "{}", refused.text);
    ada.post("/providers/entra", &[("add_users", "true")]).await.revision();
    let mapping = [("claim", "groups"), ("value", "g-1"), ("group", "google-people")];
    ada.post("/providers/entra/mappings", &mapping).await.revision();
    let person = ask(&nora).await.json()["person"].clone();
    assert_eq!(person["groups"], json!(["google-people (from entra)"]), "{person}");
    assert_eq!(person["tools"]["pages"]["total"], 2, "{person}");
    // What is denied to a group that they may be in is denied until it is known.
    ada.post("/grants", &[("users", "*"), ("connection", "google/time")]).await.revision();
    let deny = [("group", "google-people"), ("connection", "google/time"), ("effect", "deny")];
    ada.post("/grants", &deny).await.revision();
    let silent = json!({"email": "nora@google.example", "email_verified": true}).to_string();
    for (claims, unsaid, tools) in [
        (silent, json!(["entra:groups"]), 0),
        (said("nora@google.example", json!(["g-1"])), json!([]), 0),
        (said("nora@google.example", json!([])), json!([]), 2),
    ] {
        let person = ask(&claims).await.json()["person"].clone();
        let found = (&person["claims_unsaid"], &person["tools"]["pages"]["total"]);
        assert_eq!(found, (&unsaid, &json!(tools)), "{claims}: {person}");
    }
    let silent = json!({"email": "nora@google.example", "email_verified": true}).to_string();
    let page = ada.post("/access/guest", &[("said", &*silent)]).await.text;
    assert!(page.contains("groups are not known yet"), "{page}");
    // A text that holds a name is no list of names; nor does a header say groups.
    let text = ask(&said("nora@google.example", json!("g-1"))).await;
    assert_eq!(text.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", text.text);
    // A header is judged by its own door, and says no groups.
    let off = ask("X-Forwarded-User: mike@microsoft.example").await;
    assert!(off.text.contains("is not trusted here"), "{}", off.text);
    let line = |email, secret| {
        let token = signed(email, secret);
        format!("X-OpenWebUI-User-Jwt: {token}\nX-Forwarded-Groups: MCP-Admin")
    };
    let person = ask(&line(ALICE, SECRET)).await.json()["person"].clone();
    let groups = json!(["google-people (from an import)"]);
    assert_eq!((&person["email"], &person["groups"]), (&json!(ALICE), &groups));
    let manages = ask(&line(MIKE, SECRET)).await;
    assert!(manages.text.contains("an address alone"), "{}", manages.text);
    let forged = ask(&line(ALICE, "another secret, as long as that")).await;
    assert!(forged.text.contains("signature does not fit"), "{}", forged.text);
    let unknown = ask("X-User-Email: mike@microsoft.example").await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", unknown.text);
    // Nobody was added by asking.
    let users = ada.get("/api/v1/users?q=nora").await.json();
    assert_eq!(users["users"]["pages"]["total"], 0);
}

async fn memberships_are_reviewed_before_they_change(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let (old, new) = ("alice@google.example google-people", "mike@microsoft.example google-people");
    let review = async |wish: serde_json::Value| {
        let fields: Vec<(String, String)> = wish
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(name, values)| {
                let values = values.as_array().unwrap().iter();
                values.map(|it| (name.clone(), it.as_str().unwrap().to_owned()))
            })
            .collect();
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        ada.post("/members/review", &fields).await
    };
    let seen = review(json!({"add": [new], "remove": [old]})).await;
    let sum = "1 added, 1 removed, 1 person loses tools</strong>, 1 gains some.";
    assert!(seen.text.contains(sum), "{}", seen.text);
    // What is ticked on a page wins over what came along; what is so already is no change.
    let seen = review(json!({
        "add": [new], "shown": [old, new], "was": [old], "ticked": [old], "show": ["1 1"],
    }))
    .await;
    assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.text);
    let gone = "nobody@google.example google-people";
    let seen = review(json!({"add": [gone, new]})).await;
    assert!(seen.text.contains("skipped: nobody@google.example"), "{}", seen.text);
    assert!(seen.text.contains("1 added, 0 removed"), "{}", seen.text);
    // Applying takes out what became so meanwhile.
    let add = [("add", new), ("remove", "mike@microsoft.example MCP-Admin")];
    ada.post("/members", &add).await.revision();
    assert!(ada.post("/members", &add).await.location.ends_with("done=same"));
    // The last administrator stays, and what was ticked is not lost by saying so.
    let seen = review(json!({"remove": ["ada@company.example MCP-Admin"], "show": ["1 1"]})).await;
    assert_eq!(seen.status, StatusCode::OK);
    assert!(seen.text.contains("but this cannot be applied"), "{}", seen.text);
}

async fn a_page_of_a_form_leads_to_the_form(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    for (path, above) in [
        ("/members/review", "/members"),
        ("/access/guest", "/access"),
        ("/import/plan", "/import"),
        ("/tools/google_time_get_current_time/call", "/tools/google_time_get_current_time"),
        ("/connections/google/time/test", "/connections/google/time"),
        ("/undo", "/"),
    ] {
        let seen = ada.get(path).await;
        assert_eq!((seen.status, seen.location.as_str()), (StatusCode::SEE_OTHER, above));
    }
    let api = ada.get("/api/v1/undo").await;
    assert_eq!(api.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(api.json()["status"], 405);
}

async fn undo_is_offered_while_it_works(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let first = ada.post("/groups/google-people", &[("description", "first")]).await;
    let offered = async || ada.follow(&first).await.text.contains("action=\"/undo\"");
    assert!(offered().await);
    ada.post("/groups/google-people", &[("description", "second")]).await.revision();
    assert!(!offered().await, "something newer touched it");
}

async fn what_is_found_in_the_audit_is_downloaded_whole(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let file: String = (0..1500).map(|it| format!("p{it}@google.example\n")).collect();
    let fields = [("text", &*format!("email\n{file}")), ("file_name", "a.csv")];
    ada.send(Method::POST, "/api/v1/import", &fields).await;
    for path in ["/audit/export.csv", "/api/v1/audit/export.csv"] {
        let table = ada.get(&format!("{path}?q=kind:user+action:add+actor:ada")).await;
        assert_eq!(table.text.lines().count(), 1501, "{path}");
    }
}
