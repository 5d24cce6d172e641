//! Opens what commands work with: the data folder, the vault, the store.

use std::{
    fs::DirBuilder,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use gatehall_control::{Desk, serving};
use gatehall_domain::Clock;
use gatehall_gateway::Accounts;
use gatehall_store::{Actor, Replica, Store};
use gatehall_vault::Vault;
use rustix::process::geteuid;
use url::Url;

use crate::{
    exposed::warn_of_exposed,
    files, output,
    running::{self, Gate},
    settings::{self, ProcessSettings, StoreSettings},
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
    /// As it was named.
    database: Option<String>,
    /// As it was named.
    database_password_file: Option<PathBuf>,
    /// As they were named.
    vault_keys: Option<PathBuf>,
}

impl Office {
    /// Opens everything for a command. Where no store is named, and one that is not there would be
    /// made beside that of a gate which runs, the gate's is meant.
    ///
    /// # Errors
    /// If it is not clear which store is meant.
    pub(crate) async fn of_gate(settings: &StoreSettings) -> Result<Self> {
        Self::open(&store_of_gate(settings, false)?).await
    }

    /// The same for a command that makes sense only with the store of a gate that runs.
    ///
    /// # Errors
    /// If it is not clear which store is meant.
    pub(crate) async fn of_running_gate(settings: &StoreSettings) -> Result<Self> {
        Self::open(&store_of_gate(settings, true)?).await
    }

    /// Opens everything; makes what is not there yet.
    pub(crate) async fn open(settings: &StoreSettings) -> Result<Self> {
        let password = settings.database_password()?;
        let data_dir = data_dir(settings)?;
        let keys = settings.vault_keys.clone().unwrap_or_else(|| data_dir.join("vault.keys"));
        let url = settings
            .database
            .clone()
            .unwrap_or_else(|| format!("sqlite:{}", data_dir.join("gatehall.db").display()));
        files::narrow(&data_dir);
        warn_of_exposed(settings, &url, &keys, &data_dir);
        let store = Store::open_with(&url, password.as_ref()).await.with_context(|| {
            let with = settings.database_password_file.as_ref();
            let with = with.map(|it| format!(" with the password in {}", it.display()));
            match url.starts_with("sqlite:") {
                // Whose the folder of a volume is, is known by number.
                true => format!("opening {url} as uid {}", geteuid().as_raw()),
                false => format!("opening {}{}", shown(&url), with.unwrap_or_default()),
            }
        })?;
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
        let database = settings.database.clone();
        let database_password_file = settings.database_password_file.clone();
        let vault_keys = settings.vault_keys.clone();
        let (vault, clock) = (Arc::new(vault), system_clock());
        Ok(Self {
            data_dir,
            vault,
            store,
            clock,
            processes,
            keys,
            database,
            database_password_file,
            vault_keys,
        })
    }

    /// What this gate says of itself to commands.
    pub(crate) fn gate(&self, address: SocketAddr) -> Gate {
        let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let has_password = self.database.as_deref().is_some_and(has_password);
        Gate {
            url: format!("http://{address}"),
            data_dir: whole(&self.data_dir),
            database: self.database.as_deref().map(|url| match url.split_once("sqlite:") {
                Some(("", path)) => {
                    let path = path.strip_prefix("//").unwrap_or(path);
                    format!("sqlite:{}", whole(Path::new(path)).display())
                }
                _ if has_password => shown(url),
                _ => url.to_owned(),
            }),
            has_password,
            database_password_file: self.database_password_file.as_deref().map(whole),
            vault_keys: self.vault_keys.as_deref().map(whole),
        }
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

    /// The gates that serve this store now.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub(crate) async fn replicas(&self) -> Result<Vec<Replica>> {
        Ok(serving(&self.store, self.clock.now()).await?)
    }

    /// The address under which browsers know the gates that serve this store, as it was said last.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub(crate) async fn public_url(&self) -> Result<Option<Url>> {
        let gates = self.replicas().await?;
        let said = gates.iter().filter_map(|it| Some((it.seen_at, it.public_url.as_deref()?)));
        let said = said.filter_map(|(at, url)| Some((at, url.parse().ok()?)));
        Ok(said.max_by_key(|(at, _)| *at).map(|(_, url)| url))
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

/// The store that a command means. `strict` if it is no use at a store that no gate serves.
fn store_of_gate(settings: &StoreSettings, strict: bool) -> Result<StoreSettings> {
    let usual = default_data_dir();
    let others = running::gates();
    let is_usual = |gate: &Gate| gate.database.is_none() && same(&gate.data_dir, &usual);
    let named = settings.data_dir.is_some() || settings.database.is_some();
    if named || others.is_empty() || others.iter().any(is_usual) {
        return Ok(settings.clone());
    }
    let lines: Vec<String> = others.iter().map(|gate| format!("\n  {}", gate.line())).collect();
    let lines = lines.concat();
    if usual.join("gatehall.db").exists() {
        let usual = usual.display();
        if strict {
            anyhow::bail!(
                "no gate serves the store in {usual}, but others do run. Say which is meant:{lines}"
            );
        }
        output::error(&format!(
            "This is the store in {usual}, which no gate serves. Those that run have others:{lines}"
        ));
        return Ok(settings.clone());
    }
    match others.as_slice() {
        [gate] if let Some(store) = gate.store(settings) => {
            output::error(&format!("With the store of the gate that runs: {}", gate.flags()));
            Ok(store)
        }
        [_] => anyhow::bail!(
            "a gate runs, and its database has a password: say so here, too, or name another store \
             with --data-dir:{lines}"
        ),
        _ => anyhow::bail!("several gates run. Say which is meant:{lines}"),
    }
}

fn same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole(one) == whole(other)
}

fn default_data_dir() -> PathBuf {
    let folder =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_DATA_HOME")
        .or_else(|| Some(folder("HOME")?.join(".local/share")))
        .map_or_else(|| Path::new("gatehall-data").to_owned(), |folder| folder.join("gatehall"))
}

/// Whether an address of a database has a password in it, as far as can be seen.
fn has_password(url: &str) -> bool {
    !url.starts_with("sqlite:") && Url::parse(url).map_or(true, |url| settings::has_password(&url))
}

/// An address of a database without its password.
fn shown(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://\u{2026}@{host}"),
        _ => url.to_owned(),
    }
}
