use gatehall_domain::{EmailAddress, OPEN_WEBUI};
use serde::{Deserialize, Serialize};

/// How an Open WebUI is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatSetting {
    /// As in [`OpenWebUi`](super::OpenWebUi).
    pub id: String,
    /// The fingerprint of its secret, where that is known.
    pub fingerprint: Option<String>,
    /// As in [`OpenWebUi`](super::OpenWebUi).
    pub domains: Vec<String>,
    /// As in [`OpenWebUi`](super::OpenWebUi).
    pub binds_admins: bool,
    /// As in [`OpenWebUi`](super::OpenWebUi).
    #[serde(default)]
    pub in_file: bool,
}

impl ChatSetting {
    /// One of which nothing is seen here but its name: only one has settings of its own.
    pub fn unseen(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            fingerprint: None,
            domains: Vec::new(),
            binds_admins: false,
            in_file: id != OPEN_WEBUI,
        }
    }

    /// Whether it is believed about an address.
    pub fn believes(&self, email: &EmailAddress) -> bool {
        believes(&self.domains, email)
    }

    /// Where the domains are set for which it vouches, for people.
    pub fn domains_place(&self) -> String {
        match self.in_file {
            true => format!("the domains of {} in the file of GATEHALL_OPEN_WEBUIS", self.id),
            false => "GATEHALL_OPEN_WEBUI_DOMAINS".to_owned(),
        }
    }

    /// Where the secret is set with which it signs, for people.
    pub fn secret_place(&self) -> String {
        match self.in_file {
            true => format!("the secret of {} in the file of GATEHALL_OPEN_WEBUIS", self.id),
            false => "GATEHALL_OPEN_WEBUI_SECRET".to_owned(),
        }
    }
}

/// Whether somebody is believed about an address who vouches for these domains.
pub(super) fn believes(domains: &[String], email: &EmailAddress) -> bool {
    domains.iter().any(|domain| domain.eq_ignore_ascii_case(email.domain()))
}
