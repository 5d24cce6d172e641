//! Open WebUI set up from the portal.

use gatehall::settings::ServeSettings;
use gatehall_test_support::{Kind, end_lock_holders};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADA, Visitor, company, company_with, seen_in};
use crate::{
    on_both,
    support::{
        World,
        open_webui::{API_KEY, HEADER, INES, OpenWebUi, PASSWORD},
    },
};

on_both!(
    a_plan_is_shown_applied_and_taken_back,
    one_that_has_two_addresses_is_set_up_once,
    what_is_typed_is_used_once_and_kept_nowhere,
    the_gates_own_proof_goes_nowhere_but_to_its_address,
    nothing_is_done_without_a_fresh_sign_in,
    a_plan_that_is_another_by_now_is_shown_again,
    open_webui_being_in_the_way_is_said_in_words,
    programs_do_the_same,
    a_refused_form_has_all_that_has_to_be_chosen,
    the_page_speaks_of_no_command,
    what_was_imported_by_hand_is_looked_at_as_that,
);

const PLAN: &str = "/open-webui/plan";
const APPLY: &str = "/open-webui/apply";

/// The gate reaches this one, and signs in by the trusted header.
fn reached(chat: &OpenWebUi) -> impl Fn(&mut ServeSettings) + use<> {
    chat.inside().believes = true;
    let url = chat.url.clone();
    move |settings| {
        let wiring = &mut settings.wiring;
        wiring.open_webui_url = url.parse().ok();
        wiring.proof.0.open_webui_admin_email = INES.parse().ok();
        wiring.proof.0.open_webui_trusted_header = Some(HEADER.into());
    }
}

async fn a_plan_is_shown_applied_and_taken_back(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let world = company_with(kind, reached(&chat)).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let page = ada.get("/open-webui").await;
    assert!(
        page.text.contains(&chat.url) && page.text.contains("not set up from here"),
        "{}",
        page.text
    );
    let gate = world.address();
    let form = [("url", chat.url.as_str()), ("gate", &gate), ("access", "everybody")];
    let plan = ada.post(PLAN, &form).await;
    assert_eq!(plan.status, StatusCode::OK, "{}", plan.text);
    for expected in ["google-people", "gatehall", "a service key", "gpt"] {
        assert!(plan.text.contains(expected), "{expected}: {}", plan.text);
    }
    assert!(chat.inside().connections.is_empty() && chat.inside().groups.is_empty());
    let seen = seen_in(&plan);
    let applied = ada.post(APPLY, &[form.as_slice(), &[("seen", seen.as_str())]].concat()).await;
    assert_eq!(applied.status, StatusCode::SEE_OTHER, "{}", applied.text);
    assert!(ada.follow(&applied).await.text.contains("has been set up as planned"));
    assert_eq!(chat.members("google-people"), Some(vec!["alice".to_owned()]));
    let made = chat.inside().connections[0].clone();
    assert_eq!(made["url"], format!("{gate}/mcp"));
    assert!(made["key"].as_str().unwrap().starts_with("ghk_"), "{made}");
    // A second time there is nothing to do; what was decided stays the form's.
    let again = ada.post(PLAN, &[("url", chat.url.as_str())]).await;
    assert!(again.text.contains("Everything is as it should be"), "{}", again.text);
    let page = ada.get("/open-webui").await;
    assert!(page.text.contains("Undo the setup") && page.text.contains(&gate), "{}", page.text);
    // Nothing goes before it was said twice.
    let shown = ada.post("/open-webui/undo", &[("url", chat.url.as_str())]).await;
    assert!(shown.text.contains("it is revoked"), "{}", shown.text);
    assert_eq!(chat.inside().connections.len(), 1);
    let back = [("url", chat.url.as_str()), ("apply", "true")];
    let taken = ada.post("/open-webui/undo", &back).await;
    assert!(ada.follow(&taken).await.text.contains("setup of Open WebUI has been undone"));
    let inside = chat.inside();
    assert!(inside.connections.is_empty() && inside.groups.is_empty(), "it is as it was before");
}

async fn one_that_has_two_addresses_is_set_up_once(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let gate = world.address();
    fn form<'f>(url: &'f str, gate: &'f str) -> [(&'f str, &'f str); 4] {
        [("url", url), ("gate", gate), ("access", "everybody"), ("token", API_KEY)]
    }
    let plan = ada.post(PLAN, &form(&chat.url, &gate)).await;
    let seen = seen_in(&plan);
    let apply = async |url: &str| {
        ada.post(APPLY, &[form(url, &gate).as_slice(), &[("seen", seen.as_str())]].concat()).await
    };
    let applied = apply(&chat.url).await;
    assert_eq!(applied.status, StatusCode::SEE_OTHER, "{}", applied.text);
    let before = chat.inside().connections.clone();
    let other = chat.url.replace("127.0.0.1", "localhost");
    let plan = ada.post(PLAN, &form(&other, &gate)).await;
    assert!(plan.text.contains("nothing is done under a different one"), "{}", plan.text);
    assert!(!plan.text.contains("name=\"seen\""), "there is nothing to apply: {}", plan.text);
    let refused = apply(&other).await;
    assert!(!refused.status.is_success() && !refused.status.is_redirection());
    assert!(refused.text.contains("nothing is done under a different one"), "{}", refused.text);
    assert_eq!(chat.inside().connections, before);
    let snapshot = world.desk.snapshot().await.unwrap();
    let keys = snapshot.company().keys.values();
    assert_eq!(keys.filter(|it| it.name.starts_with("Open WebUI")).count(), 1);
}

async fn what_is_typed_is_used_once_and_kept_nowhere(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    for (proof, secret) in [
        (vec![("token", API_KEY)], API_KEY),
        (vec![("email", INES), ("password", PASSWORD)], PASSWORD),
    ] {
        let form = [&[("url", chat.url.as_str())], proof.as_slice()].concat();
        let plan = ada.post(PLAN, &form).await;
        assert_eq!(plan.status, StatusCode::OK, "{}", plan.text);
        assert!(!plan.text.contains(secret), "the plan shows it: {}", plan.text);
        // Without it nothing is applied.
        let without = [("url", chat.url.as_str()), ("seen", &seen_in(&plan))];
        let refused = ada.post(APPLY, &without).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert!(refused.text.contains("the gate itself has no proof"), "{}", refused.text);
        // A form that comes back has all that was typed but that.
        let wrong = [form.as_slice(), &[("openapi", "nowhere")]].concat();
        let back = ada.post(PLAN, &wrong).await;
        assert!(back.text.contains("there is no tenant nowhere"), "{}", back.text);
        assert!(back.text.contains(&chat.url) && !back.text.contains(secret), "{}", back.text);
    }
    let wrong = [("url", chat.url.as_str()), ("email", INES), ("password", "a guess of mine")];
    let back = ada.post(PLAN, &wrong).await;
    assert!(back.text.contains("refuses the e-mail address or the password"), "{}", back.text);
    assert!(!back.text.contains("a guess of mine"), "{}", back.text);
    // Each session that was begun there was ended.
    let (begun, ended) =
        (chat.count("POST /api/v1/auths/signin"), chat.count("POST /api/v1/auths/signout"));
    assert_eq!(begun - 1, ended);
    let events = ada.get("/api/v1/audit").await.text;
    assert!(!events.contains(API_KEY) && !events.contains(PASSWORD), "{events}");
}

async fn the_gates_own_proof_goes_nowhere_but_to_its_address(kind: Kind) {
    let (chat, other) = (OpenWebUi::start().await, OpenWebUi::start().await);
    other.inside().believes = true;
    let world = company_with(kind, reached(&chat)).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    for path in [PLAN, APPLY, "/open-webui/check", "/open-webui/undo"] {
        let refused = ada.post(path, &[("url", other.url.as_str())]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", refused.text);
    }
    assert!(other.inside().asked.is_empty(), "{:?}", other.inside().asked);
    // Nor can a page name whom a trusted header names.
    let named = ada.post(PLAN, &[("url", other.url.as_str()), ("email", INES)]).await;
    assert_eq!(named.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", named.text);
    assert!(other.inside().asked.is_empty());
}

async fn nothing_is_done_without_a_fresh_sign_in(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let world = company_with(kind, reached(&chat)).await;
    let stale = Visitor::by_provider(&world, ADA, 16 * 60).await;
    for path in [PLAN, APPLY, "/open-webui/check", "/open-webui/undo"] {
        let refused = stale.post(path, &[("url", chat.url.as_str()), ("apply", "true")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}: {}", refused.text);
        let refused = stale.send(Method::POST, &format!("/api/v1{path}"), &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}: {}", refused.text);
    }
    assert!(chat.inside().asked.is_empty(), "{:?}", chat.inside().asked);
    assert!(stale.get("/open-webui").await.text.contains("older than 15 minutes"));
}

async fn a_plan_that_is_another_by_now_is_shown_again(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let world = company_with(kind, reached(&chat)).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let form = [("url", chat.url.as_str())];
    let seen = seen_in(&ada.post(PLAN, &form).await);
    ada.post("/groups", &[("group", "newcomers")]).await.revision();
    let sent = [form.as_slice(), &[("seen", seen.as_str())]].concat();
    let moved = ada.post(APPLY, &sent).await;
    assert_eq!(moved.status, StatusCode::CONFLICT, "{}", moved.text);
    assert!(moved.text.contains("so this is a new one") && moved.text.contains("newcomers"));
    assert!(chat.inside().groups.is_empty() && chat.inside().connections.is_empty());
    let api = ada.send(Method::POST, &format!("/api/v1{APPLY}"), &sent).await;
    assert_eq!(api.status, StatusCode::CONFLICT, "{}", api.text);
}

async fn open_webui_being_in_the_way_is_said_in_words(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let world = company_with(kind, reached(&chat)).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let nobody = ada.post(PLAN, &[("url", "http://127.0.0.1:9"), ("token", "sk-1")]).await;
    assert_eq!(nobody.status, StatusCode::BAD_GATEWAY, "{}", nobody.text);
    assert!(nobody.text.contains("There is a problem with Open WebUI"), "{}", nobody.text);
    assert!(nobody.text.contains("reaches?</p>"), "{}", nobody.text);
    for (field, value, says) in [
        ("groups", "nosuch\u{202e}", "there is no group &#34;nosuch&#34;"),
        ("token", "two words", "one word of visible characters"),
    ] {
        let wrong = ada.post(PLAN, &[("url", chat.url.as_str()), (field, value)]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);
        assert!(wrong.text.contains(says), "{}", wrong.text);
    }
    let pasted = format!(" {API_KEY}\r\n");
    let plan = ada.post(PLAN, &[("url", chat.url.as_str()), ("token", &pasted)]).await;
    assert_eq!(plan.status, StatusCode::OK, "{}", plan.text);
    chat.inside().is_away = true;
    let away = ada.post(PLAN, &[("url", chat.url.as_str())]).await;
    assert_eq!(away.status, StatusCode::BAD_GATEWAY, "{}", away.text);
    for (field, value) in [
        ("url", "chat:8080"),
        ("gate", "ftp://gate"),
        ("access", "groups"),
        ("chat", "open-webui-other"),
        ("openapi", "no such"),
    ] {
        let wrong = ada.post(PLAN, &[("token", "sk-1"), (field, value)]).await;
        let status = wrong.status;
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY || status == StatusCode::BAD_GATEWAY);
    }
}

/// What the API answers, which has to be taken.
async fn asked(visitor: &Visitor, what: &str, body: &Value) -> Value {
    visitor.api(Method::POST, &format!("/api/v1/open-webui/{what}"), body).await.json()
}

/// A server may end the connection that holds the lock at any time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_no_longer_alone_there_goes_no_further() {
    for (at, groups) in [("GET /api/v1/models/all", 0), ("POST /api/v1/groups/create", 1)] {
        let chat = OpenWebUi::start().await;
        let world = company_with(Kind::Postgres, reached(&chat)).await;
        let ada = Visitor::signed_in(&world, ADA, 0).await;
        let database = world.database.url.clone();
        let lose = move || assert_eq!(end_lock_holders(&database), 1);
        chat.inside().before = Some((at, Box::new(lose)));
        let gate = world.address();
        let seen = ada.send(Method::POST, "/api/v1/open-webui/apply", &[("gate", &gate)]).await;
        assert!(chat.inside().before.is_none(), "{at}: {:?}", chat.inside().asked);
        assert!(seen.status.is_server_error(), "{at}: {}", seen.text);
        assert_eq!(chat.inside().groups.len(), groups, "{at}");
        assert!(chat.inside().connections.is_empty() && chat.inside().models.is_empty(), "{at}");
        // Somebody else can do it now.
        let again = ada.send(Method::POST, "/api/v1/open-webui/apply", &[("gate", &gate)]).await;
        assert!(again.status.is_success(), "{at}: {}", again.text);
        assert_eq!(chat.inside().connections.len(), 1, "{at}");
    }
}

async fn programs_do_the_same(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let world: World = company_with(kind, reached(&chat)).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let order = json!({"gate": world.address(), "access": "groups", "groups": ["google-people"],
        "open_models": true});
    let plan = asked(&ada, "plan", &order).await;
    assert_eq!(plan["done"], false, "{plan}");
    assert!(chat.inside().connections.is_empty());
    let mut sent = order.clone();
    sent["seen"] = plan["seen"].clone();
    assert_eq!(asked(&ada, "apply", &sent).await["done"], true);
    assert_eq!(asked(&ada, "plan", &json!({})).await["done"], true, "what was decided is kept");
    let grants = chat.inside().connections[0]["config"]["access_grants"].clone();
    assert_eq!(grants[0]["principal_type"], "group", "{grants}");
    let state = ada.get("/api/v1/open-webui").await.json();
    assert_eq!(state["chats"][0]["set_up"]["groups"], json!(["google-people"]), "{state}");
    assert!(!state.to_string().contains(API_KEY) && state.to_string().contains("ghk_\u{2026}"));
    // Somebody is made who asks, and is removed again.
    let findings = asked(&ada, "check", &json!({})).await;
    let bad = |it: &&Value| it["state"] == "bad";
    let all = findings["findings"].as_array().unwrap();
    assert_eq!(all.iter().filter(bad).count(), 0, "{findings:#}");
    let said = findings.to_string();
    assert!(said.contains("the gate accepts what Open WebUI signs"), "{findings:#}");
    assert_eq!(chat.inside().accounts.len(), 2);
    let undone = asked(&ada, "undo", &json!({"apply": true})).await;
    assert_eq!(undone["done"], true, "{undone}");
    assert!(chat.inside().connections.is_empty() && chat.inside().groups.is_empty());
}

async fn a_refused_form_has_all_that_has_to_be_chosen(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let world = company_with(kind, reached(&chat)).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let form = [
        ("url", chat.url.as_str()),
        ("access", "groups"),
        ("models", "all"),
        ("open_models", "true"),
        ("openapi", ""),
    ];
    let refused = ada.post(PLAN, &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    for expected in [
        r#"name="groups" multiple"#,
        "<option>google-people</option>",
        "URL of Open WebUI, as seen from the gate",
        r#"<option value="all" selected>With every model</option>"#,
        r#"<option value="true" selected>Yes</option>"#,
        "Members of the groups below",
        "Tenants that also get a connection of type OpenAPI",
    ] {
        assert!(refused.text.contains(expected), "{expected}: {}", refused.text);
    }
    let mended = [form.as_slice(), &[("groups", "google-people")]].concat();
    assert_eq!(ada.post(PLAN, &mended).await.status, StatusCode::OK);
    // A host rule says who enters in the same way.
    let rule = [("host", "x.example.com"), ("admit", "groups")];
    let refused = ada.post("/host-rules", &rule).await;
    assert!(refused.text.contains(r#"name="groups" multiple"#), "{}", refused.text);
    // Values are as they were typed, at the beginning, too.
    let gate = world.address();
    let other = ada.post(PLAN, &[("url", gate.as_str()), ("token", "sk-1")]).await;
    assert!(other.text.contains(&format!("<p>{gate} ")), "{}", other.text);
}

async fn the_page_speaks_of_no_command(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let world = company_with(kind, reached(&chat)).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let form = [("url", chat.url.as_str())];
    let by_password = [form.as_slice(), &[("email", INES), ("password", PASSWORD)]].concat();
    let wants_header = ada.post(PLAN, &by_password).await;
    assert!(wants_header.text.contains("GATEHALL_OPEN_WEBUI_TRUSTED_HEADER"));
    let plan = ada.post(PLAN, &form).await;
    let checked = ada.post("/open-webui/check", &form).await;
    assert!(checked.text.contains("set it up"), "{}", checked.text);
    for page in [wants_header, plan, checked] {
        for word in [" --", "gatehall open-webui"] {
            assert!(!page.text.contains(word), "{word}: {}", page.text);
        }
    }
}

async fn what_was_imported_by_hand_is_looked_at_as_that(kind: Kind) {
    let chat = OpenWebUi::start().await;
    let world = company_with(kind, reached(&chat)).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let state = ada.get("/api/v1/open-webui").await.json();
    let key = world.key(None, None).await;
    let file = state["import_file"].as_str().unwrap().replace("ghk_\u{2026}", &key);
    let mut imported: Vec<Value> = serde_json::from_str(&file).unwrap();
    // Open WebUI reaches the gate by another address than people do.
    imported[0]["url"] = format!("{}/mcp", world.address()).into();
    chat.inside().connections = imported;
    // As the form sends it, which was not set up from here.
    let form = [("url", chat.url.as_str()), ("access", "everybody"), ("bring_groups", "true")];
    let checked = ada.post("/open-webui/check", &form).await;
    assert!(checked.text.contains("Nothing needs fixing"), "{}", checked.text);
    assert!(checked.text.contains("the gate accepts what Open WebUI signs"), "{}", checked.text);
}
