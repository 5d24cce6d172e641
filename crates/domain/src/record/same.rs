use serde::Serialize;

use super::Record;

impl Record {
    /// What stays of a record through all its changes, as a text: two records with the same are
    /// one at different times.
    pub fn key(&self) -> String {
        match self {
            Self::User(it) => self.text(&it.id),
            Self::Identity(it) => self.text(&(&it.issuer, &it.subject)),
            Self::Group(it) => self.text(&it.id),
            Self::Membership(it) => self.text(&(it.user, it.group, &it.source)),
            Self::Tenant(it) => self.text(&it.id),
            Self::TenantAdmin(it) => self.text(&(&it.tenant, it.user)),
            Self::Server(it) => self.text(&it.id),
            Self::Connection(it) => self.text(&it.id),
            Self::Credential(it) => self.text(&(it.connection, &it.placement)),
            Self::Grant(it) => self.text(&it.id),
            Self::Key(it) => self.text(&it.id),
            Self::Provider(it) => self.text(&it.id),
            Self::ClaimMapping(it) => self.text(&it.id),
            Self::HostRule(it) => self.text(&it.id),
        }
    }

    fn text(&self, parts: &impl Serialize) -> String {
        serde_json::to_string(&(self.kind(), parts)).unwrap_or_default()
    }
}
