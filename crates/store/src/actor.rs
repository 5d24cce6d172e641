use gatehall_domain::UserId;

/// Who makes a change.
#[derive(Debug, Clone)]
pub struct Actor {
    /// For people to read: an address, or `command line`.
    pub name: String,
    /// The user, if it is one.
    pub user: Option<UserId>,
}

impl Actor {
    /// Somebody at the command line of the machine.
    pub fn command_line() -> Self {
        Self { name: "command line".into(), user: None }
    }

    /// The program itself, for what it learns from a door.
    pub fn gate() -> Self {
        Self { name: GATE.into(), user: None }
    }

    pub(crate) fn is_gate(&self) -> bool {
        self.user.is_none() && self.name == GATE
    }
}

/// The name of the program itself in the audit.
const GATE: &str = "gate";
