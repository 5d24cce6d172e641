use crate::{Because, GrantId};

/// The grants that bear on a user, and what makes them an administrator. Equal keys, equal views.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ViewKey {
    pub(super) admin: Option<Because>,
    pub(super) grants: Vec<GrantId>,
    /// Those that deny something to groups that the user may be in.
    pub(super) supposed: Vec<GrantId>,
}
