//! `/health`: the process is alive. `/ready`: it can serve, or what is missing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, extract::State, response::IntoResponse, routing::get};
use gatehall_domain::Clock;
use gatehall_gateway::{Live, Recorder};
use http::StatusCode;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::settings::ServeSettings;

/// Knows whether the gate can serve.
#[derive(Clone)]
pub(super) struct Health {
    live: Arc<Live>,
    clock: Clock,
    stale_after: Duration,
    recorder: Recorder,
    warm: Arc<AtomicBool>,
    stopping: Arc<AtomicBool>,
}

/// The store is asked several times a second; after this long without an answer it is away.
const AWAY: Duration = Duration::from_secs(10);

impl Health {
    pub(super) fn new(
        live: Arc<Live>,
        clock: Clock,
        settings: &ServeSettings,
        recorder: Recorder,
    ) -> Self {
        Self {
            live,
            clock,
            stale_after: Duration::from_secs(settings.stale_after_seconds),
            recorder,
            warm: Arc::default(),
            stopping: Arc::default(),
        }
    }

    /// Waits until every server has answered once, at most for `patience`.
    pub(super) async fn first_answers(&self, patience: Duration) {
        let end = Instant::now() + patience;
        while self.live.unseen() > 0 && Instant::now() < end {
            sleep(Duration::from_millis(20)).await;
        }
        // The last offers are bound into the catalogue some milliseconds later.
        sleep(Duration::from_millis(30)).await;
        self.warm.store(true, Ordering::Relaxed);
    }

    /// From here on the gate is not ready, so that a balancer sends nobody.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn router(&self) -> Router {
        Router::new()
            .route("/health", get(|| async { Json(json!({ "status": "alive" })) }))
            .route("/ready", get(ready))
            .with_state(self.clone())
    }

    /// What keeps the gate from being ready.
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        let age = self.live.age(self.clock.now());
        if age > self.stale_after {
            missing.push(format!(
                "the database has not answered for {} s: the gate is closed",
                age.as_secs()
            ));
        } else if age > AWAY {
            missing.push(format!(
                "the database has not answered for {} s: serving what is known",
                age.as_secs()
            ));
        }
        if !self.warm.load(Ordering::Relaxed) {
            missing.push(format!("{} servers have not answered yet", self.live.unseen()));
        }
        if self.stopping.load(Ordering::Relaxed) {
            missing.push("the gate is stopping".into());
        }
        missing
    }
}

async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let missing = health.missing();
    let (tools, tenants) = health.live.tool_counts();
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if missing.is_empty() { "ready" } else { "not ready" },
        "missing": missing,
        "revision": health.live.snapshot().revision(),
        "tools": tools,
        "tenants": tenants,
        "lost_audit_events": health.recorder.lost(),
    });
    (status, Json(body))
}
