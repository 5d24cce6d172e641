//! Numbers as people read them.

use std::fmt::Display;

/// A number with its word.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let word = if count == N::from(1) { one } else { many };
    format!("{count} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one() {
        assert_eq!(counted(1_usize, "key", "keys"), "1 key");
        assert_eq!(counted(0_u64, "time", "times"), "0 times");
        assert_eq!(counted(2_usize, "person", "people"), "2 people");
    }
}
