//! What the gates saw of an Open WebUI while somebody asked.

use std::time::Duration;

use gatehall_domain::{Finding, Remedy, Timestamp};
use gatehall_identity::{ChatSaid, SHORT_PROOF};
use tokio::time::{Instant, sleep};

use super::{Wiring, WiringError, ask::SECRET};
use crate::chats::{said_of_chats, serving};

/// A gate says every few seconds what it has seen.
const PATIENCE: Duration = Duration::from_secs(10);

/// How far the clocks of a gate and of this machine may be apart, in seconds.
const SKEW: i64 = 5;

impl Wiring {
    /// How long what Open WebUI signs lasts, and whether it says unsigned who asks.
    pub(super) async fn as_seen(
        &self,
        begun: Timestamp,
        is_taken: bool,
    ) -> Result<Vec<Finding>, WiringError> {
        let said = self.said_since(self.desk.clock().now()).await?;
        let mut findings = Vec::new();
        // What an earlier setting did is over.
        let plain = |it: &ChatSaid| it.plain_at >= begun.seconds() - SKEW;
        if !is_taken && said.iter().any(plain) {
            findings.push(Finding::bad(
                SECRET,
                "Open WebUI tells all its servers who is asking without signing it, including \
                 model servers",
                "set FORWARD_USER_INFO_HEADER_JWT_SECRET in its environment, and restart it",
            ));
        }
        let life = said.iter().filter_map(|it| it.lives.get(&self.chat)).min();
        findings.extend(life.filter(|_| is_taken).map(|life| match *life < SHORT_PROOF {
            true => Finding::bad(
                "proof",
                format!(
                    "it expires after {life} seconds: a turn that takes longer loses its tools"
                ),
                "set FORWARD_USER_INFO_HEADER_JWT_EXPIRES_SECONDS=3600 in Open WebUI's \
                 environment, and restart it",
            ),
            false => Finding::good("proof", format!("it expires after {life} seconds")),
        }));
        if said.is_empty() {
            findings.push(Finding::doubtful(
                "gates",
                "no gate serves this store, so a different one answers Open WebUI",
                Remedy::new(
                    "start the gate with the same store, or name the store of the running one with \
                     --data-dir or --database",
                    "let all gates use the store of this one",
                ),
            ));
        }
        Ok(findings)
    }

    /// What the gates that serve the store said after a time.
    async fn said_since(&self, since: Timestamp) -> Result<Vec<ChatSaid>, WiringError> {
        let end = Instant::now() + PATIENCE;
        loop {
            let gates = serving(self.desk.store(), self.desk.clock().now()).await?;
            if gates.iter().all(|it| it.seen_at > since) || Instant::now() > end {
                return Ok(said_of_chats(&gates).map(|(_, said)| said).collect());
            }
            sleep(Duration::from_millis(200)).await;
        }
    }
}
