use gatehall_domain::{Company, EmailAddress};
use serde::{Deserialize, Serialize};

/// Which people are added who are unknown here. Only those about whose address somebody is believed
/// come so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Newcomers {
    /// None.
    Nobody,
    /// Those to whose address something is granted by a pattern.
    Granted,
    /// All.
    Everybody,
}

impl Newcomers {
    /// Whether somebody with this address is added.
    pub fn admit(self, email: &EmailAddress, company: &Company) -> bool {
        match self {
            Self::Nobody => false,
            Self::Granted => company.grants_by_address(email).next().is_some(),
            Self::Everybody => true,
        }
    }
}

impl From<bool> for Newcomers {
    fn from(all: bool) -> Self {
        if all { Self::Everybody } else { Self::Nobody }
    }
}
