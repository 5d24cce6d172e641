//! Who decides what runs on the gate's machine, and what of it is sent to servers: whoever sets
//! commands there, and nobody in the portal. The canary is a file that appears if anything runs.

use std::path::PathBuf;

use gatehall_control::{
    import::{Choice, read},
    operation::find_server,
};
use gatehall_domain::{Change, Record, Server, Transport};
use gatehall_test_support::{Kind, everything, program, tool};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADA, TINA, Visitor};
use crate::{
    on_both,
    support::{Recorder, World, eventually},
};

on_both!(
    a_tenant_admin_runs_nothing,
    an_administrator_changes_no_command_that_is_not_allowed,
    an_allowed_command_runs_as_it_is,
    a_variable_of_the_gate_goes_nowhere,
    credentials_have_bounds,
);

/// Variables that make something else run, or run something otherwise.
const HARMFUL: &str = "
    LD_PRELOAD LD_AUDIT GCONV_PATH PATH HOME BASH_ENV ENV IFS PYTHONPATH PYTHONWARNINGS
    BROWSER GH_BROWSER NODE_OPTIONS NPM_CONFIG_NODE_OPTIONS PERL5OPT RUBYOPT
    JAVA_TOOL_OPTIONS _JAVA_OPTIONS DOTNET_STARTUP_HOOKS GIT_SSH_COMMAND GOFLAGS HTTPS_PROXY
    OPENSSL_CONF XDG_CONFIG_HOME
";

struct Scene {
    world: World,
    recorder: Recorder,
    folder: tempfile::TempDir,
}

impl Scene {
    /// Three processes: a shell that becomes a server, a server in Python, and one that shows its
    /// environment; and a server that records what reaches it.
    async fn new(kind: Kind, allowed: &[PathBuf]) -> Self {
        let recorder = Recorder::start().await;
        let time = tool("python/bin/mcp-server-time");
        let script = format!("exec {}", time.display());
        let world = World::with(
            kind,
            json!({
                "tenants": [{"id": "google"}],
                "servers": [
                    {"id": "shell", "command": program("bash"), "arguments": ["-c", script],
                     "environment": {"PATH": "/usr/bin"}},
                    {"id": "time", "command": time},
                    {"id": "web", "url": recorder.url()},
                ],
                "connections": [
                    {"tenant": "google", "server": "shell"},
                    {"tenant": "google", "server": "time"},
                    {"tenant": "google", "server": "web"},
                ],
                "groups": [{"name": "MCP-Admin"}],
                "users": [
                    {"email": ADA, "groups": ["MCP-Admin"]},
                    {"email": TINA, "manages": ["google"]},
                ],
            }),
            |settings| {
                let allowed = allowed.iter().map(|it| it.display().to_string());
                settings.allowed_commands = allowed.collect();
            },
        )
        .await;
        Self { world, recorder, folder: tempfile::tempdir().unwrap() }
    }

    fn canary(&self) -> PathBuf {
        self.folder.path().join("canary")
    }

    async fn server(&self, id: &str) -> Server {
        let snapshot = self.world.desk.snapshot().await.unwrap();
        Server::clone(find_server(snapshot.company(), &id.parse().unwrap()).unwrap())
    }

    async fn credentials(&self) -> usize {
        self.world.desk.snapshot().await.unwrap().company().credentials.len()
    }

    /// Imports as somebody at the command line of the machine.
    async fn operator_imports(&self, file: Value) {
        let entries = read("file.json", &file.to_string()).unwrap();
        let plan = self.world.desk.import(&entries, Choice::default()).await.unwrap();
        assert!(plan.is_sound(), "{plan:#?}");
        self.world.catch_up().await;
    }
}

/// Tests a connection, and waits until it is over. What was done, as JSON.
async fn test(visitor: &Visitor, path: &str) -> String {
    visitor.post(&format!("/connections/{path}/test"), &[]).await;
    let seen = visitor.send(Method::POST, &format!("/api/v1/connections/{path}/test"), &[]).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.text);
    seen.text
}

/// Sets a credential with the page's form and with the API; the statuses of both.
async fn set(visitor: &Visitor, path: &str, fields: &[(&str, &str)]) -> [StatusCode; 2] {
    let way = format!("/connections/{path}/credentials");
    let page = visitor.post(&way, fields).await;
    let api = visitor.send(Method::POST, &format!("/api/v1{way}"), fields).await;
    [page.status, api.status]
}

const REFUSED: [StatusCode; 2] = [StatusCode::UNPROCESSABLE_ENTITY; 2];

async fn a_tenant_admin_runs_nothing(kind: Kind) {
    let scene = Scene::new(kind, &[]).await;
    let tina = Visitor::signed_in(&scene.world, TINA, 0).await;
    let canary = scene.canary();
    let touch = format!("$(touch {})", canary.display());
    let browser = format!("{} {} %s", program("touch").display(), canary.display());
    let secret = |place: &'static str, value: &str| {
        [("placement", place.to_owned()), ("secret", value.to_owned())]
    };
    let mut said = Vec::new();
    for (path, fields) in [
        ("google/shell", secret("environment:BASH_ENV", &touch)),
        ("google/time", secret("environment:PYTHONWARNINGS", "all:0:antigravity.x:0:0")),
        ("google/time", secret("environment:BROWSER", &browser)),
    ] {
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        said.push(set(&tina, path, &fields).await);
    }
    let tested = [test(&tina, "google/shell").await, test(&tina, "google/time").await];
    assert!(!canary.exists(), "it ran: {said:?} {tested:?}");
    assert!(said.iter().all(|it| *it == REFUSED), "{said:?}");

    // Whatever the letters; and what was not declared, however plain it looks.
    for name in HARMFUL.split_whitespace().chain(["API_KEY", "NOT_DECLARED"]) {
        for name in [name.to_owned(), name.to_lowercase()] {
            let place = format!("environment:{name}");
            let fields = [("placement", place.as_str()), ("secret", "x")];
            assert_eq!(set(&tina, "google/shell", &fields).await, REFUSED, "{name}");
        }
    }
    assert_eq!(scene.credentials().await, 0);
}

async fn an_administrator_changes_no_command_that_is_not_allowed(kind: Kind) {
    let scene = Scene::new(kind, &[program("true")]).await;
    let ada = Visitor::signed_in(&scene.world, ADA, 0).await;
    let before = scene.server("shell").await;
    let Transport::Stdio { command, .. } = before.transport.clone() else { panic!() };
    let touch = format!("touch {}", scene.canary().display());
    let change = |fields: &[(&str, &str)]| {
        let fields: Vec<(String, String)> =
            fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        ("/servers/shell", fields)
    };
    let add = |fields: &[(&str, &str)]| ("/servers", change(fields).1);
    let lines = format!("-c\n{touch}");
    for (path, fields) in [
        change(&[("arguments", &lines)]),
        change(&[("credential_variables", "API_KEY")]),
        change(&[("command", &command), ("credential_variables", "API_KEY")]),
        change(&[("command", "/bin/sh"), ("arguments", &lines)]),
        add(&[("id", "other"), ("command", &command), ("arguments", &lines)]),
        add(&[("id", "other"), ("command", &command.to_uppercase())]),
        ("/servers/web", change(&[("command", &command), ("arguments", &lines)]).1),
    ] {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let page = ada.post(path, &fields).await;
        let method = if path == "/servers" { Method::POST } else { Method::PATCH };
        let api = ada.send(method, &format!("/api/v1{path}"), &fields).await;
        assert_eq!([page.status, api.status], REFUSED, "{path} {fields:?}: {}", api.text);
    }
    for row in [
        json!({"arguments": ["-c", touch]}),
        json!({"arguments": ["-c", "exec true"], "environment": {"A": "b"}}),
        json!({"environment": {"BASH_ENV": format!("$({touch})")}}),
        json!({"credential_variables": ["API_KEY"]}),
    ] {
        let mut row = row;
        (row["id"], row["command"]) = (json!("shell"), json!(command));
        let file = json!({"servers": [row]}).to_string();
        let fields = [("text", file.as_str()), ("file_name", "a.json"), ("partial", "true")];
        let page = ada.post("/import", &fields[..2]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{file}: {}", page.text);
        // Whoever takes what is right gets nothing of it.
        ada.post("/import", &fields).await;
        assert_eq!(scene.server("shell").await, before, "{file}");
        let plan = ada.send(Method::POST, "/api/v1/import/plan", &fields[..2]).await;
        assert_eq!(plan.json()["sound"], false, "{}", plan.text);
    }

    // What the operator took away does not come back by undoing it.
    for take in [
        |server: &mut Server| {
            server.transport = Transport::Stdio {
                command: "/bin/false".into(),
                arguments: Vec::new(),
                environment: Default::default(),
                credential_variables: Default::default(),
            };
        },
        |server: &mut Server| {
            let Transport::Stdio { environment, .. } = &mut server.transport else { panic!() };
            environment.insert("PATH".into(), "/bin".into());
        },
    ] {
        let now = scene.server("shell").await;
        let mut after = now.clone();
        take(&mut after);
        let replace =
            Change::Replace { before: Record::from(now), after: Record::from(after.clone()) };
        scene.world.change(|_| Ok(vec![replace.clone()])).await;
        let revision = scene.world.desk.store().revision().await.unwrap().to_string();
        let undo = [("revision", revision.as_str())];
        let page = ada.post("/undo", &undo).await;
        let api = ada.send(Method::POST, "/api/v1/undo", &undo).await;
        assert_eq!([page.status, api.status], REFUSED, "{}", page.text);
        assert_eq!(scene.server("shell").await, after);
        scene.world.change(|_| Ok(vec![replace.clone().inverse()])).await;
    }
    assert_eq!(scene.server("shell").await, before);
    test(&ada, "google/shell").await;
    assert!(!scene.canary().exists());
}

async fn an_allowed_command_runs_as_it_is(kind: Kind) {
    let node = program("node");
    let bash = program("bash");
    let scene = Scene::new(kind, &[node.clone(), bash.clone()]).await;
    let (ada, tina) = (
        Visitor::signed_in(&scene.world, ADA, 0).await,
        Visitor::signed_in(&scene.world, TINA, 0).await,
    );
    // Whoever may choose the command still sets nothing that steers it from outside.
    let before = scene.server("shell").await;
    let touch = format!("$(touch {})", scene.canary().display());
    for (name, value) in
        [("BASH_ENV", touch.as_str()), ("bash_env", &touch), ("PATH", "/tmp"), ("LD_PRELOAD", "/x")]
    {
        let row = json!({"id": "shell", "command": bash, "arguments": ["-c", "true"], "environment": {name: value}});
        let file = json!({"servers": [row]}).to_string();
        let fields = [("text", file.as_str()), ("file_name", "a.json")];
        let seen = ada.send(Method::POST, "/api/v1/import", &fields).await;
        test(&ada, "google/shell").await;
        assert!(!scene.canary().exists(), "it ran: {}", seen.text);
        assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", seen.text);
        let refused = ada.post("/servers/shell", &[("credential_variables", name)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", refused.text);
    }
    assert_eq!(scene.server("shell").await, before);
    // What the operator set so stays, whatever else is changed.
    ada.post("/servers/shell", &[("arguments", "-c\ntrue")]).await.revision();
    let Transport::Stdio { environment, .. } = scene.server("shell").await.transport else {
        panic!()
    };
    assert_eq!(environment["PATH"], "/usr/bin");

    // A variable that is declared is filled, by a tenant admin, too, and reaches the process.
    let (node, arguments) =
        (node.display().to_string(), format!("{}\nstdio", everything().display()));
    let fields = [
        ("id", "shown"),
        ("command", node.as_str()),
        ("arguments", arguments.as_str()),
        ("credential_variables", "API_KEY OTHER_KEY"),
    ];
    ada.post("/servers", &fields).await.revision();
    ada.post("/connections", &[("tenant", "google"), ("server", "shown")]).await.revision();
    let view = ada.get("/api/v1/servers/shown").await.json();
    assert_eq!(view["credential_variables"], json!(["API_KEY", "OTHER_KEY"]));
    let page = tina.get("/connections/google/shown").await.text;
    assert!(page.contains("environment:API_KEY"), "{page}");
    let secret = [("placement", "environment:API_KEY"), ("secret", "s3cret")];
    tina.post("/connections/google/shown/credentials", &secret).await.revision();
    let client = scene.world.user(ADA).await;
    let text = eventually("the process shows its environment", async || {
        let answer = client.call("/mcp/google/shown", "get-env", json!({})).await.message();
        answer["result"]["content"][0]["text"].as_str().map(str::to_owned)
    })
    .await;
    let environment: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(environment, json!({"API_KEY": "s3cret"}));
    // While it is filled it stays declared.
    let gone = [("credential_variables", "OTHER_KEY")];
    let refused = ada.post("/servers/shown", &gone).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    // The file that says all of it can be read again.
    let export = ada.get("/api/v1/export").await.json();
    let row = export["servers"].as_array().unwrap().iter().find(|it| it["id"] == "shown").unwrap();
    assert_eq!(row["credential_variables"], json!(["API_KEY", "OTHER_KEY"]));
}

async fn a_variable_of_the_gate_goes_nowhere(kind: Kind) {
    let scene = Scene::new(kind, &[]).await;
    let ada = Visitor::signed_in(&scene.world, ADA, 0).await;
    let path = std::env::var("PATH").unwrap();
    let api = |name: &str| {
        json!({"connections": [{"tenant": "google", "server": "web",
            "credentials": [{"placement": "header:x-stolen", "environment": name}]}]})
    };
    let provider = |name: &str| {
        json!({"providers": [{"id": "evil", "issuer": "http://127.0.0.1:9", "client_id": "x",
            "client_secret_environment": name}]})
    };
    let list = |name: &str| json!({"servers": [{"id": "web2", "url": scene.recorder.url(), "api_key_env": name}]});
    for name in ["PATH", "GATEHALL_DATABASE", "gatehall_database", "CARGO_PKG_NAMES", ""] {
        let fields = [("placement", "header:x-stolen"), ("environment", name)];
        assert_eq!(set(&ada, "google/web", &fields).await, REFUSED, "{name}");
        for file in [api(name), provider(name), list(name)] {
            if name.is_empty() && file.get("servers").is_some() {
                continue;
            }
            let file = file.to_string();
            let fields = [("text", file.as_str()), ("file_name", "a.json")];
            let seen = ada.post("/import", &fields).await;
            assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY, "{file}: {}", seen.text);
        }
    }
    assert_eq!(scene.credentials().await, 0);
    // Written by somebody else it is not read either, and whoever looks is told what to set.
    scene.operator_imports(api("PATH")).await;
    let tested = test(&ada, "google/web").await;
    assert!(tested.contains("GATEHALL_SECRET_VARIABLES") && tested.contains("PATH"), "{tested}");
    let page = ada.get("/connections/google/web").await.text;
    assert!(page.contains("GATEHALL_SECRET_VARIABLES"), "{page}");
    // The same file brings nothing new, so that it can be imported here, too.
    let file = api("PATH").to_string();
    let fields = [("text", file.as_str()), ("file_name", "a.json")];
    let plan = ada.send(Method::POST, "/api/v1/import/plan", &fields).await.json();
    assert_eq!((&plan["sound"], &plan["changes"]), (&json!(true), &json!(0)), "{plan}");
    assert!(plan.to_string().contains("GATEHALL_SECRET_VARIABLES=PATH"), "{plan}");
    scene.operator_imports(provider("PATH")).await;
    let page = ada.get("/providers/evil").await.text;
    assert!(page.contains("GATEHALL_SECRET_VARIABLES=PATH"), "{page}");
    assert!(ada.get("/settings").await.text.contains("CARGO_PKG_NAME"));
    let leaked = scene.recorder.seen().iter().any(|it| it.headers.contains(&path));
    assert!(!leaked, "a variable of the gate reached a server");
    // One that the operator named is.
    let fields = [("placement", "header:x-stolen"), ("environment", "CARGO_PKG_NAME")];
    ada.post("/connections/google/web/credentials", &fields).await.revision();
    let tested = test(&ada, "google/web").await;
    assert!(tested.contains("tools"), "{tested}");
    assert!(scene.recorder.seen().iter().any(|it| it.headers.contains("gatehall")));
}

async fn credentials_have_bounds(kind: Kind) {
    let scene = Scene::new(kind, &[]).await;
    let tina = Visitor::signed_in(&scene.world, TINA, 0).await;
    let ada = Visitor::signed_in(&scene.world, ADA, 0).await;
    let (fits, long) = ("x".repeat(16 << 10), "x".repeat((16 << 10) + 1));
    let name = format!("header:x-{}", "y".repeat(256));
    for fields in [
        [("placement", "header:x-key"), ("secret", long.as_str())],
        [("placement", name.as_str()), ("secret", "x")],
    ] {
        assert_eq!(set(&tina, "google/web", &fields).await, REFUSED);
    }
    let provider =
        [("id", "p"), ("issuer", "http://127.0.0.1:9"), ("client_id", "x"), ("secret", &long)];
    let refused = ada.post("/providers", &provider).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    assert!(refused.text.contains("16384"), "{}", refused.text);
    for at in 0..32 {
        let place = format!("header:x-{at}");
        let fields = [("placement", place.as_str()), ("secret", fits.as_str())];
        tina.post("/connections/google/web/credentials", &fields).await.revision();
    }
    let more = [("placement", "header:x-32"), ("secret", "x")];
    assert_eq!(set(&tina, "google/web", &more).await, REFUSED);
    // One that is there is replaced.
    let again = [("placement", "header:x-31"), ("secret", "x")];
    tina.post("/connections/google/web/credentials", &again).await.revision();
    assert_eq!(scene.credentials().await, 32);
}
