//! The walls around the processes of stdio servers: what such a process can do to the gate, to its
//! files and to other connections' processes.

mod scene;

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
};

use gatehall_test_support::program;
use serde_json::{Value, json};

use self::scene::{
    Gate, PROBE, SECRET, as_nobody, company, is_root, is_there, outcomes, python,
    ways_into_the_parent,
};
use super::Home;
use crate::support::eventually;

/// The files of the gate that hold what nobody else may read.
fn files(home: &Home) -> Vec<(&'static str, String)> {
    let names = ["gatehall.db", "gatehall.db-wal", "gatehall.db-shm", "vault.keys"];
    let paths = names.iter().chain(&["open-webui.secret"]).map(|name| home.data_dir().join(name));
    let read = paths.map(|path| ("read", path.display().to_string()));
    let folder = ("list", home.data_dir().display().to_string());
    read.chain([folder, ("write", home.data_dir().join("vault.keys").display().to_string())])
        .collect()
}

/// Those that found what they tried open.
fn open(outcomes: &[(String, String)]) -> Vec<&str> {
    outcomes.iter().filter(|it| it.1 == "open").map(|it| it.0.as_str()).collect()
}

/// Everything that the tests below find closed can be found open: by a process whose parent has
/// none of the walls.
#[test]
fn without_walls_the_probe_finds_everything_open() {
    let home = Home::new();
    home.must(&["user", "list"]);
    let held = home.file("held", "what the parent has open");
    let mut ways = ways_into_the_parent();
    // Some systems let nobody but root do this to a parent, whatever it does.
    ways.retain(|(way, of)| is_root() || !(*way == "trace" || of.ends_with("/mem")));
    ways.push(("signal", "PARENT".into()));
    ways.push(("read", home.data_dir().join("vault.keys").display().to_string()));
    // A shell that keeps the file open, with a child that inherits it.
    let script = "exec 7<\"$0\"; \"$@\"; exit 0";
    let tries = json!({"try": ways}).to_string();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, &held]).arg(python()).args(["-I", "-c", PROBE, &tries]);
    let output = command.env(SECRET.0, SECRET.1).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = outcomes(&said);
    assert_eq!(open(&found).len(), ways.len(), "{found:#?}");
    assert!(said["myself"]["descriptors"].as_array().unwrap().contains(&json!(7)), "{said:#}");
    assert_eq!(said["myself"]["environment"][SECRET.0], SECRET.1);
    assert_eq!(said["myself"]["no_new_privileges"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_root_each_connection_is_behind_walls_of_its_own() {
    // Nobody else can start processes as another user.
    if !is_root() {
        return;
    }
    let home = Home::new();
    company(&home, &[]);
    let gate = Gate::start(&home, &[], &["--stdio-uids", "auto"]).await;
    let other = gate.probe("microsoft", json!({})).await["myself"].take();
    let left = format!("{}/left", other["environment"]["HOME"].as_str().unwrap());
    gate.probe("microsoft", json!({"leave": [left]})).await;
    let other_pid = &other["pid"];

    let mut ways = [ways_into_the_parent(), files(&home)].concat();
    ways.extend([
        ("signal", "PARENT".to_owned()),
        ("read", format!("/proc/{other_pid}/environ")),
        ("read", format!("/proc/{other_pid}/mem")),
        ("list", format!("/proc/{other_pid}/fd")),
        ("follow", format!("/proc/{other_pid}/cwd")),
        ("trace", other_pid.to_string()),
        ("signal", other_pid.to_string()),
        ("read", left.clone()),
        ("list", other["environment"]["HOME"].as_str().unwrap().to_owned()),
        ("list", other["environment"]["TMPDIR"].as_str().unwrap().to_owned()),
        ("list", home.homes().display().to_string()),
        ("write", home.homes().join("mine").display().to_string()),
        ("list", "/root".to_owned()),
    ]);
    let found = gate.attempts(&ways).await;
    assert_eq!(found.len(), ways.len());
    assert_eq!(open(&found), Vec::<&str>::new());

    // Whatever it keeps there.
    for kept in fs::read_dir(home.data_dir()).unwrap().map(Result::unwrap) {
        assert_eq!(kept.metadata().unwrap().mode() & 0o077, 0, "{kept:?}");
    }

    let own = gate.probe("google", json!({})).await["myself"].take();
    let uid = own["uids"][0].as_u64().unwrap();
    assert!((2_100_000_000..=2_146_999_999).contains(&uid), "{own:#}");
    assert_ne!(own["uids"], other["uids"]);
    for one in [&own, &other] {
        assert_eq!(one["uids"], one["gids"]);
        let uid = &one["uids"][0];
        assert_eq!(one["uids"], json!([uid, uid, uid]));
        assert_eq!(one["groups"], json!([]));
        assert_eq!(one["capabilities"], json!([0, 0, 0, 0]));
        assert_eq!(one["no_new_privileges"], true);
        assert_eq!(one["core"], json!([0, 0]));
        assert_eq!(one["descriptors"], json!([]));
        let names: Vec<_> = one["environment"].as_object().unwrap().keys().collect();
        let wanted = ["DECLARED", "HOME", "LC_CTYPE", "LOGNAME", "TMPDIR", "USER"];
        assert!(names.iter().all(|name| wanted.contains(&name.as_str())), "{names:?}");
        assert_eq!(one["folder"], one["environment"]["HOME"]);
        let home = fs::metadata(one["folder"].as_str().unwrap()).unwrap();
        assert_eq!((u64::from(home.uid()), home.mode() & 0o777), (uid.as_u64().unwrap(), 0o700));
    }
    assert!(!gate.said().contains("no wall"), "{}", gate.said());

    // Its files wait for it, under the same user.
    drop(gate);
    let gate = Gate::start(&home, &[], &["--stdio-uids", "auto"]).await;
    let again = gate.probe("microsoft", json!({"try": [["read", left]]})).await;
    assert_eq!(again["myself"]["uids"], other["uids"]);
    assert_eq!(open(&outcomes(&again)).len(), 1);
}

/// As root without users of their own: the gate's files and the other's process are open, so the
/// test above can find them so.
#[tokio::test(flavor = "multi_thread")]
async fn without_uids_of_their_own_roots_children_are_root_and_it_is_said() {
    if !is_root() {
        return;
    }
    let home = Home::new();
    company(&home, &[]);
    let gate = Gate::start(&home, &[], &["--stdio-uids", "none"]).await;
    let other = gate.probe("microsoft", json!({})).await["myself"]["pid"].to_string();
    let others = [("read", format!("/proc/{other}/environ")), ("signal", other.clone())];
    let ways = [files(&home), others.to_vec()].concat();
    let found = gate.attempts(&ways).await;
    assert_eq!(open(&found).len(), ways.len(), "{found:#?}");
    let said = gate.said();
    assert_eq!(said.matches("no wall").count(), 1, "{said}");
    assert!(said.contains("--stdio-uids is none") && said.contains("as root"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_an_ordinary_user_the_gate_is_closed_and_the_missing_walls_are_said() {
    let home = Home::new();
    company(&home, &[]);
    // Nobody may not enter the folder where the program was built.
    let copy = home.folder.path().join("gatehall");
    fs::copy(env!("CARGO_BIN_EXE_gatehall"), &copy).unwrap();
    let mut plain = Command::new(copy);
    let built = home.command(&[]);
    plain.args(built.get_args());
    let wrapper = as_nobody();
    let wrapper: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    let gate = Gate::start_as(&home, plain, &wrapper, &["--stdio-uids", "auto"]).await;

    let ways = ways_into_the_parent();
    let found = gate.attempts(&ways).await;
    assert_eq!(found.len(), ways.len());
    assert_eq!(open(&found), Vec::<&str>::new());
    let own = gate.probe("google", json!({})).await["myself"].take();
    assert_eq!(own["descriptors"], json!([]));
    assert_eq!(own["core"], json!([0, 0]));
    assert_eq!(own["environment"]["DECLARED"], "yes");
    assert!(own["environment"].get(SECRET.0).is_none());
    // One user is no wall, and that is what the warning is about.
    assert_eq!(open(&gate.attempts(&files(&home)).await).len(), files(&home).len());
    let said = gate.said();
    assert_eq!(said.matches("no wall").count(), 1, "{said}");
    assert!(said.contains("an ordinary user") && said.contains("key file"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_root_may_not_do_is_said_or_refused() {
    if !is_root() {
        return;
    }
    let home = Home::new();
    company(&home, &[]);
    let setpriv = program("setpriv").display().to_string();
    let bounded = [setpriv.as_str(), "--bounding-set=-setuid,-kill"];
    let gate = Gate::start(&home, &bounded, &["--stdio-uids", "auto"]).await;
    let said = gate.said();
    assert_eq!(said.matches("no wall").count(), 1, "{said}");
    assert!(said.contains("CAP_SETUID and CAP_KILL"), "{said}");
    drop(gate);

    let mut command = Command::new(&setpriv);
    let plain = home.command(&["--stdio-uids", "70000-70009", "check"]);
    command.arg(bounded[1]).arg(plain.get_program()).args(plain.get_args());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("70000-70009"), "{said}");
    assert!(said.contains("CAP_SETUID"), "{said}");
}

#[test]
fn without_a_stdio_server_nothing_is_said() {
    let home = Home::new();
    home.must(&["server", "add", "web", "--url", "http://127.0.0.1:9/mcp"]);
    home.must(&["connection", "add", "web"]);
    let said = home.run(&["check"]);
    assert!(!said.err.contains("wall"), "{said:?}");
}

#[test]
fn check_goes_the_same_way_and_names_what_a_uid_may_not_enter() {
    if !is_root() {
        return;
    }
    let home = Home::new();
    let private = home.folder.path().join("private");
    fs::create_dir(&private).unwrap();
    fs::set_permissions(&private, PermissionsExt::from_mode(0o700)).unwrap();
    let script = private.join("server");
    fs::write(&script, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    home.must(&["server", "add", "hidden", "--command", &text(&script)]);
    home.must(&["server", "add", "gone", "--command", "/no/such/program"]);
    home.must(&["server", "add", "exits", "--command", "/bin/false"]);
    for server in ["hidden", "gone", "exits"] {
        home.must(&["connection", "add", server]);
    }
    let said = home.run(&["--stdio-uids", "70000-79999", "check", "--json"]);
    let rows: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
    let error = |name: &str| {
        let row = rows.as_array().unwrap().iter().find(|row| row["connection"] == name).unwrap();
        row["error"].as_str().unwrap().to_owned()
    };
    let hidden = error("hidden");
    assert!(hidden.contains(&format!("may not enter {}", private.display())), "{hidden}");
    assert!(hidden.contains("uid 7") && hidden.contains("--stdio-uids"), "{hidden}");
    assert!(error("gone").contains("No such file"), "{}", error("gone"));
    assert!(error("exits").contains("(as uid 7"), "{}", error("exits"));
    let owners: Vec<u32> = fs::read_dir(home.homes())
        .unwrap()
        .map(|place| fs::metadata(place.unwrap().path().join("home")).unwrap().uid())
        .collect();
    assert!(owners.len() == 3 && owners.iter().all(|uid| (70_000..80_000).contains(uid)));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_they_run_as_processes_end_with_the_gate() {
    let auto = ["--stdio-uids", "auto", "--drain-seconds", "1"];
    let home = Home::new();
    company(&home, &["stubborn"]);
    let mut gate = Gate::start(&home, &[], &auto).await;
    let pids = pids_of(&gate).await;
    assert_eq!(pids.len(), 4);
    gate.signal("-TERM");
    let ended = tokio::task::spawn_blocking(move || (gate.child.wait().unwrap().code(), gate));
    assert_eq!(ended.await.unwrap().0, Some(0));
    for pid in pids {
        eventually("no process is left behind", async || (!is_there(pid)).then_some(())).await;
    }

    let home = Home::new();
    company(&home, &[]);
    let gate = Gate::start(&home, &[], &auto).await;
    let pids = pids_of(&gate).await;
    gate.signal("-KILL");
    for pid in pids {
        eventually("its input ended, and so did it", async || (!is_there(pid)).then_some(())).await;
    }
}

/// The processes of both probes, with what they started.
async fn pids_of(gate: &Gate) -> Vec<u64> {
    let mut pids = Vec::new();
    for tenant in ["google", "microsoft"] {
        let pid = gate.probe(tenant, json!({})).await["myself"]["pid"].as_u64().unwrap();
        pids.push(pid);
        let listed = Command::new("pgrep").args(["-P", &pid.to_string()]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        pids.extend(listed.lines().map(|line| line.parse::<u64>().unwrap()));
    }
    pids
}

/// Whoever has a terminal can type into it: into the shell of root, who started the gate there.
#[test]
fn a_process_has_no_part_in_the_gates_terminal() {
    let home = Home::new();
    let look = "if (: < /dev/tty) 2> /dev/null; then echo has one; else echo has none; fi >&2";
    home.must(&[
        "server",
        "add",
        "look",
        "--command",
        "/bin/sh",
        "--argument=-c",
        "--argument",
        look,
    ]);
    home.must(&["connection", "add", "look"]);
    let terminal = "import pty, sys; pty.spawn(sys.argv[1:])";
    for uids in ["auto", "none"] {
        let plain = home.command(&["--stdio-uids", uids, "check"]);
        let mut command = Command::new(python());
        command.args(["-c", terminal]).arg(plain.get_program()).args(plain.get_args());
        command.arg("--stdio-homes").arg(home.homes());
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(said.contains("has none"), "{uids}: {said}");
    }
}

/// Whatever the gate makes, it makes for itself alone, and what was open before is closed.
#[test]
fn files_of_the_gate_are_its_own() {
    let home = Home::new();
    home.must(&["tenant", "add", "google"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    let database = home.data_dir().join("gatehall.db");
    fs::set_permissions(home.data_dir(), PermissionsExt::from_mode(0o755)).unwrap();
    fs::set_permissions(&database, PermissionsExt::from_mode(0o644)).unwrap();
    home.must(&["tenant", "list"]);
    assert_eq!((mode(&home.data_dir()), mode(&database)), (0o700, 0o600));
    // A database that the operator put elsewhere stays as it is, with a word.
    let elsewhere = home.folder.path().join("elsewhere.db");
    // What was written last may still lie in the files beside it.
    for end in ["", "-wal", "-shm"] {
        let file = |path: &Path| format!("{}{end}", path.display());
        if Path::new(&file(&database)).exists() {
            fs::rename(file(&database), file(&elsewhere)).unwrap();
        }
    }
    fs::set_permissions(&elsewhere, PermissionsExt::from_mode(0o644)).unwrap();
    let url = format!("sqlite:{}", elsewhere.display());
    let said = home.run(&["--database", &url, "tenant", "list"]);
    assert!(said.code == Some(0) && said.err.contains("chmod 600"), "{said:?}");
    assert_eq!(mode(&elsewhere), 0o644);
    let settings =
        home.file("settings.toml", "database = \"postgres://gate:word@127.0.0.1:9/x\"\n");
    fs::set_permissions(&settings, PermissionsExt::from_mode(0o644)).unwrap();
    let said = home.fails(&["--config", &settings, "tenant", "list"]);
    assert!(said.contains("holds database") && said.contains("chmod 600"), "{said}");
}

/// Orchestrators mount secrets so that all can read and nobody can change them: that is taken,
/// with a word; where it can be changed it is refused.
#[test]
fn a_key_file_that_all_can_read_is_taken_only_where_nothing_can_be_changed() {
    let home = Home::new();
    home.must(&["tenant", "list"]);
    let mount = home.folder.path().join("secrets");
    fs::create_dir_all(mount.join("..data")).unwrap();
    fs::rename(home.data_dir().join("vault.keys"), mount.join("..data/vault.keys")).unwrap();
    std::os::unix::fs::symlink("..data/vault.keys", mount.join("vault.keys")).unwrap();
    fs::set_permissions(mount.join("vault.keys"), PermissionsExt::from_mode(0o644)).unwrap();
    let keys = mount.join("vault.keys").display().to_string();
    let list = ["--vault-keys", &keys, "tenant", "list"];
    assert!(home.fails(&list).contains("chmod 600"));
    // A view of the file system in which it is mounted read only, where that can be had.
    let mut command = Command::new(program("unshare"));
    let plain = home.command(&list);
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" || exit 77; \"$@\"";
    let namespace: &[&str] = match is_root() {
        true => &["--mount"],
        false => &["--mount", "--map-root-user"],
    };
    command.args(namespace).args(["/bin/sh", "-c", script]).arg(&mount);
    command.arg(plain.get_program()).args(plain.get_args());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let refused = output.status.code() == Some(77) || said.contains("unshare failed");
    assert!(refused || output.status.success(), "{said}");
    assert!(refused || said.contains("defaultMode"), "{said}");
}

/// A command line is read by everybody.
#[test]
fn a_secret_on_the_command_line_is_said() {
    let home = Home::new();
    let url = "postgres://gate:word@127.0.0.1:9/x";
    let said = home.fails(&["--database", url, "tenant", "list"]);
    assert!(said.contains("--database") && said.contains("command line"), "{said}");
}
