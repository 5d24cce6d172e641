//! Declarative files: read, compared with what is there, shown as a plan, applied as one revision.

mod document;
pub(crate) mod doors;
mod entry;
mod fill;
mod plan;
mod read;
mod rows;
mod server_list;
pub mod table;
mod tenants_json;

use gatehall_domain::{Change, Refusal, Snapshot};

pub use document::Document;
pub use doors::{AdmitWord, ClaimMappingRow, HostRuleRow, ProviderRow};
pub use entry::{Entry, Row};
pub use fill::{Filling, LeftOpen};
pub use plan::{Choice, Lists, Plan, PlanRow, State};
pub use read::{FileText, ReadError, is_table, read, read_filled};
pub use rows::{ConnectionRow, CredentialRow, GrantRow, GroupRow, ServerRow, TenantRow, UserRow};

use crate::{Desk, DeskError};

impl Desk {
    /// Compares a file with the company as it is now. Changes nothing.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn plan(&self, entries: &[Entry], choice: Choice) -> Result<Plan, DeskError> {
        let snapshot = self.snapshot().await?;
        Ok(self.prepare_import(&snapshot, entries, choice, &|_| Ok(())).1)
    }

    /// Applies what is chosen of a file as one revision, or nothing of it if a row is wrong.
    ///
    /// # Errors
    /// If the store fails. A plan with wrong rows comes back unapplied.
    pub async fn import(&self, entries: &[Entry], choice: Choice) -> Result<Plan, DeskError> {
        let prepare =
            |snapshot: &_| Ok(self.prepare_import(snapshot, entries, choice, &|_| Ok(())));
        self.change(prepare).await
    }

    /// What applying a file to this company takes: nothing if a row is wrong, unless that is
    /// chosen. A row whose change `may` refuses is wrong, too.
    pub fn prepare_import(
        &self,
        snapshot: &Snapshot,
        entries: &[Entry],
        choice: Choice,
        may: &dyn Fn(&Change) -> Result<(), Refusal>,
    ) -> (Vec<Change>, Plan) {
        let now = self.clock().now();
        let plan =
            Plan::new(entries, snapshot.company(), self.vault(), may, choice.only_missing, now);
        let changes = match plan.is_sound() || choice.partial {
            true => plan.changes(choice).cloned().collect(),
            false => Vec::new(),
        };
        (changes, plan)
    }
}
