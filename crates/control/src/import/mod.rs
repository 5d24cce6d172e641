//! Declarative files: read, compared with what is there, shown as a plan, applied as one revision.

mod document;
pub(crate) mod doors;
mod fill;
mod plan;
mod read;
mod server_list;
pub mod table;
mod tenants_json;

use gatehall_domain::{Change, Refusal, Snapshot};

pub use document::{
    ConnectionRow, CredentialRow, Document, GrantRow, GroupRow, ServerRow, TenantRow, UserRow,
};
pub use doors::{AdmitWord, ClaimMappingRow, HostRuleRow, ProviderRow};
pub use fill::{Filling, LeftOpen};
pub use plan::{Choice, Lists, Plan, PlanRow, State};
pub use read::{FileText, ReadError, is_table, read, read_filled};

use crate::{Desk, DeskError};

/// One row of a file, and where it stands.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its place, such as `users[3]`.
    pub place: String,
    /// What it says, or why it cannot be read.
    pub row: Result<Row, String>,
}

/// What a row declares.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each variant holds the row of its name")]
pub enum Row {
    Tenant(TenantRow),
    Server(ServerRow),
    Connection(ConnectionRow),
    Group(GroupRow),
    User(UserRow),
    Grant(GrantRow),
    Provider(Box<ProviderRow>),
    ClaimMapping(ClaimMappingRow),
    HostRule(HostRuleRow),
}

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
