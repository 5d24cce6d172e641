//! Hears from a server that its tools have changed, on the stream that each era has for it: a GET
//! of the session, or `subscriptions/listen`.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request,
    header::{ACCEPT, CONTENT_TYPE},
};
use http_body_util::Full;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use super::{
    events::{Cursor, Events},
    headers::content_type,
    open::Open,
};
use crate::{
    era::Era,
    upstream::{answer::Message, messages::messages, request, wire::LIST_CHANGED},
};

/// A stream that ends is asked for again after a pause, which grows while none lasts.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// A stream that lived so long did not fail.
const LIVED: Duration = Duration::from_secs(60);
/// How many bytes of one stream are read before it is asked for anew.
const MOST: usize = 4 << 20;
/// How often it is looked whether the session is still there.
const LOOK: Duration = Duration::from_secs(5);

/// Listens until the session is gone, or the server will not have it.
pub(super) async fn listen(open: Weak<Open>, look_again: Arc<Notify>) {
    let mut pause = PAUSE;
    loop {
        let began = Instant::now();
        let heard = tokio::select! {
            heard = hear(&open, &look_again) => heard,
            () = gone(&open) => None,
        };
        if heard.is_none() {
            return;
        }
        if began.elapsed() > LIVED {
            pause = PAUSE;
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = gone(&open) => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        // What changed meanwhile nobody has told.
        look_again.notify_one();
    }
}

/// Waits until the session is not used any more.
async fn gone(open: &Weak<Open>) {
    while open.strong_count() > 0 {
        sleep(LOOK).await;
    }
}

/// Reads one stream to its end. None if there is none to be had.
async fn hear(open: &Weak<Open>, look_again: &Notify) -> Option<()> {
    // What holds the session would keep it from ending.
    let (egress, request) = {
        let open = open.upgrade()?;
        (open.line.egress.clone(), asking(&open))
    };
    let Ok(response) = egress.send(request).await else { return Some(()) };
    let status = response.status();
    let is_stream = content_type(response.headers()).eq_ignore_ascii_case("text/event-stream");
    if status.is_server_error() {
        return Some(());
    }
    if !status.is_success() || !is_stream {
        return None;
    }
    let mut events = Events::new(response.into_body(), MOST, Cursor::default());
    while let Ok(Some(text)) = events.next().await {
        match messages(&text) {
            Ok(None) => take(&text, open, look_again),
            Ok(Some(parts)) => parts.iter().for_each(|part| take(part, open, look_again)),
            Err(error) => tracing::trace!(%error, "passed over what are no messages"),
        }
    }
    Some(())
}

/// Takes what a server says by itself.
fn take(message: &Bytes, open: &Weak<Open>, look_again: &Notify) {
    match Message::read(message) {
        Ok(Message::Notification(method, _)) if method == LIST_CHANGED => look_again.notify_one(),
        Ok(Message::Request(question)) => {
            if let Some(open) = open.upgrade() {
                // Whoever asks without end would else keep the session from ending.
                open.send_back(question.answered_by_gate(), None);
            }
        }
        Ok(Message::Notification(..) | Message::Answer(..)) => {}
        Err(error) => tracing::trace!(%error, "passed over what is no message"),
    }
}

/// The request for the stream.
fn asking(open: &Arc<Open>) -> Request<Full<Bytes>> {
    let line = &open.line;
    match open.era {
        Era::Modern => {
            let message = request::listen(line.id());
            let headers = open.method_headers(request::LISTEN, None, &[]);
            line.request(Method::POST, &open.uri, headers, message)
        }
        Era::Legacy => {
            let mut headers = open.headers.clone();
            headers.remove(CONTENT_TYPE);
            headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
            line.request(Method::GET, &open.uri, headers, Bytes::new())
        }
    }
}
