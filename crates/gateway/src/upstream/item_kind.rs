/// What servers have lists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemKind {
    Tool,
}

impl ItemKind {
    /// The method that asks for the list.
    pub(super) const fn list_method(self) -> &'static str {
        match self {
            Self::Tool => "tools/list",
        }
    }

    /// The member of its result that has the items.
    pub(super) const fn list_member(self) -> &'static str {
        match self {
            Self::Tool => "tools",
        }
    }
}
