//! A file as a page or a program sends it.

use std::sync::Arc;

use axum::extract::{FromRequest, Multipart, Request, multipart::MultipartError};
use gatehall_control::import::{Choice, FileText};
use http::{StatusCode, header::CONTENT_TYPE};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::web::{Fault, Input, Portal};

/// The largest file, in bytes.
pub(super) const LARGEST_FILE: usize = 8 << 20;

/// A file to import.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Upload {
    /// The content of the file.
    pub(super) text: String,
    /// Its name, whose extension tells the format; if omitted, the content does.
    #[serde(default)]
    pub(super) file_name: String,
    /// The format, whatever the name is: `json`, `toml`, `yaml` or `csv`.
    #[serde(default)]
    pub(super) format: String,
    /// Also remove what is not in the file.
    #[serde(default)]
    pub(super) prune: bool,
    /// Apply the correct rows even if others are wrong.
    #[serde(default)]
    pub(super) partial: bool,
    /// Skip new records.
    #[serde(default)]
    pub(super) leave_new: bool,
    /// Skip changes to existing records.
    #[serde(default)]
    pub(super) leave_changed: bool,
    /// The plan that was reviewed; refused if it is a different one by now.
    pub(super) seen: Option<String>,
    /// Whether the encoding of the file was guessed.
    #[serde(skip)]
    pub(super) guessed: bool,
}

impl Upload {
    /// What of it is wanted.
    pub(super) fn choice(&self) -> Choice {
        Choice {
            new: !self.leave_new,
            changed: !self.leave_changed,
            extra: self.prune,
            partial: self.partial,
            ..Choice::default()
        }
    }

    /// The name that the file is read by.
    pub(super) fn read_as(&self) -> String {
        match self.format.as_str() {
            "" => self.file_name.clone(),
            format => format!("import.{format}"),
        }
    }
}

impl FromRequest<Arc<Portal>> for Upload {
    type Rejection = Fault;

    async fn from_request(request: Request, portal: &Arc<Portal>) -> Result<Self, Fault> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let upload = if kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let form = Multipart::from_request(request, portal).await;
            read(form.map_err(|error| Fault::field("form", error.body_text()))?).await?
        } else {
            let Input(upload) = Input::from_request(request, portal).await?;
            upload
        };
        match upload.format.as_str() {
            "" | "json" | "toml" | "yaml" | "csv" => Ok(upload),
            _ => Err(Fault::field("format", "choose json, toml, yaml or csv")),
        }
    }
}

async fn read(mut form: Multipart) -> Result<Upload, Fault> {
    let mut upload = Upload::default();
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|error| unreadable(&error))?;
        let read = FileText::of(&bytes).filter(|it| name == "file" || !it.guessed);
        let FileText { text, guessed } =
            read.ok_or_else(|| Fault::field(&name, "save the file as UTF-8 text"))?;
        match name.as_str() {
            // Without script the file comes itself, and says more than an empty field.
            "file" if text.is_empty() => {}
            "file" => (upload.text, upload.file_name, upload.guessed) = (text, file_name, guessed),
            // Forms make every line end with two characters.
            "text" if upload.text.is_empty() => upload.text = text.replace("\r\n", "\n"),
            "file_name" if upload.file_name.is_empty() => upload.file_name = text,
            "format" => upload.format = text,
            "prune" => upload.prune = text == "true",
            "partial" => upload.partial = text == "true",
            "leave_new" => upload.leave_new = text == "true",
            "leave_changed" => upload.leave_changed = text == "true",
            "seen" => upload.seen = Some(text),
            _ => {}
        }
    }
    Ok(upload)
}

fn unreadable(error: &MultipartError) -> Fault {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Fault::TooLarge,
        _ => Fault::field("form", error.body_text()),
    }
}
