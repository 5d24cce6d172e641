//! How the gate reaches an Open WebUI as one of its administrators.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use gatehall_domain::EmailAddress;
use gatehall_open_webui::Proof;
use gatehall_vault::load_secret;
use http::HeaderName;
use secrecy::SecretString;
use url::Url;

/// How the gate reaches an Open WebUI.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// Where it is, as the gate reaches it.
    pub(crate) url: Url,
    /// How the gate signs in there; none if it may not.
    pub(crate) proof: Option<Proof>,
    /// Whether it is kept in step with the company.
    pub(crate) follow: bool,
}

/// What is set of it.
#[derive(Debug, Default)]
pub(super) struct ReachParts<'s> {
    pub(super) url: Option<&'s Url>,
    pub(super) token: Option<&'s SecretString>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) admin: Option<&'s EmailAddress>,
    pub(super) header: Option<&'s HeaderName>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) follow: bool,
}

/// How each of them is called where it is set.
#[derive(Debug)]
pub(super) struct ReachNames {
    pub(super) url: &'static str,
    pub(super) token: &'static str,
    pub(super) token_file: &'static str,
    pub(super) admin: &'static str,
    pub(super) header: &'static str,
    pub(super) password_file: &'static str,
    pub(super) follow: &'static str,
}

impl Reach {
    /// What was set, made sure of.
    ///
    /// # Errors
    /// Which setting cannot be used, and what to do.
    pub(super) fn of(parts: &ReachParts<'_>, names: &ReachNames) -> Result<Option<Self>> {
        let token = match (parts.token, &parts.token_file) {
            (Some(_), Some(_)) => bail!("set {} or {}, not both", names.token, names.token_file),
            (Some(token), None) => Some(token.clone()),
            (None, Some(path)) => Some(read(path, names.token_file)?),
            (None, None) => None,
        };
        ensure!(
            token.is_none() || parts.admin.is_none(),
            "set a token or {}, not both: either proves an administrator of Open WebUI",
            names.admin
        );
        let proof = match (token, parts.admin) {
            (Some(token), _) => Some(Proof::Token(token)),
            (None, Some(email)) => proof_of(email, parts, names)?,
            (None, None) => None,
        };
        let Some(url) = parts.url else {
            ensure!(
                proof.is_none() && !parts.follow,
                "what is set of an Open WebUI's administrator is of no use without its address: \
                 set {}",
                names.url
            );
            return Ok(None);
        };
        ensure!(
            proof.is_some() || !parts.follow,
            "{} needs an administrator of Open WebUI: set {}, or {} with {} or {}",
            names.follow,
            names.token_file,
            names.admin,
            names.header,
            names.password_file
        );
        Ok(Some(Self { url: url.clone(), proof, follow: parts.follow }))
    }
}

/// How somebody with an address signs in.
fn proof_of(
    email: &EmailAddress,
    parts: &ReachParts<'_>,
    names: &ReachNames,
) -> Result<Option<Proof>> {
    let email = email.clone();
    match (parts.header, &parts.password_file) {
        (Some(name), None) => Ok(Some(Proof::Header { name: name.as_str().to_owned(), email })),
        (None, Some(path)) => {
            Ok(Some(Proof::Password { email, password: read(path, names.password_file)? }))
        }
        // An address alone proves nothing, and does no harm.
        (None, None) if !parts.follow => Ok(None),
        _ => bail!(
            "{} needs {}, where Open WebUI believes such a header, or {}",
            names.admin,
            names.header,
            names.password_file
        ),
    }
}

/// A secret that is all a file holds.
fn read(path: &Path, name: &str) -> Result<SecretString> {
    load_secret(path)
        .with_context(|| format!("{name} names {}, which cannot be used", path.display()))
}

/// The address of an Open WebUI.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("{error}"))?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    match matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
        true => Ok(url),
        false => Err("must be an address such as http://open-webui:8080".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: ReachNames = ReachNames {
        url: "URL",
        token: "TOKEN",
        token_file: "TOKEN_FILE",
        admin: "ADMIN",
        header: "HEADER",
        password_file: "PASSWORD_FILE",
        follow: "FOLLOW",
    };

    #[test]
    fn what_lacks_something_is_refused_with_what_to_set() {
        let url: Url = "http://chat:8080".parse().unwrap();
        let token = SecretString::from("sk-1".to_owned());
        let admin: EmailAddress = "ines@company.example".parse().unwrap();
        let header = HeaderName::from_static("x-user-email");
        let folder = tempfile::tempdir().unwrap();
        let (empty, missing) = (folder.path().join("empty"), folder.path().join("missing"));
        std::fs::write(&empty, "\n").unwrap();
        let (url, token, admin, header) = (Some(&url), Some(&token), Some(&admin), Some(&header));
        for (parts, says) in [
            (ReachParts { token, ..Default::default() }, "set URL"),
            (ReachParts { admin, header, ..Default::default() }, "set URL"),
            (ReachParts { url, admin, follow: true, ..Default::default() }, "ADMIN needs HEADER"),
            (ReachParts { follow: true, ..Default::default() }, "set URL"),
            (ReachParts { url, follow: true, ..Default::default() }, "FOLLOW needs"),
            (ReachParts { url, token, admin, ..Default::default() }, "not both"),
            (
                ReachParts { url, token, token_file: Some(empty.clone()), ..Default::default() },
                "TOKEN or TOKEN_FILE",
            ),
            (ReachParts { url, token_file: Some(empty), ..Default::default() }, "cannot be used"),
            (ReachParts { url, token_file: Some(missing), ..Default::default() }, "missing"),
        ] {
            let error = format!("{:#}", Reach::of(&parts, &NAMES).unwrap_err());
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("sk-1"), "{error}");
        }
    }

    #[test]
    fn an_address_alone_gives_no_proof() {
        let url: Url = "http://chat:8080".parse().unwrap();
        let admin: EmailAddress = "ines@company.example".parse().unwrap();
        for admin in [None, Some(&admin)] {
            let parts = ReachParts { url: Some(&url), admin, ..Default::default() };
            let reach = Reach::of(&parts, &NAMES).unwrap().unwrap();
            assert!(reach.proof.is_none() && !reach.follow);
        }
        assert!(Reach::of(&ReachParts::default(), &NAMES).unwrap().is_none());
        assert!(address("http://key@chat").is_err() && address("chat:8080").is_err());
    }
}
