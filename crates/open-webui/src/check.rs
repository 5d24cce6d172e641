//! What is wrong at an Open WebUI, and what to do about it.

use gatehall_domain::{Finding, Remedy};
use serde_json::Value;

use crate::{
    Found, Known, Plan,
    client::Object,
    connection::{CONNECTION, Kind},
    judge::judge,
};

/// Looks at what was read, and at what is not as it should be.
pub fn look_at(found: &Found, plan: &Plan) -> Vec<Finding> {
    let sign_up = found.admin.get("ENABLE_SIGNUP").and_then(Value::as_bool);
    let mut findings = judge(&found.config, sign_up);
    findings.extend(in_step(plan));
    findings.extend(odd_connections(found, plan));
    findings.extend(people(found));
    findings.extend(models(found));
    findings
}

fn in_step(plan: &Plan) -> Vec<Finding> {
    let rows = plan.rows();
    let finding = |row: &crate::PlanRow| {
        let found = match row.state {
            "new" => format!("it is missing: {}", row.what),
            "removed" => "it should not be there any more".to_owned(),
            _ => format!("it is not as it was set up: {}", row.what),
        };
        let subject = format!("{} {}", row.kind, row.name);
        Finding::bad(subject, found, set_up("", ""))
    };
    let mut all: Vec<Finding> = rows.iter().filter(|row| row.is_change()).map(finding).collect();
    let left = rows.iter().filter(|row| row.state == "left");
    all.extend(
        left.map(|row| Finding::doubtful(format!("{} {}", row.kind, row.name), &row.what, "")),
    );
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
            findings.push(Finding::doubtful(
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
            findings.push(Finding::doubtful(
                format!("connection {id}"),
                "it leads to Gatehall, too, and was not set up here",
                "remove it if it is an older one, so that no tool is there twice",
            ));
        }
    }
    findings
}

fn people(found: &Found) -> Vec<Finding> {
    let by_header = found.config["features"]["auth_trusted_header"] == Value::Bool(true);
    let mut findings = Vec::new();
    let role = found.admin.get("DEFAULT_USER_ROLE").and_then(Value::as_str).unwrap_or_default();
    findings.push(match role {
        "admin" => Finding::bad(
            "default role",
            "everybody who comes becomes an administrator",
            "set Default User Role to user (Settings, Authentication)",
        ),
        "pending" => Finding::doubtful(
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
        findings.push(Finding::doubtful(
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
        return Some(Finding::doubtful(
            "models",
            "there is none",
            "connect a provider of models (Settings, Connections), or see whether it answers",
        ));
    }
    let is_shared = |it: &&Object| {
        it.get("access_grants").and_then(Value::as_array).is_some_and(|it| !it.is_empty())
    };
    found.models.iter().all(|it| !is_shared(&it)).then(|| {
        Finding::doubtful(
            "models",
            "only administrators may use one",
            set_up(" --open-models", ", and let everybody use these models"),
        )
    })
}

/// Setting it up again with these options, which is so much more on the page.
fn set_up(options: &str, more: &str) -> Remedy {
    Remedy::new(
        format!("gatehall open-webui setup{options} --apply"),
        format!("set it up again{more}"),
    )
}
