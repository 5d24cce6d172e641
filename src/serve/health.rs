//! `/health`: the process is alive. `/ready`: it serves, or why not. `/health/well`: everything
//! works, or what does not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::get};
use gatehall_domain::Clock;
use gatehall_gateway::{Live, Recorder};
use gatehall_store::Store;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{audit::AuditState, in_step::States};

/// Knows whether the gate serves, and whether it is well.
#[derive(Clone)]
pub(super) struct Health {
    parts: Arc<HealthParts>,
    warm: Arc<AtomicBool>,
    stopping: Arc<AtomicBool>,
}

/// What is looked at.
pub(super) struct HealthParts {
    pub(super) live: Arc<Live>,
    pub(super) clock: Clock,
    pub(super) stale_after: Duration,
    pub(super) recorder: Recorder,
    pub(super) audit: Arc<AuditState>,
    pub(super) store: Store,
    pub(super) in_step: States,
}

/// Seconds for which an Open WebUI may be out of step before that is a trouble: it may be restarting.
const OUT_OF_STEP: i64 = 30;

/// The store is asked several times a second; after this long without an answer it is away.
const AWAY: Duration = Duration::from_secs(10);

impl Health {
    pub(super) fn new(parts: HealthParts) -> Self {
        Self { parts: Arc::new(parts), warm: Arc::default(), stopping: Arc::default() }
    }

    /// Waits until every server has answered once, at most for `patience`.
    pub(super) async fn first_answers(&self, patience: Duration) {
        let end = Instant::now() + patience;
        while self.parts.live.unseen() > 0 && Instant::now() < end {
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
            .route("/health/well", get(well))
            .with_state(self.clone())
    }

    /// Why calls are refused, or will be in a moment. A balancer sends them elsewhere only then: a
    /// database that is away is away for all gates, and each serves what it knows.
    fn missing(&self) -> Vec<String> {
        let HealthParts { live, clock, stale_after, recorder, .. } = self.parts.as_ref();
        let mut missing = Vec::new();
        let age = live.age(clock.now());
        if age > *stale_after {
            let seconds = age.as_secs();
            missing.push(format!(
                "the database has not answered for {seconds} s, so the gate is closed"
            ));
        }
        if recorder.is_shut() {
            missing.push("the audit cannot be written, and without it no call is made".into());
        }
        if !self.warm.load(Ordering::Relaxed) {
            missing.push(format!("{} servers have not answered yet", live.unseen()));
        }
        if self.stopping.load(Ordering::Relaxed) {
            missing.push("the gate is stopping".into());
        }
        missing
    }

    /// What does not work, whether the gate serves or not.
    pub(super) fn troubles(&self) -> Vec<String> {
        let HealthParts { live, clock, stale_after, recorder, audit, store, in_step } =
            self.parts.as_ref();
        let mut troubles = self.missing();
        let age = live.age(clock.now());
        if age > AWAY && age <= *stale_after {
            troubles.push(format!(
                "the database has not answered for {} s; what is known is served for {} s more",
                age.as_secs(),
                (*stale_after - age).as_secs()
            ));
        }
        if let Some(trouble) = store.write_trouble() {
            let seconds = trouble.lasted.as_secs();
            troubles.push(format!("writing has failed for {seconds} s: {}", trouble.error));
        }
        if let Some(why) = audit.failing() {
            troubles.push(format!("the audit's journal cannot be written: {why}"));
        }
        for (count, what) in [
            (audit.waiting(), "wait in the journal until the database takes them"),
            (recorder.lost(), "were lost since the gate started: the log has more"),
            (
                audit.set_aside(),
                "could not be read and are set aside in the folder audit-journal (look at the files \
                 that end in aside or unread, and remove them)",
            ),
        ] {
            match count {
                0 => {}
                count => troubles.push(format!("audit events that {what}: {count}")),
            }
        }
        for (chat, state) in in_step.iter() {
            if let Some((since, why)) = state.now().failing
                && clock.now() >= since.plus_seconds(OUT_OF_STEP)
            {
                troubles.push(format!("{chat} cannot be kept in step with the company: {why}"));
            }
        }
        if self.warm.load(Ordering::Relaxed) && live.unseen() > 0 {
            troubles.push(format!("{} servers have not answered yet", live.unseen()));
        }
        troubles
    }

    /// Everything, for programs.
    fn report(&self) -> (Vec<String>, Vec<String>, Value) {
        let (missing, troubles) = (self.missing(), self.troubles());
        let HealthParts { live, recorder, audit, store, .. } = self.parts.as_ref();
        let (tools, tenants) = live.tool_counts();
        let unwritable = store.write_trouble().map(|it| it.lasted.as_secs());
        let body = json!({
            "status": if missing.is_empty() { "ready" } else { "not ready" },
            "well": troubles.is_empty(),
            "missing": missing,
            "troubles": troubles,
            "revision": live.snapshot().revision(),
            "tools": tools,
            "tenants": tenants,
            "writes_fail_for_seconds": unwritable,
            "waiting_audit_events": audit.waiting(),
            "lost_audit_events": recorder.lost(),
        });
        (missing, troubles, body)
    }
}

async fn ready(State(health): State<Health>) -> (StatusCode, Json<Value>) {
    let (missing, _, body) = health.report();
    (status(missing.is_empty()), Json(body))
}

async fn well(State(health): State<Health>) -> (StatusCode, Json<Value>) {
    let (_, troubles, body) = health.report();
    (status(troubles.is_empty()), Json(body))
}

const fn status(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
