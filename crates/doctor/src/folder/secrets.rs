//! Whether the secrets are there and strong.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};

use super::{ComposeFolder, INIT, digest, is_set};
use crate::report::Report;

/// Secrets that are made up.
const MADE: [&str; 6] = [
    "postgres_password",
    "gatehall_database_password",
    "open_webui_database_password",
    "valkey_password",
    "open_webui_secret_key",
    "open_webui_user_secret",
];

/// Those of Authentik.
const OF_AUTHENTIK: [&str; 3] =
    ["authentik_admin_password", "authentik_database_password", "authentik_secret_key"];

/// One that some deployments do without.
const PERHAPS: &str = "open_webui_admin_password";

/// Secrets that others give.
const GIVEN: [&str; 2] = ["provider_client_secret", "openai_api_key"];

/// Fewer characters can be guessed.
const SHORTEST: usize = 24;

/// Text made up by chance has more different characters.
const FEW_DIFFERENT: usize = 10;

/// What stands in examples.
const WORDS: [&str; 6] = ["changeme", "change-me", "change_me", "password", "secret", "example"];

const NAME: &str = "secrets of the folder";

pub(super) fn judge(folder: &ComposeFolder, report: &mut Report) {
    let mut names = MADE.to_vec();
    if folder.has_authentik() {
        names.extend(OF_AUTHENTIK);
    }
    let mut made: Vec<(&str, Option<SecretString>)> =
        names.into_iter().map(|name| (name, folder.secret(name))).collect();
    let missing: Vec<&str> = made
        .iter()
        .filter(|(_, secret)| !secret.as_ref().is_some_and(is_set))
        .map(|(name, _)| *name)
        .chain((!folder.path().join("secrets/vault.keys").exists()).then_some("vault.keys"))
        .collect();
    let perhaps = folder.secret(PERHAPS);
    let mut good = true;
    if !missing.is_empty() {
        good = false;
        report.bad(NAME, format!("missing or empty: {}", missing.join(", ")), INIT);
    }
    made.extend(perhaps.is_some().then_some((PERHAPS, perhaps)));
    let there = || made.iter().filter_map(|(name, it)| Some((*name, it.as_ref()?)));
    for (name, secret) in there().filter(|(_, it)| is_set(it)) {
        if let Some(why) = weakness(secret.expose_secret()) {
            good = false;
            report.bad(
                NAME,
                format!("{name} is weak: {why}"),
                format!("put another into secrets/{name}, such as openssl rand -base64 48 prints"),
            );
        }
    }
    let mut equal: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (name, secret) in there().filter(|(_, it)| is_set(it)) {
        equal.entry(digest(secret)).or_default().insert(name);
    }
    for (digest, names) in equal.into_iter().filter(|(_, names)| names.len() > 1) {
        good = false;
        let names: Vec<&str> = names.into_iter().collect();
        report.bad(
            NAME,
            format!(
                "one secret for several things: {} are equal (SHA-256 {digest}…), so that whoever \
                 learns one has all",
                names.join(", ")
            ),
            "put another into all of them but one",
        );
    }
    if folder.variable("PROVIDER_CLIENT_ID").is_some() {
        for name in
            GIVEN.into_iter().filter(|name| !folder.secret(name).is_some_and(|it| is_set(&it)))
        {
            good = false;
            report.doubtful(
                NAME,
                format!("{name} is missing or empty"),
                format!("put into secrets/{name} what its issuer shows"),
            );
        }
    }
    if good {
        report.good(NAME, "all are there, long and different");
    }
}

/// Why a secret can be guessed.
fn weakness(secret: &str) -> Option<String> {
    let different: BTreeSet<char> = secret.chars().collect();
    let lower = secret.to_ascii_lowercase();
    let count = secret.chars().count();
    if count < SHORTEST {
        return Some(format!("it has {count} characters, and should have {SHORTEST} or more"));
    }
    if let Some(word) = WORDS.iter().find(|word| lower.contains(**word)) {
        return Some(format!("it contains the word {word}"));
    }
    (different.len() < FEW_DIFFERENT).then(|| "it is always the same few characters".to_owned())
}
