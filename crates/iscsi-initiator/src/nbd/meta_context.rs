//! Metadata contexts: the meanings of the state of blocks.

/// The name of the context that tells mapped blocks and zeros.
pub const ALLOCATION: &str = "base:allocation";

/// The number of a context in replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContextId(pub u32);

impl ContextId {
    /// The number of [`ALLOCATION`].
    pub const ALLOCATION: Self = Self(1);
}

/// Returns whether a query selects [`ALLOCATION`]. In a list of contexts, the name of its namespace is enough.
pub(super) fn selects_allocation(query: &[u8], is_list: bool) -> bool {
    query == ALLOCATION.as_bytes() || is_list && query == b"base:"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_selected_by_its_name_and_listed_by_its_namespace() {
        for (query, selects, lists) in [
            ("base:allocation", true, true),
            ("base:", false, true),
            ("base", false, false),
            ("base:allocations", false, false),
            ("qemu:dirty-bitmap:x", false, false),
            ("", false, false),
        ] {
            assert_eq!(selects_allocation(query.as_bytes(), false), selects, "{query}");
            assert_eq!(selects_allocation(query.as_bytes(), true), lists, "{query}");
        }
    }
}
