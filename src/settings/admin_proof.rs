//! What proves to an Open WebUI that an administrator asks: as options of the gate, as those of a
//! command, and as keys of a file, with one rule. Whoever says so with a flag means that, whatever
//! the variables of a deployment say.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{
    ArgMatches, Args, Command, Error, FromArgMatches, error::ErrorKind, parser::ValueSource,
};
use gatehall_domain::EmailAddress;
use gatehall_open_webui::Proof;
use gatehall_vault::load_secret;
use http::HeaderName;
use secrecy::SecretString;

/// What proves an administrator of Open WebUI.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Open WebUI")]
pub struct AdminProof {
    /// API key or token of an administrator of Open WebUI, with which to sign in there.
    /// [default: none]
    #[arg(
        long,
        env = "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub open_webui_admin_token: Option<SecretString>,

    /// File with that API key or token. [default: none]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN_FILE", value_name = "FILE")]
    pub open_webui_admin_token_file: Option<PathBuf>,

    /// Address of an administrator of Open WebUI, as whom to sign in there, by a trusted header or
    /// a password. [default: none]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_EMAIL", value_name = "EMAIL")]
    pub open_webui_admin_email: Option<EmailAddress>,

    /// Header in which Open WebUI believes whoever reaches it: WEBUI_AUTH_TRUSTED_EMAIL_HEADER
    /// there, such as X-User-Email. It needs the address of the administrator. [default: none]
    #[arg(
        long,
        env = "GATEHALL_OPEN_WEBUI_TRUSTED_HEADER",
        value_name = "HEADER",
        value_parser = header
    )]
    pub open_webui_trusted_header: Option<String>,

    /// File with that administrator's password. [default: none]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_PASSWORD_FILE", value_name = "FILE")]
    pub open_webui_admin_password_file: Option<PathBuf>,
}

/// The name of a header.
pub(super) fn header(text: &str) -> Result<String, String> {
    let name: Result<HeaderName, _> = text.parse();
    name.map(|_| text.to_owned()).map_err(|_| "must be the name of a header".into())
}

/// How each of them is called where it is set.
#[derive(Debug)]
pub(crate) struct ProofNames {
    pub(crate) token: &'static str,
    pub(crate) token_file: &'static str,
    pub(crate) email: &'static str,
    pub(crate) header: &'static str,
    pub(crate) password_file: &'static str,
}

/// As flags of a command.
pub(crate) const FLAGS: ProofNames = ProofNames {
    token: "--admin-token",
    token_file: "--admin-token-file",
    email: "--admin-email",
    header: "--trusted-header",
    password_file: "--admin-password-file",
};

impl AdminProof {
    /// Those that are there whole: a token, or an address with what proves it.
    fn ways(&self) -> usize {
        let person = self.open_webui_admin_email.is_some();
        let ways = [
            self.open_webui_admin_token.is_some(),
            self.open_webui_admin_token_file.is_some(),
            person && self.open_webui_trusted_header.is_some(),
            person && self.open_webui_admin_password_file.is_some(),
        ];
        ways.into_iter().filter(|it| *it).count()
    }

    /// Whether there is a whole one, or more than that.
    pub(crate) fn is_given(&self) -> bool {
        self.ways() > 0
    }

    /// The proof; none if there is none. An address alone proves nothing, and does no harm.
    ///
    /// # Errors
    /// If there are several, or a file cannot be used.
    pub(crate) fn proof(&self, names: &ProofNames) -> Result<Option<Proof>> {
        ensure!(
            self.ways() < 2,
            "set one of {}, {}, {} and {}, not several: each proves an administrator of Open WebUI",
            names.token,
            names.token_file,
            names.header,
            names.password_file
        );
        if let Some(token) = &self.open_webui_admin_token {
            return Ok(Some(Proof::Token(token.clone())));
        }
        if let Some(file) = &self.open_webui_admin_token_file {
            return Ok(Some(Proof::Token(secret(file, names.token_file)?)));
        }
        let Some(email) = self.open_webui_admin_email.clone() else { return Ok(None) };
        if let Some(name) = self.open_webui_trusted_header.clone() {
            return Ok(Some(Proof::Header { name, email }));
        }
        let Some(file) = &self.open_webui_admin_password_file else { return Ok(None) };
        Ok(Some(Proof::Password { email, password: secret(file, names.password_file)? }))
    }

    /// What contradicts a flag, and is none, is not meant. An address alone contradicts nothing.
    fn meant(mut self, flag: impl Fn(&str) -> bool) -> Self {
        let token = flag("open_webui_admin_token");
        let file = flag("open_webui_admin_token_file");
        let name = flag("open_webui_trusted_header");
        let password = flag("open_webui_admin_password_file");
        let person = name || password || flag("open_webui_admin_email");
        if (file || person) && !token {
            self.open_webui_admin_token = None;
        }
        if (token || person) && !file {
            self.open_webui_admin_token_file = None;
        }
        if (token || file || password) && !name {
            self.open_webui_trusted_header = None;
        }
        if (token || file || name) && !password {
            self.open_webui_admin_password_file = None;
        }
        self
    }
}

/// A secret that is all a file holds.
///
/// # Errors
/// Which setting names the file, and why it cannot be used.
pub(crate) fn secret(file: &Path, name: &str) -> Result<SecretString> {
    load_secret(file)
        .with_context(|| format!("{name} names {}, which cannot be used", file.display()))
}

/// Those of the options that are meant. At a command that is for Open WebUI alone they are called
/// `short`: without its name in front.
#[derive(Debug, Clone, Default)]
pub struct ProofOptions<const SHORT: bool>(pub AdminProof);

impl<const SHORT: bool> Args for ProofOptions<SHORT> {
    fn augment_args(command: Command) -> Command {
        let command = AdminProof::augment_args(command);
        if !SHORT {
            return command;
        }
        let short = [
            ("open_webui_admin_token", FLAGS.token),
            ("open_webui_admin_token_file", FLAGS.token_file),
            ("open_webui_admin_email", FLAGS.email),
            ("open_webui_trusted_header", FLAGS.header),
            ("open_webui_admin_password_file", FLAGS.password_file),
        ];
        short.into_iter().fold(command, |command, (id, flag)| {
            command.mut_arg(id, |arg| arg.long(flag.trim_start_matches('-')))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const SHORT: bool> FromArgMatches for ProofOptions<SHORT> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = AdminProof::from_arg_matches(matches)?;
        let flag = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
        // As variables of a deployment they may stand there unused.
        let person = flag("open_webui_trusted_header") || flag("open_webui_admin_password_file");
        if person && given.open_webui_admin_email.is_none() {
            let email = if SHORT { FLAGS.email } else { "--open-webui-admin-email" };
            let text = format!("a trusted header or a password needs {email}: whose it is\n");
            return Err(Error::raw(ErrorKind::MissingRequiredArgument, text));
        }
        Ok(Self(given.meant(flag)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> AdminProof {
        AdminProof {
            open_webui_admin_token: Some("sk-1".to_owned().into()),
            open_webui_admin_token_file: Some("token".into()),
            open_webui_admin_email: "ines@company.example".parse().ok(),
            open_webui_trusted_header: Some("X-User-Email".into()),
            open_webui_admin_password_file: Some("password".into()),
        }
    }

    #[test]
    fn a_flag_goes_before_variables() {
        let left = |flags: &[&str]| {
            let is_flag = |name: &str| flags.contains(&name.trim_start_matches("open_webui_"));
            let it = all().meant(is_flag);
            let there = [
                it.open_webui_admin_token.is_some(),
                it.open_webui_admin_token_file.is_some(),
                it.open_webui_trusted_header.is_some(),
                it.open_webui_admin_password_file.is_some(),
            ];
            there.map(u8::from)
        };
        assert_eq!(left(&[]), [1, 1, 1, 1], "variables alone contradict each other");
        assert_eq!(left(&["admin_token"]), [1, 0, 0, 0]);
        assert_eq!(left(&["admin_token_file"]), [0, 1, 0, 0]);
        assert_eq!(left(&["trusted_header"]), [0, 0, 1, 0]);
        assert_eq!(left(&["admin_password_file"]), [0, 0, 0, 1]);
        assert_eq!(left(&["admin_email"]), [0, 0, 1, 1]);
        let error = all().proof(&FLAGS).unwrap_err().to_string();
        assert!(error.contains("--admin-token, --admin-token-file"), "{error}");
        assert!(!error.contains("sk-1"), "{error}");
        let one = all().meant(|name| name == "open_webui_trusted_header");
        assert!(matches!(one.proof(&FLAGS), Ok(Some(Proof::Header { .. }))));
    }

    #[test]
    fn an_address_alone_proves_nothing_and_does_no_harm() {
        let email = all().open_webui_admin_email;
        let it = AdminProof { open_webui_admin_email: email.clone(), ..Default::default() };
        assert!(!it.is_given() && matches!(it.proof(&FLAGS), Ok(None)));
        assert!(matches!(AdminProof::default().proof(&FLAGS), Ok(None)));
        let token = all().open_webui_admin_token;
        let it = AdminProof { open_webui_admin_token: token, ..it };
        assert!(matches!(it.proof(&FLAGS), Ok(Some(Proof::Token(_)))));
    }

    #[test]
    fn what_proves_an_address_needs_one() {
        for flag in ["--admin-password-file", "--trusted-header"] {
            let command = ProofOptions::<true>::augment_args(Command::new("x"));
            let matches = command.try_get_matches_from(["x", flag, "file"]).unwrap();
            let error = ProofOptions::<true>::from_arg_matches(&matches).unwrap_err();
            assert!(error.to_string().contains("needs --admin-email"), "{error}");
        }
    }

    #[test]
    fn the_gate_and_the_commands_have_one_rule() {
        fn read<const SHORT: bool>(flag: &str) -> AdminProof {
            let command = ProofOptions::<SHORT>::augment_args(Command::new("x"));
            // A variable of a deployment, as far as clap is concerned no flag.
            let command = command
                .mut_arg("open_webui_trusted_header", |arg| arg.default_value("X-User-Email"));
            let command =
                command.mut_arg("open_webui_admin_email", |arg| arg.default_value("a@b.example"));
            let matches = command.try_get_matches_from(["x", flag, "file"]).unwrap();
            ProofOptions::<SHORT>::from_arg_matches(&matches).unwrap().0
        }
        for it in [
            read::<true>("--admin-password-file"),
            read::<false>("--open-webui-admin-password-file"),
        ] {
            assert!(it.open_webui_trusted_header.is_none(), "{it:?}");
            assert!(it.open_webui_admin_password_file.is_some(), "{it:?}");
        }
    }
}
