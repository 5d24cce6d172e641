//! Leaves an upstream alone for a moment that failed repeatedly, so that its callers are answered
//! at once instead of waiting for the same failure. What one caller asks for does not bring that
//! about: it takes several, or a failure of what the gate asks itself.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use foldhash::fast::FixedState;
use gatehall_domain::UserId;
use std::hash::BuildHasher;

const FAILURES: u32 = 5;
/// So many callers do not fail by what they ask for.
const CALLERS: u32 = 3;
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Breaker {
    began: Instant,
    failures: AtomicU32,
    /// Whose failures they were: a bit for each caller. That two may have the same only makes
    /// them fewer.
    callers: AtomicU64,
    /// Milliseconds after `began` until which nothing is tried.
    rests_until: AtomicU64,
}

/// Who asked for what failed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    /// The gate, on its own behalf.
    Gate,
    Caller(UserId),
}

impl By {
    fn bits(self) -> u64 {
        match self {
            Self::Gate => u64::MAX,
            Self::Caller(user) => 1 << (FixedState::default().hash_one(user) % 64),
        }
    }
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            failures: AtomicU32::new(0),
            callers: AtomicU64::new(0),
            rests_until: AtomicU64::new(0),
        }
    }

    /// Whether the upstream may be tried now.
    pub(crate) fn is_closed(&self) -> bool {
        self.failures.load(Ordering::Relaxed) < FAILURES
            || self.callers.load(Ordering::Relaxed).count_ones() < CALLERS
            || self.now() >= self.rests_until.load(Ordering::Relaxed)
    }

    pub(crate) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        if self.callers.load(Ordering::Relaxed) != 0 {
            self.callers.store(0, Ordering::Relaxed);
        }
    }

    /// What the gate asked itself failed, too, before a call could be made.
    pub(crate) fn blame_server(&self) {
        self.callers.fetch_or(By::Gate.bits(), Ordering::Relaxed);
    }

    pub(crate) fn failed(&self, by: By) {
        self.callers.fetch_or(by.bits(), Ordering::Relaxed);
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        let rest = Duration::from_millis(500)
            * 2_u32.saturating_pow(failures.saturating_sub(FAILURES).min(8));
        let until = self.now() + rest.min(LONGEST).as_millis() as u64;
        self.rests_until.store(until, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn caller(number: u128) -> By {
        By::Caller(UserId(Uuid::from_u128(number)))
    }

    #[test]
    fn opens_after_repeated_failures_and_closes_after_one_success() {
        let breaker = Breaker::new();
        for _ in 0..FAILURES - 1 {
            breaker.failed(By::Gate);
            assert!(breaker.is_closed());
        }
        breaker.failed(By::Gate);
        assert!(!breaker.is_closed());
        breaker.succeeded();
        assert!(breaker.is_closed());
    }

    #[test]
    fn one_caller_alone_does_not_open_it() {
        let breaker = Breaker::new();
        for _ in 0..1000 {
            breaker.failed(caller(7));
            assert!(breaker.is_closed());
        }
        breaker.blame_server();
        assert!(!breaker.is_closed(), "the gate had the same trouble");
        breaker.succeeded();
        (0..20).for_each(|number| breaker.failed(caller(number)));
        assert!(!breaker.is_closed(), "many had the same trouble");
    }
}
