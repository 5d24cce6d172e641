//! What has to be known, and how it is asked.

use std::collections::BTreeMap;

use clap::ValueEnum;
use gatehall_compose_folder::{
    Hosts,
    secret_files::{MODEL, PROVIDER},
    values::{self, Checked},
};
use secrecy::SecretString;

use super::options::ProviderChoice;

/// The variables of `.env` that hold where people sign in.
pub(super) const PROFILE: &str = "PROVIDER_PROFILE";
pub(super) const TRUST: &str = "PROVIDER_TRUST_EMAIL";

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Variables of `.env`, by name.
    pub(super) values: BTreeMap<&'static str, String>,
    /// Files of secrets/ that somebody says, by name.
    pub(super) secrets: BTreeMap<&'static str, SecretString>,
    /// Where people sign in.
    pub(super) provider: Option<ProviderChoice>,
}

impl Known {
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Whether the deployment has Authentik of its own.
    pub(super) fn has_authentik(&self) -> bool {
        self.provider == Some(ProviderChoice::AuthentikHere)
    }

    fn profile(&self) -> &'static str {
        self.provider.map_or("", ProviderChoice::profile)
    }

    /// Takes an answer that was checked.
    pub(super) fn take(&mut self, question: &Question, answer: String) {
        match question.kind {
            Kind::Variable => {
                self.values.insert(question.name, answer);
            }
            Kind::Secret => {
                self.secrets.insert(question.name, answer.into());
            }
            Kind::Provider => {
                self.provider = ProviderChoice::from_str(&answer, false).ok();
            }
        }
    }
}

/// The word of a choice on the command line.
pub(super) fn word(choice: ProviderChoice) -> String {
    choice.to_possible_value().map(|it| it.get_name().to_owned()).unwrap_or_default()
}

/// What an answer becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A variable of `.env`.
    Variable,
    /// A file of secrets/.
    Secret,
    /// Several variables.
    Provider,
}

/// Something that has to be known.
pub(super) struct Question {
    /// The variable of `.env`, or the file.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The flag that says it.
    pub(super) flag: &'static str,
    /// What is asked.
    pub(super) text: &'static str,
    pub(super) check: fn(&str, &Known) -> Checked,
    /// What most would answer.
    pub(super) usual: fn(&Known) -> Option<String>,
    /// Whether that is taken where nobody can be asked.
    pub(super) is_usual_enough: bool,
    /// What it is where nobody has to be asked.
    pub(super) given: fn(&Known) -> Option<String>,
}

const fn question(
    name: &'static str,
    flag: &'static str,
    text: &'static str,
    check: fn(&str, &Known) -> Checked,
) -> Question {
    Question {
        name,
        kind: Kind::Variable,
        flag,
        text,
        check,
        usual: |_| None,
        is_usual_enough: false,
        given: |_| None,
    }
}

fn one_of(text: &str) -> Checked {
    let text = text.trim();
    let all = ProviderChoice::value_variants();
    let by_number = text.parse::<usize>().ok().and_then(|it| all.get(it.checked_sub(1)?));
    let by_name = all.iter().find(|it| word(**it) == text);
    let words: Vec<String> = all.iter().map(|it| word(*it)).collect();
    match by_number.or(by_name) {
        Some(choice) => Ok(word(*choice)),
        None => Err(format!("it is one of {}", words.join(", "))),
    }
}

/// Only where Authentik is not the deployment's own is the provider's part asked.
fn own_issuer(known: &Known) -> Option<String> {
    let domain = known.value("DOMAIN").filter(|_| known.has_authentik())?;
    Some(Hosts::below(domain).own_issuer())
}

/// All of them, in the order in which they are asked.
pub(super) static QUESTIONS: [Question; 11] = [
    question(
        "DOMAIN",
        "--domain",
        "Domain below which everything lives, such as example.org",
        |text, _| values::own_domain(text),
    ),
    question("ADMIN_EMAIL", "--admin-email", "Address of the first administrator", |text, _| {
        values::email(text)
    }),
    Question {
        usual: |known| Some(known.value("ADMIN_EMAIL")?.split_once('@')?.1.to_owned()),
        ..question(
            "PEOPLE_DOMAINS",
            "--people-domains",
            "Domains of your people's addresses, separated by commas",
            |text, known| values::people(text, known.value("ADMIN_EMAIL")),
        )
    },
    Question {
        usual: |known| known.value("ADMIN_EMAIL").map(str::to_owned),
        ..question(
            "ACME_EMAIL",
            "--acme-email",
            "Address to which the authority of the certificates writes",
            |text, _| values::email(text),
        )
    },
    Question {
        kind: Kind::Provider,
        ..question(
            PROFILE,
            "--provider",
            "Where do people sign in?\n  \
             1  authentik-here: Authentik, which this deployment brings along\n  \
             2  entra: Microsoft Entra ID\n  \
             3  authentik: an Authentik elsewhere\n  \
             4  generic: another OpenID provider, such as Keycloak, Okta or Google\n\
             Number or name",
            |text, _| one_of(text),
        )
    },
    Question {
        given: own_issuer,
        ..question(
            "PROVIDER_ISSUER",
            "--provider-issuer",
            "Issuer of the provider, exactly as its metadata says it (for Entra ID the id of the \
             directory)",
            |text, known| values::issuer(text, known.profile()),
        )
    },
    Question {
        given: |known| known.has_authentik().then(|| "gatehall".to_owned()),
        ..question(
            "PROVIDER_CLIENT_ID",
            "--provider-client-id",
            "Id of the gate at the provider",
            |text, _| values::client_id(text),
        )
    },
    Question {
        kind: Kind::Secret,
        ..question(
            PROVIDER,
            "--provider-client-secret-file",
            "Secret of the gate at the provider (it is not shown)",
            |text, known| values::client_secret(text, known.profile()),
        )
    },
    Question {
        usual: |_| Some("https://api.openai.com/v1".to_owned()),
        is_usual_enough: true,
        ..question(
            "OPENAI_API_BASE_URL",
            "--openai-api-base-url",
            "Address of an OpenAI-compatible model endpoint",
            |text, _| values::model_url(text),
        )
    },
    Question {
        kind: Kind::Secret,
        ..question(
            MODEL,
            "--openai-api-key-file",
            "Key of the model endpoint (it is not shown; none if it asks for none)",
            |text, _| values::model_key(text),
        )
    },
    Question {
        given: |_| Some(String::new()),
        ..question("DEFAULT_MODEL", "--default-model", "Model that new chats have", |text, _| {
            values::text(text)
        })
    },
];

impl Question {
    /// The variable that says it.
    pub(super) fn variable(&self) -> String {
        let name = self.flag.trim_start_matches('-').to_uppercase().replace('-', "_");
        format!("GATEHALL_{name}")
    }

    /// Whether it is made up and not asked.
    pub(super) fn is_made_up(&self, known: &Known) -> bool {
        self.name == PROVIDER && known.has_authentik()
    }
}
