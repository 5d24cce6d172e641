//! What is shipped for one server, as the program reads it.

use serde_json::json;

use super::Home;

const COMPANY: &str = include_str!("../../../deploy/compose/company.toml");

const VARIABLES: [(&str, &str); 7] = [
    ("ADMIN_EMAIL", "ines@company.example"),
    ("DOMAIN", "company.example"),
    ("PEOPLE_DOMAINS", "company.example, partner.example"),
    ("PROVIDER_CLIENT_ID", "gatehall"),
    ("PROVIDER_ISSUER", "https://auth.company.example/application/o/gatehall/"),
    ("PROVIDER_PROFILE", "authentik"),
    ("PROVIDER_TRUST_EMAIL", "true"),
];

fn company(home: &Home) -> String {
    let secret = home.file("provider_client_secret", "a secret of the provider\n");
    home.file("company.toml", &COMPANY.replace("/run/secrets/provider_client_secret", &secret))
}

#[test]
fn the_company_of_one_server_is_filled_in_from_its_variables() {
    let home = Home::new();
    let file = company(&home);
    let names = VARIABLES.map(|(name, _)| name).join(",");
    let import = ["import", "--apply", "--fill", &names, &file];
    let run = || home.command(&import).envs(VARIABLES).output().unwrap();
    let first = run();
    assert!(first.status.success(), "{first:?}");
    let provider = &home.json(&["provider", "show", "company"]);
    assert_eq!(provider["issuer"], "https://auth.company.example/application/o/gatehall/");
    let settings = json!([
        "domains: company.example, partner.example",
        "its email addresses are trusted as verified",
    ]);
    assert_eq!(provider["settings"], settings);
    assert_eq!(home.json(&["host-rule", "list"])[0]["host"], "app.company.example");
    assert_eq!(home.json(&["user", "list"])[0]["admin"], json!(true));
    // It is done at every start.
    let written = home.json(&["audit"]);
    let again = run();
    assert!(again.status.success(), "{again:?}");
    assert_eq!(home.json(&["audit"]), written, "nothing was written twice");
}

#[test]
fn what_the_portal_has_closed_stays_closed_and_the_provider_follows_the_variables() {
    let home = Home::new();
    let file = company(&home);
    let names = VARIABLES.map(|(name, _)| name).join(",");
    let kept = "--only-missing=users,groups,host_rules";
    let import = ["import", "--apply", kept, "--fill", &names, &file];
    let run = |issuer| {
        let mut command = home.command(&import);
        let done = command.envs(VARIABLES).env("PROVIDER_ISSUER", issuer).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    run("https://wrong.example/");
    home.must(&["group", "add", "chat"]);
    home.must(&["host-rule", "set", "app.company.example", "--group", "chat"]);
    home.must(&["user", "add", "olga@company.example", "--admin"]);
    home.must(&["user", "change", "ines@company.example", "--admin", "false"]);
    run("https://id.company.example/");
    assert_eq!(home.json(&["host-rule", "list"])[0]["groups"], json!(["chat"]));
    let users = home.json(&["user", "list"]);
    let ines = users.as_array().unwrap().iter().find(|it| it["email"] == "ines@company.example");
    assert_eq!(ines.unwrap()["admin"], json!(false));
    let provider = home.json(&["provider", "show", "company"]);
    assert_eq!(provider["issuer"], "https://id.company.example/");
}

#[test]
fn a_variable_that_is_not_set_is_named_with_its_place() {
    let home = Home::new();
    let file = company(&home);
    let said = home.fails(&["import", "--apply", "--fill", "ADMIN_EMAIL,DOMAIN", &file]);
    assert!(said.contains("host_rules[0].host has ${DOMAIN}, which is empty: set it"), "{said}");
    let said = home.command(&["import", "--fill", "DOMAIN", &file]).envs(VARIABLES).output();
    let said = String::from_utf8(said.unwrap().stderr).unwrap();
    assert!(said.contains("which nothing fills in"), "{said}");
}

#[test]
fn settings_of_the_gate_fill_in_nothing() {
    let home = Home::new();
    let file = home.file("company.toml", "groups = [{ name = \"${GATEHALL_DATABASE}\" }]");
    for name in ["GATEHALL_DATABASE", "gatehall_database"] {
        let said = home.fails(&["import", "--fill", name, &file]);
        assert!(said.contains("variables of Gatehall itself are not filled in"), "{said}");
    }
}
