//! What is wrong or missing is said all at once, with its remedy, and nothing is written.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use super::Stack;

#[test]
fn all_that_is_missing_is_named_at_once() {
    let stack = Stack::new();
    let said = stack.fails(stack.bare(&[]));
    for flag in [
        "--domain",
        "--admin-email",
        "--people-domains",
        "--acme-email",
        "--provider ",
        "--provider-issuer",
        "--provider-client-id",
        "--provider-client-secret-file",
        "--openai-api-key-file",
        "GATEHALL_OPENAI_API_KEY_FILE",
        "GATEHALL_OPENAI_API_KEY,",
    ] {
        assert!(said.contains(flag), "{flag}: {said}");
    }
    assert!(!stack.folder().exists());
}

#[test]
fn wrong_answers_are_named_with_the_remedy() {
    let stack = Stack::new();
    let empty = stack.home.file("empty", "");
    fs::set_permissions(&empty, PermissionsExt::from_mode(0o600)).unwrap();
    let missing = format!("{empty}.none");
    for (flag, value, says) in [
        ("--domain", "https://company.example", "without https://"),
        ("--domain", "company.example:443", "without a port"),
        ("--domain", "*.company.example", "without *"),
        ("--domain", "192.0.2.1", "for names"),
        ("--domain", "localhost", "not a domain"),
        ("--admin-email", "ada", "address like"),
        ("--admin-email", "ada@other.example", "other.example is missing"),
        ("--people-domains", "company..example", "not a domain"),
        ("--acme-email", "ops@localhost", "not a domain"),
        ("--provider-issuer", "http://login.company.example", "https://"),
        ("--provider-issuer", "https://a.example/.well-known/openid-configuration", "leave off"),
        ("--domain", "example.org", "of an example"),
        ("--provider-client-id", "a b", "without blanks"),
        ("--provider-client-id", "a'b", "--provider-client-id: it holds '"),
        ("--provider-client-secret-file", &missing, "is not there"),
        ("--openai-api-key-file", &empty, "is empty"),
        ("--openai-api-base-url", "http://api.openai.com/v1", "https://"),
        ("--openai-api-base-url", "http://localhost:11434/v1", "container itself"),
        (
            "--provider-issuer",
            "https://auth.company.example/application/o/gatehall/",
            "COMPOSE_PROFILES",
        ),
    ] {
        let said = stack.fails(stack.whole(&[flag, value]));
        assert!(said.contains(says), "{flag} {value}: {said}");
        assert!(!stack.folder().exists(), "{flag} {value}");
    }
    let both =
        stack.fails(stack.whole(&["--domain", "a b", "--acme-email", "x", "--admin-email", "y"]));
    assert_eq!(both.matches("\n  - --").count(), 3, "all at once: {both}");
    let mut placeholder = stack.whole(&[]);
    placeholder.env_remove("GATEHALL_OPENAI_API_KEY_FILE");
    placeholder.env("GATEHALL_OPENAI_API_KEY", "your-secret-goes-here");
    let said = stack.fails(placeholder);
    assert!(said.contains("stands in") && !said.contains("goes-here"), "{said}");
    assert!(said.contains("- GATEHALL_OPENAI_API_KEY:"), "it was no flag: {said}");
}

#[test]
fn what_is_there_is_never_overwritten_however_wrong_it_is() {
    // (what somebody did, the file and what is in it, what is said)
    let cases = [
        (".env", "DOMAIN=other.example\n", "DOMAIN=other.example"),
        (".env", "DOMAIN='other.example'\n", "DOMAIN=other.example"),
        (".env", "DOMAIN=https://company.example\n", "DOMAIN in .env"),
        (".env", "DOMAIN=company.example\nDOMAIN=company.example\n", "lines 1 and 2"),
        (".env", "DOMAIN=${A:-company.example}\n", "single quotes"),
        (".env", "DOMAIN='company.example\n", "line 1: the quote"),
        (".env", "what is this\n", "line 1"),
        (".env", "PROVIDER_PROFILE=google\n", "entra, authentik or generic"),
        (".env", "PEOPLE_DOMAINS=other.example\n", "company.example is missing"),
        (".env", "RATE_LIMIT_AVERAGE=many\n", "RATE_LIMIT_AVERAGE in .env: it has to be a number"),
        (".env", "COMPOSE_PROFILES=autentik\n", "COMPOSE_PROFILES in .env"),
        (".env", "PROVIDER_ISSUER='https://login.company.example '\n", "in the file it has to be"),
        ("secrets/postgres_password", "", "is empty"),
        ("secrets/postgres_password", "short", "too short"),
        ("secrets/postgres_password", "changeme-changeme-changeme", "stands in"),
        ("secrets/open_webui_user_secret", "aaaaaaaaaaaaaaaaaaaaaaaaaaa", "stands in"),
        ("secrets/valkey_password", "the first line\nthe second line", "more than one line"),
        ("secrets/vault.keys", "not a key\n", "line 1 is not 32 bytes"),
        ("secrets/openai_api_key", "sk-another-key-0123456789", "--rotate openai_api_key"),
        ("secrets/open-webui.env", "OPENAI_API_KEY=sk-another\n", "secrets/openai_api_key"),
    ];
    for (name, text, says) in cases {
        let stack = Stack::new();
        stack.write(name, text);
        if stack.path("secrets").exists() {
            stack.mode("secrets", 0o700);
        }
        let before = stack.all();
        let said = stack.fails(stack.whole(&[]));
        assert!(said.contains(says), "{name} {text:?}: {said}");
        assert!(!said.contains("sk-another"), "no secret is shown: {said}");
        assert!(stack.all() == before, "{name} {text:?}");
    }
}

#[test]
fn what_is_there_and_wrong_is_not_called_missing() {
    let stack = Stack::new();
    stack.must(stack.whole(&[]));
    let whole = stack.text(".env");
    for (name, text, mode) in [
        (".env", format!("{whole}what is this\n"), 0o700),
        (".env", format!("{whole}DOMAIN=company.example\n"), 0o700),
        (".env", format!("{whole}A='open\n"), 0o700),
        ("secrets/openai_api_key", String::new(), 0o700),
        (".env", whole.clone(), 0o755),
    ] {
        if name != ".env" {
            fs::remove_file(stack.path(name)).unwrap();
        }
        stack.write(name, &text);
        stack.mode("secrets", mode);
        let said = stack.fails(stack.bare(&[]));
        assert!(said.contains("To be fixed first") && !said.contains("Missing"), "{said}");
        stack.write(".env", &whole);
        fs::remove_file(stack.path("secrets/openai_api_key")).unwrap();
        stack.write("secrets/openai_api_key", "sk-0aT71LpzRkE5sVdHcMwQ3");
    }
}

#[test]
fn values_in_quotes_and_of_variables_are_understood() {
    let stack = Stack::new();
    let own = "BASE=company\nexport DOMAIN=\"${BASE}.example\" # ours\nADMIN_EMAIL: ada@company.example\n";
    stack.write(".env", own);
    stack.must(stack.whole(&[]));
    assert!(stack.text(".env").starts_with(own));
}

#[test]
fn a_folder_that_is_no_wall_is_refused() {
    let stack = Stack::new();
    fs::create_dir_all(stack.path("secrets")).unwrap();
    stack.mode("secrets", 0o755);
    let said = stack.fails(stack.whole(&[]));
    assert!(said.contains("chmod 700") && said.contains("mode 755"), "{said}");
    stack.mode("secrets", 0o700);
    fs::set_permissions(stack.folder(), PermissionsExt::from_mode(0o777)).unwrap();
    let said = stack.fails(stack.whole(&[]));
    assert!(said.contains("chmod o-w"), "{said}");
    fs::remove_dir_all(stack.folder()).unwrap();

    fs::create_dir_all(stack.folder()).unwrap();
    stack.write("secrets", "a file");
    assert!(stack.fails(stack.whole(&[])).contains("is no folder"));
    fs::remove_file(stack.path("secrets")).unwrap();
    fs::create_dir_all(stack.path("secrets/postgres_password")).unwrap();
    stack.mode("secrets", 0o700);
    assert!(stack.fails(stack.whole(&[])).contains("it is a folder"));
    fs::remove_dir(stack.path("secrets/postgres_password")).unwrap();
    symlink("/no/such/file", stack.path("secrets/postgres_password")).unwrap();
    assert!(stack.fails(stack.whole(&[])).contains("cannot be read"));
    fs::remove_dir_all(stack.folder()).unwrap();
    fs::write(stack.folder(), "a file").unwrap();
    assert!(stack.fails(stack.whole(&[])).contains("is no folder"));
}
