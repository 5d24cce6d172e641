use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Answer, Facts, Link, Upstream, UpstreamError, error_parts};
use crate::json;

/// How many tools one upstream may offer.
const MOST_TOOLS: usize = 20_000;
/// How many bytes its definitions may have, and on how many pages they may come.
const MOST_BYTES: usize = 64 << 20;
const MOST_PAGES: usize = 2000;
/// How long the whole list may take.
const LIST_TIME: Duration = Duration::from_secs(120);

/// All tools of an upstream.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The definitions as raw JSON objects.
    pub(crate) tools: Vec<Bytes>,
    /// What the upstream said of itself.
    pub(crate) facts: Facts,
    /// How long the upstream says the list stays true.
    pub(crate) stays: Option<Duration>,
}

/// The result of `tools/list`, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow)]
    tools: Vec<&'a RawValue>,
    #[serde(default)]
    next_cursor: Option<String>,
    #[serde(default)]
    ttl_ms: Option<u64>,
}

impl Upstream {
    /// Asks for all pages of the list of tools.
    ///
    /// # Errors
    /// If the upstream cannot be asked or answers something else. A list is whole or not at all.
    pub(crate) async fn list(&self) -> Result<Listing, UpstreamError> {
        let listed = match self.list_once().await {
            // A list may safely be asked for twice.
            Err(UpstreamError::SessionLost) => self.list_once().await,
            Err(
                error @ (UpstreamError::Junk(_)
                | UpstreamError::Status { status: 400..=499, .. }
                | UpstreamError::Handshake(_)),
            ) => {
                // Perhaps it is of another era than it was.
                self.forget();
                Err(error)
            }
            other => other,
        };
        self.report(listed.as_ref().err());
        listed
    }

    async fn list_once(&self) -> Result<Listing, UpstreamError> {
        let listed = tokio::time::timeout(LIST_TIME, self.pages()).await;
        let listed = listed.unwrap_or(Err(UpstreamError::TimedOut(LIST_TIME.as_secs())));
        let facts =
            |listing: Listing| Listing { facts: self.secrets.facts(listing.facts), ..listing };
        self.told(listed).map(facts)
    }

    async fn pages(&self) -> Result<Listing, UpstreamError> {
        let (mut tools, mut stays, mut cursor) = (Vec::new(), None, None::<String>);
        let mut bytes = 0;
        for _ in 0..MOST_PAGES {
            let params: Vec<(&str, String)> =
                cursor.iter().map(|cursor| ("cursor", json::string(cursor))).collect();
            let (answer, facts) = self.ask("tools/list", &params).await?;
            let result = match answer {
                Answer::Result(result) => result.raw,
                Answer::Error(error) => match error_parts(&error) {
                    // A server without tools need not know the method.
                    (-32601, _) => return Ok(Listing { tools, facts, stays }),
                    (_, message) => {
                        return Err(UpstreamError::Junk(format!("tools/list: {message}")));
                    }
                },
            };
            let junk =
                |error: serde_json::Error| UpstreamError::Junk(format!("tools/list: {error}"));
            let page: Page<'_> = serde_json::from_slice(&result).map_err(junk)?;
            bytes += page.tools.iter().map(|tool| tool.get().len()).sum::<usize>();
            // Copies: a page may hold much that is no definition.
            let copy = |tool: &&RawValue| Bytes::copy_from_slice(tool.get().as_bytes());
            tools.extend(page.tools.iter().map(copy));
            stays = page.ttl_ms.filter(|ms| *ms > 0).map(Duration::from_millis);
            if tools.len() > MOST_TOOLS || bytes > MOST_BYTES {
                return Err(UpstreamError::Junk(format!(
                    "it offers more than {MOST_TOOLS} tools or {MOST_BYTES} bytes of them"
                )));
            }
            match page.next_cursor {
                None => return Ok(Listing { tools, facts, stays }),
                Some(next) => cursor = Some(next),
            }
        }
        Err(UpstreamError::Junk("its list of tools never ends".into()))
    }

    async fn ask(
        &self,
        method: &'static str,
        params: &[(&str, String)],
    ) -> Result<(Answer, Facts), UpstreamError> {
        match &self.link {
            Link::Http(link) => link.ask(method, params).await,
            Link::Stdio(link) => link.ask(method, params).await,
            Link::Broken(error) => Err(error.clone()),
        }
    }

    fn forget(&self) {
        match &self.link {
            Link::Http(link) => link.forget(),
            Link::Stdio(link) => link.reset(),
            Link::Broken(_) => {}
        }
    }
}
