//! What is wrong around the program: keys, folders, disks, databases.

use std::{
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use gatehall_test_support::{Database, Kind, program, sql};
use serde_json::json;

use super::{Home, Said};

#[test]
fn the_first_start_makes_a_folder_for_its_owner_alone() {
    let home = Home::new();
    home.must(&["tenant", "list"]);
    let mode = |path: &str| {
        std::fs::metadata(home.data_dir().join(path)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("."), mode("vault.keys"), mode("gatehall.db")), (0o700, 0o600, 0o600));
}

#[test]
fn several_programs_may_start_at_once_on_a_new_folder() {
    let home = Home::new();
    let started: Vec<_> = (0..8)
        .map(|n| {
            let mut command = home.command(&["tenant", "add", &format!("tenant{n}")]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in started {
        let said = Said::of(child.wait_with_output().unwrap());
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    assert_eq!(home.json(&["tenant", "list"]).as_array().unwrap().len(), 8);
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let home = Home::new();
    for (setting, value, says) in [
        ("--connections", "0", "1 or more"),
        ("--refresh-seconds", "0", "0 is not in 1.."),
        ("--request-bytes", "many", "whole number"),
        ("--log", "nonsense", "no level"),
        ("--listen", "nowhere", "--listen"),
        ("--open-webui-domains", ".x.example", "not a domain"),
        ("--open-webui-domains", "x.example.", "not a domain"),
        ("--open-webui-domains", "x..example", "not a domain"),
    ] {
        let said = home.fails(&["serve", setting, value]);
        assert!(said.contains(setting) && said.contains(says), "{setting}: {said}");
    }
    let file = home.file("settings.toml", "listen_on = \"127.0.0.1:1\"\n");
    assert!(home.fails(&["serve", "--config", &file]).contains("listen_on"));
}

#[test]
fn the_demo_leaves_a_real_company_alone() {
    let home = Home::new();
    home.must(&["tenant", "add", "google", "--name", "The real one"]);
    let said = home.fails(&["demo", "--json", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("--data-dir"), "{said}");
    assert_eq!(home.json(&["tenant", "list"])[0]["name"], "The real one");
    assert_eq!(home.json(&["user", "list"]), json!([]));
}

#[test]
fn a_row_that_cannot_be_read_is_told_by_the_doctor_and_closes_nothing() {
    let home = Home::new();
    home.must(&["user", "add", "alice@google.example"]);
    home.must(&["user", "add", "bob@google.example"]);
    let url = format!("sqlite:{}", home.data_dir().join("gatehall.db").display());
    let database = Database { url, ..Database::new(Kind::Sqlite) };
    let long = format!("{}@google.example", "x".repeat(300));
    let break_it = format!("update users set email = '{long}' where email like 'alice%'");
    sql(&database, &break_it);

    let users = home.json(&["user", "list"]);
    assert_eq!(users.as_array().unwrap().len(), 1, "{users}");
    home.must(&["user", "change", "bob@google.example", "--name", "Bob"]);
    let said = home.run(&["doctor"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    for part in ["of users", "cannot be read", "email:", "docs/database.md"] {
        assert!(said.out.contains(part), "{part}: {said:?}");
    }
    // The row is as it was, and there again when it is mended.
    let mend = "update users set email = 'alice@google.example' where length(email) > 254;
                update revision set number = number + 1";
    sql(&database, mend);
    assert_eq!(home.json(&["user", "list"]).as_array().unwrap().len(), 2);
    assert!(!home.run(&["doctor"]).out.contains("cannot be read"));
}

#[test]
fn a_wrong_key_file_is_refused() {
    let home = Home::new();
    home.must(&["tenant", "add", "google"]);
    let keys = home.data_dir().join("vault.keys");
    let own = std::fs::read(&keys).unwrap();

    let other = Home::new();
    other.must(&["tenant", "list"]);
    std::fs::copy(other.data_dir().join("vault.keys"), &keys).unwrap();
    let said = home.fails(&["tenant", "list"]);
    assert!(said.contains("vault.keys") && said.contains("does not belong"), "{said}");

    std::fs::remove_file(&keys).unwrap();
    let said = home.fails(&["tenant", "list"]);
    assert!(said.contains("put it back") && !keys.exists(), "{said}");

    std::fs::write(&keys, "no keys\n").unwrap();
    assert!(home.fails(&["tenant", "list"]).contains("vault.keys"));
    std::fs::write(&keys, own).unwrap();
    std::fs::set_permissions(&keys, PermissionsExt::from_mode(0o644)).unwrap();
    let open = home.fails(&["tenant", "list"]);
    assert!(open.contains("chmod") || open.contains("0600"), "{open}");
}

#[test]
fn folders_and_files_that_cannot_be_used_are_named() {
    let home = Home::new();
    let blocked = home.file("file", "");
    let blocked = format!("{blocked}/data");
    let said = Said::of(
        Command::new(env!("CARGO_BIN_EXE_gatehall"))
            .args(["tenant", "list", "--data-dir", &blocked])
            .output()
            .unwrap(),
    );
    assert!(said.code == Some(1) && said.err.contains("--data-dir"), "{said:?}");

    std::fs::create_dir(home.data_dir()).unwrap();
    std::fs::write(
        home.data_dir().join("gatehall.db"),
        "this is a text of some length\n".repeat(99),
    )
    .unwrap();
    assert!(home.fails(&["tenant", "list"]).contains("not a SQLite database"));
    for (url, says) in [("mysql://x", "postgres://"), ("postgres://127.0.0.1:1/x", "reached")] {
        let said = home.fails(&["tenant", "list", "--database", url]);
        assert!(said.contains(says), "{url}: {said}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_said_to_be_so() {
    let home = Home::new();
    home.must(&["tenant", "add", "google"]);
    // The superuser may write everywhere: then this is tried as somebody else.
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let folder = home.folder.path();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    if root {
        let owned = Command::new("chown").args(["-R", "nobody"]).arg(folder).status().unwrap();
        assert!(owned.success());
    }
    mode(&home.data_dir().join("gatehall.db"), 0o400);
    mode(&home.data_dir(), 0o500);
    let plain = home.command(&["tenant", "add", "microsoft"]);
    let mut command = match root {
        false => plain,
        true => {
            // Somebody else may not be able to enter the folder where the program was built.
            let copy = folder.join("gatehall");
            std::fs::copy(env!("CARGO_BIN_EXE_gatehall"), &copy).unwrap();
            let mut other = Command::new(program("setpriv"));
            other.args(["--reuid=nobody", "--clear-groups"]).arg(copy).args(plain.get_args());
            other
        }
    };
    let said = Said::of(command.stdin(Stdio::null()).output().unwrap());
    mode(&home.data_dir(), 0o700);
    assert!(said.code == Some(1), "{said:?}");
    assert!(
        said.err.contains("cannot be written") || said.err.contains("cannot be opened"),
        "{said:?}"
    );
}

#[test]
fn a_disk_without_room_keeps_what_was_there() {
    let home = Home::new();
    home.must(&["tenant", "add", "google"]);
    let users: Vec<_> =
        (0..3000).map(|n| json!({"email": format!("user{n}@company.example")})).collect();
    let file = home.file("users.json", &json!({"users": users}).to_string());
    // Files may not grow beyond 700 kB, which is what a full disk looks like.
    let import = home.command(&["import", &file, "--apply"]);
    let limited = "trap '' XFSZ; ulimit -f 700; exec \"$@\"";
    let said = Said::of(
        Command::new("bash")
            .args(["-c", limited, "bash"])
            .arg(import.get_program())
            .args(import.get_args())
            .output()
            .unwrap(),
    );
    assert!(said.code == Some(1) && said.err.contains("room"), "{said:?}");
    assert_eq!(home.json(&["user", "list"]), json!([]));
    assert_eq!(home.json(&["tenant", "list"])[0]["id"], "google");
    home.must(&["import", &file, "--apply"]);
}
