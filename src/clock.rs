use std::time::SystemTime;

use gatehall_domain::{Clock, Timestamp};

/// The one clock of the program.
#[expect(clippy::disallowed_methods, reason = "this is the place where the time comes from")]
pub fn system_clock() -> Clock {
    Clock::new(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(since.as_micros() as i64)
    })
}
