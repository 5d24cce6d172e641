//! A secret is replaced when that is wanted, and what is made of it follows.

use std::{fs, os::unix::fs::PermissionsExt, process::Stdio};

use super::{MADE_UP, Said, Stack};

#[test]
fn a_secret_is_replaced_and_what_is_made_of_it_follows() {
    let stack = Stack::new();
    stack.must(stack.whole(&[]));
    for name in MADE_UP.iter().filter(|name| !name.ends_with("_admin_password")) {
        let (before, all) = (stack.secret(name), stack.all());
        let said = stack.must(stack.bare(&["--rotate", name]));
        assert!(said.contains("igns") && said.contains("--force-recreate"), "{said}");
        let after = stack.secret(name);
        assert!(after != before && after.len() == 64 && !said.contains(&after), "{name}");
        let chat = stack.secret("open-webui.env");
        assert!(!chat.contains(&before), "{name}");
        for (other, (mode, bytes)) in stack.all() {
            let is_it = other == format!("secrets/{name}") || other == "secrets/open-webui.env";
            assert!(is_it || all[&other] == (mode, bytes), "{name}: {other} was changed");
            assert_eq!(all[&other].0, mode, "{other}");
        }
    }
    // A vault's key stays, behind the new one.
    let before = stack.secret("vault.keys");
    stack.must(stack.bare(&["--rotate", "vault.keys"]));
    let after = stack.secret("vault.keys");
    let key = before.lines().last().unwrap();
    assert!(after.lines().count() == 3 && after.ends_with(&format!("{key}\n")), "one before it");
    gatehall_vault::read_keys(&after.into()).unwrap();
    // What somebody else makes up has to be said.
    let said = stack.fails(stack.bare(&["--rotate", "openai_api_key"]));
    assert!(said.contains("--openai-api-key-file"), "{said}");
    let key = stack.home.file("new key", "sk-the-next-key-0123456789");
    fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    stack.must(stack.bare(&["--rotate", "openai_api_key", "--openai-api-key-file", &key]));
    assert!(
        stack.secret("open-webui.env").contains("\nOPENAI_API_KEY=sk-the-next-key-0123456789\n")
    );
    let said = stack.fails(stack.bare(&["--rotate", "authentik_admin_password"]));
    assert!(said.contains("first time"), "{said}");
    // What was put there by hand is followed as well.
    stack.mode("secrets/valkey_password", 0o600);
    stack.write("secrets/valkey_password", "a password of one's own $1");
    stack.mode("secrets/valkey_password", 0o444);
    let said = stack.must(stack.bare(&[]));
    assert!(said.contains("secrets/open-webui.env"), "{said}");
    let chat = stack.secret("open-webui.env");
    assert!(chat.contains("redis://:a%20password%20of%20one%27s%20own%20%241@valkey"), "{chat}");
}

/// Each reads what the one before it wrote.
#[test]
fn several_at_once_lose_no_key() {
    const RUNS: usize = 8;
    let stack = Stack::new();
    stack.must(stack.whole(&[]));
    let start = |_| {
        let mut command = stack.bare(&["--rotate", "vault.keys"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let runs: Vec<_> = (0..RUNS).map(start).collect();
    for run in runs {
        let said = Said::of(run.wait_with_output().unwrap());
        assert!(said.code == Some(0) && said.out.contains("vault.keys (a new one)"), "{said:?}");
    }
    let keys = stack.secret("vault.keys");
    assert_eq!(keys.lines().count(), 1 + 1 + RUNS, "the head, the first key and one for each run");
    gatehall_vault::read_keys(&keys.into()).unwrap();
}
