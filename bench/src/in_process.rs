//! ForwardAuth without a network: the check itself, among 15,000 users in memory.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use gatehall_domain::{Digest, EntryEvent, KeyId, Session, Sessions, Snapshot, Timestamp, UserId};
use gatehall_identity::{
    Arrivals, DoorParts, DoorSettings, Doors, LimitSettings, Peer, Pending, Rejection,
    SessionIndex, SessionLimits, Snapshots, Visit, routes,
};
use http::{HeaderValue, Request};
use secrecy::SecretString;
use tower::ServiceExt;

use crate::{
    company::{clock, email},
    doors::HOST,
};

/// How many checks are timed.
const CHECKS: usize = 200_000;

/// How many users are signed in.
const SIGNED_IN: usize = 2_000;

/// A world in which nothing is written.
struct Still {
    snapshot: Arc<Snapshot>,
    sessions: Arc<SessionIndex>,
}

impl Snapshots for Still {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }
    fn is_fresh(&self, _: Timestamp) -> bool {
        true
    }
}

impl Arrivals for Still {
    fn settle(&self, _: Visit) -> Pending<'_, Result<UserId, Rejection>> {
        Box::pin(async { Err(Rejection::NotKept) })
    }
    fn key_used(&self, _: &KeyId, _: Timestamp) {}
    fn add_session(&self, session: Session) -> Pending<'_, Result<(), Rejection>> {
        self.sessions.learn([session]);
        Box::pin(async { Ok(()) })
    }
    fn session(&self, _: Digest) -> Pending<'_, Result<Option<Session>, Rejection>> {
        Box::pin(async { Ok(None) })
    }
    fn end_sessions(&self, _: Sessions) -> Pending<'_, Result<u64, Rejection>> {
        Box::pin(async { Ok(0) })
    }
    /// A link signs in one user after the other.
    fn end_claimed_sessions(&self, _: Sessions) -> Pending<'_, Result<u64, Rejection>> {
        Box::pin(async { Ok(0) })
    }
    /// A link signs in one user after the other.
    fn use_link(&self, _: Digest) -> Pending<'_, Result<Option<UserId>, Rejection>> {
        let number = self.sessions.count();
        Box::pin(async move {
            let email = email(number).parse().map_err(|_| Rejection::NotKept)?;
            Ok(self.snapshot.company().user_by_email(&email).map(|user| user.id))
        })
    }
    fn record(&self, _: EntryEvent) {}
}

/// Times checks by users who are signed in, each in turn.
pub(crate) async fn checks(snapshot: Snapshot) -> Result<()> {
    let sessions = Arc::<SessionIndex>::default();
    let still = Arc::new(Still { snapshot: Arc::new(snapshot), sessions: Arc::clone(&sessions) });
    let doors = Doors::new(
        settings()?,
        DoorParts {
            vault: Arc::new(gatehall_vault::Vault::ephemeral()?),
            clock: clock(),
            arrivals: Arc::clone(&still) as _,
            snapshots: Arc::clone(&still) as _,
            sessions,
        },
    );
    let mut cookies = Vec::with_capacity(SIGNED_IN);
    let (head, ()) = Request::new(()).into_parts();
    for _ in 0..SIGNED_IN {
        let link = SecretString::from("link".to_owned());
        let next = doors.sign_in_by_link(&head, &link, &still.snapshot).await;
        let next = next.map_err(|error| anyhow::anyhow!("{error}"))?;
        let cookie = next.cookies.first().context("no session")?.to_str()?.to_owned();
        cookies.push(cookie.split(';').next().unwrap_or_default().to_owned());
    }
    let router = routes(&doors);
    let mut took = Vec::with_capacity(CHECKS);
    for number in 0..CHECKS {
        let mut request = Request::builder()
            .uri("/auth/traefik")
            .header("x-forwarded-method", "GET")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-host", HOST)
            .header("x-forwarded-uri", "/page?x=1")
            .header("cookie", HeaderValue::try_from(&cookies[number % SIGNED_IN])?)
            .body(axum::body::Body::empty())?;
        request.extensions_mut().insert(Peer([127, 0, 0, 1].into()));
        let router = router.clone();
        let began = Instant::now();
        let response = router.oneshot(request).await?;
        took.push(began.elapsed());
        anyhow::ensure!(response.status() == 200, "a check was refused");
    }
    took.sort_unstable();
    let micros = |share: f64| {
        let at = ((CHECKS - 1) as f64 * share) as usize;
        took[at].as_secs_f64() * 1e6
    };
    let total: Duration = took.iter().sum();
    println!(
        "a check in process, {SIGNED_IN} signed in of 15,000 users: mean {:.1} µs, p50 {:.1} µs, p99 {:.1} µs\n",
        total.as_secs_f64() * 1e6 / CHECKS as f64,
        micros(0.5),
        micros(0.99),
    );
    Ok(())
}

fn settings() -> Result<DoorSettings> {
    Ok(DoorSettings {
        open_webuis: Vec::new(),
        add_unknown_users: gatehall_identity::Newcomers::Nobody,
        public_url: Some("https://gate.company.example".parse()?),
        client_url: None,
        cookie_domain: Some("company.example".into()),
        trusted_proxies: vec!["127.0.0.1/32".parse()?],
        sessions: SessionLimits { idle_seconds: 3600, life_seconds: 36_000 },
        limits: LimitSettings {
            user_calls: 0,
            tenant_calls: 0,
            connection_calls: 0,
            unproven: 0,
            sign_ins: 0,
        },
        forwarded_user: None,
    })
}
