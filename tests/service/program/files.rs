//! Import and export.

use serde_json::{Value, json};

use super::Home;

const TENANTS: &str = r#"{"google":{"tenant_id":"google","display_name":"Google","mcp_endpoint":"http://mcp-filesystem:8001","enabled":true,
  "allowed_users":["*@google.com","boss@company.example","*"],"allowed_groups":["google-employees"]},
 "microsoft":{"tenant_id":"microsoft","display_name":"Microsoft","mcp_endpoint":"http://mcp-filesystem:8002","enabled":false,
  "allowed_users":[],"allowed_groups":["google-employees","microsoft-employees"]}}"#;

const SERVERS: &str = r#"{"servers":[
  {"id":"github","name":"GitHub","url":"http://github:8000/mcp","type":"streamable_http","description":"Code","tier":"1","groups":["Tenant-Google"],"api_key_env":"GITHUB_TOKEN","enabled":true},
  {"id":"wiki","name":"Wiki","url":"http://wiki:8000/sse","type":"sse","description":"Pages","tier":"2","groups":[],"enabled":true}],
 "special_groups":{"MCP-Admin":{"access":"*"}},
 "tenants":{"Tenant-Google":{"description":"Google","servers":["github","wiki"]}}}"#;

const TOML: &str = r#"
[[tenants]]
id = "google"
name = "Google"

[[servers]]
id = "notes"
command = "notes-server"
arguments = ["--tenant", "{tenant}"]
environment = { LEVEL = "high" }
credential_variables = ["TOKEN"]

[[servers]]
id = "wiki"
url = "https://wiki.example/{tenant}/mcp"
access = "public"

[[connections]]
tenant = "google"
server = "notes"
timeout_seconds = 30
credentials = [{ placement = "environment:TOKEN", environment = "NOTES_TOKEN" }]

[[connections]]
server = "wiki"
url = "https://wiki.example/all/mcp"

[[groups]]
name = "google-people"

[[users]]
email = "alice@google.example"
groups = ["google-people"]

[[users]]
email = "ada@company.example"
admin = true

[[grants]]
group = "google-people"
tenant = "google"

[[grants]]
users = "*@google.example"
connection = "google/notes"
tools = "delete_*"
effect = "deny"
"#;

const YAML: &str = r#"
tenants:
  - {id: google, name: Google}
servers:
  - {id: notes, command: notes-server, arguments: [--tenant, "{tenant}"], environment: {LEVEL: high}, credential_variables: [TOKEN]}
  - {id: wiki, url: "https://wiki.example/{tenant}/mcp", access: public}
connections:
  - {tenant: google, server: notes, timeout_seconds: 30, credentials: [{placement: "environment:TOKEN", environment: NOTES_TOKEN}]}
  - {server: wiki, url: "https://wiki.example/all/mcp"}
groups:
  - name: google-people
users:
  - {email: alice@google.example, groups: [google-people]}
  - {email: ada@company.example, admin: true}
grants:
  - {group: google-people, tenant: google}
  - {users: "*@google.example", connection: google/notes, tools: "delete_*", effect: deny}
"#;

fn counts(plan: &Value, state: &str) -> usize {
    let rows = plan["rows"].as_array().unwrap_or_else(|| panic!("{plan}"));
    rows.iter().filter(|row| row["state"] == state).count()
}

#[test]
fn every_shape_is_planned_then_applied_then_unchanged_and_comes_back_from_an_export() {
    for (name, text) in [
        ("tenants.json", TENANTS),
        ("servers.json", SERVERS),
        ("company.toml", TOML),
        ("company.yaml", YAML),
    ] {
        let home = Home::new();
        let file = home.file(name, text);
        let planned = home.json(&["import", &file]);
        assert!(counts(&planned, "new") > 5 && counts(&planned, "wrong") == 0, "{planned:#}");
        assert_eq!(home.json(&["tenant", "list"]), json!([]), "a plan applies nothing");
        let revisions = |home: &Home| home.json(&["audit"]).as_array().unwrap().len();
        home.must(&["import", &file, "--apply"]);
        let written = revisions(&home);
        let again = home.json(&["import", &file, "--apply"]);
        assert_eq!(counts(&again, "new") + counts(&again, "changed"), 0, "{name}: {again:#}");
        assert_eq!(revisions(&home), written, "nothing was written twice");

        let exported = home.must(&["export"]);
        let other = Home::new();
        let copy = other.file("export.toml", &exported);
        other.must(&["import", &copy, "--apply"]);
        assert_eq!(other.must(&["export"]), exported, "{name}");
    }
}

#[test]
fn toml_and_yaml_say_the_same() {
    let exports = [("company.toml", TOML), ("company.yaml", YAML)].map(|(name, text)| {
        let home = Home::new();
        let file = home.file(name, text);
        home.must(&["import", &file, "--apply"]);
        home.must(&["export"])
    });
    assert_eq!(exports[0], exports[1]);
}

#[test]
fn only_what_is_missing_is_added_and_what_people_changed_stays() {
    let home = Home::new();
    let file = home.file(
        "company.toml",
        "groups = [{ name = \"MCP-Admin\" }, { name = \"readers\" }]\n\
         users = [{ email = \"ada@company.example\", admin = true, groups = [\"readers\"] }]\n\
         [[providers]]\nid = \"company\"\nissuer = \"https://login.company.example\"\n\
         client_id = \"gate\"\nclient_secret_environment = \"SECRET\"\n\
         [[host_rules]]\nhost = \"app.company.example\"\nadmit = \"signed-in\"\n",
    );
    let start = ["import", &file, "--apply", "--only-missing"];
    assert_eq!(counts(&home.json(&start), "new"), 6);
    home.must(&["provider", "change", "company", "--issuer", "https://other.company.example"]);
    home.must(&["user", "add", "eve@company.example", "--admin", "true"]);
    home.must(&["user", "change", "ada@company.example", "--admin", "false"]);
    home.must(&["group", "change", "readers", "--remove-member", "ada@company.example"]);
    home.must(&["host-rule", "set", "app.company.example", "--open"]);
    home.must(&["group", "remove", "MCP-Admin", "--cascade"]);
    let changed = home.must(&["export"]);

    let again = home.json(&start);
    assert_eq!((counts(&again, "kept"), counts(&again, "new")), (3, 1), "{again:#}");
    assert_eq!(counts(&again, "changed") + counts(&again, "wrong"), 0, "{again:#}");
    home.must(&["group", "remove", "MCP-Admin", "--cascade"]);
    assert_eq!(home.must(&["export"]), changed, "nothing but the group came back");
    let shown = home.must(&["import", &file, "--only-missing"]);
    assert!(shown.contains("stays as it is: issuer"), "{shown}");
    let prune = home.fails(&[&start[..], &["--prune"]].concat());
    assert!(prune.contains("cannot be used with"), "{prune}");
    // Where lists are named, the file rules over the others.
    home.must(&["import", &file, "--apply", "--only-missing=users,groups,host_rules"]);
    let ruled = home.must(&["export"]);
    assert!(ruled.contains("https://login.company.example") && !ruled.contains("signed-in"));
    let unknown = home.fails(&["import", &file, "--only-missing=people"]);
    assert!(unknown.contains("host_rules"), "{unknown}");
    // Without it the file rules over all.
    home.must(&["import", &file, "--apply"]);
    let ruled = home.must(&["export"]);
    assert!(ruled.contains("https://login.company.example") && ruled.contains("signed-in"));
}

#[test]
fn patterns_of_users_stay_patterns() {
    let home = Home::new();
    let file = home.file("tenants.json", TENANTS);
    home.must(&["import", &file, "--apply"]);
    let grants = home.must(&["grant", "list"]);
    for shown in ["users *@google.com", "users *  ", "boss@company.example", "google-employees"] {
        assert!(grants.contains(shown), "{shown}: {grants}");
    }
    home.must(&["user", "add", "gil@google.com"]);
    let why = home.must(&["explain", "gil@google.com"]);
    assert!(why.contains("google/google") && why.contains("*@google.com"), "{why}");
    let closed = home.fails(&["explain", "gil@google.com", "microsoft_x"]);
    assert!(closed.contains("microsoft"), "{closed}");
}

#[test]
fn one_wrong_row_among_a_thousand_applies_nothing_and_is_named() {
    let home = Home::new();
    let mut users: Vec<Value> =
        (0..1000).map(|n| json!({"email": format!("user{n}@company.example")})).collect();
    users[617]["groups"] = json!(["no-such-group"]);
    let file = home.file("users.json", &json!({"users": users}).to_string());
    let said = home.fails(&["import", &file, "--apply"]);
    assert!(said.contains("users[617]") && said.contains("no-such-group"), "{said}");
    assert_eq!(home.json(&["user", "list"]), json!([]));
}

#[test]
fn files_that_cannot_be_meant_are_refused_with_the_place() {
    let home = Home::new();
    for (name, text, says) in [
        ("broken.json", "{\"users\": [", "line 1"),
        ("twice.json", r#"{"tenants":[{"id":"a","id":"b"}]}"#, "\"id\""),
        ("broken.toml", "[[users]\n", "line 1"),
        ("unknown.json", r#"{"users":[{"email":"a@b.example","mail":1}]}"#, "mail"),
        ("other.json", r#"{"hello":"world"}"#, "tenants"),
        ("address.json", r#"{"users":[{"email":"nobody"}]}"#, "users[0]"),
    ] {
        let file = home.file(name, text);
        let said = home.fails(&["import", &file, "--apply"]);
        assert!(said.contains(says), "{name}: {said}");
    }
    assert!(home.fails(&["import", "/no/such/file.json"]).contains("/no/such/file.json"));
    assert_eq!(home.json(&["user", "list"]), json!([]));
}
