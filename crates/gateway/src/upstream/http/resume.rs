//! A stream that ends before its answer, and said where it stands, is taken up again with GET. The
//! request itself is never sent twice.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{
    HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use tokio::time::sleep;

use super::{
    events::{Cursor, Events},
    headers,
    open::Open,
};
use crate::{era::Era, upstream::error::UpstreamError};

/// The wait, where the server names none.
const USUAL_WAIT: Duration = Duration::from_secs(1);
/// However short a wait the server names, it is not asked more often.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// A stream that brings nothing again and again is taken up with longer and longer pauses, up to
/// this.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How often in a row it may fail to hand the stream out.
const TRIES: u32 = 3;

static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The rest of a stream, on its way.
pub(super) type Rest = BoxFuture<'static, Result<Events, UpstreamError>>;

/// The rest of a stream that ended there, if it can be asked for. How long that may take is up to
/// whoever waits.
pub(super) fn rest(open: &Arc<Open>, cursor: &Cursor, limit: usize) -> Option<Rest> {
    let last_id = cursor.last_id.clone()?;
    // The modern era has nothing of the kind.
    (open.era == Era::Legacy).then_some(())?;
    let (open, mut cursor) = (Arc::clone(open), cursor.clone());
    Some(Box::pin(async move {
        // A server may close again and again; one that has nothing to say is asked less often.
        let shortest = match cursor.empty {
            few if few < TRIES => SHORTEST_WAIT,
            many => (USUAL_WAIT * (many / TRIES)).min(LONGEST_WAIT),
        };
        cursor.empty += 1;
        let wait = cursor.retry.unwrap_or(USUAL_WAIT).max(shortest);
        let mut tries = 0;
        loop {
            sleep(wait).await;
            tries += 1;
            match ask(&open, &last_id, &cursor, limit).await {
                Err(error) if tries < TRIES && may_pass(&error) => {}
                Ok(events) => return Ok(events),
                Err(error) => {
                    return Err(UpstreamError::Ended(format!(
                        "the stream ended before the answer, and its rest could not be had: {error}"
                    )));
                }
            }
        }
    }))
}

/// Whether it may be otherwise in a moment.
const fn may_pass(error: &UpstreamError) -> bool {
    error.is_outage() || matches!(error, UpstreamError::Ended(_))
}

async fn ask(
    open: &Open,
    last_id: &HeaderValue,
    cursor: &Cursor,
    limit: usize,
) -> Result<Events, UpstreamError> {
    let mut with = open.headers.clone();
    with.remove(CONTENT_TYPE);
    with.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    with.insert(&LAST_EVENT_ID, last_id.clone());
    let request = open.line.request(Method::GET, &open.uri, with, Bytes::new());
    let response = open.line.egress.send(request).await?;
    let status = response.status();
    let kind = headers::content_type(response.headers());
    if status != StatusCode::OK || !kind.eq_ignore_ascii_case("text/event-stream") {
        let excerpt = format!("to GET, with content type \"{kind}\"");
        return Err(UpstreamError::Status { status: status.as_u16(), excerpt });
    }
    if let Some(encoding) = headers::encoding(response.headers()) {
        return Err(UpstreamError::Encoded(encoding));
    }
    Ok(Events::new(response.into_body(), limit, cursor.clone()))
}
