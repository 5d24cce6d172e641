//! How the gate reaches an Open WebUI as one of its administrators.

use anyhow::{Result, ensure};
use clap::Args;
use gatehall_domain::OPEN_WEBUI;
use gatehall_open_webui::chat_address;
use gatehall_portal::ChatAccess;
use url::Url;

use super::admin_proof::{AdminProof, ProofNames, ProofOptions};

/// The Open WebUI called open-webui, as its administrators use it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Open WebUI")]
pub struct WiringOptions {
    /// Address under which the gate reaches Open WebUI, such as http://open-webui:8080: for the
    /// page that sets it up, and to keep it in step. [default: none]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_URL", value_name = "URL", value_parser = chat_address)]
    pub open_webui_url: Option<Url>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc here would become the help's text")]
    pub proof: ProofOptions<false>,

    /// Keep what was set up at Open WebUI in step with the company: groups and who is in them,
    /// connections, models. Needs the address and one of the proofs above.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_FOLLOW", value_name = "YES", default_value = "false", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub open_webui_follow: bool,
}

/// How what is set of it is called there.
#[derive(Debug)]
pub(super) struct AccessNames {
    pub(super) url: &'static str,
    pub(super) proof: ProofNames,
    pub(super) follow: &'static str,
}

const VARIABLES: AccessNames = AccessNames {
    url: "GATEHALL_OPEN_WEBUI_URL",
    proof: ProofNames {
        token: "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN",
        token_file: "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN_FILE",
        email: "GATEHALL_OPEN_WEBUI_ADMIN_EMAIL",
        header: "GATEHALL_OPEN_WEBUI_TRUSTED_HEADER",
        password_file: "GATEHALL_OPEN_WEBUI_ADMIN_PASSWORD_FILE",
    },
    follow: "GATEHALL_OPEN_WEBUI_FOLLOW",
};

impl WiringOptions {
    /// What of it is set, made sure of.
    ///
    /// # Errors
    /// Which setting cannot be used, and what to do.
    pub(super) fn access(&self) -> Result<Option<ChatAccess>> {
        let url = self.open_webui_url.as_ref();
        chat_access(OPEN_WEBUI, url, &self.proof.0, self.open_webui_follow, &VARIABLES)
    }
}

/// How the gate reaches the Open WebUI of this name, if it does.
///
/// # Errors
/// Which setting cannot be used, and what to do.
pub(super) fn chat_access(
    chat: &str,
    url: Option<&Url>,
    proof: &AdminProof,
    follow: bool,
    names: &AccessNames,
) -> Result<Option<ChatAccess>> {
    let proof = proof.proof(&names.proof)?;
    let Some(url) = url else {
        ensure!(
            proof.is_none() && !follow,
            "what is set of an Open WebUI's administrator is of no use without its address: set {}",
            names.url
        );
        return Ok(None);
    };
    ensure!(
        proof.is_some() || !follow,
        "{} needs an administrator of Open WebUI: set {}, or {} with {} or {}",
        names.follow,
        names.proof.token_file,
        names.proof.email,
        names.proof.header,
        names.proof.password_file
    );
    Ok(Some(ChatAccess { chat: chat.to_owned(), url: url.clone(), proof, follow }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> WiringOptions {
        WiringOptions {
            open_webui_url: "http://chat:8080".parse().ok(),
            ..WiringOptions::default()
        }
    }

    fn with(change: impl Fn(&mut AdminProof)) -> WiringOptions {
        let mut options = options();
        change(&mut options.proof.0);
        options
    }

    #[test]
    fn what_lacks_something_is_refused_with_what_to_set() {
        let folder = tempfile::tempdir().unwrap();
        let (empty, missing) = (folder.path().join("empty"), folder.path().join("missing"));
        std::fs::write(&empty, "\n").unwrap();
        let token = |it: &mut AdminProof| {
            it.open_webui_admin_token = Some("sk-1".to_owned().into());
        };
        let email = |it: &mut AdminProof| {
            it.open_webui_admin_email = "ines@company.example".parse().ok();
        };
        let header = |it: &mut AdminProof| {
            it.open_webui_trusted_header = Some("X-User-Email".into());
        };
        let file = |path: &std::path::Path| {
            let path = path.to_owned();
            move |it: &mut AdminProof| it.open_webui_admin_token_file = Some(path.clone())
        };
        let both = |it: &mut AdminProof,
                    one: &dyn Fn(&mut AdminProof),
                    other: &dyn Fn(&mut AdminProof)| {
            one(it);
            other(it);
        };
        let nowhere = |it| WiringOptions { open_webui_url: None, ..it };
        let following = |it| WiringOptions { open_webui_follow: true, ..it };
        let person = |it: &mut AdminProof| both(it, &email, &header);
        for (options, says) in [
            (nowhere(with(token)), "set GATEHALL_OPEN_WEBUI_URL"),
            (nowhere(with(person)), "set GATEHALL_OPEN_WEBUI_URL"),
            (nowhere(following(options())), "set GATEHALL_OPEN_WEBUI_URL"),
            (following(options()), "GATEHALL_OPEN_WEBUI_FOLLOW needs"),
            (following(with(email)), "GATEHALL_OPEN_WEBUI_ADMIN_EMAIL with"),
            (with(|it| both(it, &token, &person)), "not several"),
            (with(|it| both(it, &token, &file(&empty))), "not several"),
            (with(file(&empty)), "cannot be used"),
            (with(file(&missing)), "missing"),
        ] {
            let error = format!("{:#}", options.access().unwrap_err());
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("sk-1"), "{error}");
        }
        for options in [options(), with(email)] {
            let access = options.access().unwrap().unwrap();
            assert!(access.proof.is_none() && !access.follow);
        }
        assert!(WiringOptions::default().access().unwrap().is_none());
    }
}
