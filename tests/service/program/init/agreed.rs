//! The doctor judges a folder as the command does that makes it.

use std::fs;

use serde_json::Value;

use super::{Said, Stack};

const SUBJECTS: [&str; 5] = [
    "variables in .env",
    "secrets of the folder",
    "modes of the secrets",
    "copies of secrets",
    "signed user headers",
];

impl Stack {
    /// What the doctor says of the folder itself that is not good.
    fn doubts(&self) -> Vec<Value> {
        let mut command = self.home.command(&["doctor", "--json", "--http-port", "1"]);
        command.args(["--public-url", "https://admin.nobody.localhost:1"]);
        command.args(["--domain", "nobody.localhost", "--folder"]).arg(self.folder());
        let said = Said::of(command.output().unwrap());
        let found: Vec<Value> =
            serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        let of_folder = |it: &Value| SUBJECTS.iter().any(|subject| it["subject"] == *subject);
        assert!(found.iter().any(of_folder), "{found:#?}");
        found.into_iter().filter(|it| of_folder(it) && it["state"] != "good").collect()
    }

    /// Has a file say something else, with the mode that it should have.
    fn put(&self, name: &str, text: &str) {
        let _ = fs::remove_file(self.path(name));
        self.write(name, text);
        self.mode(name, if name.ends_with(".env") { 0o600 } else { 0o444 });
    }
}

#[test]
fn what_the_command_takes_the_doctor_takes() {
    let stack = Stack::new();
    stack.must(stack.whole(&[]));
    assert_eq!(stack.doubts(), [] as [Value; 0]);
    let variables = stack.text(".env");
    stack.write(".env", &variables.replace("\nDOMAIN=", "\nDOMAIN: "));
    stack.put("secrets/openai_api_key", "\u{feff}sk-0aT71LpzRkE5sVdHcMwQ3\r\n");
    stack.put("secrets/open_webui_user_secret", "Team-Secret-8391-kqzvbwt");
    // In an address it is written otherwise.
    stack.put("secrets/valkey_password", "a+b/c@d e 0123456789");
    stack.must(stack.bare(&[]));
    assert_eq!(stack.doubts(), [] as [Value; 0]);
}

#[test]
fn what_the_command_refuses_the_doctor_tells() {
    let stack = Stack::new();
    stack.must(stack.whole(&[]));
    let (variables, chat) = (stack.text(".env"), stack.secret("open-webui.env"));
    for (name, text, subject) in [
        (".env", format!("{variables}DOMAIN=company.example\n"), "variables in .env"),
        ("secrets/postgres_password", "0123456789".into(), "secrets of the folder"),
        ("secrets/valkey_password", "two\nlines 0123456789".into(), "secrets of the folder"),
        ("secrets/openai_api_key", "<your key here>".into(), "secrets of the folder"),
        ("secrets/vault.keys", "no key\n".into(), "secrets of the folder"),
        ("secrets/open-webui.env", format!("{chat}OPENAI_API_KEY: other\n"), "copies of secrets"),
        ("secrets/open-webui.env", chat.replace("RAG_", "OLD_"), "copies of secrets"),
    ] {
        let before = stack.text(name);
        stack.put(name, &text);
        stack.fails(stack.bare(&[]));
        let doubts = stack.doubts();
        assert!(
            doubts.iter().any(|it| it["subject"] == subject && it["state"] == "bad"),
            "{name} {text}: {doubts:#?}"
        );
        stack.put(name, &before);
    }
    assert_eq!(stack.doubts(), [] as [Value; 0]);
}
