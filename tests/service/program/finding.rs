//! Commands find the store of the gate that runs, or say what they need to be told.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use gatehall_domain::Timestamp;
use gatehall_store::{Replica, Store};
use gatehall_test_support::{Database, Kind};
use reqwest::{Client, StatusCode, redirect::Policy};

use super::{Home, Said, Serving, path_text};

impl Home {
    /// A command of the same user, which is told of no store.
    pub(super) fn untold(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(&[]);
        let program = command.get_program().to_owned();
        let mut untold = Command::new(program);
        for (name, value) in command.env("GATEHALL_LOG", "info").get_envs() {
            match value {
                Some(value) => untold.env(name, value),
                None => untold.env_remove(name),
            };
        }
        Said::of(untold.args(arguments).stdin(Stdio::null()).output().unwrap())
    }

    fn usual_store(&self) -> bool {
        self.folder.path().join(".local/share/gatehall/gatehall.db").exists()
    }

    /// A gate of the same user with its data in another folder of this home.
    fn gate(&self, folder: &str) -> (Serving, String) {
        let mut serve = self.command(&[]);
        let program = serve.get_program().to_owned();
        let mut command = Command::new(program);
        for (name, value) in serve.env("GATEHALL_LOG", "info").get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.arg("--data-dir").arg(self.folder.path().join(folder));
        Serving::start({
            command.args(["serve", "--listen", "127.0.0.1:0"]);
            command
        })
    }
}

/// Signs in with a link, and gives the cookie.
async fn sign_in(link: &str) -> String {
    let http = Client::builder().redirect(Policy::none()).build().unwrap();
    let came = http.post(link.trim()).header("sec-fetch-site", "same-origin").send().await.unwrap();
    assert_eq!(came.status(), StatusCode::SEE_OTHER, "{link}");
    let cookie = came.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_told_nothing_finds_the_gate_that_runs() {
    let home = Home::new();
    let (mut serving, url) = Serving::start(home.command(&["serve", "--listen", "127.0.0.1:0"]));
    let added = home.untold(&["user", "add", "nora@google.example"]);
    assert_eq!(added.code, Some(0), "{added:?}");
    assert!(added.err.contains(&path_text(&home.data_dir())), "it is said: {added:?}");
    assert!(home.must(&["user", "list"]).contains("nora@google.example"));
    let link = home.untold(&["admin", "link"]);
    assert_eq!(link.code, Some(0), "{link:?}");
    let port = url.rsplit(':').next().unwrap();
    assert!(link.out.contains(&format!(":{port}/sign-in/link/")), "{link:?}");
    let cookie = sign_in(&link.out).await;
    assert!(!home.usual_store(), "no empty store was made beside it");

    // What the page says is the whole command: it works as it stands there, told nothing else.
    let page = Client::new().get(format!("{url}/oauth2/sign_in?again=1")).header("cookie", cookie);
    let page = page.send().await.unwrap().text().await.unwrap();
    let command =
        page.split("<pre tabindex=\"0\">").nth(1).unwrap().split("</pre>").next().unwrap();
    let nowhere = tempfile::tempdir().unwrap();
    let run =
        Command::new("sh").args(["-c", command]).env_clear().env("HOME", nowhere.path()).output();
    let again = Said::of(run.unwrap());
    assert_eq!(again.code, Some(0), "{command}: {again:?}");
    sign_in(&again.out).await;

    serving.terminate();
    tokio::task::spawn_blocking(move || serving.end()).await.unwrap();
    let alone = home.untold(&["user", "list"]);
    assert!(alone.code == Some(0) && !alone.out.contains("nora"), "{alone:?}");
    assert!(home.usual_store(), "without a gate the usual place is meant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_cannot_know_which_gate_is_meant_says_so() {
    let home = Home::new();
    let one = home.gate("one");
    let two = home.gate("two");
    for command in [&["user", "list"][..], &["admin", "link"]] {
        let said = home.untold(command);
        assert_ne!(said.code, Some(0), "{said:?}");
        for folder in ["one", "two"] {
            let folder = path_text(&home.folder.path().join(folder));
            assert!(said.err.contains(&format!("--data-dir {folder}")), "{said:?}");
        }
    }
    assert!(!home.usual_store());
    drop((one, two));
    // They were killed, and what they left behind is nobody's.
    assert_eq!(home.untold(&["user", "add", "a@x.example"]).code, Some(0));
    let one = home.gate("one");
    let listed = home.untold(&["user", "list"]);
    assert!(listed.out.contains("a@x.example") && listed.err.contains("others"), "{listed:?}");
    let link = home.untold(&["admin", "link"]);
    assert!(link.code != Some(0) && link.err.contains("--data-dir"), "{link:?}");
    drop(one);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_for_the_address_that_the_gate_has() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let home = Home::new();
        let database = Database::new(kind);
        let store = ["--database", &database.url];
        let before = home.run(&[&store[..], &["admin", "link"]].concat());
        assert!(before.err.contains("No gate serves this store"), "{before:?}");
        let serve = ["serve", "--listen", "127.0.0.1:0", "--public-url", "https://gate.example"];
        let (serving, _) = Serving::start(home.command(&[&store[..], &serve].concat()));
        // It says so a moment after it listens.
        let link = crate::support::eventually("the gate said its address", async || {
            let said = home.run(&[&store[..], &["admin", "link"]].concat());
            said.out.contains("https://gate.example/sign-in/link/").then_some(said)
        })
        .await;
        assert!(!link.err.contains("No gate"), "{link:?}");
        drop(serving);
        assert!(Path::new(&home.data_dir()).exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_for_the_address_that_was_said_last() {
    let home = Home::new();
    home.must(&["user", "list"]);
    let url = format!("sqlite:{}", path_text(&home.data_dir().join("gatehall.db")));
    let store = Store::open(&url).await.unwrap();
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    let now = Timestamp::from_micros(since.as_micros() as i64);
    let gates = [("a", "https://new.example/", 0), ("z", "https://old.example/", 9)];
    for (name, public_url, seconds) in gates {
        let gate = Replica {
            name: name.to_owned(),
            version: "1".to_owned(),
            public_url: Some(public_url.to_owned()),
            revision: 0,
            started_at: now,
            seen_at: now.plus_seconds(-seconds),
            chats: None,
        };
        store.put_replica(&gate).await.unwrap();
    }
    let link = home.must(&["admin", "link"]);
    assert!(link.starts_with("https://new.example/sign-in/link/"), "{link}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_leads_to_the_port_of_a_gate_that_has_no_public_address() {
    let home = Home::new();
    let alone = home.run(&["admin", "link"]);
    assert!(alone.err.contains("--public-url"), "where it leads is a guess: {alone:?}");
    let serve = ["serve", "--listen", "0.0.0.0:0", "--allowed-hosts", "gate"];
    let (_serving, url) = Serving::start(home.command(&serve));
    let port = url.rsplit(':').next().unwrap();
    let own = format!("http://localhost:{port}");
    // Named or not, the store is that gate's.
    for link in [home.run(&["admin", "link"]), home.untold(&["admin", "link"])] {
        assert!(link.out.starts_with(&format!("{own}/sign-in/link/")), "{link:?}");
        assert!(link.err.contains("--public-url"), "another machine needs another: {link:?}");
    }
    let link = home.must(&["admin", "link"]);
    let http = Client::builder().redirect(Policy::none()).build().unwrap();
    let send = async |headers: &[(&'static str, &str)]| {
        let mut request = http.post(link.trim());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let seen = request.send().await.unwrap();
        assert_eq!(seen.status(), StatusCode::BAD_REQUEST);
        seen.text().await.unwrap()
    };
    // A browser says less to a host that is neither this machine nor https.
    let (host, origin) = (format!("gate:{port}"), format!("http://gate:{port}"));
    let page = send(&[("host", &host), ("origin", &origin)]).await;
    for said in ["not been used", "still works", "localhost", "GATEHALL_PUBLIC_URL"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let page = send(&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")]).await;
    assert!(page.contains("another site") && page.contains("still works"), "{page}");
    sign_in(&link).await;
}
