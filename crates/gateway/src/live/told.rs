use std::sync::Arc;

use gatehall_domain::{ConnectionId, DefinitionsEvent, Snapshot, Timestamp, names};

/// A server that says something else at every look is told of once in so many seconds.
const PAUSE: i64 = 60;
/// Reasons that an event has.
const REASONS: usize = 5;
/// Characters of one.
const LONGEST: usize = 200;

/// What the audit was told last of the tools that were left out of a connection.
#[derive(Debug, Default)]
pub(super) struct Told {
    left_out: Vec<String>,
    at: Option<Timestamp>,
}

impl Told {
    /// The event that tells of a change, if there is one.
    pub(super) fn of(
        &mut self,
        left_out: &[String],
        connection: ConnectionId,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Option<DefinitionsEvent> {
        if self.at.is_some_and(|at| now < at.plus_seconds(PAUSE)) {
            return None;
        }
        // A server may list them in another order each time.
        let mut left_out = left_out.to_vec();
        left_out.sort_unstable();
        if self.left_out == left_out {
            return None;
        }
        (self.left_out, self.at) = (left_out.clone(), Some(now));
        let mut reasons: Vec<String> = left_out
            .iter()
            .take(REASONS)
            .map(|it| names::shown(it, LONGEST).into_owned())
            .collect();
        if left_out.len() > REASONS {
            reasons.push(format!("{} more", left_out.len() - REASONS));
        }
        let snapshot = Arc::clone(snapshot);
        Some(DefinitionsEvent { at: now, snapshot, connection, left_out: reasons })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_a_flood_is_not() {
        let mut told = Told::default();
        let snapshot = Arc::new(Snapshot::new(1, Default::default()));
        let connection = ConnectionId(uuid::Uuid::nil());
        let mut tell = |left_out: &[&str], seconds: i64| {
            let left_out: Vec<String> = left_out.iter().map(ToString::to_string).collect();
            let now = Timestamp::from_micros(seconds * 1_000_000);
            told.of(&left_out, connection, &snapshot, now).map(|event| event.left_out)
        };
        assert_eq!(tell(&[], 0), None);
        assert_eq!(tell(&["a"], 1).unwrap(), ["a"]);
        assert_eq!(tell(&["a"], 100), None);
        assert_eq!(tell(&["b"], 101).unwrap(), ["b"]);
        assert_eq!(tell(&["c"], 110), None);
        assert_eq!(tell(&["c"], 170).unwrap(), ["c"]);
        assert_eq!(tell(&["1", "2", "3", "4", "5", "6", "7"], 300).unwrap()[5], "2 more");
        assert_eq!(tell(&[], 400).unwrap(), Vec::<String>::new());
        assert_eq!(tell(&["c", "b", "a"], 500).unwrap(), ["a", "b", "c"]);
        assert_eq!(tell(&["b", "a", "c"], 600), None, "in another order");
    }
}
