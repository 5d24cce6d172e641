//! The Open WebUIs of a gate: their secrets are held against those of other gates, and what has to
//! be told of them is told through the store.

use anyhow::{Result, ensure};
use gatehall_domain::{Company, OPEN_WEBUI, Snapshot};
use gatehall_identity::Doors;
use gatehall_store::Store;

use crate::{
    office::Office,
    settings::{MadeUp, OpenWebUiSource, ServeSettings, open_webuis},
};

/// The Open WebUIs that are set, made sure of.
///
/// # Errors
/// If one cannot be used, or this gate alone would know its secret.
pub(super) async fn known(
    office: &Office,
    settings: &ServeSettings,
    snapshot: &Snapshot,
) -> Result<Vec<OpenWebUiSource>> {
    let all = open_webuis(&settings.open_webuis(), &office.data_dir, MadeUp::Make)?;
    let company = snapshot.company();
    let now = office.clock.now();
    let uses = company.keys.values().any(|key| key.user.is_none() && key.is_live(now));
    for it in &all {
        check_name(it, company)?;
        compare(office, it, uses).await?;
    }
    Ok(all)
}

/// Accounts are bound by the name of their source.
fn check_name(it: &OpenWebUiSource, company: &Company) -> Result<()> {
    let id = &it.chat.id;
    let mut providers = company.providers.keys();
    ensure!(
        id == OPEN_WEBUI || !providers.any(|other| other.as_str().eq_ignore_ascii_case(id)),
        "a provider has the id {id}, which the file of GATEHALL_OPEN_WEBUIS gives to an Open WebUI: \
         choose another there"
    );
    Ok(())
}

/// Holds the secret against that which gates of this company had before.
///
/// One that was made up is this machine's alone, unless the data folder is shared: beside another
/// gate on one database, Open WebUI's users would have tools at one of the two, so it is refused. One
/// that was set is believed, since otherwise no secret could be changed with gates that start one
/// after the other; as long as gates differ, the overview and the doctor say so.
async fn compare(office: &Office, it: &OpenWebUiSource, uses: bool) -> Result<()> {
    let (store, now) = (&office.store, office.clock.now());
    let (id, own) = (it.chat.id.as_str(), it.chat.fingerprint());
    let shared = store.kind() != "SQLite";
    let before = store.open_webui_secrets().await?.remove(id);
    let kept = store.keep_open_webui_secret(id, &own, !(it.made_up && shared), now).await?;
    if kept != own {
        let differs = format!(
            "this gate made up a secret of Open WebUI by itself (SHA-256 {own}\u{2026}), and the \
             gates of this database had another one ({kept}\u{2026}), so that Open WebUI's users \
             would have tools now and then: set GATEHALL_OPEN_WEBUI_SECRET to the same text at all \
             gates"
        );
        ensure!(!uses, "{differs}");
        tracing::warn!("{differs}");
    } else if let Some(before) = before.filter(|before| *before != own) {
        tracing::warn!(
            "the secret of {id} is another one than before (SHA-256 {own}\u{2026}, before \
             {before}\u{2026}): restart the other gates with it, and give it to that Open WebUI as \
             FORWARD_USER_INFO_HEADER_JWT_SECRET"
        );
    }
    Ok(())
}

/// Tells through the store which accounts this gate did not let in.
pub(super) async fn tell_refused_accounts(store: &Store, doors: &Doors) {
    let refused = doors.take_refused_accounts(&doors.snapshot());
    if refused.is_empty() {
        return;
    }
    if let Err(error) = store.put_refused_accounts(&refused, doors.now()).await {
        tracing::debug!(%error, "the database does not know of accounts that were refused");
        doors.give_back_refused_accounts(refused);
    }
}
