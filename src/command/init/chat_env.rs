//! `open-webui.env`: Open WebUI reads no files, so its secrets stand in variables, too. The file is
//! made of the others and made anew when they change, unless somebody wrote in it.

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};

use super::dotenv::{Dotenv, written};

/// Its name in secrets/.
pub(super) const NAME: &str = "open-webui.env";

/// The mode of the file: the engine reads it, and no container.
pub(super) const MODE: u32 = 0o600;

const HEAD: &str = "# Made by `gatehall init compose` of the other files in this folder, since Open WebUI reads none.\n\
                    # Change those and run it again.\n";

/// How the line begins that ends what is made.
const SUM: &str = "# What you add below this line stays. Sum of what is above it: ";

/// A variable, the file it is made of, and how.
type Made = (&'static str, &'static str, fn(&str) -> String);

const VARIABLES: [Made; 7] = [
    ("DATABASE_URL", "open_webui_database_password", |it| {
        format!("postgresql://open_webui:{}@postgres/open_webui", encoded(it))
    }),
    ("REDIS_URL", "valkey_password", |it| format!("redis://:{}@valkey:6379/0", encoded(it))),
    ("WEBUI_SECRET_KEY", "open_webui_secret_key", str::to_owned),
    ("FORWARD_USER_INFO_HEADER_JWT_SECRET", "open_webui_user_secret", str::to_owned),
    ("OPENAI_API_KEY", "openai_api_key", str::to_owned),
    // Embeddings of documents have a key of their own.
    ("RAG_OPENAI_API_KEY", "openai_api_key", str::to_owned),
    ("WEBUI_ADMIN_PASSWORD", "open_webui_admin_password", str::to_owned),
];

/// A password as it stands in an address.
fn encoded(password: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    password.bytes().map(one).collect()
}

/// What the file has to be.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is right.
    Right,
    /// It has to be this.
    Write(SecretString),
    /// Somebody wrote in it, and it is not right.
    Wrong(String),
}

/// Compares the file with the secrets it is made of.
pub(super) fn judge(
    there: Option<&str>,
    secret: &dyn Fn(&str) -> Option<SecretString>,
) -> Result<Verdict, String> {
    let mut made = HEAD.to_owned();
    for (name, file, value) in &VARIABLES {
        let secret = secret(file).ok_or_else(|| format!("secrets/{file} is missing"))?;
        let value = written(&value(secret.expose_secret()));
        let value = value.map_err(|problem| format!("what is in secrets/{file} {problem}"))?;
        made.push_str(&format!("{name}={value}\n"));
    }
    let made = format!("{made}{SUM}{}\n", sum(&made));
    let Some(there) = there else {
        return Ok(Verdict::Write(made.into()));
    };
    let own = there.find(SUM).and_then(|at| {
        let (above, rest) = there.split_at(at);
        let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
        (line.strip_prefix(SUM)?.trim() == sum(above)).then_some(below)
    });
    let whole = match own {
        Some(below) => format!("{made}{below}"),
        None => there.to_owned(),
    };
    let file = match Dotenv::read(&whole, &|name| std::env::var(name).ok()) {
        Ok(file) => file,
        Err(problem) => return Ok(Verdict::Wrong(format!("secrets/{NAME}, {problem}"))),
    };
    let wanted = Dotenv::read(&made, &|_| None)?;
    let differ: Vec<&Made> =
        VARIABLES.iter().filter(|(name, ..)| file.get(name) != wanted.get(name)).collect();
    if !differ.is_empty() {
        return Ok(Verdict::Wrong(difference(&differ)));
    }
    Ok(if whole == there { Verdict::Right } else { Verdict::Write(whole.into()) })
}

/// What is said of secrets that differ.
fn difference(differ: &[&Made]) -> String {
    let names: Vec<&str> = differ.iter().map(|(name, ..)| *name).collect();
    let files: Vec<String> = differ.iter().map(|(_, file, _)| format!("secrets/{file}")).collect();
    let (names, files) = (names.join(", "), files.join(", "));
    format!(
        "somebody wrote in secrets/{NAME}, and it says something else than {files} in {names}. If \
         the files are right, remove secrets/{NAME}, and it is made anew; if it is right, write its \
         values into the files first. Variables of your own belong below its last line"
    )
}

fn sum(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    digest.as_ref()[..12].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user_secret: &'static str) -> impl Fn(&str) -> Option<SecretString> {
        move |name| {
            let secret =
                if name == "open_webui_user_secret" { user_secret } else { "0123456789abcdef" };
            Some(SecretString::from(secret))
        }
    }

    fn write(there: Option<&str>, user_secret: &'static str) -> String {
        match judge(there, &of(user_secret)).unwrap() {
            Verdict::Write(text) => text.expose_secret().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_follows_the_secrets_unless_somebody_wrote_in_it() {
        let first = write(None, "the first secret");
        assert!(first.contains("FORWARD_USER_INFO_HEADER_JWT_SECRET='the first secret'\n"));
        assert!(first.contains("postgresql://open_webui:0123456789abcdef@postgres/open_webui\n"));
        assert!(matches!(judge(Some(&first), &of("the first secret")), Ok(Verdict::Right)));
        let own = format!("{first}OAUTH_CLIENT_ID=chat\n");
        assert!(matches!(judge(Some(&own), &of("the first secret")), Ok(Verdict::Right)));
        let second = write(Some(&own), "the second secret");
        assert!(second.contains("the second") && second.ends_with("OAUTH_CLIENT_ID=chat\n"));
        assert!(!second.contains("the first"));

        let edited = first.replace("OPENAI_API_KEY=0123456789abcdef", "OPENAI_API_KEY=sk-mine");
        let Ok(Verdict::Wrong(said)) = judge(Some(&edited), &of("the first secret")) else {
            panic!("it was edited");
        };
        assert!(
            said.contains("OPENAI_API_KEY") && said.contains("secrets/openai_api_key"),
            "{said}"
        );
        assert!(!said.contains("sk-mine") && !said.contains("DATABASE_URL"), "{said}");
        let below = format!("{first}WEBUI_SECRET_KEY=another\n");
        assert!(matches!(judge(Some(&below), &of("the first secret")), Ok(Verdict::Wrong(_))));
        // Written by somebody, and right.
        let plain: String = first
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| format!("{line}\n"))
            .collect();
        assert!(matches!(judge(Some(&plain), &of("the first secret")), Ok(Verdict::Right)));
        for torn in [&first[..first.len() / 2], "", "nonsense"] {
            assert!(matches!(judge(Some(torn), &of("the first secret")), Ok(Verdict::Wrong(_))));
        }
    }

    #[test]
    fn a_password_stands_in_an_address_as_it_is() {
        assert_eq!(encoded("a/b@c d$\u{e9}"), "a%2Fb%40c%20d%24%C3%A9");
    }
}
