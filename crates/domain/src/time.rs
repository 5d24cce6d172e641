//! Points in time. Stored as microseconds, because text sorts wrongly on SQLite.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use time::{
    OffsetDateTime,
    format_description::well_known::{Rfc2822, Rfc3339},
};

use crate::Refusal;

/// Microseconds since 1970-01-01T00:00:00Z. Shown and read as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, as JWT claims count them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// From a date as HTTP has it, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section
    /// 5.6.7).
    pub fn from_http_date(text: &str) -> Option<Self> {
        let zone = text.strip_suffix(" GMT").map(|rest| format!("{rest} +0000"));
        let moment = OffsetDateTime::parse(&zone?, &Rfc2822).ok()?;
        Some(Self(moment.unix_timestamp().checked_mul(1_000_000)?))
    }

    /// The moment `seconds` later (or earlier, if negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok());
        match text {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} microseconds after 1970", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = Refusal;

    /// Reads RFC 3339, or a plain date (then its first moment in UTC).
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let whole =
            if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.replacen(' ', "T", 1) };
        let moment = OffsetDateTime::parse(&whole, &Rfc3339).map_err(|_| {
            Refusal::invalid(
                "time",
                format!("\"{text}\" is not like 2026-11-21 or 2026-11-21T09:30:00Z"),
            )
        })?;
        Ok(Self((moment.unix_timestamp_nanos() / 1_000) as i64))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(moment: Timestamp) -> Self {
        moment.to_string()
    }
}

/// Where the time comes from. The program hands in the system's; a test hands in its own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks `now` each time.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_shows() {
        let moment = Timestamp::from_micros(1_764_000_000_123_456);
        assert_eq!(moment.to_string().parse(), Ok(moment));
        assert_eq!(
            "2026-11-21".parse::<Timestamp>().map(|t| t.to_string()),
            Ok("2026-11-21T00:00:00Z".into())
        );
        let date = Timestamp::from_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date.map(Timestamp::seconds), Some(784_111_777));
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
