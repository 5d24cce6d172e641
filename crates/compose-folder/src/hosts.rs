//! The public hosts of a deployment.

/// The hosts below a deployment's domain.
#[derive(Debug)]
pub struct Hosts {
    /// That of Open WebUI.
    pub chat: String,
    /// That of other clients.
    pub clients: String,
    /// That of the portal, which is the gate's own.
    pub portal: String,
    /// That of an identity provider of one's own, which only some have.
    pub provider: String,
}

impl Hosts {
    /// Those below a domain.
    pub fn below(domain: &str) -> Self {
        let host = |name: &str| format!("{name}.{domain}");
        Self {
            chat: host("app"),
            clients: host("mcp"),
            portal: host("admin"),
            provider: host("auth"),
        }
    }

    /// Those that every deployment has.
    pub fn all(&self) -> [&str; 3] {
        [&self.chat, &self.clients, &self.portal]
    }

    /// The issuer that the provider of one's own is.
    pub fn own_issuer(&self) -> String {
        format!("https://{}/application/o/gatehall/", self.provider)
    }
}
