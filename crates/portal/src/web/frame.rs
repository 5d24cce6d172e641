//! What surrounds the content of every page.

use url::form_urlencoded;

use super::notice::Notice;
use gatehall_domain::names::encoded;

/// What surrounds the content of a page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    pub(crate) title: String,
    /// Who looks at it.
    pub(crate) shown: String,
    pub(crate) admin: bool,
    pub(crate) manages: Vec<String>,
    pub(crate) address: String,
    pub(crate) scheme: &'static str,
    /// Whether letters alone are shortcuts: `on` or `off`.
    pub(crate) letters: &'static str,
    pub(crate) revision: u64,
    pub(crate) notice: Option<Notice>,
    /// Whether credentials and administrators can be changed without signing in again.
    pub(crate) recent: bool,
    pub(crate) by_link: bool,
}

/// A page in the navigation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) href: &'static str,
    pub(crate) name: &'static str,
    pub(crate) icon: &'static str,
}

const fn place(href: &'static str, name: &'static str, icon: &'static str) -> Place {
    Place { href, name, icon }
}

/// The pages of administrators, in the order of the navigation.
const PLACES: [Place; 14] = [
    place("/overview", "Overview", "overview"),
    place("/users", "Users", "user"),
    place("/groups", "Groups", "group"),
    place("/members", "Members", "members"),
    place("/tenants", "Tenants", "tenant"),
    place("/servers", "Servers", "server"),
    place("/connections", "Connections", "connection"),
    place("/tools", "Tools", "tool"),
    place("/grants", "Grants", "grant"),
    place("/access", "Access", "access"),
    place("/import", "Import", "import"),
    place("/audit", "Audit", "audit"),
    place("/keys", "Keys", "key"),
    place("/settings", "Settings", "settings"),
];

/// Those of tenant admins.
const MANAGED: [&str; 5] = ["/tenants", "/connections", "/tools", "/grants", "/audit"];

impl Frame {
    /// Whether there are other pages than the visitor's own.
    pub(crate) fn has_menu(&self) -> bool {
        self.admin || !self.manages.is_empty()
    }

    /// The pages to go to.
    pub(crate) fn places(&self) -> impl Iterator<Item = &'static Place> + use<> {
        let (admin, manages) = (self.admin, !self.manages.is_empty());
        PLACES.iter().filter(move |place| admin || manages && MANAGED.contains(&place.href))
    }

    /// Whether this is the page of a place, or one below it.
    pub(crate) fn is_at(&self, href: &str) -> bool {
        let path = self.address.split('?').next().unwrap_or_default();
        path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether this is a page of a place; providers, host rules and Open WebUI are reached from the settings.
    pub(crate) fn is_of(&self, place: &Place) -> bool {
        let below = ["/providers", "/host-rules", "/open-webui"];
        self.is_at(place.href)
            || place.href == "/settings" && below.iter().any(|href| self.is_at(href))
    }

    /// Whether this is the page of a tenant.
    pub(crate) fn is_at_tenant(&self, tenant: &str) -> bool {
        self.is_at(&format!("/tenants/{tenant}"))
    }

    /// Where to sign in again, to come back to a page.
    pub(crate) fn sign_in_again(&self, page: impl AsRef<str>) -> String {
        sign_in_again(self.by_link, page.as_ref())
    }

    /// This page without what was just done, to come back to.
    pub(crate) fn here(&self) -> String {
        let Some((path, query)) = self.address.split_once('?') else {
            return self.address.clone();
        };
        let kept = form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| !["done", "twice"].contains(&&**name));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// Where somebody signs in again, to come back to a page. Whoever came by a link passes the page that
/// has the command for the next one: nothing says yet that a provider lets them in.
pub(super) fn sign_in_again(by_link: bool, page: &str) -> String {
    let way = if by_link { "sign_in" } else { "start" };
    format!("/oauth2/{way}?rd={}&again=1", encoded(page))
}
