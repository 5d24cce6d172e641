use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

use gatehall_compose_folder::secret_files::{KEYS, names};
use gatehall_domain::Health::{self, Bad, Doubtful, Good, Unknown};
use tempfile::TempDir;

use super::*;
use crate::{
    certificate::tests::Authority,
    scene::{Found, GATE, Says, Scene, answer, serve, tls, to_https},
};

const ENV: &str = "DOMAIN=x.example\nACME_EMAIL=a@x.example\nADMIN_EMAIL=ada@x.example\n\
    PEOPLE_DOMAINS=x.example\nPROVIDER_PROFILE=generic\nPROVIDER_ISSUER=https://login.example/v2.0\n\
    PROVIDER_CLIENT_ID=c\nOPENAI_API_BASE_URL=https://models.example/v1\nGATEHALL_IMAGE=gatehall:1\n\
    TRAEFIK_IMAGE=traefik:3\nOPEN_WEBUI_IMAGE=open-webui:1\nPOSTGRES_IMAGE=pgvector:17\n\
    VALKEY_IMAGE=valkey:8\n";

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

/// As good as made up by chance, and another for each name.
fn secret(name: &str) -> String {
    format!("made-{name}-9fT2xQ7LwZr4Vb1Ks8Yc")
}

/// What tells a secret from the others.
fn place(name: &str) -> String {
    names().position(|it| it == name).unwrap().to_string()
}

/// A folder as it should be.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let path = folder.0.path();
        fs::create_dir(path.join("secrets")).unwrap();
        fs::set_permissions(path.join("secrets"), PermissionsExt::from_mode(0o700)).unwrap();
        folder.write(".env", ENV, 0o644);
        folder.write("compose.yaml", "services: {}\n", 0o644);
        for name in names().filter(|name| *name != KEYS) {
            folder.put(name, &format!("{}\n", secret(&place(name))));
        }
        folder.put(KEYS, KEY);
        folder.write("secrets/open-webui.env", &Self::chat(), 0o600);
        folder
    }

    fn chat() -> String {
        let of = |name: &str| secret(&place(name));
        format!(
            "WEBUI_SECRET_KEY={}\nFORWARD_USER_INFO_HEADER_JWT_SECRET={}\nOPENAI_API_KEY={key}\n\
             RAG_OPENAI_API_KEY={key}\nWEBUI_ADMIN_PASSWORD={}\n\
             DATABASE_URL=postgresql://open_webui:{}@postgres/open_webui\n\
             REDIS_URL=redis://:{}@valkey:6379/0\n",
            of("open_webui_secret_key"),
            of("open_webui_user_secret"),
            of("open_webui_admin_password"),
            of("open_webui_database_password"),
            of("valkey_password"),
            key = of("openai_api_key"),
        )
    }

    fn put(&self, secret: &str, text: &str) {
        self.write(&format!("secrets/{secret}"), text, 0o444);
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.0.path().join(name);
        let _ = fs::remove_file(&path);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    }

    async fn look(&self) -> Found {
        let scene = Scene::good().await;
        self.look_with([scene.ports.http, scene.ports.https], &scene).await
    }

    /// Its provider is at a port of this machine.
    async fn look_with(&self, ports: [u16; 2], scene: &Scene) -> Found {
        self.serve_provider(|_| ()).await;
        self.look_at(ports, scene).await
    }

    /// Has the variables name a provider that says of itself what is made of the usual.
    async fn serve_provider(&self, change: impl Fn(&mut String)) {
        let env = fs::read_to_string(self.0.path().join(".env")).unwrap();
        let named = Arc::new(std::sync::OnceLock::new());
        let says = Arc::clone(&named);
        let says: Says = Arc::new(move |_| {
            answer("200 OK", "", &format!(r#"{{"issuer":"{}"}}"#, says.get().unwrap()))
        });
        let certificate = tls(&Authority::new("Anybody"), &["provider.example"]);
        let issuer = format!("https://127.0.0.1:{}", serve(Some(certificate), says).await);
        let mut said = issuer.clone();
        change(&mut said);
        named.set(said).unwrap();
        self.write(".env", &env.replace("https://login.example/v2.0", &issuer), 0o644);
    }

    async fn look_at(&self, ports: [u16; 2], scene: &Scene) -> Found {
        let folder = ComposeFolder::open(self.0.path()).unwrap();
        Found(folder.findings(&scene.senses(), ports, GATE).await)
    }

    #[track_caller]
    fn says(found: &Found, subject: &str, state: Health, words: &[&str]) {
        found.says(subject, state, words);
        let text = format!("{found:?}");
        assert!(!text.contains("9fT2xQ7LwZr4Vb1Ks8Yc"), "a secret is shown: {text}");
    }
}

#[tokio::test]
async fn a_folder_as_it_should_be_has_nothing_to_mend() {
    let found = Folder::new().look().await;
    found.nothing_bad();
    assert!(found.0.iter().all(|it| it.state == Good), "{found:#?}");
    assert_eq!(found.0.len(), 7, "{found:#?}");
}

#[tokio::test]
async fn variables_that_cannot_be_meant_are_told() {
    let folder = Folder::new();
    let with = async |from: &str, to: &str| {
        folder.write(".env", &ENV.replace(from, to), 0o644);
        folder.look().await
    };
    let name = "variables in .env";
    let found = with("PROVIDER_ISSUER=https://login.example/v2.0\n", "").await;
    Folder::says(&found, name, Bad, &["PROVIDER_ISSUER"]);
    let found = with("https://login.example/v2.0", "login example").await;
    Folder::says(&found, name, Bad, &["PROVIDER_ISSUER:", "correct PROVIDER_ISSUER"]);
    let found = with("DOMAIN=x.example", "DOMAIN=example.org").await;
    Folder::says(&found, name, Bad, &["that of an example"]);
    for (from, to, says) in [
        ("DOMAIN=x.example", "DOMAIN=https://x.example", "without https://"),
        ("PROVIDER_PROFILE=generic", "PROVIDER_PROFILE=entra", "names the directory by its ID"),
        (
            "https://models.example/v1",
            "https://ada:hidden-word@models.example/v1",
            "without a user",
        ),
        ("https://models.example/v1", "http://localhost/v1", "container itself"),
        ("ada@x.example", "ada", "ADMIN_EMAIL"),
        ("ada@x.example", "ada@else.example", "else.example is missing"),
        ("ACME_EMAIL=a@x.example", "ACME_EMAIL=x", "ACME_EMAIL"),
        ("PEOPLE_DOMAINS=x.example", "PEOPLE_DOMAINS=*", "PEOPLE_DOMAINS"),
        ("PROVIDER_PROFILE=generic", "PROVIDER_PROFILE=okta", "entra, authentik or generic"),
        ("POSTGRES_IMAGE=pgvector:17", "POSTGRES_IMAGE=", "missing or empty: POSTGRES_IMAGE"),
        ("DOMAIN=x", "RATE_LIMIT_AVERAGE=many\nDOMAIN=x", "RATE_LIMIT_AVERAGE: it has to be a num"),
    ] {
        let found = with(from, to).await;
        Folder::says(&found, name, Bad, &[says]);
        assert!(!format!("{found:?}").contains("hidden-word"), "{found:#?}");
    }
    let staging = "ACME_CA_SERVER=https://acme-staging-v02.example\nDOMAIN=x";
    Folder::says(&with("DOMAIN=x", staging).await, name, Doubtful, &["staging"]);
    let told = "POSTGRES_PASSWORD=told\nDOMAIN=x";
    Folder::says(&with("DOMAIN=x", told).await, name, Doubtful, &["POSTGRES_PASSWORD"]);
    Folder::says(&with("DOMAIN=x", "DOMAIN=y\nDOMAIN=x").await, name, Bad, &["lines 1 and 2"]);
    folder.write(".env", &format!("{ENV}A='open"), 0o644);
    let error = ComposeFolder::open(folder.0.path()).unwrap_err().to_string();
    assert!(error.contains(".env, line 14"), "{error}");
    fs::remove_file(folder.0.path().join(".env")).unwrap();
    let error = ComposeFolder::open(folder.0.path()).unwrap_err().to_string();
    assert!(error.contains("gatehall init compose"), "{error}");
}

#[tokio::test]
async fn a_provider_that_calls_itself_otherwise_is_told_before_anything_starts() {
    let name = "provider in .env";
    let folder = Folder::new();
    let scene = Scene::good().await;
    folder.serve_provider(|said| said.push_str("/v2.0")).await;
    let found = folder.look_at([1, 1], &scene).await;
    Folder::says(
        &found,
        name,
        Bad,
        &["it calls itself", "set PROVIDER_ISSUER to exactly", "/v2.0"],
    );
    let with = async |issuer: &str, more: &str| {
        let env = ENV.replace("https://login.example/v2.0", issuer) + more;
        folder.write(".env", &env, 0o644);
        folder.look_at([1, 1], &scene).await
    };
    let port = scene.ports.http;
    let found = with(&format!("http://127.0.0.1:{port}/typo"), "").await;
    Folder::says(&found, name, Bad, &["is no metadata of a provider"]);
    let found = with("https://login.typo.example", "").await;
    Folder::says(&found, name, Bad, &["no such name", "PROVIDER_ISSUER"]);
    let found = with("https://auth.x.example/", "COMPOSE_PROFILES=authentik\n").await;
    Folder::says(&found, name, Unknown, &["does not answer yet"]);
    // One elsewhere has to be there already.
    let found = with("https://auth.x.example/", "PROVIDER_PROFILE=authentik\n").await;
    Folder::says(&found, name, Bad, &["PROVIDER_ISSUER"]);
}

#[tokio::test]
async fn secrets_that_are_missing_weak_equal_or_open_are_told() {
    let folder = Folder::new();
    let name = "secrets of the folder";
    for name in ["valkey_password", "openai_api_key"] {
        fs::remove_file(folder.0.path().join("secrets").join(name)).unwrap();
    }
    let found = folder.look().await;
    Folder::says(&found, name, Bad, &["missing: valkey_password", "init compose"]);
    Folder::says(&found, name, Bad, &["openai_api_key: it is missing", "of the model endpoint"]);

    let folder = Folder::new();
    for (secret, weak, why) in [
        ("postgres_password", "\n", "it is empty"),
        ("postgres_password", "short", "is too short"),
        ("postgres_password", "changeme-changeme-changeme-1234567890", "only stands in"),
        ("postgres_password", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "only stands in"),
        ("openai_api_key", "", "it is empty"),
        (KEYS, "no key", "line 1"),
    ] {
        let folder = Folder::new();
        folder.put(secret, weak);
        Folder::says(&folder.look().await, name, Bad, &[secret, why]);
    }
    folder.put("provider_client_secret", "9fT2xQ7LwZr4Vb1Ks8Yc and 9fT2xQ7LwZr4Vb1Ks8Yc");
    Folder::says(&folder.look().await, name, Bad, &["without blanks", "that the provider shows"]);
    folder.put("provider_client_secret", &secret(&place("provider_client_secret")));
    folder.put("postgres_password", &secret(&place("valkey_password")));
    let found = folder.look().await;
    Folder::says(&found, name, Bad, &["postgres_password, valkey_password are equal"]);

    let folder = Folder::new();
    let name = "modes of the secrets";
    folder.write("secrets/valkey_password", &secret(&place("valkey_password")), 0o400);
    folder.write("secrets/open-webui.env", &Folder::chat(), 0o644);
    let mode = PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.0.path().join("secrets"), mode).unwrap();
    let found = folder.look().await;
    Folder::says(&found, name, Bad, &["valkey_password cannot be read", "chmod 444"]);
    Folder::says(&found, name, Doubtful, &["open-webui.env", "chmod 600"]);
    Folder::says(&found, name, Bad, &["755", "chmod 700"]);
}

#[tokio::test]
async fn copies_of_a_secret_that_differ_are_told() {
    let name = "copies of secrets";
    for (file, words) in [
        ("open_webui_user_secret", "FORWARD_USER_INFO_HEADER_JWT_SECRET"),
        ("open_webui_database_password", "DATABASE_URL"),
        ("valkey_password", "REDIS_URL"),
    ] {
        let folder = Folder::new();
        folder.write(&format!("secrets/{file}"), "another-9fT2xQ7LwZr4Vb1Ks8Yc", 0o444);
        let found = folder.look().await;
        Folder::says(&found, name, Bad, &[words, &format!("secrets/{file} (SHA-256")]);
    }
    // A password is written otherwise in an address.
    let folder = Folder::new();
    folder.write("secrets/valkey_password", "a+b/c@9fT2xQ7LwZr4Vb1Ks8Yc", 0o444);
    let encoded = Folder::chat()
        .replace(&secret(&place("valkey_password")), "a+b%2Fc%409fT2xQ7LwZr4Vb1Ks8Yc");
    folder.write("secrets/open-webui.env", &encoded, 0o600);
    folder.look().await.nothing_bad();

    let plain = Folder::chat().replace("FORWARD_USER_INFO_HEADER_JWT_SECRET=", "OTHER=");
    folder.write("secrets/open-webui.env", &plain, 0o600);
    let found = folder.look().await;
    Folder::says(&found, "signed user headers", Bad, &["plain headers", "does not believe"]);
    fs::remove_file(folder.0.path().join("secrets/open-webui.env")).unwrap();
    Folder::says(&folder.look().await, name, Bad, &["open-webui.env is not there"]);
}

#[tokio::test]
async fn a_port_that_another_program_has_is_told_before_the_proxy_starts() {
    let folder = Folder::new();
    let scene = Scene::good().await;
    let other: Says = Arc::new(|_| answer("200 OK", "server: nginx/1.22\r\n", "Welcome"));
    let port = serve(None, other).await;
    let found = folder.look_with([port, port], &scene).await;
    let subject = format!("port {port} of this machine");
    Folder::says(&found, &subject, Bad, &["nginx/1.22", "ss -ltnp"]);
    Folder::says(&found, &subject, Bad, &["no TLS"]);
    let found = folder.look_with([1, 1], &scene).await;
    Folder::says(&found, "port 1 of this machine", Unknown, &["free"]);
    let redirects = serve(None, Arc::new(to_https)).await;
    let found = folder.look_with([redirects, scene.ports.https], &scene).await;
    found.nothing_bad();
}
