//! Leaves an upstream alone for a moment that failed repeatedly, so that its callers are answered
//! at once instead of waiting for the same failure.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::{Duration, Instant},
};

const FAILURES: u32 = 5;
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Breaker {
    began: Instant,
    failures: AtomicU32,
    /// Milliseconds after `began` until which nothing is tried.
    rests_until: AtomicU64,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), failures: AtomicU32::new(0), rests_until: AtomicU64::new(0) }
    }

    /// Whether the upstream may be tried now.
    pub(crate) fn is_closed(&self) -> bool {
        self.failures.load(Ordering::Relaxed) < FAILURES
            || self.now() >= self.rests_until.load(Ordering::Relaxed)
    }

    pub(crate) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn failed(&self) {
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
    use super::*;

    #[test]
    fn opens_after_repeated_failures_and_closes_after_one_success() {
        let breaker = Breaker::new();
        for _ in 0..FAILURES - 1 {
            breaker.failed();
            assert!(breaker.is_closed());
        }
        breaker.failed();
        assert!(!breaker.is_closed());
        breaker.succeeded();
        assert!(breaker.is_closed());
    }
}
