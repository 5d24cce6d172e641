use std::time::Duration;

use crate::Accounts;

/// How the gateway is set.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// Largest body a client may send, in bytes.
    pub request_bytes: usize,
    /// Largest answer of an upstream that is passed on, in bytes.
    pub response_bytes: usize,
    /// Time until a call is given up, unless its connection says otherwise.
    pub call_timeout: Duration,
    /// Time until an upstream is given up that does not answer a handshake or a list.
    pub open_timeout: Duration,
    /// Calls under way at once on a connection, unless it says otherwise.
    pub concurrent_calls: usize,
    /// A caller who has heard nothing of a call for so long gets a sign of life.
    pub keep_alive: Duration,
    /// How often an upstream is asked for its tools.
    pub refresh: Duration,
    /// Tools on one page of a list.
    pub page_tools: usize,
    /// How long the gateway answers from its last snapshot while the store is away.
    pub stale_after: Duration,
    /// Host names under which clients may come. Empty: any, or only loopback names if the gateway
    /// listens on loopback alone.
    pub allowed_hosts: Vec<String>,
    /// Origins besides its own from which a browser may come.
    pub allowed_origins: Vec<String>,
    /// As whom the processes of stdio servers run.
    pub accounts: Accounts,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            request_bytes: 4 << 20,
            response_bytes: 16 << 20,
            call_timeout: Duration::from_secs(300),
            open_timeout: Duration::from_secs(20),
            concurrent_calls: 256,
            keep_alive: Duration::from_secs(15),
            refresh: Duration::from_secs(300),
            page_tools: 1000,
            stale_after: Duration::from_secs(600),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            accounts: Accounts::default(),
        }
    }
}
