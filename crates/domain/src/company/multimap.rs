use std::{hash::Hash, sync::Arc};

use super::map::Map;

/// Values by key, several of one key and the same more than once. Copies share what they do not
/// change.
#[derive(Debug, Clone)]
pub(super) struct Multimap<K, V>(Map<K, Arc<Vec<V>>>);

impl<K, V> Default for Multimap<K, V> {
    fn default() -> Self {
        Self(Map::default())
    }
}

impl<K: Hash + Eq + Clone, V: PartialEq + Clone> Multimap<K, V> {
    /// The values of a key, in no order.
    pub(super) fn of(&self, key: &K) -> &[V] {
        self.0.get(key).map_or(&[], |values| values.as_slice())
    }

    pub(super) fn add(&mut self, key: K, value: V) {
        Arc::make_mut(self.0.entry(key).or_default()).push(value);
    }

    /// Takes one of the values that are equal to this one.
    pub(super) fn take(&mut self, key: &K, value: &V) {
        let Some(values) = self.0.get_mut(key) else { return };
        let values = Arc::make_mut(values);
        if let Some(at) = values.iter().position(|it| it == value) {
            values.swap_remove(at);
        }
        if values.is_empty() {
            self.0.remove(key);
        }
    }
}
