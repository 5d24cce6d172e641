//! Changes as a visitor makes them: what they may do here, what was seen, and who serves it.

use std::sync::Arc;

use gatehall_control::{DeskError, Inverse};
use gatehall_domain::{Change, Company, Record, Refusal, Snapshot};

use super::{fault::Fault, guarded, portal::Portal, visitor::Visitor};

impl Portal {
    /// Applies what an operation prepares, as this visitor, and serves it from now on. Answers with
    /// the revision, if anything had to be changed.
    ///
    /// # Errors
    /// What the operation or the store says, and if it needs a fresh sign-in or another command.
    pub(crate) async fn change<T>(
        &self,
        visitor: &Visitor,
        prepare: impl FnMut(&Snapshot) -> Result<(Vec<Change>, T), DeskError>,
    ) -> Result<(Option<u64>, T), Fault> {
        self.change_if(visitor, &Seen(None), prepare).await
    }

    /// Restores what was before a revision, as this visitor. What was changed at the command line
    /// comes back only as far as it could be changed here, too.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn restore(
        &self,
        visitor: &Visitor,
        inverse: &Inverse,
        made_here: bool,
    ) -> Result<Option<u64>, Fault> {
        let desk = self.desk.with_actor(visitor.actor());
        let commands = if made_here { Commands::AsTheyWere } else { Commands::Allowed };
        let may = |snapshot: &Snapshot, changes: &[Change]| {
            self.may_apply(visitor, commands, changes, snapshot)
        };
        let snapshot = desk.undo_from(self.hall.snapshot(), inverse, may).await?;
        Ok(self.serve(snapshot))
    }

    /// Whether a change may be made here, and not only at the command line of the machine.
    ///
    /// # Errors
    /// Why not, and what to set.
    pub(crate) fn may(&self, change: &Change) -> Result<(), Refusal> {
        guarded::check_command(change, self.hall.allowed_commands())?;
        guarded::check_source(change, self.desk.vault())
    }

    async fn change_if<T>(
        &self,
        visitor: &Visitor,
        seen: &Seen,
        mut prepare: impl FnMut(&Snapshot) -> Result<(Vec<Change>, T), DeskError>,
    ) -> Result<(Option<u64>, T), Fault> {
        let desk = self.desk.with_actor(visitor.actor());
        let prepare = |snapshot: &Snapshot| -> Result<_, Fault> {
            seen.changed(snapshot.company())?;
            let (changes, answer) = prepare(snapshot)?;
            self.may_apply(visitor, Commands::Allowed, &changes, snapshot)?;
            Ok((changes, answer))
        };
        let (answer, snapshot) = desk.change_from(self.hall.snapshot(), prepare).await?;
        Ok((self.serve(snapshot), answer))
    }

    /// Whether this visitor may make these changes here and now.
    fn may_apply(
        &self,
        visitor: &Visitor,
        commands: Commands,
        changes: &[Change],
        snapshot: &Snapshot,
    ) -> Result<(), Fault> {
        if commands == Commands::Allowed {
            changes.iter().try_for_each(|change| self.may(change))?;
        }
        match guarded::needs_fresh_sign_in(changes, snapshot.company()) {
            true => visitor.must_be_recent(),
            false => Ok(()),
        }
    }

    /// Serves a company that was changed from now on, and says which revision it is.
    fn serve(&self, snapshot: Option<Arc<Snapshot>>) -> Option<u64> {
        let snapshot = snapshot?;
        let revision = snapshot.revision();
        self.hall.publish(snapshot);
        Some(revision)
    }

    /// The same for operations that only make changes.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn apply<E: Into<DeskError>>(
        &self,
        visitor: &Visitor,
        prepare: impl FnMut(&Snapshot) -> Result<Vec<Change>, E>,
    ) -> Result<Option<u64>, Fault> {
        self.apply_if(visitor, &Seen(None), prepare).await
    }

    /// The same, as long as a record is what was seen.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn apply_if<E: Into<DeskError>>(
        &self,
        visitor: &Visitor,
        seen: &Seen,
        mut prepare: impl FnMut(&Snapshot) -> Result<Vec<Change>, E>,
    ) -> Result<Option<u64>, Fault> {
        let prepare = |snapshot: &Snapshot| Ok((prepare(snapshot).map_err(Into::into)?, ()));
        Ok(self.change_if(visitor, seen, prepare).await?.0)
    }
}

/// Which command lines, and which variables of the gate, a change may bring.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commands {
    /// Those that the machine's operator allowed.
    Allowed,
    /// Any that were there before, which is what undo brings back of what was changed here.
    AsTheyWere,
}

/// A record that has to be so still when a change is applied.
pub(crate) struct Seen(Option<Record>);

impl Seen {
    /// Refuses if somebody changed the record meanwhile, at whichever replica.
    fn changed(&self, company: &Company) -> Result<(), Fault> {
        let Some(record) = &self.0 else { return Ok(()) };
        match company.current(record) {
            Some(now) if now != *record => Err(changed(&now, company.label(&now))),
            _ => Ok(()),
        }
    }
}

fn changed(now: &Record, name: impl std::fmt::Display) -> Fault {
    let what = format!("{} {name}", now.kind());
    Fault::Changed { what, now: now.members(), seen: now.fingerprint() }
}

/// Refuses to change a record that somebody changed since it was `seen`; and keeps it, so that it
/// is looked at again when the change is applied.
pub(crate) fn unchanged(
    seen: Option<&str>,
    record: impl Into<Record>,
    name: impl std::fmt::Display,
) -> Result<Seen, Fault> {
    let record = record.into();
    match seen {
        Some(seen) if seen != record.fingerprint() => Err(changed(&record, name)),
        Some(_) => Ok(Seen(Some(record))),
        None => Ok(Seen(None)),
    }
}
