//! Keeps an Open WebUI in step with the company: what was set up there is brought over again when
//! the company changes, and now and then, since people come there, too.

use std::{
    future::Future,
    hash::{DefaultHasher, Hash, Hasher},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use gatehall_control::{
    Desk,
    wiring::{Order, Wiring, WiringError, alone},
};
use gatehall_domain::{Company, names::shown};
use gatehall_gateway::{Live, Tasks};
use gatehall_open_webui::{Client, Fault, Proof, Wire};
use gatehall_portal::{ChatAccess, InStep};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// What changes together is brought over together.
const SETTLE: Duration = Duration::from_secs(2);

/// But it does not wait longer than this for an end of changes.
const GATHER: Duration = Duration::from_secs(10);

/// Somebody else is at it.
const TAKEN: Duration = Duration::from_secs(5);

/// It is looked at again after so long, whatever changed.
const LOOK: Duration = Duration::from_secs(300);

/// Nothing was set up there yet.
const WAITS: Duration = Duration::from_secs(30);

/// After a password was refused: Open WebUI counts attempts, those of people, too.
const REFUSED: Duration = Duration::from_secs(60);

/// After it has had too many attempts: each one more keeps its administrator out for longer.
const TOO_MANY: Duration = Duration::from_secs(240);

/// The longest pause after failures.
const LONGEST: Duration = Duration::from_secs(300);

/// Once may take so long.
const LIMIT: Duration = Duration::from_secs(600);

/// How those that follow are kept in step, by the sources of their accounts.
pub(super) type States = Arc<[(String, State)]>;

/// Begins to keep those in step that follow.
///
/// # Errors
/// If the address of one is none.
pub(super) fn start(
    tasks: &Tasks,
    desk: &Desk,
    live: &Arc<Live>,
    wire: &Wire,
    reached: &[ChatAccess],
) -> Result<States, Fault> {
    let mut states = Vec::new();
    for chat in reached.iter().filter(|it| it.follow) {
        let state = State::default();
        let follower = Follower {
            desk: desk.clone(),
            live: Arc::clone(live),
            client: Client::new(&chat.url, wire.clone())?,
            chat: chat.clone(),
            state: state.clone(),
        };
        tasks.spawn_until_stop(follower.run());
        states.push((chat.chat.clone(), state));
    }
    Ok(states.into())
}

/// How one is kept in step, for whoever asks.
#[derive(Debug, Clone, Default)]
pub(super) struct State(Arc<Mutex<InStep>>);

impl State {
    pub(super) fn now(&self) -> InStep {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: InStep) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// What keeps one in step.
struct Follower {
    desk: Desk,
    live: Arc<Live>,
    /// The Open WebUI, spoken to by nobody.
    client: Client,
    chat: ChatAccess,
    state: State,
}

/// What came of once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// All is as it should be.
    InStep,
    /// Somebody else is at it.
    Taken,
    /// Nothing was set up there yet.
    Waits,
}

impl Follower {
    /// Works until it is dropped, which is safe at any point.
    async fn run(self) {
        let Some(proof) = self.chat.proof.clone() else { return };
        let mut revisions = self.live.revisions();
        let mut failures = 0;
        let mut session = None;
        loop {
            revisions.mark_unchanged();
            let brought = outline(self.live.snapshot().company(), &self.chat.chat);
            let once = whole(self.once(&proof, &mut session));
            let came = match timeout(LIMIT, once).await {
                Ok(came) => came,
                Err(_) => Err(Fault::Slow(self.client.address().to_owned()).into()),
            };
            failures = if came.is_err() { failures + 1 } else { 0 };
            let pause = match &came {
                Ok(Came::InStep) => LOOK,
                Ok(Came::Taken) => TAKEN,
                Ok(Came::Waits) => WAITS,
                Err(WiringError::Fault(Fault::TooMany)) => TOO_MANY,
                Err(WiringError::Fault(Fault::BadPassword(_))) => REFUSED,
                Err(_) => pause_after(failures),
            };
            self.note(came);
            tokio::select! {
                () = sleep(pause) => {}
                // Where it fails it is not tried sooner because of a change.
                () = self.changed(&mut revisions, brought), if failures == 0 => {
                    self.settled(&mut revisions).await;
                }
            }
        }
    }

    async fn once(&self, proof: &Proof, session: &mut Option<Client>) -> Result<Came, WiringError> {
        let alone = match alone(self.desk.store(), Duration::ZERO).await {
            Err(WiringError::Taken) => return Ok(Came::Taken),
            alone => alone?,
        };
        let client = self.signed_in(proof, session).await?;
        let (desk, chat) = (self.desk.clone(), self.chat.chat.clone());
        let mut wiring = Wiring::open(alone, desk, client, chat).await?;
        let came = self.bring(&mut wiring).await;
        wiring.close().await;
        came
    }

    /// The session of before while it lasts: Open WebUI lets an address sign in a few times in some
    /// minutes, and people with that address need them, too.
    async fn signed_in(
        &self,
        proof: &Proof,
        session: &mut Option<Client>,
    ) -> Result<Client, Fault> {
        if let Some(client) = session {
            match client.is_still_in().await {
                Ok(()) => return Ok(client.clone()),
                Err(fault) if fault.ends_session() => *session = None,
                Err(fault) => return Err(fault),
            }
        }
        let client = self.client.sign_in(proof, false).await?;
        Ok(session.insert(client).clone())
    }

    async fn bring(&self, wiring: &mut Wiring) -> Result<Came, WiringError> {
        let Some(terms) = wiring.terms().cloned() else {
            return wiring.elsewhere().map_or(Ok(Came::Waits), Err);
        };
        let draft = wiring.draft(&Order { terms, key: None, new_key: false }).await?;
        // What a check is about to remove by itself is not waited for.
        if draft.plan.needs_key || !draft.plan.is_done() {
            wiring.apply(&draft).await?;
            for row in draft.rows().iter().filter(|it| it.is_change()) {
                tracing::info!(
                    "Open WebUI {} is in step again: {} {} {} {}",
                    self.chat.chat,
                    row.state,
                    row.kind,
                    row.name,
                    row.what
                );
            }
        }
        Ok(Came::InStep)
    }

    /// Waits until the company changed in what matters there.
    async fn changed(&self, revisions: &mut watch::Receiver<u64>, brought: u64) {
        loop {
            if revisions.changed().await.is_err() {
                return std::future::pending().await;
            }
            if outline(self.live.snapshot().company(), &self.chat.chat) != brought {
                return;
            }
        }
    }

    /// Waits until no more changes come, but not for long.
    async fn settled(&self, revisions: &mut watch::Receiver<u64>) {
        let quiet = async {
            revisions.mark_unchanged();
            while let Ok(Ok(())) = timeout(SETTLE, revisions.changed()).await {}
        };
        let _ = timeout(GATHER, quiet).await;
    }

    fn note(&self, came: Result<Came, WiringError>) {
        let before = self.state.now();
        let now = self.desk.clock().now();
        let chat = &self.chat.chat;
        let state = match came {
            Ok(Came::Taken) => before,
            Ok(came) => {
                if before.failing.is_some() {
                    tracing::info!("Open WebUI {chat} can be kept in step again");
                }
                // What is not set up any more is in step with nothing.
                InStep { at: (came == Came::InStep).then_some(now), failing: None }
            }
            Err(error) => {
                let why = shown(&error.to_string(), 500).into_owned();
                if before.failing.as_ref().is_none_or(|(_, said)| *said != why) {
                    tracing::warn!("Open WebUI {chat} cannot be kept in step: {why}");
                }
                let since = before.failing.map_or(now, |(since, _)| since);
                InStep { failing: Some((since, why)), ..before }
            }
        };
        self.state.set(state);
    }
}

/// What breaks in one time is a failure of that time, and the next one comes all the same.
async fn whole<T>(once: impl Future<Output = Result<T, WiringError>>) -> Result<T, WiringError> {
    // Nothing that was borrowed is left half done: each time reads all of it anew.
    let came = AssertUnwindSafe(once).catch_unwind().await;
    came.unwrap_or(Err(WiringError::Broken))
}

/// After so many failures in a row.
fn pause_after(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.clamp(1, 9).saturating_sub(1)).min(LONGEST)
}

/// What of a company is brought over, as a number: groups, who is in them, and their accounts.
fn outline(company: &Company, chat: &str) -> u64 {
    // The order in which they come says nothing.
    let mut all = 0_u64;
    let mut take = |part: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        part(&mut hasher);
        all = all.wrapping_add(hasher.finish());
    };
    for group in company.groups.values() {
        take(&|it| (group.id.0, group.name.as_str(), &group.description, group.enabled).hash(it));
    }
    for member in company.memberships.values() {
        let Some(user) = company.users.get(&member.user) else { continue };
        let account = company.subject_of(user.id, chat);
        let user = (user.id.0, user.email.as_str(), user.enabled, account);
        take(&|it| (member.group.0, user).hash(it));
    }
    for tenant in company.tenants.values() {
        take(&|it| (tenant.id.as_str(), tenant.enabled).hash(it));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_breaks_is_a_failure_and_not_the_end() {
        let none = serde_json::Map::new();
        let broken = whole(async { Ok(none["key"].is_null()) }).await.unwrap_err();
        assert!(broken.to_string().contains("log"), "{broken}");
        assert!(matches!(whole(async { Ok(1) }).await, Ok(1)));
    }

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let all: Vec<u64> = (1..=12).map(|it| pause_after(it).as_secs()).collect();
        assert_eq!(all, [1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256, 256]);
    }
}
