//! With a person at a terminal.

use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use gatehall_domain::quoted;

use super::{CLIENT_SECRET, MODEL_KEY, Stack};

/// A terminal in which the program runs, and what it shows.
struct Screen {
    child: Child,
    shown: String,
    more: Receiver<Vec<u8>>,
}

impl Screen {
    /// Runs a command, and then shows how the terminal is left.
    fn new(command: &Command) -> Self {
        let words = [command.get_program()].into_iter().chain(command.get_args());
        let words: Vec<_> = words.map(|it| quoted(it.to_str().unwrap()).into_owned()).collect();
        let line = format!("{}; echo \"ended with $?\"; stty -a", words.join(" "));
        let mut screen = Command::new("script");
        screen.args(["--quiet", "--flush", "--return", "--command", &line, "/dev/null"]);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => screen.env(name, value),
                None => screen.env_remove(name),
            };
        }
        screen.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = screen.spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        let (sender, more) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = out.read(&mut bytes) {
                if count == 0 || sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, shown: String::new(), more }
    }

    /// Waits until this is shown, and forgets what came before its end.
    fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.shown.find(text) {
                let rest = self.shown.split_off(at + text.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            let more = self.more.recv_timeout(Duration::from_secs(60));
            let more = more.unwrap_or_else(|_| panic!("{text} was not shown: {}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&more));
        }
    }

    fn types(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn asked(&mut self, question: &str, answer: &str) -> String {
        let shown = self.until(question);
        let rest = self.until(": ");
        self.types(&format!("{answer}\n"));
        shown + &rest
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_person_is_asked_and_asked_again() {
    let stack = Stack::new();
    let mut screen = Screen::new(&stack.bare(&["--domain", "company.example"]));
    screen.asked("Address of the first administrator", "ada");
    let shown = screen.asked("Address of the first administrator", "ada@company.example");
    assert!(shown.contains("address like"), "{shown}");
    let shown = screen.asked("Domains of your people's addresses", "");
    assert!(!shown.contains("Domain below which"), "what was said is not asked: {shown}");
    screen.asked("certificates writes", "");
    screen.asked("Number or name", "7");
    let shown = screen.asked("Number or name", "4");
    assert!(shown.contains("it is one of"), "{shown}");
    screen.asked("Issuer of the provider", "http://login.company.example");
    screen.asked("Issuer of the provider", "https://login.company.example");
    screen.asked("Id of the gate", "gate");
    screen.asked("Secret of the gate", CLIENT_SECRET);
    let shown = screen.asked("Address of an OpenAI-compatible", "");
    assert!(!shown.contains(CLIENT_SECRET), "{shown}");
    screen.asked("Key of the model endpoint", MODEL_KEY);
    let shown = screen.until("ended with 0");
    assert!(!shown.contains(MODEL_KEY) && shown.contains("docker compose up"), "{shown}");
    let left = screen.until("echoctl");
    assert!(left.contains(" echo "), "the terminal shows again what is typed: {left}");
    let variables = stack.text(".env");
    for line in [
        "ADMIN_EMAIL=ada@company.example",
        "PEOPLE_DOMAINS=company.example",
        "ACME_EMAIL=ada@company.example",
        "PROVIDER_PROFILE=generic",
        "OPENAI_API_BASE_URL=https://api.openai.com/v1",
    ] {
        assert!(variables.contains(&format!("\n{line}\n")), "{line}: {variables}");
    }
    assert_eq!(stack.secret("openai_api_key"), MODEL_KEY);
}

#[test]
fn whoever_breaks_off_leaves_nothing_and_has_a_terminal_as_before() {
    for (keys, code) in [("\u{3}", "130"), ("\u{4}", "1")] {
        let stack = Stack::new();
        let mut command = stack.whole(&[]);
        command.env_remove("GATEHALL_OPENAI_API_KEY_FILE");
        command.env("GATEHALL_OPENAI_API_BASE_URL", "http://models:8000/v1");
        let mut screen = Screen::new(&command);
        screen.until("Key of the model endpoint");
        screen.until(": ");
        screen.types(keys);
        screen.until(&format!("ended with {code}"));
        let left = screen.until("echoctl");
        assert!(left.contains(" echo "), "{left}");
        assert!(!stack.folder().exists());
    }
}
