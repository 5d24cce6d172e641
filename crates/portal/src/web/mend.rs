//! A form that was refused, to be mended and sent again: nothing of it is lost but secrets, and what
//! was a choice stays one.

use std::{collections::BTreeMap, sync::Arc};

use gatehall_domain::Snapshot;
use serde_json::{Map, Value};

use super::{
    choices::{self, Choice},
    fault::Fault,
    input::{MAY_BE_EMPTY, Submitted},
};

/// What was sent, and where to.
pub(super) struct Form<'a> {
    pub(super) address: &'a str,
    pub(super) submitted: Submitted,
    /// The company, where there may be something to choose.
    pub(super) snapshot: Option<Arc<Snapshot>>,
}

/// A field to be mended.
pub(super) struct Mend {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) value: String,
    /// What can be chosen; nothing where it is typed.
    pub(super) choices: Vec<Choice>,
    /// Whether several can be.
    pub(super) many: bool,
    /// How it is now, if somebody changed it meanwhile.
    pub(super) now: Option<String>,
    pub(super) wrong: bool,
    pub(super) hidden: bool,
    pub(super) long: bool,
    pub(super) secret: bool,
}

impl<'a> Form<'a> {
    pub(super) fn empty(address: &'a str) -> Self {
        Self { address, submitted: Submitted::default(), snapshot: None }
    }

    /// What was sent, but for secrets, with the newest version of the record beside it, and with
    /// what is missing.
    pub(super) fn mend(self, fault: &Fault) -> Vec<Mend> {
        let Submitted(mut pairs) = self.submitted;
        let empty = Map::new();
        let (now, seen) = match fault {
            Fault::Changed { now, seen, .. } => (now, Some(seen)),
            _ => (&empty, None),
        };
        let wrong = fault.wrong_field().unwrap_or_default();
        let of_groups = |name: &str| ["groups", "access", "admit"].contains(&name);
        let speaks_of_groups = wrong == "groups" || pairs.iter().any(|it| of_groups(&it.0));
        let snapshot = self.snapshot.as_deref().filter(|_| speaks_of_groups);
        let groups = choices::groups(self.address, fault, snapshot);
        let chosen: Vec<String> = match &groups {
            Some(_) => {
                let (chosen, rest) = pairs.into_iter().partition(|(name, _)| name == "groups");
                pairs = rest;
                Vec::into_iter(chosen).map(|(_, value): (String, String)| value).collect()
            }
            None => Vec::new(),
        };
        // A browser leaves out what nothing was chosen of.
        let is_there =
            groups.is_some() && wrong == "groups" || pairs.iter().any(|it| it.0 == wrong);
        // What a rule says of a record may be of no field of this form.
        let is_of_form = matches!(fault, Fault::Unreadable { .. }) && !pairs.is_empty();
        if !is_there && is_of_form && may_be_added(wrong) {
            pairs.push((wrong.to_owned(), String::new()));
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (name, _) in &pairs {
            *counts.entry(name.clone()).or_default() += 1;
        }
        let field = |(name, value): (String, String)| {
            let value = match seen {
                Some(seen) if name == "seen" => seen.clone(),
                _ if is_secret(&name) => String::new(),
                _ => value,
            };
            Mend {
                label: label(self.address, &name),
                now: find_member(now, &name).map(plain).filter(|now| *now != lines(&value)),
                wrong: name == wrong || wrong.starts_with(&format!("{name}[")),
                // What was not typed is sent again unseen.
                hidden: ["seen", "apply"].contains(&name.as_str())
                    || counts.get(&name).copied().unwrap_or(0) > 3,
                secret: is_secret(&name),
                long: value.contains('\n') || value.len() > 80,
                choices: choices::of(&name, &value),
                many: false,
                name,
                value,
            }
        };
        let mut fields: Vec<Mend> = pairs.into_iter().map(field).collect();
        fields.extend(groups.map(|names| Mend {
            name: "groups".into(),
            label: "Groups".into(),
            value: String::new(),
            choices: choices::among(names, &chosen),
            many: true,
            now: find_member(now, "groups").map(plain).filter(|now| *now != chosen.join("\n")),
            wrong: wrong == "groups" || wrong.starts_with("groups["),
            hidden: false,
            long: false,
            secret: false,
        }));
        fields
    }
}

/// Whether a field can be added to what was sent, so that it can be filled in. One that says
/// something when it is empty is none.
fn may_be_added(name: &str) -> bool {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_name && !["input", "seen"].contains(&name) && !MAY_BE_EMPTY.contains(&name)
}

/// Whether what is typed into a field is shown to nobody, and not sent back.
fn is_secret(name: &str) -> bool {
    ["secret", "token", "password"].contains(&name)
}

/// The member of a record that a field is about, wherever the record keeps it.
fn find_member<'r>(record: &'r Map<String, Value>, field: &str) -> Option<&'r Value> {
    let name = match field {
        // Of a record that has a name, and of the transport of a server.
        "group" if record.contains_key("name") => "name",
        "transport" => "type",
        field => field,
    };
    let nested = || record.values().filter_map(Value::as_object);
    record.get(name).or_else(|| nested().find_map(|inner| inner.get(name)))
}

/// As a form shows it: a list on lines.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

/// A text with the line ends of forms made plain.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").trim_end().to_owned()
}

/// A field's name as the page at this address has it.
pub(super) fn label(address: &str, name: &str) -> String {
    let of_open_webui = address.starts_with("/open-webui").then(|| open_webui(name)).flatten();
    let known = match name {
        _ if of_open_webui.is_some() => of_open_webui.unwrap_or_default(),
        "user" if address.starts_with("/keys") => "Owner",
        "paste" => "Email addresses",
        "email" => "Email",
        "url" => "URL",
        "id" => "ID",
        "client_id" => "Client ID",
        "placement" => "Send as",
        "expires_at" => "Expires",
        "timeout_seconds" => "Timeout in seconds",
        "said" => "Claims or headers",
        "add_members" => "Add",
        "remove_members" => "Remove",
        "add_groups" => "Add to a group",
        "remove_groups" => "Remove from the group",
        "confirm" => "Name or ID",
        name => name,
    };
    let mut text = known.replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn open_webui(name: &str) -> Option<&'static str> {
    Some(match name {
        "chat" => "Open WebUI",
        "url" => "URL of Open WebUI, as seen from the gate",
        "gate" => "URL of the gate, as seen from Open WebUI",
        "access" => "Who sees the tools in the chat",
        "models" => "Turn the tools on in new chats",
        "model_ids" => "Models, by their IDs, one per line",
        "bring_groups" => "Sync the groups, with members who have an account there",
        "open_models" => "Let everybody use these models",
        "openapi" => "Tenants that also get a connection of type OpenAPI",
        "every_tenant" => "Add one for every tenant, including future ones",
        "new_key" => "Create a new key and revoke the current one",
        "token" => "API key or token",
        _ => return None,
    })
}
