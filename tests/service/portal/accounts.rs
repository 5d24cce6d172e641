//! Accounts that changed: seen, and forgotten one by one, chosen or all at once.

use gatehall_domain::{Change, Identity, RefusedAccount};
use gatehall_test_support::Kind;
use reqwest::StatusCode;
use serde_json::Value;

use super::{ADA, ALICE, MIKE, TINA, Visitor, company};
use crate::{on_both, support::World};

on_both!(
    a_changed_account_is_shown_where_it_is_mended,
    accounts_are_unbound_many_at_once_and_bound_again_by_undo,
    where_nobody_is_bound_there_is_nothing_to_choose,
);

/// Binds users to accounts of an Open WebUI, and lets Alice come with another.
async fn bound(kind: Kind) -> World {
    let world = company(kind).await;
    let now = world.desk.clock().now();
    for (email, issuer) in [
        (ALICE, "open-webui"),
        (TINA, "open-webui"),
        (MIKE, "open-webui"),
        (MIKE, "open-webui-sales"),
    ] {
        world
            .change(|snapshot| {
                let user = snapshot.company().user_by_email(&email.parse().unwrap()).unwrap().id;
                let identity = Identity {
                    issuer: issuer.into(),
                    subject: format!("old-{email}"),
                    user,
                    stale: false,
                    claims_said: Default::default(),
                    by_address: true,
                    created_at: now,
                };
                Ok(vec![Change::Add(identity.into())])
            })
            .await;
    }
    let snapshot = world.desk.snapshot().await.unwrap();
    let user = snapshot.company().user_by_email(&ALICE.parse().unwrap()).unwrap().id;
    let subject = "new-account".into();
    let refused = RefusedAccount { issuer: "open-webui".into(), subject, user, at: now };
    world.desk.store().put_refused_accounts(&[refused], now).await.unwrap();
    world
}

async fn left(ada: &Visitor, provider: &str) -> Vec<String> {
    let list = ada.get(&format!("/api/v1/accounts?provider={provider}")).await.json();
    let rows = list["accounts"]["rows"].as_array().unwrap_or_else(|| panic!("{list}"));
    rows.iter().map(|it| it["user"].as_str().unwrap().to_owned()).collect()
}

async fn a_changed_account_is_shown_where_it_is_mended(kind: Kind) {
    let world = bound(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 60).await;
    let todo = |overview: &Value| -> Option<Value> {
        let kinds = overview["todo"].as_array().unwrap();
        let found = kinds.iter().find(|it| it["kind"] == "Accounts that changed")?;
        Some(found["things"][0].clone())
    };
    let thing = todo(&ada.get("/api/v1/overview").await.json()).unwrap();
    assert_eq!(thing["subject"], ALICE);
    assert!(
        thing["text"].as_str().unwrap().contains("the account of Open WebUI changed"),
        "{thing}"
    );
    let page = thing["href"].as_str().unwrap().to_owned();
    let user = ada.get(&format!("/api/v1{page}")).await.json();
    assert_eq!(user["identities"][0]["changed"]["subject"], "new-account", "{user}");
    let shown = ada.get(&page).await.text;
    assert!(shown.contains("the account of Open WebUI changed"), "{shown}");
    let changed = ada.get("/api/v1/accounts?show=changed").await.json();
    assert_eq!(changed["accounts"]["rows"].as_array().unwrap().len(), 1, "{changed}");
    assert_eq!(changed["providers"][0]["changed"], 1, "{changed}");

    ada.post(&page, &[("unbind", "open-webui")]).await.revision();
    assert!(todo(&ada.get("/api/v1/overview").await.json()).is_none(), "it is mended");
}

async fn accounts_are_unbound_many_at_once_and_bound_again_by_undo(kind: Kind) {
    let world = bound(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 60).await;
    let all = [ALICE, MIKE, TINA];
    assert_eq!(left(&ada, "open-webui").await, all);

    // Nothing chosen is nothing done, and half an order is none.
    for wish in [
        &[("provider", "open-webui")][..],
        &[("provider", "open-webui"), ("users", ALICE), ("all", "true")],
        &[("provider", "open-webui"), ("users", ADA)],
        &[("provider", "nowhere"), ("all", "true")],
    ] {
        let refused = ada.post("/accounts/unbind", wish).await;
        assert!(refused.status.is_client_error(), "{wish:?}: {}", refused.text);
    }
    // Who chose nobody is told so where they choose.
    let referer = "https://gate.example/accounts?provider=open-webui&q=google&show=";
    let none = ada.from(referer, "/accounts/unbind", "provider=open-webui").await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text.contains("Choose at least one"), "{}", none.text);
    let chosen = format!("name=\"users\" value=\"{ALICE}\"");
    assert!(none.text.contains(&chosen) && !none.text.contains(MIKE), "{}", none.text);
    assert!(none.text.contains("Unbind all accounts"), "{}", none.text);
    let tina = Visitor::signed_in(&world, TINA, 60).await;
    let everybody = [("provider", "open-webui"), ("all", "true")];
    let refused = tina.post("/accounts/unbind", &everybody).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "she manages one tenant");
    assert_eq!(left(&ada, "open-webui").await, all);

    let chosen = [("provider", "open-webui"), ("users", ALICE), ("users", TINA)];
    let one = ada.post("/accounts/unbind", &chosen).await.revision();
    assert_eq!(left(&ada, "open-webui").await, [MIKE]);
    let undone = ada.post("/undo", &[("revision", &*one.to_string())]).await;
    assert_eq!(undone.status, StatusCode::SEE_OTHER, "{}", undone.text);
    assert_eq!(left(&ada, "open-webui").await, all);

    let two = ada.post("/accounts/unbind", &everybody).await.revision();
    assert_eq!(left(&ada, "open-webui").await, Vec::<String>::new());
    let page = ada.get("/accounts?provider=open-webui").await.text;
    assert!(page.contains("Nobody is bound") && !page.contains("Unbind all"), "{page}");
    assert_eq!(left(&ada, "open-webui-sales").await, [MIKE], "that is another");
    let events = ada.get(&format!("/api/v1/audit?q=revision:{two}")).await.json();
    let events = events["events"].as_array().unwrap();
    assert_eq!(events.len(), 3, "each is in the audit: {events:?}");
    assert!(events.iter().all(|it| it["actor"] == ADA && it["action"] == "remove"), "{events:?}");
    // Binding again is a credential, which needs a fresh sign-in.
    let stale = Visitor::by_provider(&world, ADA, 16 * 60).await;
    let undo = [("revision", &*two.to_string())];
    assert_eq!(stale.post("/undo", &undo).await.status, StatusCode::FORBIDDEN);
    assert_eq!(ada.post("/undo", &undo).await.status, StatusCode::SEE_OTHER);
    assert_eq!(left(&ada, "open-webui").await, all);
}

async fn where_nobody_is_bound_there_is_nothing_to_choose(kind: Kind) {
    let world = super::company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let page = ada.get("/accounts").await.text;
    assert!(page.contains("Nobody is bound to an account of Open WebUI."), "{page}");
    for control in ["<select id=\"provider\"", "Unbind"] {
        assert!(!page.contains(control), "{control}: {page}");
    }
}
