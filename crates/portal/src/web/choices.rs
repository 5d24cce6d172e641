//! What can be chosen in a form that was refused.

use gatehall_domain::{Company, Snapshot};

use super::fault::Fault;

/// Something that can be chosen.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

type Words = &'static [(&'static str, &'static str)];

/// Fields in which one of a few words is chosen, with what the pages say for each.
const WORDS: [(&str, Words); 7] = [
    (
        "access",
        &[
            ("everybody", "Everybody: each person sees their own"),
            ("groups", "Members of the groups below"),
        ],
    ),
    (
        "access",
        &[
            ("granted", "A grant is needed"),
            ("public", "Public: every enabled user has access; no credential may be set"),
        ],
    ),
    (
        "models",
        &[
            ("all", "With every model"),
            ("named", "Only with the models below; with none if the list is empty"),
        ],
    ),
    (
        "effect",
        &[("allow", "Allow"), ("deny", "Deny: overrides every allow, even for administrators")],
    ),
    (
        "admit",
        &[
            ("groups", "Members of the groups below, and administrators"),
            ("signed-in", "Every user"),
            ("open", "Everybody, signed in or not"),
        ],
    ),
    (
        "transport",
        &[
            ("streamable-http", "MCP over Streamable HTTP"),
            ("sse", "MCP over HTTP with SSE (2024-11-05)"),
            ("openapi", "OpenAPI"),
        ],
    ),
    (
        "profile",
        &[
            ("entra", "Microsoft Entra ID"),
            ("authentik", "Authentik"),
            ("generic", "Another OpenID provider"),
        ],
    ),
];

const YES_OR_NO: Words = &[("true", "Yes"), ("false", "No")];

/// Fields that say yes or no.
const FLAGS: [&str; 14] = [
    "manage",
    "admin",
    "stateful",
    "new_key",
    "cascade",
    "prune",
    "leave_new",
    "leave_changed",
    "add_users",
    "trust_email",
    "sign_in",
    "bring_groups",
    "open_models",
    "every_tenant",
];

/// What can be chosen in place of a value; nothing where it is typed.
pub(super) fn of(name: &str, value: &str) -> Vec<Choice> {
    let knows = |words: &Words| words.iter().any(|(word, _)| *word == value);
    let mut of_name = WORDS.iter().filter(|(it, _)| *it == name).map(|(_, words)| *words);
    let flag = FLAGS.contains(&name).then_some(YES_OR_NO);
    let words = of_name.find(knows).or(flag.filter(knows)).unwrap_or_default();
    let one = |(word, label): &(&str, &str)| Choice {
        value: (*word).to_owned(),
        label: (*label).to_owned(),
        chosen: *word == value,
    };
    words.iter().map(one).collect()
}

/// These names, of which some are chosen.
pub(super) fn among(names: Vec<String>, chosen: &[String]) -> Vec<Choice> {
    let one =
        |name: String| Choice { chosen: chosen.contains(&name), label: name.clone(), value: name };
    names.into_iter().map(one).collect()
}

/// The names of all groups.
pub(crate) fn group_names(company: &Company) -> Vec<String> {
    let mut names: Vec<String> = company.groups.values().map(|it| it.name.to_string()).collect();
    names.sort_unstable_by_key(|name| name.to_lowercase());
    names
}

/// The groups, where the form at this address chooses among them. Only administrators come as far
/// there as to be told of a field.
pub(super) fn groups(
    address: &str,
    fault: &Fault,
    snapshot: Option<&Snapshot>,
) -> Option<Vec<String>> {
    let is_told = matches!(
        fault,
        Fault::Unreadable { .. }
            | Fault::Refused(_)
            | Fault::Changed { .. }
            | Fault::AtWork(_)
            | Fault::OpenWebUi(_)
    );
    let chooses = ["/open-webui/", "/host-rules"].iter().any(|it| address.starts_with(it));
    Some(group_names(snapshot.filter(|_| is_told && chooses)?.company()))
}
