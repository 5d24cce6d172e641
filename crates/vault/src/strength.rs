//! Which secrets are none, and how long they are.

use std::collections::BTreeSet;

/// A secret that programs agree on has at least so many characters.
pub const SHORTEST_SECRET: usize = 16;

/// The longest secret of a server or a provider, in bytes.
pub const LONGEST_SECRET: usize = 16 << 10;

/// Words that stand where somebody forgot to put a secret. Each is so long that no random secret
/// has it.
const WORDS: [&str; 7] =
    ["changeme", "change-me", "change_me", "placeholder", "replace", "your-secret", "example"];

/// A secret of fewer different characters was typed with one finger.
const FEWEST_CHARACTERS: usize = 6;

/// What is weak about a secret that programs agree on, as the end of a sentence about it.
pub fn weakness(secret: &str) -> Option<String> {
    if secret.chars().count() < SHORTEST_SECRET {
        return Some(format!("is too short: use {SHORTEST_SECRET} characters or more"));
    }
    if is_placeholder(secret) {
        return Some("only stands in for a secret: use a random one".into());
    }
    None
}

/// Whether a text only stands where a secret is to be.
pub fn is_placeholder(secret: &str) -> bool {
    let small = secret.to_lowercase();
    let different = small.chars().collect::<BTreeSet<_>>().len();
    let is_worn = secret.chars().count() >= SHORTEST_SECRET && different < FEWEST_CHARACTERS;
    let is_marked = small.starts_with('<') && small.ends_with('>');
    is_worn || is_marked || WORDS.iter().any(|word| small.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_stands_in_for_a_secret_is_weak() {
        for weak in [
            "short",
            "123456789012345",
            "ChangeMe-ChangeMe-1",
            "change_me_to_a_long_secret",
            "<your secret goes here>",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababababababab",
            "replace this with a secret",
        ] {
            assert!(weakness(weak).is_some(), "{weak}");
        }
        for strong in
            ["the secret of sales", "0123456789abcdef", "wQ3-_8fJ2nnxYb0aT71LpzRkE5sVdHcM"]
        {
            assert_eq!(weakness(strong), None, "{strong}");
        }
        assert!(is_placeholder("changeme") && !is_placeholder("word") && !is_placeholder("aaaa"));
    }
}
