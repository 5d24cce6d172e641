use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use gatehall_domain::Health::{Bad, Good};
use serde_json::{Value, json};

use crate::scene::{CHAT, Says, Scene, answer, gate, serve, to_https};

/// What an Open WebUI says of itself.
fn config(version: &str, change: impl Fn(&mut Value)) -> Value {
    let mut config = json!({
        "status": true,
        "version": version,
        "features": {
            "auth": true, "auth_trusted_header": true, "enable_signup": false,
            "enable_login_form": false,
        },
    });
    change(&mut config);
    config
}

fn chat(body: String) -> Says {
    Arc::new(move |head| match head {
        _ if head.starts_with("GET /api/config ") => answer("200 OK", "", &body),
        // As Open WebUI does with paths that it does not know.
        _ => answer("200 OK", "content-type: text/html\r\n", "<html></html>"),
    })
}

#[tokio::test]
async fn one_within_the_deployment_is_asked() {
    let mut scene = Scene::good().await;
    let mut set = async |says: Says| {
        let port = serve(None, says).await;
        scene.chat_url = Some(format!("http://127.0.0.1:{port}").parse().unwrap());
        scene.look().await
    };
    let found = set(chat(config("0.12.4", |_| ()).to_string())).await;
    found.nothing_bad();
    found.says("Open WebUI's settings", Good, &["sign-up is closed", "the gate's word"]);
    let open = config("0.12.4", |it| it["features"]["enable_signup"] = true.into());
    let found = set(chat(open.to_string())).await;
    found.says("Open WebUI's settings", Bad, &["sign-up is open", "ENABLE_SIGNUP=false"]);
    let found = set(chat("<html>".into())).await;
    found.says("Open WebUI", Bad, &["another program"]);
    scene.chat_url = Some("http://127.0.0.1:1".parse().unwrap());
    scene.look().await.says("Open WebUI", Bad, &["does not answer"]);
}

/// What it answers where it takes a name from a header: a session, or that there is none.
fn trusting(head: &str) -> String {
    let lower = head.to_ascii_lowercase();
    match lower.contains("x-user-email: ") {
        true => answer("200 OK", "", r#"{"token":"t","role":"admin"}"#),
        false => answer(
            "400 Bad Request",
            "",
            r#"{"detail":"Your provider has not provided a trusted header. Please contact…"}"#,
        ),
    }
}

#[tokio::test]
async fn a_way_around_the_gate_is_told() {
    let is_sign_in = |head: &str| {
        head.starts_with("POST /api/v1/auths/signin") && head.to_lowercase().contains(CHAT)
    };
    // The proxy leads to it, and asks the gate nothing.
    let open: Says =
        Arc::new(move |head| if is_sign_in(head) { trusting(head) } else { gate(head) });
    let scene = Scene::new(open, Arc::new(to_https)).await;
    let subject = "sign-in by header at https://app.x.example";
    scene.look().await.says(subject, Bad, &["around the gate", "forwardAuth"]);

    // The proxy asks the gate, but lets in whoever writes the header.
    let fooled: Says = Arc::new(move |head| {
        let named = head.to_ascii_lowercase().contains("x-user-email: ada@x.example");
        if is_sign_in(head) && named { trusting(head) } else { gate(head) }
    });
    let scene = Scene::new(fooled, Arc::new(to_https)).await;
    scene.look().await.says(subject, Bad, &["is signed in under that name"]);

    // It signs people in itself, and no header counts.
    let tried = Arc::new(AtomicBool::new(false));
    let itself: Says = {
        let tried = Arc::clone(&tried);
        Arc::new(move |head| {
            tried.fetch_or(head.to_ascii_lowercase().contains("x-user-email: "), Relaxed);
            match is_sign_in(head) {
                true => answer("400 Bad Request", "", r#"{"detail":"The password is incorrect"}"#),
                false => gate(head),
            }
        })
    };
    let scene = Scene::new(itself, Arc::new(to_https)).await;
    scene.look().await.says(subject, Good, &["takes no name from a header"]);
    assert!(!tried.load(Relaxed), "no header is tried where it answers to strangers");

    // It signs in everybody.
    let open: Says = Arc::new(move |head| match is_sign_in(head) {
        true => answer("200 OK", "", r#"{"token":"t","role":"admin"}"#),
        false => gate(head),
    });
    let scene = Scene::new(open, Arc::new(to_https)).await;
    scene.look().await.says(subject, Bad, &["signs in whoever reaches it"]);

    // Its own port is open.
    let mut scene = Scene::good().await;
    let port = serve(None, Arc::new(trusting)).await;
    scene.ports.closed = vec![(port, "Open WebUI")];
    let found = scene.look().await;
    found.says(&format!("sign-in by header at port {port}"), Bad, &["around the gate"]);
}
