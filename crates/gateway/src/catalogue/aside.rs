//! Work that takes a processor for long, beside the runtime whose threads serve everybody.

use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::upstream::UpstreamError;

/// How much work of this kind is done at once, so that it leaves processors to others.
const AT_ONCE: usize = 2;
static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// What is not larger, in bytes, waits for no place.
const SMALL: usize = 64 << 10;

/// Does what reads so many bytes of a server's. Once begun, it is done to its end.
///
/// # Errors
/// If it panics: then it is over for this server until it is tried again, and for no other.
pub(super) async fn aside<T: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, UpstreamError> {
    let place = if size > SMALL { PLACES.acquire().await.ok() } else { None };
    let done = spawn_blocking(move || {
        let done = work();
        drop(place);
        done
    });
    done.await.map_err(|_| {
        UpstreamError::Junk("what it offers cannot be read, by a fault of Gatehall".into())
    })
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    #[tokio::test]
    async fn work_holds_up_no_other() {
        for size in [SMALL, SMALL + 1] {
            let (tell, told) = mpsc::channel();
            let work = aside(size, move || told.recv_timeout(Duration::from_secs(30)));
            let (heard, ()) = tokio::join!(work, async { tell.send(()).unwrap() });
            assert_eq!(heard.unwrap(), Ok(()));
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_leaves_room_for_others() {
        for _ in 0..=AT_ONCE {
            let work = aside(SMALL + 1, || panic!("it is a test"));
            let failed: Result<(), UpstreamError> = work.await;
            assert!(matches!(failed, Err(UpstreamError::Junk(_))));
        }
        assert_eq!(aside(SMALL + 1, || 7).await.unwrap(), 7);
    }
}
