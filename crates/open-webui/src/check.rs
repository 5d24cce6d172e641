//! What is wrong at an Open WebUI, and what to do about it.

use gatehall_domain::{Finding, Remedy, counted};
use serde_json::Value;

use crate::{
    Found, Known, Plan,
    client::{Object, below},
    connection::{CONNECTION, Kind},
    judge::judge,
    model::UNREGISTERED,
};

/// Looks at what was read, and at what is not as it should be.
pub fn look_at(found: &Found, plan: &Plan) -> Vec<Finding> {
    let sign_up = found.admin.get("ENABLE_SIGNUP").and_then(Value::as_bool);
    let mut findings = judge(&found.config, sign_up);
    // In such a version nothing can be set up, and who may use a model is said in another way.
    let is_too_old = found.version().is_some_and(|it| it.known() == Known::TooOld);
    if !is_too_old {
        findings.extend(in_step(plan));
    }
    findings.extend(odd_connections(found, plan));
    findings.extend(people(found));
    if !is_too_old {
        findings.extend(models(found, plan));
    }
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
    all.extend(left.map(|row| {
        let remedy = match row.what.as_str() {
            UNREGISTERED => opened(),
            _ => Remedy::default(),
        };
        Finding::doubtful(format!("{} {}", row.kind, row.name), &row.what, remedy)
    }));
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
        let subject =
            format!("connection {}", below(it, "info")["id"].as_str().unwrap_or(CONNECTION));
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
        let filter = below(it, "config")["function_name_filter_list"].as_str().unwrap_or_default();
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
            let id = below(it, "info")["id"].as_str().unwrap_or("without an ID");
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
        "user" => Finding::good("default role", "user"),
        "" => Finding::unknown(
            "default role",
            "which role people get who come is not said",
            "look at Default User Role (Settings, Authentication)",
        ),
        role => Finding::unknown(
            "default role",
            format!("who comes becomes {role}, which is none that is known"),
            "look at Default User Role (Settings, Authentication)",
        ),
    });
    let waiting = found.accounts.iter().filter(|it| it.role == "pending").count();
    if waiting > 0 {
        findings.push(Finding::doubtful(
            "accounts",
            format!(
                "{} to be activated, and can use nothing",
                counted(waiting as u64, "waits", "wait")
            ),
            "give them a role (Admin Panel, Users)",
        ));
    }
    findings
}

fn models(found: &Found, plan: &Plan) -> Option<Finding> {
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
    let is_opened = plan.models.changes.iter().any(|it| it.open);
    (!is_opened && !found.models.iter().any(|it| is_shared(&it)))
        .then(|| Finding::doubtful("models", "only administrators may use one", opened()))
}

fn opened() -> Remedy {
    set_up(" --open-models", ", and let everybody use these models")
}

/// Setting it up with these options, which is so much more on the page.
fn set_up(options: &str, more: &str) -> Remedy {
    Remedy::new(format!("gatehall open-webui setup{options} --apply"), format!("set it up{more}"))
}

#[cfg(test)]
mod tests {
    use gatehall_domain::Health::{self, Bad, Doubtful, Good, Unknown};
    use serde_json::json;

    use super::*;
    use crate::{Record, Terms, Wish, model::BaseModel, plan};

    fn found(connections: Value, admin: Value) -> Found {
        let object = |it: Value| it.as_object().cloned().unwrap();
        Found {
            version: "0.12.4".into(),
            config: json!({"version": "0.12.4", "features": {"auth": true}}),
            admin: object(admin),
            connections: connections.as_array().unwrap().iter().cloned().map(object).collect(),
            models: Vec::new(),
            base_models: vec![BaseModel { id: "gpt".into(), name: "GPT".into() }],
            groups: Vec::new(),
            accounts: Vec::new(),
        }
    }

    fn wish(open_models: bool) -> Wish {
        let terms = Terms::new("http://gate:8080".parse().unwrap());
        let terms = Terms { open_models, ..terms };
        Wish { terms, key: None, groups: Vec::new(), tenants: Vec::new() }
    }

    fn looked(found: &Found, wish: &Wish) -> Vec<Finding> {
        look_at(found, &plan(found, wish, &Record::default()).unwrap())
    }

    #[test]
    fn a_connection_that_lacks_everything_is_looked_at() {
        for odd in [json!({}), json!({"key": 1, "config": "x", "url": []})] {
            let mut it = json!({"type": "mcp", "info": {"id": "gatehall"}});
            it.as_object_mut().unwrap().extend(odd.as_object().cloned().unwrap());
            let found = found(json!([it, {}, {"info": 1}]), json!({}));
            assert_eq!(crate::connection_key(&found.connections), None);
            assert_eq!(crate::connection_gate(&found.connections), None);
            let all = looked(&found, &wish(false));
            assert!(all.iter().any(|it| it.subject == "connection gatehall"), "{all:?}");
        }
    }

    #[test]
    fn only_what_is_said_is_good() {
        let role = |admin: Value| -> Health {
            let all = looked(&found(json!([]), admin), &wish(false));
            all.iter().find(|it| it.subject == "default role").unwrap().state
        };
        assert_eq!(role(json!({"DEFAULT_USER_ROLE": "user"})), Good);
        assert_eq!(role(json!({"DEFAULT_USER_ROLE": "pending"})), Doubtful);
        assert_eq!(role(json!({"DEFAULT_USER_ROLE": "admin"})), Bad);
        assert_eq!(role(json!({"DEFAULT_USER_ROLE": "root"})), Unknown);
        assert_eq!(role(json!({"DEFAULT_USER_ROLE": null})), Unknown);
        assert_eq!(role(json!({})), Unknown);
        let all = looked(&found(json!([]), json!({})), &wish(false));
        let settings: Vec<_> = all.iter().filter(|it| it.subject.contains("settings")).collect();
        assert!(settings.iter().all(|it| it.state == Unknown), "{settings:?}");
    }

    #[test]
    fn models_that_the_plan_opens_are_not_called_closed() {
        let found = found(json!([]), json!({}));
        let closed = |open| looked(&found, &wish(open)).iter().any(|it| it.subject == "models");
        assert!(closed(false) && !closed(true));
        let left = looked(&found, &wish(false));
        let left = left.iter().find(|it| it.subject == "model gpt").unwrap();
        assert!(left.remedy.as_str().contains("--open-models"), "{left:?}");
    }

    #[test]
    fn of_a_version_that_is_too_old_nothing_is_said_to_be_set_up() {
        let mut old = found(json!([]), json!({}));
        old.version = "0.6.30".into();
        assert!(looked(&old, &wish(false)).iter().all(|it| it.subject != "connection gatehall"));
    }
}
