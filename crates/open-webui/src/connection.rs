//! The connections of Gatehall among those of Open WebUI.

use std::collections::BTreeSet;

use gatehall_domain::TenantId;
use serde_json::{Value, json};
use url::Url;

use crate::client::{Object, below};

/// The ID of the connection, which stands before the name of each tool.
pub const CONNECTION: &str = "gatehall";

/// The key that stands in the connection to Gatehall, if there is one.
pub fn connection_key(connections: &[Object]) -> Option<&str> {
    let found = Kind::Mcp.find(connections)?;
    below(&connections[found], "key").as_str().filter(|key| !key.is_empty())
}

/// The gate to which the connection leads, if there is one.
pub fn connection_gate(connections: &[Object]) -> Option<Url> {
    let found = Kind::Mcp.find(connections)?;
    let url = below(&connections[found], "url").as_str()?;
    url.trim_end_matches('/').strip_suffix("/mcp")?.parse().ok()
}

/// A connection that Gatehall has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Mcp,
    OpenApi(TenantId),
}

impl Kind {
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Mcp => CONNECTION.to_owned(),
            Self::OpenApi(tenant) => format!("{CONNECTION}-{tenant}"),
        }
    }

    /// Which one is called so in the `tool_ids` of chats and models, if one is.
    pub(crate) fn of_tool_id(tool_id: &str) -> Option<Self> {
        if tool_id == Self::Mcp.tool_id() {
            return Some(Self::Mcp);
        }
        let id = tool_id.strip_prefix("server:")?;
        let tenant = id.strip_prefix(CONNECTION)?.strip_prefix('-')?;
        Some(Self::OpenApi(tenant.parse().ok()?))
    }

    /// What it is called in the `tool_ids` of chats and models.
    pub(crate) fn tool_id(&self) -> String {
        match self {
            Self::Mcp => format!("server:mcp:{CONNECTION}"),
            Self::OpenApi(_) => format!("server:{}", self.id()),
        }
    }

    const fn type_name(&self) -> &'static str {
        match self {
            Self::Mcp => "mcp",
            Self::OpenApi(_) => "openapi",
        }
    }

    /// Where it stands in the list.
    pub(crate) fn find(&self, connections: &[Object]) -> Option<usize> {
        connections.iter().position(|it| self.is(it))
    }

    pub(crate) fn is(&self, connection: &Object) -> bool {
        let kind = connection.get("type").and_then(Value::as_str).unwrap_or("openapi");
        let id = below(connection, "info")["id"].as_str();
        kind == self.type_name() && id == Some(self.id().as_str())
    }

    /// Where it leads.
    pub(crate) fn url(&self, gate: &Url) -> String {
        let base = gate.as_str().trim_end_matches('/');
        match self {
            Self::Mcp => format!("{base}/mcp"),
            Self::OpenApi(tenant) => format!("{base}/t/{tenant}"),
        }
    }

    /// The connection as it should be, made of the one that is there, with all else in it.
    pub(crate) fn wished(
        &self,
        was: Option<&Object>,
        gate: &Url,
        key: &str,
        access: &[Grant],
    ) -> Object {
        let mut it = was.cloned().unwrap_or_default();
        let path = if *self == Self::Mcp { "" } else { "openapi.json" };
        for (name, value) in [
            ("type", self.type_name()),
            ("url", &self.url(gate)),
            ("path", path),
            ("auth_type", "bearer"),
            ("key", key),
        ] {
            it.insert(name.to_owned(), value.into());
        }
        let (name, description) = match self {
            Self::Mcp => ("Gatehall".to_owned(), "The tools you may use".to_owned()),
            Self::OpenApi(tenant) => (
                format!("Gatehall {tenant}"),
                format!("Finds the tools of {tenant} that you may use"),
            ),
        };
        change_part(&mut it, "info", |info| {
            info.insert("id".into(), self.id().into());
            // Whoever gave it another name keeps that.
            for (key, text) in [("name", name), ("description", description)] {
                if info.get(key).and_then(Value::as_str).is_none_or(str::is_empty) {
                    info.insert(key.into(), text.into());
                }
            }
        });
        change_part(&mut it, "config", |config| {
            config.insert("enable".into(), true.into());
            if grants(config.get("access_grants")) != access.iter().cloned().collect() {
                let access = access.iter().map(Grant::json).collect::<Vec<_>>();
                config.insert("access_grants".into(), access.into());
            }
        });
        it
    }
}

/// Changes the object below a name, or makes one.
pub(crate) fn change_part(object: &mut Object, name: &str, change: impl FnOnce(&mut Object)) {
    let mut part = object.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    change(&mut part);
    object.insert(name.to_owned(), part.into());
}

/// Somebody who may see something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    pub(crate) principal_type: String,
    pub(crate) principal_id: String,
    pub(crate) permission: String,
}

impl Grant {
    pub(crate) fn everybody() -> Self {
        Self::read("user", "*")
    }

    pub(crate) fn group(id: &str) -> Self {
        Self::read("group", id)
    }

    fn read(kind: &str, id: &str) -> Self {
        Self {
            principal_type: kind.to_owned(),
            principal_id: id.to_owned(),
            permission: "read".to_owned(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let Self { principal_type, principal_id, permission } = self;
        json!({ "principal_type": principal_type, "principal_id": principal_id, "permission": permission })
    }
}

/// What of a list of grants decides; each has an id of its own besides.
pub(crate) fn grants(value: Option<&Value>) -> BTreeSet<Grant> {
    let text = |it: &Value, name: &str| it[name].as_str().map(str::to_owned);
    let one = |it: &Value| {
        Some(Grant {
            principal_type: text(it, "principal_type")?,
            principal_id: text(it, "principal_id")?,
            permission: text(it, "permission")?,
        })
    };
    value.and_then(Value::as_array).into_iter().flatten().filter_map(one).collect()
}

/// A list of connections as Open WebUI keeps it, which adds to each what is missing.
pub(crate) fn settled(connections: &[Object]) -> Vec<Object> {
    let settle = |it: &Object| {
        let mut it: Object = it
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        it.entry("type").or_insert_with(|| "openapi".into());
        it.entry("forward_cookies").or_insert_with(|| false.into());
        it
    };
    connections.iter().map(settle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Object {
        serde_json::from_value(value).unwrap()
    }

    fn gate() -> Url {
        "http://gate:8080/".parse().unwrap()
    }

    #[test]
    fn what_is_not_known_stays_and_the_second_time_nothing_changes() {
        let was = object(json!({
            "type": "mcp", "url": "http://old/mcp", "path": "", "auth_type": "none", "key": "",
            "headers": {"X-Note": "1"}, "strange": [1],
            "info": {"id": "gatehall", "name": "Our tools", "more": true},
            "config": {"enable": false, "function_name_filter_list": "x"}
        }));
        let now = Kind::Mcp.wished(Some(&was), &gate(), "ghk_a_b", &[Grant::everybody()]);
        assert_eq!(now["url"], "http://gate:8080/mcp");
        assert_eq!(now["headers"], was["headers"]);
        assert_eq!(now["strange"], was["strange"]);
        assert_eq!(now["info"]["name"], "Our tools");
        assert_eq!(now["info"]["more"], true);
        assert_eq!(now["config"]["enable"], true);
        assert_eq!(now["config"]["function_name_filter_list"], "x");
        // Open WebUI gives each grant an id.
        let mut kept = now.clone();
        kept["config"]["access_grants"][0]["id"] = "1".into();
        assert_eq!(Kind::Mcp.wished(Some(&kept), &gate(), "ghk_a_b", &[Grant::everybody()]), kept);
    }

    #[test]
    fn a_tenants_connection_is_found_by_type_and_id() {
        let tenant = Kind::OpenApi("google".parse().unwrap());
        let made = tenant.wished(None, &gate(), "ghk_a_b", &[Grant::group("g1")]);
        assert_eq!(made["url"], "http://gate:8080/t/google");
        assert_eq!(made["config"]["access_grants"][0]["principal_id"], "g1");
        let all = [Kind::Mcp.wished(None, &gate(), "k", &[]), made];
        assert_eq!((Kind::Mcp.find(&all), tenant.find(&all)), (Some(0), Some(1)));
        assert_eq!(tenant.tool_id(), "server:gatehall-google");
    }

    #[test]
    fn a_list_is_the_same_whoever_wrote_it() {
        let one = [object(json!({"url": "u", "info": null}))];
        let kept = [object(
            json!({"url": "u", "type": "openapi", "headers": null, "forward_cookies": false}),
        )];
        let (mut one, mut kept) = (settled(&one), settled(&kept));
        one.iter_mut().chain(&mut kept).for_each(Object::sort_keys);
        assert_eq!(one, kept);
    }
}
