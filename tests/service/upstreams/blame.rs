//! What one caller gets wrong refuses nobody else.

use futures_util::future::join_all;
use gatehall_test_support::Kind;
use serde_json::json;

use crate::support::{Forgetful, Form, Saying, World};

const ADA: &str = "ada@company.example";
const ALICE: &str = "alice@google.example";

#[tokio::test(flavor = "multi_thread")]
async fn one_callers_errors_refuse_nobody() {
    let server = Forgetful::start().await;
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "s", "url": server.url}],
        "connections": [{"tenant": "google", "server": "s"}],
        "users": [{"email": ADA, "admin": true}, {"email": ALICE}],
        "grants": [{"user": ALICE, "tenant": "google"}],
    });
    let world = World::with(Kind::Sqlite, company, |settings| {
        settings.refresh_seconds = 3600;
        settings.call_timeout_seconds = 1;
    })
    .await;
    world.has_tools(2).await;
    let (ada, alice) = (world.user(ADA).await, world.user(ALICE).await);
    let saying = |status, form| Saying { status, form, words: "not like that" };
    for saying in [
        saying(200, Form::Text),
        saying(200, Form::Half),
        saying(200, Form::Silence),
        saying(200, Form::NoRest),
        saying(302, Form::Text),
        saying(400, Form::Text),
        saying(401, Form::Text),
        saying(403, Form::Own),
        saying(404, Form::Null),
        saying(429, Form::Text),
        saying(500, Form::Text),
        saying(503, Form::Text),
    ] {
        server.says(saying);
        let odd = || ada.call("/mcp", "google_s_odd", json!({}));
        join_all((0..6).map(|_| odd())).await;
        if saying.form != Form::Silence {
            for _ in 0..6 {
                odd().await;
            }
        }
        let answer = alice.call("/mcp", "google_s_act", json!({})).await.message();
        assert_eq!(answer["result"]["content"][0]["text"], "fine", "{saying:?}: {answer}");
    }
    assert_eq!(server.handshakes(), 1, "and nobody lost the session");
}
