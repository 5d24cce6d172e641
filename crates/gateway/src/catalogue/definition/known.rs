/// The members of a definition. One that a client could read as one of them is not passed on.
pub(in crate::catalogue) const KNOWN: &[&str] = &[
    "name",
    "title",
    "description",
    "inputSchema",
    "outputSchema",
    "annotations",
    "execution",
    "icons",
    "_meta",
];

/// How deep a definition may be nested. A list adds four levels, Rust's parser ends at 128 and
/// Python's at 200, for the whole list.
pub(super) const DEEPEST: usize = 100;
