//! What proves to an Open WebUI that an administrator asks. Whoever says so with a flag means that,
//! whatever the variables of a deployment say.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::{ArgMatches, Args, Command, Error, FromArgMatches, parser::ValueSource};
use gatehall_domain::EmailAddress;
use gatehall_open_webui::Proof;
use secrecy::SecretString;

use super::proof::secret;

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Open WebUI")]
struct Given {
    /// API key or session token of an administrator of Open WebUI.
    #[arg(
        long,
        env = "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    admin_token: Option<SecretString>,
    /// File with that token.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN_FILE", value_name = "FILE")]
    admin_token_file: Option<PathBuf>,
    /// Address of an administrator of Open WebUI, with --trusted-header or --admin-password-file.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_EMAIL", value_name = "EMAIL")]
    admin_email: Option<EmailAddress>,
    /// Header in which Open WebUI believes whoever reaches it: WEBUI_AUTH_TRUSTED_EMAIL_HEADER
    /// there, such as X-User-Email.
    #[arg(
        long,
        env = "GATEHALL_OPEN_WEBUI_TRUSTED_HEADER",
        value_name = "HEADER",
        value_parser = header
    )]
    trusted_header: Option<String>,
    /// File with that administrator's password.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_PASSWORD_FILE", value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
}

fn header(text: &str) -> Result<String, String> {
    let name: Result<http::HeaderName, _> = text.parse();
    name.map(|_| text.to_owned()).map_err(|_| "must be the name of a header".into())
}

/// Those of them that are meant.
#[derive(Debug)]
pub(super) struct ProofOptions(Given);

impl Args for ProofOptions {
    fn augment_args(command: Command) -> Command {
        Given::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Given::augment_args_for_update(command)
    }
}

impl FromArgMatches for ProofOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = Given::from_arg_matches(matches)?;
        let flag = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
        Ok(Self(meant(given, flag)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// What contradicts a flag, and is none, is not meant. An address alone contradicts nothing.
fn meant(mut given: Given, flag: impl Fn(&str) -> bool) -> Given {
    let (token, file) = (flag("admin_token"), flag("admin_token_file"));
    let (name, password) = (flag("trusted_header"), flag("admin_password_file"));
    let person = name || password || flag("admin_email");
    if (file || person) && !token {
        given.admin_token = None;
    }
    if (token || person) && !file {
        given.admin_token_file = None;
    }
    if (token || file || password) && !name {
        given.trusted_header = None;
    }
    if (token || file || name) && !password {
        given.admin_password_file = None;
    }
    given
}

impl ProofOptions {
    /// Whether there is a whole one, or more than that.
    pub(super) fn is_given(&self) -> bool {
        let it = &self.0;
        let person = it.trusted_header.is_some() || it.admin_password_file.is_some();
        it.admin_token.is_some()
            || it.admin_token_file.is_some()
            || (it.admin_email.is_some() && person)
    }

    pub(super) const fn email(&self) -> Option<&EmailAddress> {
        self.0.admin_email.as_ref()
    }

    /// The proof; none if nothing was given.
    pub(super) fn proof(&self) -> Result<Option<Proof>> {
        let it = &self.0;
        let ways = [
            it.admin_token.is_some(),
            it.admin_token_file.is_some(),
            it.admin_email.is_some() && it.trusted_header.is_some(),
            it.admin_email.is_some() && it.admin_password_file.is_some(),
        ];
        ensure!(
            ways.into_iter().filter(|it| *it).count() < 2,
            "give one of --admin-token, --admin-token-file, --trusted-header and \
             --admin-password-file, or their variables, not several"
        );
        if let Some(token) = &it.admin_token {
            return Ok(Some(Proof::Token(token.clone())));
        }
        if let Some(file) = &it.admin_token_file {
            return Ok(Some(Proof::Token(secret(file, "token")?)));
        }
        let Some(email) = it.admin_email.clone() else { return Ok(None) };
        match (&it.trusted_header, &it.admin_password_file) {
            (Some(name), _) => Ok(Some(Proof::Header { name: name.clone(), email })),
            (None, Some(file)) => {
                Ok(Some(Proof::Password { email, password: secret(file, "password")? }))
            }
            (None, None) => bail!(
                "--admin-email needs --trusted-header, where Open WebUI believes one, or \
                 --admin-password-file"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Given {
        Given {
            admin_token: Some("t".to_owned().into()),
            admin_token_file: Some("token".into()),
            admin_email: "ines@company.example".parse().ok(),
            trusted_header: Some("X-User-Email".into()),
            admin_password_file: Some("password".into()),
        }
    }

    #[test]
    fn a_flag_goes_before_variables() {
        let left = |flags: &[&str]| {
            let it = meant(all(), |name| flags.contains(&name));
            let there = [
                it.admin_token.is_some(),
                it.admin_token_file.is_some(),
                it.trusted_header.is_some(),
                it.admin_password_file.is_some(),
            ];
            there.map(u8::from)
        };
        assert_eq!(left(&[]), [1, 1, 1, 1], "variables alone contradict each other");
        assert_eq!(left(&["admin_token"]), [1, 0, 0, 0]);
        assert_eq!(left(&["admin_token_file"]), [0, 1, 0, 0]);
        assert_eq!(left(&["trusted_header"]), [0, 0, 1, 0]);
        assert_eq!(left(&["admin_password_file"]), [0, 0, 0, 1]);
        assert_eq!(left(&["admin_email"]), [0, 0, 1, 1]);
        assert!(ProofOptions(all()).proof().is_err());
        let one = meant(all(), |name| name == "trusted_header");
        assert!(matches!(ProofOptions(one).proof(), Ok(Some(Proof::Header { .. }))));
    }

    #[test]
    fn an_address_alone_proves_nothing() {
        let it = ProofOptions(Given { admin_email: all().admin_email, ..Given::default() });
        assert!(!it.is_given() && it.proof().is_err());
        assert!(matches!(ProofOptions(Given::default()).proof(), Ok(None)));
    }
}
