//! A proof that is new enough, where no provider can give one; and what an administrator is told.

use axum::{
    Json, Router,
    routing::{get, post},
};
use gatehall_test_support::Kind;
use reqwest::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;

use super::{ADA, ALICE, Visitor, company};
use crate::{on_both, support::eventually};

on_both!(
    a_link_stays_fresh_while_nobody_can_sign_in,
    an_administrator_is_told_why_nobody_can_sign_in,
    who_came_by_a_link_is_shown_the_next_wherever_they_sign_in_again,
);

const CREDENTIALS: &str = "/connections/google/time/credentials";
const CREDENTIAL: [(&str, &str); 2] = [("placement", "environment:KEY"), ("secret", "s3cret")];

/// A provider that says of itself what it has to, and does not know the gate.
async fn provider() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
    });
    let keys = json!({"keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "kid": "1",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }]});
    let refused = || async { (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))) };
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(|| async { Json(metadata) }))
        .route("/keys", get(|| async { Json(keys) }))
        .route("/token", post(refused));
    tokio::spawn(async move { axum::serve(listener, router).await });
    issuer
}

async fn a_link_stays_fresh_while_nobody_can_sign_in(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 16 * 60).await;
    // The only provider is disabled.
    ada.post(CREDENTIALS, &CREDENTIAL).await.revision();
    let page = ada.get("/connections/google/time").await.text;
    assert!(!page.contains("older than 15 minutes"), "{page}");
    // One that cannot be reached helps nobody either.
    let stale = Visitor::by_provider(&world, ADA, 16 * 60).await;
    let refused = stale.post(CREDENTIALS, &CREDENTIAL).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "it did not begin with a link");
    ada.post(CREDENTIALS, &CREDENTIAL).await.revision();

    let issuer = provider().await;
    ada.post("/providers/entra", &[("issuer", &*issuer)]).await.revision();
    let status = async || ada.post(CREDENTIALS, &CREDENTIAL).await.status;
    eventually("the provider works, so a proof can be had", async || {
        (status().await == StatusCode::FORBIDDEN).then_some(())
    })
    .await;
    let new = Visitor::signed_in(&world, ADA, 60).await;
    new.post(CREDENTIALS, &CREDENTIAL).await.revision();

    // It turns out that it does not take the gate's secret: nobody can sign in after all.
    let begun = ada.get("/oauth2/start?provider=entra").await;
    let state = url::Url::parse(&begun.location).unwrap();
    let (_, state) = state.query_pairs().find(|(name, _)| name == "state").unwrap();
    let came = ada.follow_to(&format!("/oauth2/callback?code=x&state={state}"), &begun).await;
    assert!(came.text.contains("does not know this gate"), "{}", came.text);
    assert_eq!(status().await, StatusCode::SEE_OTHER);
    let page = ada.get("/providers/entra").await.text;
    assert!(page.contains("does not take this gate") && page.contains("To fix it"), "{page}");
}

async fn an_administrator_is_told_why_nobody_can_sign_in(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::by_provider(&world, ADA, 16 * 60).await;
    eventually("the provider was asked", async || {
        ada.get("/providers/entra").await.text.contains("cannot be reached").then_some(())
    })
    .await;
    for path in ["/overview", "/providers", "/settings"] {
        let page = ada.get(path).await.text;
        assert!(page.contains("does not work"), "{path}: {page}");
    }
    let folder = world.database.folder.path().display().to_string();
    let command = format!(" admin link {ADA} --data-dir {folder}");
    for path in
        ["/oauth2/sign_in", "/oauth2/sign_in?again=1", "/oauth2/start?provider=entra&again=1"]
    {
        let page = ada.get(path).await.text;
        assert!(page.contains("cannot be reached"), "{path}: {page}");
        assert!(page.contains(&command) && page.contains(" --public-url http"), "{path}: {page}");
        // Others are not told where the gate keeps its data.
        for other in [Visitor::nobody(&world), Visitor::signed_in(&world, ALICE, 0).await] {
            let page = other.get(path).await.text;
            assert!(
                !page.contains(&folder) && !page.contains("cannot be reached"),
                "{path}: {page}"
            );
        }
    }
}

async fn who_came_by_a_link_is_shown_the_next_wherever_they_sign_in_again(kind: Kind) {
    let world = company(kind).await;
    let by_provider = Visitor::by_provider(&world, ADA, 40 * 60).await;
    let ada = Visitor::signed_in(&world, ADA, 40 * 60).await;
    let issuer = provider().await;
    let edit = [("issuer", &*issuer), ("enabled", "true")];
    Visitor::signed_in(&world, ADA, 0).await.post("/providers/entra", &edit).await.revision();
    // All is well as far as anybody knows: nobody tried the secret yet.
    let refused = eventually("the provider works, so a proof can be had", async || {
        let seen = ada.post(CREDENTIALS, &CREDENTIAL).await;
        (seen.status == StatusCode::FORBIDDEN).then_some(seen)
    })
    .await;
    let command = format!(" admin link {ADA} --data-dir ");
    let mut pages = vec![("a form", refused.text)];
    let alice = format!("/users/{ALICE}");
    for path in [
        "/connections/google/time",
        "/groups/MCP-Admin",
        "/import",
        "/keys/add",
        "/me",
        "/providers/entra",
        "/servers/web",
        "/tenants/google",
        "/users/add",
        &alice,
    ] {
        pages.push((path, ada.get(path).await.text));
    }
    pages.push(("a key", ada.post("/keys", &[("user", ADA), ("manage", "true")]).await.text));
    for (path, page) in &pages {
        let hrefs = page.split("href=\"").skip(1).filter_map(|it| it.split('"').next());
        let again = hrefs.filter(|it| it.contains("again=1") && !it.contains("provider="));
        let again: Vec<String> =
            again.map(|it| it.replace("&#38;", "&").replace("&amp;", "&")).collect();
        assert!(!again.is_empty(), "{path}: {page}");
        for href in again {
            let led = ada.get(&href).await.text;
            assert!(led.contains(&command) && led.contains("rd="), "{path}: {href}: {led}");
        }
    }
    // Whoever came by the provider goes straight back to it.
    let page = by_provider.get("/keys/add").await.text;
    assert!(page.contains("/oauth2/start?rd=%2Fkeys%2Fadd"), "{page}");

    // It fails at the provider, which says no more than that.
    let begun = ada.get("/oauth2/start?provider=entra&again=1").await;
    let state = url::Url::parse(&begun.location).unwrap();
    let (_, state) = state.query_pairs().find(|(name, _)| name == "state").unwrap();
    let back = format!("/oauth2/callback?error=access_denied&state={state}");
    let came = ada.follow_to(&back, &begun).await;
    assert!(came.text.contains("did not sign you in"), "{}", came.text);
    assert!(came.text.contains(&command), "{}", came.text);
}
