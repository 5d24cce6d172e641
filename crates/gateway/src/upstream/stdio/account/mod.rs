//! As whom the processes of stdio servers run. A user of its own is what keeps a connection's
//! processes from the gate's files and memory, and from those of other connections.

mod home;
mod reach;
mod uids;
mod user;

use std::{
    ops::RangeInclusive,
    path::PathBuf,
    sync::{Arc, Once},
};

use gatehall_domain::ConnectionId;
use rustix::process::geteuid;

use uids::Obstacle;
pub use uids::StdioUids;
pub(super) use user::Account;

/// Where connections have their homes if nothing else is set.
const HOMES: &str = "/var/lib/gatehall-stdio";

/// The accounts of all connections' processes.
#[derive(Debug, Clone)]
pub struct Accounts(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    /// Whom they run as; nobody of their own if there is none.
    range: Option<RangeInclusive<u32>>,
    homes: PathBuf,
    /// Why there is none.
    missing: Option<Obstacle>,
    warned: Once,
}

/// The users that were asked for cannot be had.
#[derive(Debug, thiserror::Error)]
#[error(
    "stdio servers cannot run as uids {uids}, since {what}: {remedy}, or set --stdio-uids auto"
)]
pub struct UidsUnusable {
    uids: StdioUids,
    what: String,
    remedy: &'static str,
}

impl Default for Accounts {
    /// Users of their own where that is possible.
    fn default() -> Self {
        Self::from_parts(StdioUids::Auto, None, uids::obstacle)
    }
}

impl Accounts {
    /// The accounts that are asked for, with homes in this folder, else in the usual one.
    ///
    /// # Errors
    /// If users are named that this program may not start processes as.
    pub fn new(uids: StdioUids, homes: Option<PathBuf>) -> Result<Self, UidsUnusable> {
        if let StdioUids::Of { first, last } = uids
            && let Some(Obstacle { what, remedy }) = uids::obstacle(&(first..=last))
        {
            return Err(UidsUnusable { uids, what, remedy });
        }
        Ok(Self::from_parts(uids, homes, uids::obstacle))
    }

    fn from_parts(
        uids: StdioUids,
        homes: Option<PathBuf>,
        obstacle: fn(&RangeInclusive<u32>) -> Option<Obstacle>,
    ) -> Self {
        let wanted = uids.range();
        let missing = match &wanted {
            Some(range) => obstacle(range),
            None => Some(Obstacle::unwanted()),
        };
        Self(Arc::new(Parts {
            range: wanted.filter(|_| missing.is_none()),
            homes: homes.unwrap_or_else(|| HOMES.into()),
            missing,
            warned: Once::new(),
        }))
    }

    /// Whether each connection's processes run as a user of their own.
    pub fn are_own(&self) -> bool {
        self.0.range.is_some()
    }

    /// As whom processes run, in a line.
    pub fn describe(&self) -> String {
        match (&self.0.range, &self.0.missing) {
            (Some(range), _) => {
                format!("A uid for each connection, of {} to {}", range.start(), range.end())
            }
            (None, missing) => {
                let why = missing.as_ref().map_or("", |it| &it.what);
                format!("The gate's own user, so there is no wall around them: {why}")
            }
        }
    }

    /// The account of this connection; none if its processes run as the gate does, which is said
    /// once.
    pub(super) fn of(
        &self,
        connection: ConnectionId,
        name: &str,
    ) -> Result<Option<Account>, String> {
        let Some(range) = &self.0.range else {
            self.0.warned.call_once(|| self.warn());
            return Ok(None);
        };
        home::account_of(&self.0.homes, range, connection, name)
            .map(Some)
            .map_err(|error| format!("it has no home to run in ({error}): see --stdio-homes"))
    }

    fn warn(&self) {
        let Some(Obstacle { what, remedy }) = &self.0.missing else { return };
        let whose = match geteuid().is_root() {
            true => "as root, like the gate: it can do whatever the gate can",
            false => {
                "as the gate's own user: it can read the database, the key file and other \
                 servers' credentials"
            }
        };
        tracing::warn!(
            "there is no wall around the processes of stdio servers, since {what}; each runs \
             {whose}. To have each run as a user of its own, {remedy}; or run these servers in \
             containers and connect to them by URL"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> ConnectionId {
        ConnectionId(uuid::Uuid::from_u128(1))
    }

    #[test]
    fn where_users_cannot_be_chosen_it_says_so_or_refuses() {
        let obstacle: fn(&_) -> _ =
            |_| Some(Obstacle { what: "of the moon".to_owned(), remedy: "wait" });
        let auto = Accounts::from_parts(StdioUids::Auto, None, obstacle);
        assert!(auto.of(connection(), "it").unwrap().is_none());
        assert!(auto.0.warned.is_completed());
        assert!(auto.describe().contains("no wall") && auto.describe().contains("of the moon"));
        let none = Accounts::new(StdioUids::None, None).unwrap();
        assert!(none.of(connection(), "it").unwrap().is_none());
        assert!(none.describe().contains("--stdio-uids is none"));
        if !geteuid().is_root() {
            let refused = Accounts::new(StdioUids::Of { first: 70_000, last: 70_001 }, None);
            assert!(refused.unwrap_err().to_string().contains("ordinary user"));
        }
    }

    #[test]
    fn a_home_that_cannot_be_made_is_an_error() {
        let homes = Some(PathBuf::from("/dev/null/homes"));
        let accounts = Accounts::from_parts(StdioUids::Auto, homes, |_| None);
        let refused = accounts.of(connection(), "it").unwrap_err();
        assert!(refused.contains("/dev/null/homes"), "{refused}");
    }
}
