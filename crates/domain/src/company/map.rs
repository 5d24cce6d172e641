use std::sync::Arc;

use foldhash::fast::RandomState;
use imbl::{GenericHashMap, shared_ptr::DefaultSharedPtr};

/// A map of which a copy costs nothing and a change of it little, whatever its size: both share
/// what is the same.
pub type Map<K, V> = GenericHashMap<K, V, RandomState, DefaultSharedPtr>;

/// Records by key.
pub type Table<K, V> = Map<K, Arc<V>>;
