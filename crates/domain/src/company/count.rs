use std::hash::Hash;

use foldhash::HashMap;

/// How many records there are of each kind of thing. What none is of is not kept.
#[derive(Debug, Clone)]
pub(super) struct Count<K>(HashMap<K, usize>);

impl<K> Default for Count<K> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Hash + Eq> Count<K> {
    pub(super) fn has(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn add(&mut self, key: K) {
        *self.0.entry(key).or_default() += 1;
    }

    pub(super) fn take(&mut self, key: K) {
        let left = self.0.remove(&key).unwrap_or_default().saturating_sub(1);
        if left > 0 {
            self.0.insert(key, left);
        }
    }
}
