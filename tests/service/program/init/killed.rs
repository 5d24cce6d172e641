//! Whenever it is ended, another run completes what is there and changes none of it.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
};

use super::{MADE_UP, Stack};

/// What has to stay, of what is there.
fn secrets(stack: &Stack) -> BTreeMap<String, Vec<u8>> {
    let all = stack.all().into_iter();
    let is_one = |name: &str| name.starts_with("secrets/") && !name.ends_with('/');
    all.filter(|(name, _)| is_one(name) && !name.ends_with(".new"))
        .map(|(name, (_, bytes))| (name, bytes))
        .collect()
}

/// Nobody else reads a secret, at whatever moment it was ended.
fn is_closed(stack: &Stack) {
    let all = stack.all();
    if let Some((mode, _)) = all.get("secrets/") {
        assert_eq!(mode & 0o077, 0, "the folder is the wall");
    }
    for (name, (_, bytes)) in &all {
        let holds =
            bytes.windows(super::MODEL_KEY.len()).any(|it| it == super::MODEL_KEY.as_bytes());
        assert!(!holds || name.starts_with("secrets/"), "{name}");
    }
}

/// Runs until so much is there, and is killed. Whether that was before its end.
fn killed_when(mut command: Command, is_there: impl Fn() -> bool) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !is_there() && child.try_wait().unwrap().is_none() {
        std::hint::spin_loop();
    }
    let is_before = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    is_before
}

#[test]
fn a_run_that_is_killed_at_any_moment_is_completed_by_another() {
    let mut cut = 0;
    for count in 0..36 {
        let stack = Stack::new();
        let mut kept = BTreeMap::new();
        // A second one goes on from there, and is killed a little later.
        for further in [0, 3] {
            let is_there = || stack.all().len() > count + further;
            cut += usize::from(killed_when(stack.whole(&[]), is_there));
            is_closed(&stack);
            let now = secrets(&stack);
            for (name, bytes) in &kept {
                assert_eq!(now.get(name), Some(bytes), "{name} was changed");
            }
            kept = now;
            for name in MADE_UP {
                if let Some(bytes) = kept.get(&format!("secrets/{name}")) {
                    assert_eq!(bytes.len(), 64, "{name} is whole or not there");
                }
            }
        }
        stack.must(stack.whole(&[]));
        let now = secrets(&stack);
        for (name, bytes) in &kept {
            assert_eq!(now.get(name), Some(bytes), "{name} was changed");
        }
        assert_eq!(now.len(), 14, "{:?}", now.keys());
        let all = stack.all();
        assert!(all.keys().all(|name| !name.ends_with(".new")), "{:?}", all.keys());
        stack.must(stack.bare(&[]));
        assert!(stack.all() == all);
    }
    assert!(cut > 0, "none of them was cut");
}

#[test]
fn a_rotation_that_is_killed_leaves_secrets_that_fit() {
    let stack = Stack::new();
    stack.must(stack.whole(&[]));
    for round in 0..20 {
        let before = (stack.secret("open_webui_user_secret"), stack.secret("open-webui.env"));
        // Before anything is new, when the secret is, and when what is made of it is, too.
        let is_new = || match round % 3 {
            0 => stack.path("secrets/.open_webui_user_secret.new").exists(),
            1 => stack.secret("open_webui_user_secret") != before.0,
            _ => stack.secret("open-webui.env") != before.1,
        };
        killed_when(stack.bare(&["--rotate", "open_webui_user_secret"]), is_new);
        assert_eq!(stack.secret("open_webui_user_secret").len(), 64);
        stack.must(stack.bare(&[]));
        let secret = stack.secret("open_webui_user_secret");
        let line = format!("\nFORWARD_USER_INFO_HEADER_JWT_SECRET={secret}\n");
        assert!(stack.secret("open-webui.env").contains(&line));
        assert!(stack.all().keys().all(|name| !name.ends_with(".new")));
    }
}

#[test]
fn several_at_once_make_one_deployment() {
    let stack = Stack::new();
    let mut all: Vec<_> = (0..6)
        .map(|_| stack.whole(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
        .collect();
    let ended: Vec<_> = all.iter_mut().map(|it| it.wait().unwrap().success()).collect();
    assert!(ended.contains(&true), "{ended:?}");
    let before = secrets(&stack);
    stack.must(stack.bare(&[]));
    assert!(secrets(&stack) == before, "whoever came first decided");
}
