use std::{any::Any, sync::Arc};

/// Snapshots and moments that are served no more, as long as a request may have them. Taking a large
/// one apart takes milliseconds, so that no request may be the last to hold it.
#[derive(Debug, Default)]
pub(super) struct Retired(Vec<Thing>);

type Thing = Arc<dyn Any + Send + Sync>;

impl Retired {
    pub(super) fn add(&mut self, thing: Thing) {
        // What was served twice is held here once, so that the count tells whether others have it.
        if !self.0.iter().any(|it| Arc::ptr_eq(it, &thing)) {
            self.0.push(thing);
        }
    }

    /// Gives back what nobody else has.
    pub(super) fn unused(&mut self) -> Vec<Thing> {
        self.0.extract_if(.., |it| Arc::strong_count(it) == 1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_has_is_given_back_after_it() {
        let (first, second) = (Arc::new(1), Arc::new(2));
        let mut retired = Retired::default();
        retired.add(Arc::<i32>::clone(&first));
        retired.add(Arc::<i32>::clone(&first));
        retired.add(Arc::<i32>::clone(&second));
        assert_eq!(retired.unused().len(), 0);
        drop(first);
        let gone = retired.unused();
        assert!(matches!(&gone[..], [it] if it.downcast_ref() == Some(&1)));
        drop(second);
        assert_eq!(retired.unused().len(), 1);
        assert_eq!(retired.unused().len(), 0);
    }
}
