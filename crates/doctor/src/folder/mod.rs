//! The folder from which a deployment is started: its variables, its secrets, and whether the copies
//! of one secret are equal. No secret is shown, only the beginning of its SHA-256.

mod compose_folder;
mod copies;
mod machine;
mod modes;
mod provider;
mod secrets;
mod variables;

use gatehall_domain::Finding;

pub use self::compose_folder::{ComposeFolder, FolderFault};
use crate::Senses;

impl ComposeFolder {
    /// Whether all that has to be there is there, closed to others, and fits together. The ports
    /// are those that the machine must have free for the proxy.
    pub async fn findings(&self, senses: &Senses, ports: [u16; 2], host: &str) -> Vec<Finding> {
        let mut report = Vec::new();
        variables::judge(self, &mut report);
        modes::judge(&self.secrets(), &mut report);
        secrets::judge(self, &mut report);
        copies::judge(self, &mut report);
        provider::look(self, senses, &mut report).await;
        machine::look(ports, host, senses, &mut report).await;
        report
    }
}

#[cfg(test)]
mod tests;
