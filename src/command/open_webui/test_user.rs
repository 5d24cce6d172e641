//! As whom to ask.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use gatehall_control::{operation::find_group, wiring::Whom};
use gatehall_domain::{Company, EmailAddress, GroupName};
use gatehall_open_webui::Proof;

use crate::settings::secret;

/// As whom to ask.
#[derive(Debug, Args)]
#[command(next_help_heading = "Test user")]
pub(super) struct TestOptions {
    /// Ask as this person, in place of one who is made for it and removed again. Where Open WebUI
    /// believes a trusted header, no password is needed.
    #[arg(long = "as", value_name = "EMAIL", conflicts_with = "test_group")]
    whom: Option<EmailAddress>,
    /// File with that person's password.
    #[arg(long, value_name = "FILE", requires = "whom")]
    as_password_file: Option<PathBuf>,
    /// Group of the one who is made. [default: the first that a grant opens something to]
    #[arg(long, value_name = "NAME")]
    test_group: Option<GroupName>,
    /// Ask as nobody.
    #[arg(long, conflicts_with_all = ["whom", "test_group"])]
    no_test: bool,
}

impl TestOptions {
    /// Whether anything is said of it.
    pub(super) const fn is_given(&self) -> bool {
        self.whom.is_some()
            || self.as_password_file.is_some()
            || self.test_group.is_some()
            || self.no_test
    }

    /// Who asks; none if nobody does.
    pub(super) fn whom(&self, admin: &Proof, company: &Company) -> Result<Option<Whom>> {
        if self.no_test {
            return Ok(None);
        }
        if let Some(name) = &self.test_group {
            find_group(company, name.as_str())?;
        }
        let Some(email) = self.whom.clone() else {
            return Ok(Some(Whom::Made { group: self.test_group.clone() }));
        };
        let proof = match (&self.as_password_file, admin.of(&email)) {
            (Some(file), _) => Proof::Password {
                email: email.clone(),
                password: secret(file, "--as-password-file")?,
            },
            (None, Some(proof)) => proof,
            (None, None) => bail!("--as needs --as-password-file, or --trusted-header"),
        };
        Ok(Some(Whom::Account { email, proof }))
    }
}
