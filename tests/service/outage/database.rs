//! The database server goes away and comes back.

use std::sync::Arc;

use gatehall_test_support::Kind;
use reqwest::StatusCode;
use serde_json::json;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::Scene;
use crate::support::eventually;

/// A way to the server that can be cut.
struct Line {
    up: Arc<watch::Sender<bool>>,
    port: u16,
}

impl Line {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let up = Arc::new(watch::Sender::new(true));
        let seen = Arc::clone(&up);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut up = seen.subscribe();
                let server = server.clone();
                tokio::spawn(async move {
                    let carried = async {
                        let mut server = TcpStream::connect(server).await?;
                        copy_bidirectional(&mut client, &mut server).await
                    };
                    tokio::select! {
                        _ = carried => {}
                        _ = up.wait_for(|up| !up) => {}
                    }
                });
            }
        });
        Self { up, port }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_without_its_database_serves_and_says_that_it_is_not_well() {
    let mut scene = Scene::new(Kind::Postgres, None).await;
    let url = reqwest::Url::parse(&scene.database.url).unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let line = Line::to(server).await;
    let direct = std::mem::replace(
        &mut scene.database.url,
        url.as_str().replace(
            &url[url::Position::BeforeHost..url::Position::AfterPort],
            &format!("127.0.0.1:{}", line.port),
        ),
    );
    let gate = scene.serve(&["--stale-after-seconds", "25"]).await;
    gate.is_well().await;
    line.up.send_replace(false);
    let report = gate
        .says("the gate says that its database is away", "/ready", |status, it| {
            assert_eq!(status, StatusCode::OK, "calls are served, so it is ready: {it}");
            it["troubles"].to_string().contains("has not answered for")
        })
        .await;
    assert!(report["status"] == "ready" && report["well"] == false, "{report}");
    let address = gate.url.trim_start_matches("http://").to_owned();
    let check = || scene.home.command(&["healthcheck", "--listen", &address]).output().unwrap();
    assert!(check().status.success(), "a restart would not bring the database back");
    assert_eq!(gate.call().await.status, StatusCode::OK);
    assert_eq!(gate.get("/health/well").await.0, StatusCode::SERVICE_UNAVAILABLE);
    let (status, said) = gate.patch("/api/v1/groups/group0", json!({"description": "x"})).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{said}");
    // What it knows gets too old.
    let report = gate
        .says("the gate closes", "/ready", |status, _| status == StatusCode::SERVICE_UNAVAILABLE)
        .await;
    assert!(report["missing"].to_string().contains("closed"), "{report}");
    assert_eq!(gate.call().await.status, StatusCode::SERVICE_UNAVAILABLE);
    let said = String::from_utf8(check().stderr).unwrap();
    assert!(!check().status.success() && said.contains("not ready: the database has"), "{said}");

    line.up.send_replace(true);
    gate.is_well().await;
    let (status, said) = gate.patch("/api/v1/groups/group0", json!({"description": "x"})).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    scene.database.url = direct;
    eventually("the call of that time is in the audit", async || {
        (scene.audit(&["--outcome", "answered"]).len() == 1).then_some(())
    })
    .await;
}
