//! Opens what commands work with: the data folder, the vault, the store.

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use gatehall_domain::Clock;
use gatehall_gateway::Accounts;
use gatehall_portal::Desk;
use gatehall_store::{Actor, Store};
use gatehall_vault::Vault;

use crate::{
    files,
    settings::{ProcessSettings, StoreSettings},
    system_clock,
};

/// What commands work with.
pub(crate) struct Office {
    pub(crate) data_dir: PathBuf,
    pub(crate) vault: Arc<Vault>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    processes: ProcessSettings,
    keys: PathBuf,
}

impl Office {
    /// Opens everything; makes what is not there yet.
    pub(crate) async fn open(settings: &StoreSettings) -> Result<Self> {
        let data_dir = data_dir(settings)?;
        let keys = settings.vault_keys.clone().unwrap_or_else(|| data_dir.join("vault.keys"));
        let url = settings
            .database
            .clone()
            .unwrap_or_else(|| format!("sqlite:{}", data_dir.join("gatehall.db").display()));
        files::narrow(&data_dir);
        files::look_at(settings, &url, &keys, &data_dir);
        let store = Store::open(&url).await.with_context(|| format!("opening {}", shown(&url)))?;
        // A fresh key beside credentials that another sealed would only hide that it is missing.
        // Asked in this order: whoever sealed has made the file before.
        if store.is_sealed().await? && !keys.exists() {
            anyhow::bail!(
                "the key file {} is not there, but the database was sealed with one: put it back",
                keys.display()
            );
        }
        let vault = gatehall_vault::load_or_create(&keys)
            .with_context(|| format!("the key file {} cannot be used", keys.display()))?
            .reading(settings.secret_variables.clone());
        store.check_vault(&vault).await.with_context(|| format!("key file {}", keys.display()))?;
        let processes = settings.processes.clone();
        Ok(Self { data_dir, vault: Arc::new(vault), store, clock: system_clock(), processes, keys })
    }

    /// As whom the processes of stdio servers run.
    ///
    /// # Errors
    /// If it cannot be done, or would be no wall: users of their own can read what everybody can.
    pub(crate) fn accounts(&self) -> Result<Accounts> {
        let accounts = self.processes.accounts()?;
        if accounts.are_own() && files::is_read_by_all(&self.keys) {
            anyhow::bail!(
                "the key file {} can be read by everybody, and so by every process of a stdio \
                 server: have it mounted with mode 0400 (in Kubernetes, defaultMode of the \
                 volume), or run the gate as an ordinary user without such servers",
                self.keys.display()
            );
        }
        Ok(accounts)
    }

    /// A desk at which the person at the command line works.
    pub(crate) fn desk(&self) -> Desk {
        self.desk_of(Actor::command_line())
    }

    /// A desk at which `actor` works.
    pub(crate) fn desk_of(&self, actor: Actor) -> Desk {
        Desk::new(self.store.clone(), Arc::clone(&self.vault), self.clock.clone(), actor)
    }
}

/// The data folder; made, for its owner alone, if it is not there.
fn data_dir(settings: &StoreSettings) -> Result<PathBuf> {
    let path = match &settings.data_dir {
        Some(path) => path.clone(),
        None => default_data_dir(),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&path).with_context(|| {
        format!("the data folder {} cannot be made: choose another with --data-dir", path.display())
    })?;
    Ok(path)
}

fn default_data_dir() -> PathBuf {
    let folder =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_DATA_HOME")
        .or_else(|| Some(folder("HOME")?.join(".local/share")))
        .map_or_else(|| Path::new("gatehall-data").to_owned(), |folder| folder.join("gatehall"))
}

/// An address of a database without its password.
fn shown(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://\u{2026}@{host}"),
        _ => url.to_owned(),
    }
}
