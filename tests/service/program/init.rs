//! `gatehall init compose`: what it writes, what it leaves, and what it says.

mod agreed;
mod bad;
mod killed;
mod rotated;
mod terminal;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Home, Said};

const CLIENT_SECRET: &str = "wQ3~8fJ2nnxYb0aT71LpzRkE5sVd";
const MODEL_KEY: &str = "sk-0aT71LpzRkE5sVdHcMwQ3";

/// The secrets that are made up.
const MADE_UP: [&str; 10] = [
    "authentik_admin_password",
    "authentik_database_password",
    "authentik_secret_key",
    "gatehall_database_password",
    "open_webui_admin_password",
    "open_webui_database_password",
    "open_webui_secret_key",
    "open_webui_user_secret",
    "postgres_password",
    "valkey_password",
];

/// A folder for a deployment, and the program that works on it.
struct Stack {
    home: Home,
}

impl Stack {
    fn new() -> Self {
        let home = Home::new();
        for (name, text) in [("client", CLIENT_SECRET), ("model", MODEL_KEY)] {
            let path = home.file(name, &format!("{text}\n"));
            fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
        }
        Self { home }
    }

    fn folder(&self) -> PathBuf {
        self.home.folder.path().join("stack")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn secret(&self, name: &str) -> String {
        self.text(&format!("secrets/{name}"))
    }

    /// The command with nothing said but the folder.
    fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(&["init", "compose"]);
        command.arg("--folder").arg(self.folder()).args(arguments);
        command
    }

    /// The command with all that has to be said, by variables and flags.
    fn whole(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(&[]);
        for (name, value) in self.answers() {
            command.env(name, value);
        }
        command.args(arguments);
        command
    }

    fn answers(&self) -> [(&'static str, String); 9] {
        let file = |name: &str| self.home.folder.path().join(name).display().to_string();
        [
            ("GATEHALL_DOMAIN", "company.example".into()),
            ("GATEHALL_ADMIN_EMAIL", "ada@company.example".into()),
            ("GATEHALL_PEOPLE_DOMAINS", "company.example".into()),
            ("GATEHALL_ACME_EMAIL", "ops@company.example".into()),
            ("GATEHALL_PROVIDER", "generic".into()),
            ("GATEHALL_PROVIDER_ISSUER", "https://login.company.example".into()),
            ("GATEHALL_PROVIDER_CLIENT_ID", "gate".into()),
            ("GATEHALL_PROVIDER_CLIENT_SECRET_FILE", file("client")),
            ("GATEHALL_OPENAI_API_KEY_FILE", file("model")),
        ]
    }

    fn must(&self, mut command: Command) -> String {
        let said = Said::of(command.output().unwrap());
        assert_eq!(said.code, Some(0), "{said:?}");
        said.out
    }

    fn fails(&self, mut command: Command) -> String {
        let said = Said::of(command.output().unwrap());
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains("Nothing was written"), "{said:?}");
        said.err
    }

    /// All that is there, with its mode.
    fn all(&self) -> BTreeMap<String, (u32, Vec<u8>)> {
        let mut found = BTreeMap::new();
        walk(&self.folder(), "", &mut found);
        found
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), PermissionsExt::from_mode(mode)).unwrap();
    }
}

fn walk(folder: &Path, below: &str, found: &mut BTreeMap<String, (u32, Vec<u8>)>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_str().unwrap());
        // It may be under way.
        let Ok(metadata) = entry.metadata() else { continue };
        let mode = metadata.permissions().mode() & 0o7777;
        match metadata.is_dir() {
            true => {
                found.insert(format!("{name}/"), (mode, Vec::new()));
                walk(&entry.path(), &format!("{name}/"), found);
            }
            false => {
                let Ok(bytes) = fs::read(entry.path()) else { continue };
                found.insert(name, (mode, bytes));
            }
        }
    }
}

#[test]
fn a_first_run_makes_all_and_a_second_nothing() {
    // Whatever mask whoever runs it has.
    for mask in ["000", "077"] {
        let stack = Stack::new();
        let command = stack.whole(&[]);
        let mut masked = Command::new("sh");
        masked.args(["-c", &format!("umask {mask}; exec \"$0\" \"$@\"")]);
        masked.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => masked.env(name, value),
                None => masked.env_remove(name),
            };
        }
        let said = stack.must(masked);
        for next in [
            "app.company.example",
            "https://admin.company.example/oauth2/callback",
            "docker compose up -d --wait",
            "docker compose exec gatehall /gatehall doctor",
            "admin link ada@company.example",
        ] {
            assert!(said.contains(next), "{next}: {said}");
        }
        assert!(!said.contains("auth.company.example"), "{said}");

        let all = stack.all();
        let mode = |name: &str| all[name].0;
        assert_eq!((mode("secrets/"), mode("traefik/dynamic/")), (0o700, 0o755), "{mask}");
        assert_eq!((mode(".env"), mode("compose.yaml")), (0o644, 0o644));
        assert_eq!((mode("postgres/start.sh"), mode("secrets/open-webui.env")), (0o755, 0o600));
        let mut seen = Vec::new();
        for name in MADE_UP {
            let secret = stack.secret(name);
            assert!(secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
            assert_eq!(mode(&format!("secrets/{name}")), 0o444, "{name}");
            assert!(!seen.contains(&secret) && !said.contains(&secret), "{name}");
            seen.push(secret);
        }
        assert_eq!(stack.secret("provider_client_secret"), CLIENT_SECRET);
        assert_eq!(stack.secret("openai_api_key"), MODEL_KEY);
        gatehall_vault::read_keys(&stack.secret("vault.keys").into()).unwrap();
        let chat = stack.secret("open-webui.env");
        let user_secret = stack.secret("open_webui_user_secret");
        for line in [
            format!("FORWARD_USER_INFO_HEADER_JWT_SECRET={user_secret}\n"),
            format!("OPENAI_API_KEY={MODEL_KEY}\n"),
            format!(":{}@postgres/open_webui\n", stack.secret("open_webui_database_password")),
        ] {
            assert!(chat.contains(&line), "{line}");
        }
        let variables = stack.text(".env");
        assert!(variables.contains("\nDOMAIN=company.example\n"), "{variables}");
        assert!(variables.contains("\nPROVIDER_PROFILE=generic\n"), "{variables}");
        assert!(!variables.contains(MODEL_KEY) && !variables.contains(CLIENT_SECRET));
        assert!(
            all.keys().all(|name| !name.ends_with(".new")),
            "no draft is left: {:?}",
            all.keys()
        );

        // Nothing has to be said again, and nothing is changed.
        let again = stack.must(stack.bare(&[]));
        assert!(again.contains("Everything is there already"), "{again}");
        assert!(stack.all() == all);
        stack.must(stack.whole(&[]));
        assert!(stack.all() == all);
    }
}

#[test]
fn authentik_of_the_deployment_needs_no_more_of_a_provider() {
    let stack = Stack::new();
    let mut command = stack.whole(&["--provider", "authentik-here"]);
    for name in ["ISSUER", "CLIENT_ID", "CLIENT_SECRET_FILE"] {
        command.env_remove(format!("GATEHALL_PROVIDER_{name}"));
    }
    let said = stack.must(command);
    assert!(said.contains("auth.company.example") && !said.contains("redirect URI"), "{said}");
    let variables = stack.text(".env");
    for line in [
        "COMPOSE_PROFILES=authentik",
        "PROVIDER_PROFILE=authentik",
        "PROVIDER_ISSUER=https://auth.company.example/application/o/gatehall/",
        "PROVIDER_CLIENT_ID=gatehall",
        "PROVIDER_TRUST_EMAIL=true",
    ] {
        assert!(variables.contains(&format!("\n{line}\n")), "{line}: {variables}");
    }
    assert_eq!(stack.secret("provider_client_secret").len(), 64);
    let all = stack.all();
    stack.must(stack.bare(&[]));
    assert!(stack.all() == all);
}

#[test]
fn what_is_there_stays_and_what_is_missing_is_added() {
    let stack = Stack::new();
    stack.must(stack.whole(&[]));
    // As an older release and an administrator left it.
    let variables = stack.text(".env");
    let older: String = variables
        .lines()
        .filter(|line| !line.starts_with("VALKEY_") && !line.starts_with("ACME_EMAIL"))
        .map(|line| match line.starts_with("OPEN_WEBUI_MEMORY") {
            true => "OPEN_WEBUI_MEMORY='2g' # ours\n".to_owned(),
            false => format!("{line}\n"),
        })
        .collect();
    stack.write(".env", &older);
    stack.write("compose.yaml", "# ours\n");
    stack.write(".gitignore", "# ours\n");
    fs::remove_file(stack.path("traefik/dynamic/routes.yaml")).unwrap();
    fs::remove_file(stack.path("secrets/open-webui.env")).unwrap();
    stack.mode("secrets/valkey_password", 0o400);
    let before = stack.all();
    let missing = stack.fails(stack.bare(&[]));
    assert!(missing.contains("--acme-email") && !missing.contains("--domain"), "{missing}");
    assert!(stack.all() == before, "what is missing has to be said before anything is written");

    let said = stack.must(stack.whole(&[]));
    assert!(said.contains("compose.yaml") && !said.contains("  .gitignore"), "{said}");
    let now = stack.text(".env");
    assert!(now.starts_with(&older), "{now}");
    let added = &now[older.len()..];
    let image = "\nVALKEY_IMAGE=";
    assert!(
        added.contains(image) && added.contains("\nACME_EMAIL=ops@company.example\n"),
        "{added}"
    );
    assert!(added.contains("# Where the authority writes"), "with its comment: {added}");
    assert_eq!(stack.text("compose.yaml"), "# ours\n");
    let after = stack.all();
    assert_eq!(after["secrets/valkey_password"].0, 0o444, "containers have to read it");
    for (name, (_, bytes)) in &before {
        assert!(name == ".env" || after[name].1 == *bytes, "{name}");
    }
    assert!(stack.path("traefik/dynamic/routes.yaml").exists());
    stack.must(stack.bare(&[]));
    assert!(stack.all() == after);
}
