use std::fmt;

use serde::{Serialize, Serializer};

use crate::names::shown;

/// Characters of a key that are shown.
const SHOWN: usize = 400;

/// The key of a row that cannot be read, column by column. All of it tells which row it is; what is
/// shown of it is cut, and fit for showing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnreadKey(String);

impl UnreadKey {
    pub(super) fn whole(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for UnreadKey {
    fn from(whole: T) -> Self {
        Self(whole.into())
    }
}

impl fmt::Display for UnreadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0, SHOWN))
    }
}

impl Serialize for UnreadKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
