//! Hands what is live to the portal.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures_util::future::join;
use gatehall_control::{chat_scene, serving};
use gatehall_doctor::{Senses, look};
use gatehall_domain::{
    Caller, Clock, ConnectionId, ConnectionPath, EmailAddress, Finding, Snapshot, Tool,
    ToolDefinition,
};
use gatehall_gateway::{Accounts, ConnectionStatus, Gateway, State, Tasks};
use gatehall_identity::{ChatScene, Doors, OpenWebUi, Patient, examine};
use gatehall_open_webui::{Client, Fault, Wire};
use gatehall_portal::{Called, ChatAccess, Condition, InStep, Pending, Step};
use gatehall_store::Store;
use gatehall_vault::Vault;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::{health::Health, in_step::States, publish::serve_from_now};
use crate::{
    admin_link::LinkCommand,
    deployment::public_side,
    settings::{AuditMode, ServeSettings},
};

/// Where visitors without TLS come.
const HTTP: u16 = 80;

/// How long a page waits for a change that another gate made.
const PATIENCE: Duration = Duration::from_secs(3);

/// The live side of the gate, as the portal sees it.
pub(super) struct Hall {
    pub(super) gateway: Arc<Gateway>,
    pub(super) doors: Arc<Doors>,
    pub(super) vault: Arc<Vault>,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    pub(super) settings: ServeSettings,
    pub(super) accounts: Accounts,
    pub(super) store: Store,
    pub(super) replica: String,
    pub(super) chat_secrets: Vec<(String, String)>,
    pub(super) admin_link_command: LinkCommand,
    pub(super) health: Health,
    pub(super) reached: Vec<ChatAccess>,
    pub(super) wire: Wire,
    pub(super) in_step: States,
}

/// The name of a replica: that of its machine, and where it listens.
pub(super) fn replica_name(address: SocketAddr) -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{host} {address}")
}

impl gatehall_portal::Hall for Hall {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.gateway.live().snapshot()
    }

    fn reached(&self, revision: u64) -> Pending<'_, ()> {
        Box::pin(async move {
            let mut revisions = self.gateway.live().revisions();
            let reached = revisions.wait_for(|served| *served >= revision);
            let _ = tokio::time::timeout(PATIENCE, reached).await;
        })
    }

    fn publish(&self, snapshot: Arc<Snapshot>) {
        serve_from_now(self.gateway.live(), &self.doors, snapshot);
    }

    fn conditions(&self) -> Vec<Condition> {
        self.gateway.live().status().into_iter().map(condition).collect()
    }

    fn troubles(&self) -> Vec<String> {
        self.health.troubles()
    }

    fn condition(&self, connection: ConnectionId) -> Option<Condition> {
        self.gateway.live().status_of(connection).map(condition)
    }

    fn each_tool(&self, see: &mut dyn FnMut(Tool<'_>)) {
        self.gateway.each_tool(see);
    }

    fn tools_of(&self, connection: ConnectionId, see: &mut dyn FnMut(Tool<'_>)) {
        self.gateway.tools_of(connection, see);
    }

    fn tool(&self, public: &str) -> Option<ToolDefinition> {
        self.gateway.tool(public)
    }

    fn list(&self, caller: &Caller) -> Vec<String> {
        self.gateway.list(caller)
    }

    fn call(&self, caller: Caller, public: String, arguments: String) -> Pending<'_, Called> {
        let gateway = Arc::clone(&self.gateway);
        // Apart from the pages, so that what it opens of an upstream is as good as any.
        let call =
            self.tasks.spawn(async move { gateway.call_as(&caller, &public, &arguments).await });
        let call = AbortOnDropHandle::new(call);
        Box::pin(async move {
            match call.await {
                Ok(called) => Called {
                    succeeded: called.succeeded,
                    text: called.text,
                    milliseconds: called.took.as_millis() as u64,
                },
                Err(error) => Called { succeeded: false, text: error.to_string(), milliseconds: 0 },
            }
        })
    }

    fn test(&self, path: ConnectionPath) -> mpsc::Receiver<Step> {
        let (steps, told) = mpsc::channel(16);
        let gateway = Arc::clone(&self.gateway);
        self.tasks.spawn_until_stop(async move {
            let snapshot = gateway.live().snapshot();
            let mut sites = snapshot.sites();
            let Some(site) = sites.find(|site| site.connection.path == path) else { return };
            let tell = |probe: gatehall_gateway::Probe| {
                let succeeded = probe.said.is_ok();
                let text = probe.said.unwrap_or_else(|problem| problem);
                let milliseconds = probe.took.as_millis() as u64;
                // There are fewer steps than places; whoever went away misses nothing.
                let _ = steps.try_send(Step { name: probe.step, succeeded, text, milliseconds });
            };
            gateway.probe(&snapshot, site, tell).await;
        });
        told
    }

    fn examine(&self) -> Pending<'_, Vec<Finding>> {
        Box::pin(async move {
            let snapshot = self.gateway.live().snapshot();
            let now = self.clock.now();
            let chats = self.chat_scene().await;
            let patient = Patient {
                company: snapshot.company(),
                vault: &self.vault,
                public_url: self.doors.public_url().cloned(),
                cookie_domain: self.settings.doors.cookie_domain.clone(),
                // Whoever asks here is served.
                listen: None,
                allowed_hosts: self.settings.allowed_hosts.clone(),
                chats,
                now,
            };
            let public_url = patient.public_url.as_ref();
            let company = Some(snapshot.company());
            let outside = public_side(public_url, None, company, Some(&self.vault), HTTP);
            let clock = self.clock.clone();
            // The system's certificates are read from files.
            let senses = tokio::task::spawn_blocking(|| Senses::system(clock)).await;
            let outside = async {
                match &senses {
                    Ok(senses) => look(&outside, senses, |_| ()).await,
                    Err(_) => Vec::new(),
                }
            };
            let (mut findings, outside) = join(examine(&patient, |_| ()), outside).await;
            findings.extend(outside);
            findings
        })
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let settings = &self.settings;
        let none = || "not set".to_owned();
        let list = |list: Vec<String>| match list.is_empty() {
            true => "none".to_owned(),
            false => list.join(", "),
        };
        let secrets = self.vault.variables().iter().map(ToString::to_string).collect();
        vec![
            ("Database", self.store.kind().to_owned()),
            ("Public URL", self.doors.public_url().map_or_else(none, ToString::to_string)),
            ("Cookie domain", settings.doors.cookie_domain.clone().unwrap_or_else(none)),
            ("Processes of stdio servers run as", self.accounts.describe()),
            ("Commands that may be set here", list(settings.allowed_commands.clone())),
            ("Variables that secrets are read from", list(secrets)),
            ("Open WebUIs", list(self.doors.open_webuis().map(told).collect())),
            ("Timeout of a call, in seconds", settings.call_timeout_seconds.to_string()),
            ("Concurrent calls on a connection", settings.concurrent_calls.to_string()),
            ("Seconds between two checks of a server", settings.refresh_seconds.to_string()),
            ("Seconds to serve without the database", settings.stale_after_seconds.to_string()),
            (
                "Audit",
                match settings.audit {
                    AuditMode::Fast => {
                        "fast: a crash may lose the events of the last second".into()
                    }
                    AuditMode::Sure => "sure: on the disk before the answer".into(),
                },
            ),
            ("Days for which the audit is kept", settings.audit_days.to_string()),
            ("Largest request, in bytes", settings.request_bytes.to_string()),
            ("Largest answer, in bytes", settings.response_bytes.to_string()),
        ]
    }

    fn admin_link_command(&self, email: &EmailAddress) -> String {
        self.admin_link_command.of(email)
    }

    fn chat_secrets(&self) -> &[(String, String)] {
        &self.chat_secrets
    }

    fn reached_chats(&self) -> &[ChatAccess] {
        &self.reached
    }

    fn open_webui(&self, url: &Url) -> Result<Client, Fault> {
        Client::new(url, self.wire.clone())
    }

    fn in_step(&self, chat: &str) -> Option<InStep> {
        self.in_step.iter().find(|(id, _)| id == chat).map(|(_, state)| state.now())
    }

    fn chat_scene(&self) -> Pending<'_, ChatScene> {
        Box::pin(async move {
            // Without the database this gate knows of itself alone.
            let gates = serving(&self.store, self.clock.now()).await.unwrap_or_default();
            chat_scene(&gates, &self.doors, &self.replica)
        })
    }

    fn allowed_commands(&self) -> &[String] {
        &self.settings.allowed_commands
    }

    fn replica(&self) -> &str {
        &self.replica
    }
}

/// An Open WebUI, without its secret.
fn told(chat: &OpenWebUi) -> String {
    let domains = match chat.domains.is_empty() {
        true => "no domain".to_owned(),
        false => chat.domains.join(" and "),
    };
    let admins = if chat.binds_admins { "also" } else { "not" };
    let (id, secret) = (&chat.id, chat.fingerprint());
    format!(
        "{id} (vouches for {domains}, {admins} for administrators; SHA-256 of its secret {secret}\u{2026})"
    )
}

fn condition(status: ConnectionStatus) -> Condition {
    let (state, said, remedy, protocol, tools) = match &status.state {
        State::Unseen => ("unseen", String::new(), String::new(), "", 0),
        State::Up { facts, tools } => {
            let said = format!("{} {}", facts.name, facts.version).trim().to_owned();
            ("up", said, String::new(), facts.revision, *tools)
        }
        State::Down(error) => ("down", error.to_string(), error.remedy().to_owned(), "", 0),
    };
    Condition {
        connection: status.connection,
        state,
        said,
        remedy,
        protocol,
        tools,
        milliseconds: status.took.as_millis() as u64,
        problems: status.problems,
        cut: status.cut,
        repairs: status.repairs,
        stderr: status.stderr,
        changed: status.changed,
        failures: status.failures,
    }
}
