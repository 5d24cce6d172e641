//! Why a change or an input is not taken, in words for the person who sent it.

/// A rule that an input or a change breaks. Its text names the field and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A value that does not have the form its field needs.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field, as the caller knows it.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// Something named does not exist.
    #[error("there is no {kind} \"{name}\"")]
    Missing {
        /// Which kind of thing.
        kind: &'static str,
        /// The name that was looked for.
        name: String,
    },
    /// Something of that name exists already.
    #[error("{kind} \"{name}\" already exists")]
    Exists {
        /// Which kind of thing.
        kind: &'static str,
        /// The name that is taken.
        name: String,
    },
    /// Something of that name is there and cannot be read.
    #[error(
        "a row of {kind} \"{name}\" cannot be read and is left as it is: see gatehall doctor, and \
         fix or remove the row first"
    )]
    SetAside {
        /// Which kind of thing.
        kind: &'static str,
        /// The name that is taken.
        name: String,
    },
    /// Something cannot go because a row needs it that cannot be read.
    #[error(
        "a row that cannot be read still needs this: see gatehall doctor, and fix or remove that \
         row first"
    )]
    StillNeeded,
    /// Two connections would publish tools under the same names.
    #[error(
        "tools of {first} and of {second} would share the names that begin with \"{prefix}\": \
         give one of the servers another ID"
    )]
    NameClash {
        /// Path of the connection that was there.
        first: String,
        /// Path of the connection that was refused.
        second: String,
        /// The beginning they share.
        prefix: String,
    },
    /// Something is no longer as it was when the change was prepared.
    #[error("someone else has changed {kind} \"{name}\" in the meantime: look at it again")]
    Changed {
        /// Which kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// What is to be undone was touched again.
    #[error(
        "revision {newer} touched {kind} \"{name}\" after revision {revision}: look at it, and undo \
         that one first"
    )]
    Touched {
        /// The revision that was to be undone.
        revision: u64,
        /// The first later one that touched the same.
        newer: u64,
        /// Which kind of thing.
        kind: String,
        /// Its name at the revision that was to be undone.
        name: String,
    },
    /// Nobody would be left who can change anything.
    #[error("the last administrator must stay: make someone else an administrator first")]
    LastAdmin,
    /// Something cannot go because something else needs it.
    #[error("{kind} \"{name}\" is still used by {by}: remove that first")]
    InUse {
        /// Which kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What needs it.
        by: String,
    },
}

impl Refusal {
    /// A value of `field` that is not as it should be.
    pub fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }

    /// Nothing of this `kind` has this `name`.
    pub fn missing(kind: &'static str, name: impl ToString) -> Self {
        Self::Missing { kind, name: name.to_string() }
    }

    /// This `name` is taken.
    pub fn exists(kind: &'static str, name: impl ToString) -> Self {
        Self::Exists { kind, name: name.to_string() }
    }
}
