//! `open-webui.env`: Open WebUI reads no files, so its secrets stand in variables, too. The file is
//! made of the others and made anew when they change, unless somebody wrote in it.

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use crate::{Dotenv, outside, written};

/// Its name in secrets/.
pub const NAME: &str = "open-webui.env";

/// The mode of the file: the engine reads it, and no container.
pub const MODE: u32 = 0o600;

const HEAD: &str = "# Made by `gatehall init compose` of the other files in this folder, since Open WebUI reads none.\n\
                    # Change those and run it again.\n";

/// How the line begins that ends what is made.
const SUM: &str = "# What you add below this line stays. Sum of what is above it: ";

/// A variable that repeats a secret.
struct Copy {
    variable: &'static str,
    file: &'static str,
    /// What stands around it, where it is the password of an address.
    around: Option<[&'static str; 2]>,
}

const fn whole(variable: &'static str, file: &'static str) -> Copy {
    Copy { variable, file, around: None }
}

const fn within(variable: &'static str, file: &'static str, around: [&'static str; 2]) -> Copy {
    Copy { variable, file, around: Some(around) }
}

const COPIES: [Copy; 7] = [
    within(
        "DATABASE_URL",
        "open_webui_database_password",
        ["postgresql://open_webui:", "@postgres/open_webui"],
    ),
    within("REDIS_URL", "valkey_password", ["redis://:", "@valkey:6379/0"]),
    whole("WEBUI_SECRET_KEY", "open_webui_secret_key"),
    whole(SIGNING, "open_webui_user_secret"),
    whole("OPENAI_API_KEY", "openai_api_key"),
    // Embeddings of documents have a key of their own.
    whole("RAG_OPENAI_API_KEY", "openai_api_key"),
    whole("WEBUI_ADMIN_PASSWORD", "open_webui_admin_password"),
];

/// The variable without which Open WebUI says in plain headers who its users are.
pub const SIGNING: &str = "FORWARD_USER_INFO_HEADER_JWT_SECRET";

impl Copy {
    /// The variable's value for a secret.
    fn value(&self, secret: &str) -> String {
        match self.around {
            Some([before, behind]) => format!("{before}{}{behind}", encoded(secret)),
            None => secret.to_owned(),
        }
    }

    /// The secret that a value repeats. An address may be another than the usual one.
    fn secret(&self, value: &str) -> Option<SecretString> {
        match self.around {
            Some(_) => password(value),
            None => Some(value.into()),
        }
    }
}

/// The password of an address, as it is meant.
fn password(address: &str) -> Option<SecretString> {
    let url = Url::parse(address).ok()?;
    let encoded = format!("p={}", url.password()?.replace('+', "%2B"));
    let (_, plain) = form_urlencoded::parse(encoded.as_bytes()).next()?;
    Some(plain.into_owned().into())
}

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
pub enum Verdict {
    /// It is right.
    Right,
    /// It has to be this.
    Write(SecretString),
    /// Somebody wrote in it, and it is not right.
    Wrong(String),
}

/// A variable that says another secret than the file that it repeats.
#[derive(Debug)]
pub struct Difference {
    /// The variable.
    pub variable: &'static str,
    /// The secret's file.
    pub file: &'static str,
    /// What the variable says, if it says one.
    pub here: Option<SecretString>,
    /// What the file says.
    pub there: SecretString,
}

/// Where a text says something else than the secrets that there are.
///
/// # Errors
/// If it cannot be read.
pub fn differences(
    text: &str,
    secret: &dyn Fn(&str) -> Option<SecretString>,
) -> Result<Vec<Difference>, String> {
    let file =
        Dotenv::read(text, &outside).map_err(|problem| format!("secrets/{NAME}, {problem}"))?;
    let differs = |it: &Copy| {
        let there = secret(it.file)?;
        let here = file.get(it.variable).and_then(|value| it.secret(value));
        let is_equal =
            here.as_ref().is_some_and(|here| here.expose_secret() == there.expose_secret());
        let Copy { variable, file, .. } = *it;
        (!is_equal).then_some(Difference { variable, file, here, there })
    };
    Ok(COPIES.iter().filter_map(differs).collect())
}

/// Compares the file with the secrets it is made of.
///
/// # Errors
/// If one is missing, or no file with variables can carry it.
pub fn judge(
    there: Option<&str>,
    secret: &dyn Fn(&str) -> Option<SecretString>,
) -> Result<Verdict, String> {
    let mut made = HEAD.to_owned();
    for copy in &COPIES {
        let Copy { variable, file, .. } = copy;
        let secret = secret(file).ok_or_else(|| format!("secrets/{file} is missing"))?;
        let value = written(&copy.value(secret.expose_secret()));
        let value = value.map_err(|problem| format!("what is in secrets/{file} {problem}"))?;
        made.push_str(&format!("{variable}={value}\n"));
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
    Ok(match differences(&whole, secret) {
        Err(problem) => Verdict::Wrong(problem),
        Ok(differ) if !differ.is_empty() => Verdict::Wrong(told(&differ)),
        Ok(_) if whole == there => Verdict::Right,
        Ok(_) => Verdict::Write(whole.into()),
    })
}

/// What is said of secrets that differ.
fn told(differ: &[Difference]) -> String {
    let names: Vec<&str> = differ.iter().map(|it| it.variable).collect();
    let files: Vec<String> = differ.iter().map(|it| format!("secrets/{}", it.file)).collect();
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
        let secret = "a/b@c+d e$\u{e9}%2B";
        assert_eq!(encoded(secret), "a%2Fb%40c%2Bd%20e%24%C3%A9%252B");
        for copy in COPIES.iter().filter(|it| it.around.is_some()) {
            let read = copy.secret(&copy.value(secret)).unwrap();
            assert_eq!(read.expose_secret(), secret, "{}", copy.variable);
        }
        // Whoever has a database elsewhere says so below what is made.
        let first = write(None, "the first secret");
        let elsewhere =
            "postgresql://chat:0123456789abcdef@db.company.example/chat?sslmode=require";
        let own = format!("{first}DATABASE_URL={elsewhere}\n");
        assert!(matches!(judge(Some(&own), &of("the first secret")), Ok(Verdict::Right)));
        for other in ["postgresql://chat:other@postgres/chat", "postgresql://postgres/chat", "x"] {
            let own = format!("{first}DATABASE_URL={other}\n");
            assert!(matches!(judge(Some(&own), &of("the first secret")), Ok(Verdict::Wrong(_))));
        }
    }
}
