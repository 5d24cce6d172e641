//! What is known: from the folder, from flags and variables, and from whoever is asked.

use std::path::Path;

use anyhow::Result;
use gatehall_compose_folder::{
    secret_files::{FOLDER, MODEL, PROVIDER},
    table::as_it_stands,
    values::{profile, unlike_own},
    variables::{AUTHENTIK, NAME, PROFILES, has_authentik},
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    ask,
    deployment::{Deployment, Values},
    options::{ComposeOptions, ProviderChoice},
    questions::{Kind, Known, PROFILE, QUESTIONS, Question, TRUST, word},
};
use crate::settings::told;

/// What came of looking for answers.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) known: Known,
    /// What nobody has said.
    pub(super) missing: Vec<&'static Question>,
    /// What was said and is wrong.
    pub(super) problems: Vec<String>,
}

/// Finds an answer to each question, and asks for those that are missing if that is wanted.
///
/// # Errors
/// If nobody answers.
pub(super) fn find(
    options: &ComposeOptions,
    there: &Deployment,
    is_asking: bool,
) -> Result<Answers> {
    let mut answers = Answers::default();
    for question in &QUESTIONS {
        // What is wrong there is said already, and what is in it nobody knows.
        if there.is_unclear(question) {
            continue;
        }
        let said = match options.said(question) {
            Ok(said) => said,
            Err(error) => {
                answers.problems.push(format!("{error:#}"));
                continue;
            }
        };
        let found = match there.answer(question) {
            Some(Err(problem)) => {
                answers.problems.push(problem);
                continue;
            }
            Some(Ok(found)) => answers.found(question, found, said, options),
            None => answers.said(question, said),
        };
        match found {
            Some(Ok(answer)) => answers.known.take(question, answer),
            Some(Err(problem)) => answers.problems.push(problem),
            None => answers.fill(question, is_asking)?,
        }
    }
    Ok(answers)
}

/// What a flag or a variable says, and which.
struct Said {
    text: String,
    place: String,
}

type Answer = Option<Result<String, String>>;

impl Answers {
    /// Finds an answer that nobody has given yet, or notes that it is missing.
    fn fill(&mut self, question: &'static Question, is_asking: bool) -> Result<()> {
        let usual = || (question.usual)(&self.known).filter(|_| question.is_usual_enough);
        let answer = match (question.given)(&self.known) {
            Some(given) => Some(given).filter(|given| !given.is_empty()),
            None if question.is_made_up(&self.known) => None,
            None if is_asking => Some(ask::ask(question, &self.known)?),
            None => {
                let usual = usual();
                self.missing.extend(usual.is_none().then_some(question));
                usual
            }
        };
        if let Some(answer) = answer {
            self.known.take(question, answer);
        }
        Ok(())
    }

    /// An answer that only a flag or a variable gives.
    fn said(&self, question: &Question, said: Option<Said>) -> Answer {
        let said = said?;
        let answer = (question.check)(&said.text, &self.known);
        Some(answer.map_err(|problem| format!("{}: {problem}", said.place)))
    }

    /// An answer that is in the folder, and is not to be another.
    fn found(
        &self,
        question: &Question,
        found: String,
        said: Option<Said>,
        options: &ComposeOptions,
    ) -> Answer {
        let place = match question.kind {
            Kind::Secret => format!("{FOLDER}/{}", question.name),
            Kind::Variable | Kind::Provider => NAME.to_owned(),
        };
        let name = question.name;
        let checked = (question.check)(&found, &self.known);
        let there = match as_it_stands(name, &found, checked) {
            Ok(there) => there,
            Err(problem) => return Some(Err(format!("{name} in {place}: {problem}"))),
        };
        let is_rotated = options.rotate.as_deref() == Some(name);
        if let Some(Said { text, place: flag }) = said {
            return Some(match (question.check)(&text, &self.known) {
                Err(problem) => Err(format!("{flag}: {problem}")),
                Ok(said) if said == there || is_rotated => Ok(said),
                Ok(_) if question.kind == Kind::Secret => Err(format!(
                    "{place} is there already and is another than {flag} says: leave that out, or \
                     replace the file with --rotate {name}"
                )),
                Ok(said) => Err(format!(
                    "{place} says {name}={there} already, and {flag} says {said}: leave that out, \
                     or change {place}"
                )),
            });
        }
        Some(Ok(there))
    }

    /// What does not fit together, once everything is known.
    pub(super) fn contradictions(&self, there: &Deployment) -> Vec<String> {
        let mut problems = Vec::new();
        let value = |name: &str| self.known.value(name).unwrap_or_default();
        let is_own = self.known.has_authentik();
        if let Some(problem) = unlike_own(value("DOMAIN"), value("PROVIDER_ISSUER"), is_own) {
            problems.push(format!("PROVIDER_ISSUER of {NAME}: {problem}"));
        }
        if is_own && there.variable(PROFILES).is_some() && !there.has_authentik() {
            problems.push(format!(
                "{PROFILES} in {NAME} does not have {AUTHENTIK}, which the provider \
                 authentik-here needs: add it"
            ));
        }
        problems
    }

    /// What `.env` has to say.
    pub(super) fn values(&self, there: &Deployment) -> Values {
        let mut values = Values { missing: self.known.values.clone(), ..Values::default() };
        if let Some(provider) = self.known.provider {
            values.missing.insert(PROFILE, provider.profile().to_owned());
        }
        if self.known.has_authentik() {
            values.missing.insert(PROFILES, AUTHENTIK.to_owned());
            values.missing.insert(TRUST, true.to_string());
            // The example's value was nobody's decision as long as there was no provider.
            if there.variable(PROFILE).is_none() && there.variable(TRUST).is_some() {
                values.changed.insert(TRUST, true.to_string());
            }
        }
        values
    }
}

impl Deployment {
    /// Whether it has Authentik of its own already.
    fn has_authentik(&self) -> bool {
        self.variables.as_ref().is_some_and(has_authentik)
    }

    /// What the folder says to a question.
    fn answer(&self, question: &Question) -> Option<Result<String, String>> {
        match question.kind {
            Kind::Variable => self.variable(question.name).map(|it| Ok(it.to_owned())),
            Kind::Secret => {
                let secret = self.secrets.get(question.name)?;
                Some(Ok(secret.expose_secret().to_owned()))
            }
            Kind::Provider => {
                let has_authentik = self.has_authentik();
                let choice = match self.variable(PROFILE) {
                    None if has_authentik => ProviderChoice::AuthentikHere,
                    Some(AUTHENTIK) if has_authentik => ProviderChoice::AuthentikHere,
                    None => return None,
                    Some(AUTHENTIK) => ProviderChoice::Authentik,
                    Some("entra") => ProviderChoice::Entra,
                    Some("generic") => ProviderChoice::Generic,
                    Some(other) => {
                        let problem = profile(other).err().unwrap_or_default();
                        return Some(Err(format!("{PROFILE} in {NAME}: {problem}")));
                    }
                };
                Some(Ok(word(choice)))
            }
        }
    }
}

impl ComposeOptions {
    /// Whether a flag or a variable says a secret of this name.
    pub(super) fn says(&self, name: &str) -> bool {
        let question = QUESTIONS.iter().find(|it| it.name == name);
        question.is_some_and(|it| self.said(it).is_ok_and(|said| said.is_some()))
    }

    /// What a flag or a variable says to a question.
    fn said(&self, question: &Question) -> Result<Option<Said>> {
        let secret = |value: &Option<SecretString>, file: &Option<std::path::PathBuf>| {
            let name = question.variable();
            let name = name.trim_end_matches("_FILE");
            let told = told(name, value.as_ref(), file.as_deref().map(Path::new))?;
            Ok(told.map(|it| Said { text: it.secret.expose_secret().to_owned(), place: it.place }))
        };
        let text = match question.name {
            "DOMAIN" => self.domain.clone(),
            "ADMIN_EMAIL" => self.admin_email.clone(),
            "PEOPLE_DOMAINS" => self.people_domains.clone(),
            "ACME_EMAIL" => self.acme_email.clone(),
            PROFILE => self.provider.map(word),
            "PROVIDER_ISSUER" => self.provider_issuer.clone(),
            "PROVIDER_CLIENT_ID" => self.provider_client_id.clone(),
            "OPENAI_API_BASE_URL" => self.openai_api_base_url.clone(),
            "DEFAULT_MODEL" => self.default_model.clone(),
            PROVIDER => {
                return secret(&self.provider_client_secret, &self.provider_client_secret_file);
            }
            MODEL => return secret(&self.openai_api_key, &self.openai_api_key_file),
            _ => None,
        };
        Ok(text.map(|text| Said { text, place: question.flag.to_owned() }))
    }
}
