//! `gatehall serve`: the gate, from its records to its socket.

mod arrivals;
mod audit;
mod chats;
mod hall;
mod head;
mod health;
mod in_step;
mod leftover;
mod listener;
mod publish;
mod replica;
mod signals;
mod unread;
mod workbench;

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use gatehall_domain::Snapshot;
use gatehall_gateway::{Egress, Gateway, GatewayParts, Recorder, Tasks, faces};
use gatehall_identity::{DoorParts, Doors, SessionIndex};
use gatehall_portal::ChatAccess;
use gatehall_store::Actor;
use gatehall_vault::Vault;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(crate) use self::signals::wait_for_stop;
use self::{
    arrivals::{Reception, keep_sessions, record_key_uses},
    health::{Health, HealthParts},
    workbench::Workbench,
};
use crate::{
    admin_link::{self, LinkCommand},
    office::Office,
    output, running,
    settings::{AuditMode, ServeSettings, StoreSettings},
    wire::wire,
};

/// Calls that wait to be written to the audit; some seconds' worth under full load.
const AUDIT_QUEUE: usize = 65_536;

/// How long the start waits for the servers' first answers before it says what it has.
const FIRST_ANSWERS: Duration = Duration::from_secs(10);

/// How long the lanes may take to end when they are cut.
const LANES_END: Duration = Duration::from_secs(2);

/// A gate that is serving.
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    gateway: Arc<Gateway>,
    health: Health,
    tasks: Tasks,
    accepting: CancellationToken,
    served: tokio::task::JoinHandle<()>,
    drain: Duration,
    /// Cancelled when there is nothing left to record.
    recording: CancellationToken,
    store: gatehall_store::Store,
    workbench: Workbench,
}

/// Serves until a signal comes.
pub(crate) async fn command(store: &StoreSettings, settings: &ServeSettings) -> Result<ExitCode> {
    let office = Office::open(store).await?;
    let listener = bind(settings.listen).await?;
    invite(&office, settings, listener.local_addr()?).await?;
    let _note = running::note(&office.gate(listener.local_addr()?));
    let service = Service::start(office, settings, listener).await?;
    tracing::info!("Gatehall listens on http://{}", service.address);
    // Told to stop before the servers have answered, the gate still ends what it started.
    tokio::select! {
        () = wait_for_stop() => {}
        () = async { service.first_answers().await; std::future::pending().await } => {}
    }
    service.stop(wait_for_stop()).await;
    Ok(ExitCode::SUCCESS)
}

/// What an administrator should not forget about.
fn warn_of(settings: &ServeSettings, snapshot: &Snapshot, vault: &Vault) {
    let unread = vault.unread(snapshot.company());
    if !unread.is_empty() {
        tracing::warn!(
            "credentials name variables that the gate may not read, so that they cannot be used: \
             add them to those that are set: GATEHALL_SECRET_VARIABLES={}",
            unread.join(",")
        );
    }
    if settings.doors.cookie_domain.is_none() && !snapshot.company().host_rules.is_empty() {
        tracing::warn!(
            "there are host rules, but a sign-in counts for the gate's own host alone: set \
             GATEHALL_COOKIE_DOMAIN to a domain above all hosts"
        );
    }
    if !settings.doors.forwarded_user_proxies.0.is_empty() {
        tracing::warn!(
            "X-Forwarded-User is believed at /auth/forwarded-user: only for the time of a \
             migration, and only behind a proxy that removes the header from what clients send"
        );
    }
}

/// While nobody can sign in, shows the way in, whatever is logged.
async fn invite(office: &Office, settings: &ServeSettings, listen: SocketAddr) -> Result<()> {
    if !admin_link::nobody_can_sign_in(office).await? {
        return Ok(());
    }
    match settings.doors.public_url(listen) {
        None => output::error(
            "Nobody can sign in yet: set GATEHALL_PUBLIC_URL, then gatehall admin link makes a \
             link that signs an administrator in.",
        ),
        Some(public_url) => {
            let link = admin_link::make(office, None, &public_url).await?;
            let (email, minutes) = (&link.email, admin_link::MINUTES);
            output::error(&format!(
                "Signs {email} in once, within {minutes} minutes: {}",
                link.url
            ));
        }
    }
    Ok(())
}

pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: is something else there? Choose another with --listen")
    })
}

impl Service {
    /// Opens the store that the settings name, and serves on `listener`. For tests and for
    /// programs that bring their own socket.
    ///
    /// # Errors
    /// Whatever keeps the gate from starting.
    pub async fn open(
        store: &StoreSettings,
        settings: &ServeSettings,
        listener: TcpListener,
    ) -> Result<Self> {
        Self::start(Office::open(store).await?, settings, listener).await
    }

    pub(crate) async fn start(
        office: Office,
        settings: &ServeSettings,
        listener: TcpListener,
    ) -> Result<Self> {
        let address = listener.local_addr()?;
        let accounts = office.accounts()?;
        let tasks = Tasks::new();
        let workbench = Workbench::start()?;
        let at_workbench = tasks.on(workbench.handle());
        let lanes = listener::lane_count();
        let snapshot = office.store.load().await.context("reading the company")?;
        let (recorder, calls) = Recorder::new(AUDIT_QUEUE, settings.audit == AuditMode::Sure);
        let sessions = Arc::<SessionIndex>::default();
        let (reception, work) =
            Reception::new(office.desk_of(Actor::gate()), Arc::clone(&sessions), recorder.clone());
        let chats = chats::known(&office, settings, &snapshot).await?;
        let chat_secrets = chats.iter().map(|it| (it.chat.id.clone(), it.place.clone())).collect();
        let reached: Vec<ChatAccess> = chats.iter().filter_map(|it| it.access.clone()).collect();
        let chats = chats.into_iter().map(|it| it.chat).collect();
        let doors = Doors::new(
            settings.doors.settings(address, chats, settings.add_unknown_users.into())?,
            DoorParts {
                vault: Arc::clone(&office.vault),
                clock: office.clock.clone(),
                arrivals: Arc::clone(&reception) as _,
                snapshots: Arc::clone(&reception) as _,
                sessions: Arc::clone(&sessions),
            },
        );
        doors.follow(&snapshot);
        warn_of(settings, &snapshot, &office.vault);
        unread::warn_of_unread(&snapshot, None);
        let gateway = Gateway::start(
            GatewayParts {
                settings: settings.gateway(address, accounts.clone()),
                vault: Arc::clone(&office.vault),
                egress: Egress::new(lanes),
                tasks: tasks.clone(),
                doors: Arc::clone(&doors),
                recorder: recorder.clone(),
                clock: office.clock.clone(),
            },
            snapshot,
        );
        reception.open(Arc::clone(gateway.live()));
        at_workbench.spawn_until_stop(publish::run(
            office.store.clone(),
            Arc::clone(gateway.live()),
            office.clock.clone(),
            Arc::clone(&doors),
            reception.written(),
        ));
        at_workbench.spawn_until_stop(Arc::clone(&reception).work(work.queues));
        at_workbench.spawn_until_stop(keep_sessions(
            office.store.clone(),
            sessions,
            office.clock.clone(),
        ));
        tasks.spawn_until_stop({
            let doors = Arc::clone(&doors);
            async move { doors.keep().await }
        });
        let recording = CancellationToken::new();
        let audit = audit::start(
            &tasks,
            &office.store,
            &recorder,
            &office.data_dir,
            audit::Events { calls, entries: work.entries },
            recording.clone(),
        )?;
        if settings.audit_days > 0 {
            let (store, clock) = (office.store.clone(), office.clock.clone());
            tasks.spawn_until_stop(audit::forget_events(store, clock, settings.audit_days));
        }
        tasks.spawn(record_key_uses(office.store.clone(), work.key_uses, tasks.stop().clone()));

        let name = hall::replica_name(address);
        tasks.spawn(replica::run(
            office.store.clone(),
            Arc::clone(gateway.live()),
            office.clock.clone(),
            name.clone(),
            Arc::clone(&doors),
            tasks.stop().clone(),
        ));
        let wire = wire();
        let in_step = in_step::start(
            &at_workbench,
            &office.desk_of(Actor::gate()),
            gateway.live(),
            &wire,
            &reached,
        )?;
        let health = Health::new(HealthParts {
            live: Arc::clone(gateway.live()),
            clock: office.clock.clone(),
            stale_after: Duration::from_secs(settings.stale_after_seconds),
            recorder,
            audit,
            store: office.store.clone(),
            in_step: in_step.clone(),
        });
        let desk = office.desk_of(Actor::gate());
        let hall = Arc::new(hall::Hall {
            gateway: Arc::clone(&gateway),
            doors: Arc::clone(&doors),
            vault: Arc::clone(&office.vault),
            clock: office.clock.clone(),
            tasks: tasks.clone(),
            settings: settings.clone(),
            accounts,
            store: office.store.clone(),
            replica: name,
            chat_secrets,
            reached,
            wire,
            in_step,
            admin_link_command: LinkCommand::new(&office.gate(address), doors.public_url()),
            health: health.clone(),
        });
        let router = faces(&gateway)
            .merge(health.router())
            .merge(gatehall_identity::routes(&doors))
            .merge(workbench.take_over(gatehall_portal::routes(&doors, desk, hall)))
            .fallback(gatehall_portal::nothing_here)
            .layer(axum::middleware::from_fn(head::guard));
        let accepting = CancellationToken::new();
        let drain = Duration::from_secs(settings.drain_seconds);
        let lanes = listener::Lanes::start(lanes, &router, &gateway, tasks.stop())?;
        let served =
            tasks.spawn(listener::serve(listener, lanes, settings.connections, accepting.clone()));
        let store = office.store;
        Ok(Self {
            address,
            gateway,
            health,
            tasks,
            accepting,
            served,
            drain,
            recording,
            store,
            workbench,
        })
    }

    /// Waits until every server has answered once, well or badly, but not for ever; then says what
    /// there is.
    pub async fn first_answers(&self) {
        self.health.first_answers(FIRST_ANSWERS).await;
        let (tools, tenants) = self.gateway.live().tool_counts();
        let waiting = self.gateway.live().unseen();
        tracing::info!("Cached {tools} tools from {tenants} tenants");
        if waiting > 0 {
            tracing::warn!(
                "{waiting} servers have not answered yet; their tools appear when they do"
            );
        }
    }

    /// Stops: takes no more connections, lets calls under way end, then ends everything. `cut`
    /// ends the waiting.
    pub async fn stop(mut self, cut: impl Future<Output = ()>) {
        tracing::info!("stopping: calls under way have {} seconds to end", self.drain.as_secs());
        self.health.stop();
        self.accepting.cancel();
        tokio::select! {
            drained = tokio::time::timeout(self.drain, &mut self.served) => {
                if drained.is_err() {
                    tracing::warn!("some calls did not end in time and are cut");
                }
            }
            () = cut => tracing::warn!("told again to stop: calls under way are cut"),
        }
        // Whoever still waits is told so. The last calls are recorded when the lanes have ended.
        self.gateway.cut_calls();
        if !self.served.is_finished() {
            let _ = tokio::time::timeout(LANES_END, &mut self.served).await;
        }
        self.tasks.stop().cancel();
        if !self.served.is_finished() {
            let _ = tokio::time::timeout(LANES_END, &mut self.served).await;
        }
        self.recording.cancel();
        // Servers that are processes get some seconds to end by themselves.
        if !self.tasks.finish(Duration::from_secs(8)).await {
            tracing::warn!("some tasks did not end in time");
        }
        // Connections to the database may have been opened there.
        self.store.close().await;
        drop(self.workbench);
    }
}
