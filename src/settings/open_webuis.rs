//! The Open WebUIs whose word counts: the one of the plain settings, those of a file, or both.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use gatehall_domain::{EmailAddress, OPEN_WEBUI, is_open_webui};
use gatehall_identity::OpenWebUi;
use gatehall_open_webui::chat_address;
use gatehall_portal::ChatAccess;
use gatehall_vault::weakness;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    admin_proof::{AdminProof, ProofNames, header, secret},
    chat_access::{AccessNames, WiringOptions, chat_access},
    doors::{Domains, domains},
    secrets::{Told, told},
    toml_problem::toml_problem,
};
use crate::files;

/// What is set of Open WebUIs.
#[derive(Debug)]
pub(crate) struct OpenWebUiOptions<'s> {
    /// The secret of the plain settings.
    pub(crate) secret: Option<&'s SecretString>,
    /// The file that holds it.
    pub(crate) secret_file: Option<&'s Path>,
    pub(crate) domains: &'s Domains,
    pub(crate) binds_admins: bool,
    pub(crate) file: Option<&'s Path>,
    pub(crate) wiring: &'s WiringOptions,
}

/// There are at most so many: a header is held against the secrets of all.
const MOST: usize = 64;

/// The file that holds a secret that was made up.
const MADE_UP: &str = "open-webui.secret";

/// One of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    secret: Option<SecretString>,
    secret_file: Option<PathBuf>,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    binds_admins: bool,
    url: Option<String>,
    admin_token: Option<SecretString>,
    admin_token_file: Option<PathBuf>,
    admin_email: Option<EmailAddress>,
    trusted_header: Option<String>,
    admin_password_file: Option<PathBuf>,
    #[serde(default)]
    follow: bool,
}

const KEYS: AccessNames = AccessNames {
    url: "url",
    proof: ProofNames {
        token: "admin_token",
        token_file: "admin_token_file",
        email: "admin_email",
        header: "trusted_header",
        password_file: "admin_password_file",
    },
    follow: "follow",
};

/// What becomes of a secret that nobody has set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MadeUp {
    /// It is made where there is none yet.
    Make,
    /// It is read if it is there.
    Read,
}

/// An Open WebUI, and where its secret is from.
#[derive(Debug)]
pub(crate) struct OpenWebUiSource {
    pub(crate) chat: OpenWebUi,
    /// Where the secret lies, for people.
    pub(crate) place: String,
    /// Nobody has set it: it is in the data folder.
    pub(crate) made_up: bool,
    /// How the gate reaches it, if it does.
    pub(crate) access: Option<ChatAccess>,
}

/// All Open WebUIs that are set.
///
/// # Errors
/// Which setting cannot be used, and why.
pub(crate) fn open_webuis(
    set: &OpenWebUiOptions<'_>,
    data_dir: &Path,
    made_up: MadeUp,
) -> Result<Vec<OpenWebUiSource>> {
    let mut all = match set.file {
        Some(path) => from_file(path)?,
        None => Vec::new(),
    };
    let plain = |secret: SecretString, place, made_up| OpenWebUiSource {
        chat: OpenWebUi {
            id: OPEN_WEBUI.to_owned(),
            secret,
            domains: set.domains.0.clone(),
            binds_admins: set.binds_admins,
            in_file: false,
        },
        place,
        made_up,
        access: None,
    };
    match told("GATEHALL_OPEN_WEBUI_SECRET", set.secret, set.secret_file)? {
        Some(Told { secret, place }) => {
            if let Some(problem) = weakness(secret.expose_secret()) {
                bail!("the secret of {place} {problem}");
            }
            let place = match set.secret_file {
                Some(file) => file_place(file),
                None => format!("the setting {place} of the gate"),
            };
            all.push(plain(secret, place, false));
        }
        None if set.file.is_none() => {
            let path = data_dir.join(MADE_UP);
            if made_up == MadeUp::Make || path.exists() {
                let secret = gatehall_vault::load_or_create_secret(&path);
                let secret = secret
                    .with_context(|| format!("the file {} cannot be used", path.display()))?;
                all.push(plain(secret, file_place(&path), true));
            }
        }
        None => ensure!(
            set.domains.0.is_empty() && !set.binds_admins,
            "GATEHALL_OPEN_WEBUI_DOMAINS and GATEHALL_OPEN_WEBUI_BINDS_ADMINS are for the Open \
             WebUI of GATEHALL_OPEN_WEBUI_SECRET, which is not set: those of the file of \
             GATEHALL_OPEN_WEBUIS have domains and binds_admins of their own"
        ),
    }
    check(&all)?;
    let Some(access) = set.wiring.access()? else { return Ok(all) };
    match all.iter_mut().find(|it| !it.chat.in_file) {
        Some(plain) => plain.access = Some(access),
        None => bail!(
            "GATEHALL_OPEN_WEBUI_URL is for the Open WebUI of GATEHALL_OPEN_WEBUI_SECRET, which is \
             not set: those of the file of GATEHALL_OPEN_WEBUIS have url, admin_token_file and \
             follow of their own"
        ),
    }
    Ok(all)
}

/// No two may be taken for each other.
fn check(all: &[OpenWebUiSource]) -> Result<()> {
    for (at, one) in all.iter().enumerate() {
        for other in &all[..at] {
            let (one, other) = (&one.chat, &other.chat);
            ensure!(
                one.id != other.id,
                "the file of GATEHALL_OPEN_WEBUIS has {OPEN_WEBUI}, and GATEHALL_OPEN_WEBUI_SECRET \
                 is for the one of that name: set it at one of the two places"
            );
            ensure!(
                one.secret.expose_secret() != other.secret.expose_secret(),
                "{} and {} have one secret, so that nobody could tell which of them speaks: give \
                 each its own",
                other.id,
                one.id
            );
        }
    }
    Ok(())
}

fn from_file(path: &Path) -> Result<Vec<OpenWebUiSource>> {
    let name = format!("the file {} of GATEHALL_OPEN_WEBUIS", path.display());
    let text = std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
    let entries: BTreeMap<String, Entry> = toml::from_str(&text).map_err(|error| {
        anyhow::anyhow!("{name} is not right near {}", toml_problem(&text, &error))
    })?;
    ensure!(!entries.is_empty(), "{name} has no Open WebUI: write a table for each");
    ensure!(entries.len() <= MOST, "{name} has more than {MOST} Open WebUIs");
    if files::is_read_by_all(path)
        && entries.values().any(|it| it.secret.is_some() || it.admin_token.is_some())
    {
        tracing::warn!(
            "{name} holds secrets and can be read by every user of this machine: run chmod 600 on it"
        );
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let one = |(id, entry): (String, Entry)| {
        let place = match &entry.secret_file {
            Some(file) => file_place(&folder.join(file)),
            None => file_place(path),
        };
        let within = || format!("{name}, {}", id.escape_debug());
        let access = access_of(&id, &entry, folder).with_context(within)?;
        let chat = from_entry(id.clone(), entry, folder).with_context(within)?;
        Ok(OpenWebUiSource { chat, place, made_up: false, access })
    };
    entries.into_iter().map(one).collect()
}

/// A file as somebody finds it who is in another folder.
fn file_place(path: &Path) -> String {
    let whole = std::path::absolute(path);
    format!("the file {}", whole.as_deref().unwrap_or(path).display())
}

/// How the gate reaches one of the file.
fn access_of(id: &str, entry: &Entry, folder: &Path) -> Result<Option<ChatAccess>> {
    let url = entry.url.as_deref().map(chat_address).transpose();
    let url = url.map_err(|problem| anyhow::anyhow!("url: {problem}"))?;
    let header = entry.trusted_header.as_deref().map(header).transpose();
    let header = header.map_err(|problem| anyhow::anyhow!("trusted_header: {problem}"))?;
    let within = |file: &Option<PathBuf>| file.as_ref().map(|file| folder.join(file));
    let proof = AdminProof {
        open_webui_admin_token: entry.admin_token.clone(),
        open_webui_admin_token_file: within(&entry.admin_token_file),
        open_webui_admin_email: entry.admin_email.clone(),
        open_webui_trusted_header: header,
        open_webui_admin_password_file: within(&entry.admin_password_file),
    };
    chat_access(id, url.as_ref(), &proof, entry.follow, &KEYS)
}

fn from_entry(id: String, entry: Entry, folder: &Path) -> Result<OpenWebUi> {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    ensure!(
        is_open_webui(&id) && id.len() <= 40 && id.bytes().all(plain) && !id.ends_with('-'),
        "the name must be open-webui or begin with open-webui-, such as open-webui-sales, and have \
         at most 40 small letters, digits and hyphens"
    );
    let secret = match (entry.secret, entry.secret_file) {
        (Some(secret), None) => secret,
        (None, Some(file)) => secret(&folder.join(file), "secret_file")?,
        _ => bail!("needs either secret or secret_file"),
    };
    if let Some(problem) = weakness(secret.expose_secret()) {
        bail!("the secret {problem}");
    }
    let Domains(domains) = domains(&entry.domains.join(","))
        .map_err(|problem| anyhow::anyhow!("domains: {problem}"))?;
    Ok(OpenWebUi { id, secret, domains, binds_admins: entry.binds_admins, in_file: true })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_place_is_found_from_everywhere() {
        let here = std::env::current_dir().unwrap();
        let place = file_place(Path::new("data/open-webui.secret"));
        assert_eq!(place, format!("the file {}/data/open-webui.secret", here.display()));
        assert_eq!(file_place(Path::new("/etc/x")), "the file /etc/x");
    }

    fn read(secret: Option<&str>, file: Option<&str>) -> Result<Vec<OpenWebUiSource>> {
        let folder = tempfile::tempdir().unwrap();
        let sales = folder.path().join("sales.secret");
        std::fs::write(&sales, "the secret of sales\n").unwrap();
        std::fs::set_permissions(&sales, std::fs::Permissions::from_mode(0o600)).unwrap();
        let path = folder.path().join("chats.toml");
        std::fs::write(&path, file.unwrap_or_default()).unwrap();
        let file = file.map(|_| path.as_path());
        let secret = secret.map(SecretString::from);
        let set = OpenWebUiOptions {
            secret: secret.as_ref(),
            secret_file: None,
            domains: &Domains::default(),
            binds_admins: false,
            file,
            wiring: &WiringOptions::default(),
        };
        open_webuis(&set, folder.path(), MadeUp::Read)
    }

    #[test]
    fn several_are_read_with_what_is_their_own() {
        let file = "[open-webui-sales]\nsecret_file = \"sales.secret\"\n\
                    domains = [\"Google.example\"]\nbinds_admins = true\n\
                    [open-webui-care]\nsecret = \"the secret of care\"\n";
        let all = read(Some("the secret of the one"), Some(file)).unwrap();
        let mut told: Vec<_> = all
            .iter()
            .map(|it| (it.chat.id.as_str(), it.chat.domains.len(), it.chat.binds_admins))
            .collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("open-webui", 0, false),
                ("open-webui-care", 0, false),
                ("open-webui-sales", 1, true)
            ]
        );
        let sales = all.iter().find(|it| it.chat.id == "open-webui-sales").unwrap();
        assert_eq!(sales.chat.secret.expose_secret(), "the secret of sales");
        assert_eq!(sales.chat.domains, ["google.example"]);
        assert!(all.iter().all(|it| !it.made_up));
        assert_eq!(read(None, Some(file)).unwrap().len(), 2, "there is no other, made up");
        assert!(read(None, None).unwrap().is_empty(), "reading makes none");
    }

    #[test]
    fn what_could_be_mistaken_is_refused_without_its_secret() {
        let care = "[open-webui-care]\nsecret = \"the secret of care\"\n";
        let with = |more: &str| format!("{care}{more}");
        for (secret, file, says) in [
            (None, with("[open-webui-sales]\nsecret = \"the secret of care\""), "one secret"),
            (Some("the secret of care"), care.to_owned(), "one secret"),
            (
                Some("the secret of the one"),
                "[open-webui]\nsecret = \"the secret of care\"".to_owned(),
                "one of the two places",
            ),
            (None, with("[sales]\nsecret = \"the secret of sales\""), "open-webui-sales"),
            (None, with("[open-webui-A]\nsecret = \"the secret of sales\""), "small letters"),
            (None, with("[open-webui-x]\n"), "secret_file"),
            (None, with("[open-webui-x]\nsecret = \"the secret\""), "too short"),
            (None, with("[open-webui-x]\nsecret_file = \"none\""), "is not there"),
            (None, with("domains = [\"x..example\"]"), "not a domain"),
            (None, with("domain = [\"x.example\"]"), "unknown field"),
            (None, with("binds_admins = 5"), "wrong type"),
            (None, with("follow = true"), "set url"),
            (None, with("url = \"chat:8080\""), "http://open-webui:8080"),
            (None, with("secret = \"a\""), "duplicate key"),
            (None, String::new(), "no Open WebUI"),
        ] {
            let error = read(secret, Some(&file)).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(says), "{file}: {error}");
            assert!(!error.contains("the secret of care"), "{error}");
        }
        let error = format!("{:#}", read(Some("short"), None).unwrap_err());
        assert!(error.contains("the secret of GATEHALL_OPEN_WEBUI_SECRET is too short"), "{error}");
    }
}
