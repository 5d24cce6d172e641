//! What is wrong at an Open WebUI, and what to do about it.

use serde::Serialize;
use serde_json::Value;

use crate::{
    Found, Known, Plan, Remedy,
    client::Object,
    connection::{CONNECTION, Kind},
};

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// It keeps people from their tools, or lets somebody in who should not be.
    Bad,
}

impl State {
    /// In one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Bad => "bad",
        }
    }
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it is.
    pub state: State,
    /// What was looked at.
    pub subject: String,
    /// What was found.
    pub found: String,
    /// What to do; empty if nothing.
    pub remedy: Remedy,
}

impl Finding {
    /// That something is as it should be.
    pub fn good(subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(State::Good, subject, found, "")
    }

    /// That something is worth knowing.
    pub fn note(
        subject: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<Remedy>,
    ) -> Self {
        Self::new(State::Note, subject, found, remedy)
    }

    /// That something is wrong.
    pub fn bad(
        subject: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<Remedy>,
    ) -> Self {
        Self::new(State::Bad, subject, found, remedy)
    }

    fn new(
        state: State,
        subject: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<Remedy>,
    ) -> Self {
        Self { state, subject: subject.into(), found: found.into(), remedy: remedy.into() }
    }
}

/// Looks at what was read, and at what is not as it should be.
pub fn look_at(found: &Found, plan: &Plan) -> Vec<Finding> {
    let mut findings = vec![version(found)];
    findings.extend(in_step(plan));
    findings.extend(odd_connections(found, plan));
    findings.extend(people(found));
    findings.extend(models(found));
    findings
}

fn version(found: &Found) -> Finding {
    let said = &found.version;
    match found.version().map(|it| it.known()) {
        Some(Known::Yes) => Finding::good("version", format!("Open WebUI {said}")),
        Some(Known::TooOld) => Finding::bad(
            "version",
            format!("Open WebUI {said} does not sign who asks, so that nobody would be believed"),
            "take 0.12 or newer; docs/open-webui.md has a tool in Python for versions before 0.9.6",
        ),
        Some(Known::Older) => Finding::note(
            "version",
            format!("Open WebUI {said} signs who asks, and was not tried: 0.12 was"),
            "take 0.12, or see what the test user sees",
        ),
        Some(Known::Newer) => Finding::note(
            "version",
            format!("Open WebUI {said} is newer than those that were tried, 0.12"),
            "look whether a newer Gatehall knows it; what the test user sees counts",
        ),
        None => Finding::note("version", format!("\"{said}\" is no version that is known"), ""),
    }
}

fn in_step(plan: &Plan) -> Vec<Finding> {
    let open = |row: &crate::PlanRow| !matches!(row.state, "unchanged" | "left");
    let rows = plan.rows();
    let finding = |row: &crate::PlanRow| {
        let found = match row.state {
            "new" => format!("it is missing: {}", row.what),
            "removed" => "it should not be there any more".to_owned(),
            _ => format!("it is not as it was set up: {}", row.what),
        };
        let subject = format!("{} {}", row.kind, row.name);
        Finding::bad(subject, found, Remedy::set_up("", ""))
    };
    let mut all: Vec<Finding> = rows.iter().filter(|row| open(row)).map(finding).collect();
    let left = rows.iter().filter(|row| row.state == "left");
    all.extend(left.map(|row| Finding::note(format!("{} {}", row.kind, row.name), &row.what, "")));
    if plan.is_done() {
        all.push(Finding::good("setup", "connections, models and groups are as they were set up"));
    }
    all
}

/// Headers that say who asks; one of these in a connection would speak for everybody.
fn speaks_for_all(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "authorization" || name.starts_with("x-openwebui-user")
}

fn odd_connections(found: &Found, plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    let gate = plan.terms.gate.as_str().trim_end_matches('/');
    let text = |it: &Object, name: &str| {
        it.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let own = |it: &&Object| plan.connections.iter().any(|(kind, _)| kind.is(it));
    for it in found.connections.iter().filter(own) {
        let subject = format!("connection {}", it["info"]["id"].as_str().unwrap_or(CONNECTION));
        let headers = it.get("headers").and_then(Value::as_object);
        for name in headers.into_iter().flat_map(Object::keys).filter(|it| speaks_for_all(it)) {
            findings.push(Finding::bad(
                &subject,
                format!(
                    "it adds the header {name}, which stands in place of what Open WebUI signs"
                ),
                "take it out of the connection's headers",
            ));
        }
        let filter = it["config"]["function_name_filter_list"].as_str().unwrap_or_default();
        if !filter.is_empty() {
            findings.push(Finding::note(
                &subject,
                format!("it lets only some tools through: {filter}"),
                "leave Function Name Filter List empty: Gatehall knows who may use what",
            ));
        }
        if it.get("forward_cookies") == Some(&Value::Bool(true)) {
            findings.push(Finding::bad(
                &subject,
                "it hands everybody's session cookie over",
                "switch the forwarding of cookies off in the connection",
            ));
        }
    }
    if found.connections.iter().filter(|it| Kind::Mcp.is(it)).count() > 1 {
        findings.push(Finding::bad(
            "connection gatehall",
            "there are two of this ID, and only the first is used",
            "remove one (Settings, Integrations)",
        ));
    }
    for it in found.connections.iter().filter(|it| !own(it)) {
        let url = text(it, "url");
        if url.strip_prefix(gate).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            let id = it.get("info").and_then(|it| it["id"].as_str()).unwrap_or("without an ID");
            findings.push(Finding::note(
                format!("connection {id}"),
                "it leads to Gatehall, too, and was not set up here",
                "remove it if it is an older one, so that no tool is there twice",
            ));
        }
    }
    findings
}

fn people(found: &Found) -> Vec<Finding> {
    let on = |name: &str| found.admin.get(name) == Some(&Value::Bool(true));
    let features = &found.config["features"];
    let by_header = features["auth_trusted_header"] == Value::Bool(true);
    let mut findings = Vec::new();
    if features["auth"] == Value::Bool(false) {
        findings.push(Finding::bad(
            "sign-in",
            "WEBUI_AUTH=false: everybody is one administrator",
            "take WEBUI_AUTH out of Open WebUI's environment",
        ));
    }
    findings.push(match on("ENABLE_SIGNUP") && !by_header {
        true => Finding::bad(
            "sign-up",
            "anybody can make an account with an address that is not theirs",
            "switch New Sign Ups off (Settings, Authentication), or set ENABLE_SIGNUP=false",
        ),
        false => Finding::good("sign-up", "nobody makes an account by themselves"),
    });
    let role = found.admin.get("DEFAULT_USER_ROLE").and_then(Value::as_str).unwrap_or_default();
    findings.push(match role {
        "admin" => Finding::bad(
            "default role",
            "everybody who comes becomes an administrator",
            "set Default User Role to user (Settings, Authentication)",
        ),
        "pending" => Finding::note(
            "default role",
            "who comes waits until an administrator gives them a role",
            match by_header {
                true => "the gate signs people in: set Default User Role to user there",
                false => "",
            },
        ),
        role => Finding::good("default role", role),
    });
    let waiting = found.accounts.iter().filter(|it| it.role == "pending").count();
    if waiting > 0 {
        findings.push(Finding::note(
            "accounts",
            format!("{waiting} wait to be activated, and can use nothing"),
            "give them a role (Admin Panel, Users)",
        ));
    }
    findings
}

fn models(found: &Found) -> Option<Finding> {
    // Such a version says in another way who may use a model.
    if found.version().is_some_and(|it| it.known() == Known::TooOld) {
        return None;
    }
    if found.base_models.is_empty() && found.models.is_empty() {
        return Some(Finding::note(
            "models",
            "there is none",
            "connect a provider of models (Settings, Connections), or see whether it answers",
        ));
    }
    let is_shared = |it: &&Object| {
        it.get("access_grants").and_then(Value::as_array).is_some_and(|it| !it.is_empty())
    };
    found.models.iter().all(|it| !is_shared(&it)).then(|| {
        Finding::note(
            "models",
            "only administrators may use one",
            Remedy::set_up(" --open-models", ", and let everybody use these models"),
        )
    })
}
