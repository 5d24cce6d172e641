//! What the program hands to the portal of what is live: the portal and the gateway do not know
//! each other.

use std::{future::Future, pin::Pin, sync::Arc};

use gatehall_domain::{
    Caller, ConnectionId, ConnectionPath, EmailAddress, Snapshot, Timestamp, Tool, ToolDefinition,
};
use gatehall_identity::ChatScene;
use gatehall_open_webui::{Client, Fault, Proof};
use serde::Serialize;
use tokio::sync::mpsc;
use url::Url;

/// Something that is still to come.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What is live behind the pages.
pub trait Hall: Send + Sync {
    /// The company as the gate serves it.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Waits until this gate serves a revision, but not for long.
    fn reached(&self, revision: u64) -> Pending<'_, ()>;

    /// Serves a newer company from now on.
    fn publish(&self, snapshot: Arc<Snapshot>);

    /// What of the gate itself does not work, in sentences without a full stop.
    fn troubles(&self) -> Vec<String>;

    /// How the connections are that are enabled, by path.
    fn conditions(&self) -> Vec<Condition>;

    /// How one connection is.
    fn condition(&self, connection: ConnectionId) -> Option<Condition>;

    /// Shows every tool of the catalogue, connection by connection.
    fn each_tool(&self, see: &mut dyn FnMut(Tool<'_>));

    /// The tools of one connection.
    fn tools_of(&self, connection: ConnectionId, see: &mut dyn FnMut(Tool<'_>));

    /// The tool of this public name.
    fn tool(&self, public: &str) -> Option<ToolDefinition>;

    /// The public names that the gateway would list for a caller, in its order.
    fn list(&self, caller: &Caller) -> Vec<String>;

    /// Calls a tool.
    fn call(&self, caller: Caller, public: String, arguments: String) -> Pending<'_, Called>;

    /// Opens a connection anew to see how it is, enabled or not, and tells each step.
    fn test(&self, path: ConnectionPath) -> mpsc::Receiver<Step>;

    /// Looks at the deployment from outside.
    fn examine(&self) -> Pending<'_, Vec<gatehall_domain::Finding>>;

    /// What was set when the program was started, for showing: name and value.
    fn settings(&self) -> Vec<(&'static str, String)>;

    /// The command that makes a link to sign this user in once, as it has to be typed on the gate's
    /// machine.
    fn admin_link_command(&self, email: &EmailAddress) -> String;

    /// The name of each Open WebUI, and where the secret lies with which it signs its user header:
    /// never the secret.
    fn chat_secrets(&self) -> &[(String, String)];

    /// The Open WebUIs that the gate reaches by itself.
    fn reached_chats(&self) -> &[ChatAccess];

    /// The Open WebUI at this address, spoken to by nobody.
    ///
    /// # Errors
    /// If it is no address.
    fn open_webui(&self, url: &Url) -> Result<Client, Fault>;

    /// How an Open WebUI that follows the company is kept in step with it.
    fn in_step(&self, chat: &str) -> Option<InStep>;

    /// What the gates of this company say of Open WebUIs.
    fn chat_scene(&self) -> Pending<'_, ChatScene>;

    /// The commands with which processes may be started from the portal.
    fn allowed_commands(&self) -> &[String];

    /// The name of this replica.
    fn replica(&self) -> &str;
}

/// How an Open WebUI is reached as one of its administrators.
#[derive(Debug, Clone)]
pub struct ChatAccess {
    /// The source of its accounts here.
    pub chat: String,
    /// Where it is.
    pub url: Url,
    /// What proves an administrator there; none if whoever asks has to give it.
    pub proof: Option<Proof>,
    /// Whether it follows the company.
    pub follow: bool,
}

/// How an Open WebUI is kept in step with the company.
#[derive(Debug, Clone, Default)]
pub struct InStep {
    /// When all was last as it should be.
    pub at: Option<Timestamp>,
    /// Since when it has failed, and why.
    pub failing: Option<(Timestamp, String)>,
}

/// How a connection is.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Which one.
    pub connection: ConnectionId,
    /// Its state in one word: `up`, `down` or `unseen`.
    pub state: &'static str,
    /// What it says of itself, or why it is down.
    pub said: String,
    /// What mends it; empty if nothing has to be.
    pub remedy: String,
    /// The protocol revision it speaks.
    pub protocol: &'static str,
    /// Tools it offers.
    pub tools: usize,
    /// Milliseconds that the last look took.
    pub milliseconds: u64,
    /// Definitions that were left out, and why.
    pub problems: Vec<String>,
    /// Why its list of tools was not read to its end, if it was not.
    pub cut: Option<&'static str>,
    /// What was repaired in definitions, each with the tools that had it.
    pub repairs: Vec<String>,
    /// The last lines of a process's standard error.
    pub stderr: Vec<String>,
    /// Tools that came, went or changed since the gate started, and when that was seen.
    pub changed: Option<(Timestamp, Vec<String>)>,
    /// The last failures, the newest first.
    pub failures: Vec<(Timestamp, String)>,
}

/// What came of a call.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Called {
    /// Whether the tool did what it was asked.
    pub succeeded: bool,
    /// The result as JSON, or why there is none.
    pub text: String,
    /// Milliseconds it took.
    pub milliseconds: u64,
}

/// A step of a test.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Step {
    /// What was done: `resolve`, `connect`, `discover`, `list`.
    pub name: &'static str,
    /// Whether it went well.
    pub succeeded: bool,
    /// What came of it.
    pub text: String,
    /// Milliseconds it took.
    pub milliseconds: u64,
}
