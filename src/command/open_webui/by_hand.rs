//! Where nobody gave an administrator's proof: what to set and to import by hand.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, Result, bail, ensure};
use gatehall_control::{
    operation::key::{KeyOrder, add},
    wiring::wished_tenants,
};
use gatehall_open_webui::{KeyState, import_file, key_state, variables};
use secrecy::{ExposeSecret, SecretString};

use super::{access::NEEDED, setup_options::SetupOptions};
use crate::{
    office::Office,
    output::{error, text},
};

pub(super) async fn run(office: &Office, options: &SetupOptions) -> Result<ExitCode> {
    let beyond = beyond(options);
    ensure!(
        beyond.is_empty(),
        "by hand these do nothing: {}. Leave them out (who sees the connection is said in its form, \
         at Access Control), or {NEEDED}",
        beyond.join(", ")
    );
    options.chats.must_know(office, &options.access.name).await?;
    let snapshot = office.store.load().await?;
    let terms = options.terms.terms(None, &snapshot)?;
    let tenants = wished_tenants(snapshot.company(), &terms);
    error("Set these in Open WebUI's environment, and restart it:");
    let setting = options.chats.scene(office).await?.setting(&options.access.name);
    let place = format!("<{}>", setting.secret_place());
    for (name, value) in variables(&place) {
        text(&format!("{name}={value}"));
    }
    let Some(path) = &options.write else {
        error(
            "With --write FILE the connection is written, too, for Import in its form. With an \
             administrator's proof (--admin-token-file, or --admin-email) all of it is done.",
        );
        return Ok(ExitCode::SUCCESS);
    };
    let mut file = create(path)?;
    let written = async {
        let key = key(office, options).await?;
        let text = import_file(&terms.gate, &tenants, &key);
        file.write_all(text.expose_secret().as_bytes()).context("the file cannot be written")
    };
    if let Err(problem) = written.await {
        let _ = std::fs::remove_file(path);
        return Err(problem);
    }
    error(&format!(
        "Import {} at Settings, Integrations, External Tool Servers, +, Import; then remove it, since \
         the key is in it. Everybody sees what it makes: choose groups in that form, at Access Control.",
        path.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// The options that need somebody who signs in.
fn beyond(options: &SetupOptions) -> Vec<&'static str> {
    let given = [
        (options.new_key, "--new-key"),
        (options.bind_admin, "--bind-admin"),
        (options.all, "--all"),
        (options.test.is_given(), "those of a test user"),
        (options.format.json, "--json"),
    ];
    let given = given.into_iter().filter_map(|(is_given, name)| is_given.then_some(name));
    options.terms.beyond_the_form().chain(given).collect()
}

/// A file that only its owner reads, and that was not there.
fn create(path: &Path) -> Result<std::fs::File> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(problem) if problem.kind() == ErrorKind::AlreadyExists => {
            bail!("{} is there already, and stays: name another file", path.display())
        }
        made => made.with_context(|| format!("{} cannot be made", path.display())),
    }
}

/// The key that was given, or a new one.
async fn key(office: &Office, options: &SetupOptions) -> Result<SecretString> {
    let now = office.clock.now();
    if let Some(given) = options.given_key()? {
        let snapshot = office.store.load().await?;
        return match key_state(snapshot.company(), given.expose_secret(), now) {
            KeyState::Good(_) => Ok(given),
            KeyState::Bad(why) => bail!("the given key cannot be used here, because {why}"),
        };
    }
    let order = KeyOrder {
        name: "Open WebUI".into(),
        user: None,
        tenant: None,
        manage: false,
        expires_at: None,
    };
    let made = office.desk().change(|snapshot| add(snapshot.company(), &order, now)).await?;
    Ok(made.text)
}
