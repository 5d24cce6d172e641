//! What was set up is kept in the store, sealed.

use gatehall_domain::json_problem;
use gatehall_open_webui::{Journal, Pending, Record};
use gatehall_store::Alone;
use secrecy::ExposeSecret;

use super::{Wiring, WiringError};
use crate::Desk;

/// What the vault seals it for.
const PURPOSE: &str = "open-webui-setup";

/// Keeps what is done at one Open WebUI, as long as nobody else can be at it.
pub(super) struct Kept<'w> {
    desk: &'w Desk,
    url: &'w str,
    alone: &'w Alone,
}

impl<'w> Kept<'w> {
    pub(super) const fn new(desk: &'w Desk, url: &'w str, alone: &'w Alone) -> Self {
        Self { desk, url, alone }
    }

    async fn write(&self, record: &Record) -> Result<(), String> {
        self.alone.must_be_held().await.map_err(|error| error.to_string())?;
        let text = serde_json::to_vec(record).map_err(|error| error.to_string())?;
        let sealed = self.desk.vault().seal(PURPOSE, self.url, &text);
        let sealed = sealed.map_err(|error| error.to_string())?;
        let now = self.desk.clock().now();
        let kept = self.desk.store().keep_open_webui_setup(self.url, &sealed, now).await;
        kept.map_err(|error| error.to_string())
    }
}

impl Journal for Kept<'_> {
    fn keep<'a>(&'a self, record: &'a Record) -> Pending<'a, Result<(), String>> {
        Box::pin(self.write(record))
    }
}

/// What is kept of the Open WebUI at this address.
pub(super) async fn read(desk: &Desk, url: &str) -> Result<Record, WiringError> {
    let Some(sealed) = desk.store().open_webui_setup(url).await? else {
        return Ok(Record::default());
    };
    let text = desk.vault().open(PURPOSE, url, &sealed);
    let text = text.map_err(|error| WiringError::Unreadable(error.to_string()))?;
    parse(text.expose_secret())
}

fn parse(text: &str) -> Result<Record, WiringError> {
    serde_json::from_str(text)
        .map_err(|error| WiringError::Unreadable(format!("the record {}", json_problem(&error))))
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
    pub(super) async fn keep(&self) -> Result<(), WiringError> {
        let kept =
            Kept::new(&self.desk, self.client.address(), &self.alone).write(&self.record).await;
        kept.map_err(|error| gatehall_open_webui::Fault::NotKept(error).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_of_a_record_is_said_without_what_is_in_it() {
        for text in [r#"{"terms": "ghk_of-somebody"}"#, r#"{"terms": ghk_of-somebody"#] {
            let error = parse(text).err().unwrap().to_string();
            assert!(error.contains("line 1, column"), "{error}");
            assert!(!error.contains("ghk_"), "{error}");
        }
    }
}
