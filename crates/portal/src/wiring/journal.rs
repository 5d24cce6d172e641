//! What was set up is kept in the store, sealed.

use gatehall_open_webui::{Journal, Pending, Record};
use secrecy::ExposeSecret;

use super::{Wiring, WiringError};
use crate::Desk;

/// What the vault seals it for.
const PURPOSE: &str = "open-webui-setup";

/// Keeps what is done at one Open WebUI.
pub(super) struct Kept {
    desk: Desk,
    url: String,
}

impl Kept {
    async fn write(&self, record: &Record) -> Result<(), String> {
        let text = serde_json::to_vec(record).map_err(|error| error.to_string())?;
        let sealed = self.desk.vault().seal(PURPOSE, &self.url, &text);
        let sealed = sealed.map_err(|error| error.to_string())?;
        let now = self.desk.clock().now();
        let kept = self.desk.store().keep_open_webui_setup(&self.url, &sealed, now).await;
        kept.map_err(|error| error.to_string())
    }
}

impl Journal for Kept {
    fn keep<'a>(&'a self, record: &'a Record) -> Pending<'a, Result<(), String>> {
        Box::pin(self.write(record))
    }
}

/// What is kept of the Open WebUI at this address.
pub(super) async fn read(desk: &Desk, url: &str) -> Result<Record, WiringError> {
    let Some(sealed) = desk.store().open_webui_setup(url).await? else {
        return Ok(Record::default());
    };
    let unreadable = |error: &dyn std::fmt::Display| WiringError::Unreadable(error.to_string());
    let text = desk.vault().open(PURPOSE, url, &sealed).map_err(|error| unreadable(&error))?;
    serde_json::from_str(text.expose_secret()).map_err(|error| unreadable(&error))
}

/// Where else an Open WebUI with these accounts was set up.
pub(super) async fn elsewhere(
    desk: &Desk,
    here: &str,
    chat: &str,
) -> Result<Option<String>, WiringError> {
    for url in desk.store().open_webui_setups().await? {
        // What cannot be read is told where it is used.
        let Ok(record) = read(desk, &url).await else { continue };
        if url != here && (record.chat == chat || record.chat.is_empty()) {
            return Ok(Some(url));
        }
    }
    Ok(None)
}

/// Forgets it.
pub(super) async fn forget(desk: &Desk, url: &str) -> Result<(), WiringError> {
    Ok(desk.store().forget_open_webui_setup(url).await?)
}

impl Wiring {
    pub(super) fn journal(&self) -> Kept {
        Kept { desk: self.desk.clone(), url: self.client.address().to_owned() }
    }

    pub(super) async fn keep(&self) -> Result<(), WiringError> {
        let kept = self.journal().write(&self.record).await;
        kept.map_err(|error| gatehall_open_webui::Fault::NotKept(error).into())
    }
}
