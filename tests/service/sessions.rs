//! Signing in with a link, and what becomes of the session: on both databases and every replica.

use futures_util::future::join_all;
use gatehall_control::operation::user::{UserEdit, change};
use gatehall_domain::Sessions;
use gatehall_test_support::Kind;
use gatehall_vault::sign_in_token;
use reqwest::{Client, StatusCode, header::SET_COOKIE, redirect::Policy};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::{
    on_both,
    support::{World, eventually},
};

const ALICE: &str = "alice@google.example";

on_both!(
    a_link_signs_in_once_and_every_replica_knows_the_session,
    a_session_ends_everywhere_when_it_is_ended_and_when_its_user_is,
    many_who_sign_in_at_once_are_all_signed_in,
);

pub(crate) async fn world(kind: Kind) -> World {
    World::new(kind, json!({ "users": [{ "email": ALICE, "name": "Alice" }] })).await
}

fn browser() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

/// A link for Alice, as `gatehall admin link` makes it.
pub(crate) async fn link(world: &World) -> String {
    let snapshot = world.desk.snapshot().await.unwrap();
    let user = snapshot.company().user_by_email(&ALICE.parse().unwrap()).unwrap().id;
    let (token, digest) = sign_in_token().unwrap();
    let now = world.desk.clock().now();
    let end = now.plus_seconds(900);
    world.desk.store().add_sign_in_link(digest, user, now, end).await.unwrap();
    format!("{}/sign-in/link/{}", world.address(), token.expose_secret())
}

/// The cookie that a link is worth.
pub(crate) async fn sign_in(link: &str) -> Option<String> {
    let answer = browser().post(link).send().await.unwrap();
    let cookie = answer.headers().get(SET_COOKIE)?.to_str().unwrap();
    for part in ["__Host-gatehall=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    Some(cookie.split(';').next().unwrap().to_owned())
}

/// Who a gate says the bearer of a cookie is.
pub(crate) async fn who(address: &str, cookie: &str) -> Option<String> {
    let asked = browser().get(format!("{address}/oauth2/userinfo")).header("cookie", cookie);
    let answer = asked.send().await.unwrap();
    match answer.status() {
        StatusCode::OK => {
            let body: serde_json::Value = answer.json().await.unwrap();
            Some(body["email"].as_str().unwrap().to_owned())
        }
        status => {
            assert_eq!(status, StatusCode::UNAUTHORIZED);
            None
        }
    }
}

async fn a_link_signs_in_once_and_every_replica_knows_the_session(kind: Kind) {
    let world = world(kind).await;
    let link = link(&world).await;
    let looked = browser().get(&link).send().await.unwrap();
    assert!(looked.status().is_success() && looked.headers().get(SET_COOKIE).is_none());
    let cookie = sign_in(&link).await.unwrap();
    assert_eq!(sign_in(&link).await, None, "once");
    assert_eq!(who(&world.address(), &cookie).await.as_deref(), Some(ALICE));

    let other = world.replica().await;
    let other_address = format!("http://{}", other.address);
    assert_eq!(who(&other_address, &cookie).await.as_deref(), Some(ALICE));
    // A page and MCP take it, too.
    let page = browser()
        .get(format!("{other_address}/me"))
        .header("cookie", &cookie)
        .send()
        .await
        .unwrap();
    assert!(page.text().await.unwrap().contains("<h1>Alice</h1>"));
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let call = browser()
        .post(format!("{other_address}/mcp"))
        .header("cookie", &cookie)
        .header("accept", "application/json, text/event-stream")
        .json(&ping);
    assert!(call.send().await.unwrap().status().is_success());
    other.stop(std::future::pending()).await;
}

async fn a_session_ends_everywhere_when_it_is_ended_and_when_its_user_is(kind: Kind) {
    let world = world(kind).await;
    let other = world.replica().await;
    let gates = [world.address(), format!("http://{}", other.address)];
    let [first, second, third] = [
        sign_in(&link(&world).await).await.unwrap(),
        sign_in(&link(&world).await).await.unwrap(),
        sign_in(&link(&world).await).await.unwrap(),
    ];
    let signed_out = async |cookie: &str| {
        for gate in &gates {
            eventually("the session has ended", async || {
                who(gate, cookie).await.is_none().then_some(())
            })
            .await;
        }
    };

    // By the user, in a form of the gate's own page; a page of others cannot.
    let out = |origin: &'static str| {
        let asked = browser().post(format!("{}/oauth2/sign_out", gates[0]));
        asked.header("cookie", &first).header("sec-fetch-site", origin)
    };
    assert_eq!(out("cross-site").send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(who(&gates[0], &first).await.as_deref(), Some(ALICE));
    assert_eq!(out("same-origin").send().await.unwrap().status(), StatusCode::SEE_OTHER);
    signed_out(&first).await;
    assert_eq!(who(&gates[1], &second).await.as_deref(), Some(ALICE), "the others live on");

    // By an administrator.
    let snapshot = world.desk.snapshot().await.unwrap();
    let user = snapshot.company().user_by_email(&ALICE.parse().unwrap()).unwrap().id;
    let now = world.desk.clock().now();
    assert_eq!(world.desk.store().end_sessions(&Sessions::User(user), now).await.unwrap(), 2);
    signed_out(&second).await;
    signed_out(&third).await;

    // With the user.
    let fourth = sign_in(&link(&world).await).await.unwrap();
    assert_eq!(who(&gates[0], &fourth).await.as_deref(), Some(ALICE));
    let off = UserEdit { enabled: Some(false), ..UserEdit::default() };
    let email = ALICE.parse().unwrap();
    world.change(|snapshot| Ok(change(snapshot.company(), &email, &off, now)?)).await;
    signed_out(&fourth).await;
    other.stop(std::future::pending()).await;
}

async fn many_who_sign_in_at_once_are_all_signed_in(kind: Kind) {
    let world = world(kind).await;
    let other = world.replica().await;
    let gates = [world.address(), format!("http://{}", other.address)];
    let mut links = Vec::new();
    for _ in 0..30 {
        links.push(link(&world).await);
    }
    let cookies: Vec<Option<String>> = join_all(links.iter().map(|link| sign_in(link))).await;
    let asked = cookies.iter().flat_map(|cookie| gates.iter().map(move |gate| (gate, cookie)));
    for who in join_all(asked.map(|(gate, cookie)| who(gate, cookie.as_deref().unwrap()))).await {
        assert_eq!(who.as_deref(), Some(ALICE));
    }
    let snapshot = world.desk.snapshot().await.unwrap();
    let user = snapshot.company().user_by_email(&ALICE.parse().unwrap()).unwrap().id;
    let now = world.desk.clock().now();
    assert_eq!(world.desk.store().end_sessions(&Sessions::User(user), now).await.unwrap(), 30);
    for cookie in cookies.iter().flatten() {
        eventually("the session has ended", async || {
            who(&gates[1], cookie).await.is_none().then_some(())
        })
        .await;
    }
    other.stop(std::future::pending()).await;
}
