//! Error codes of replies.

use std::fmt;

/// The reason for which a server did not carry a request out. The values are those of `errno` on Linux.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// The export is read-only, or its medium write-protected (`EPERM`).
    pub const NOT_PERMITTED: Self = Self(1);
    /// Reading or writing failed (`EIO`).
    pub const IO: Self = Self(5);
    /// The server has no memory for the request (`ENOMEM`).
    pub const OUT_OF_MEMORY: Self = Self(12);
    /// The request is malformed, or ends beyond the export (`EINVAL`).
    pub const INVALID: Self = Self(22);
    /// No space is left, or a write ends beyond the export (`ENOSPC`).
    pub const NO_SPACE: Self = Self(28);
    /// The reply does not fit in one chunk (`EOVERFLOW`).
    pub const OVERFLOW: Self = Self(75);
    /// The server does not support the request, or not quickly (`ENOTSUP`).
    pub const NOT_SUPPORTED: Self = Self(95);
    /// The server is shutting down (`ESHUTDOWN`).
    pub const SHUTTING_DOWN: Self = Self(108);

    /// Returns the name of the code in `errno.h`, if it has one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NOT_PERMITTED => "EPERM",
            Self::IO => "EIO",
            Self::OUT_OF_MEMORY => "ENOMEM",
            Self::INVALID => "EINVAL",
            Self::NO_SPACE => "ENOSPC",
            Self::OVERFLOW => "EOVERFLOW",
            Self::NOT_SUPPORTED => "ENOTSUP",
            Self::SHUTTING_DOWN => "ESHUTDOWN",
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "error {}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_shown_by_name_or_number() {
        assert_eq!(ErrorCode::NO_SPACE.to_string(), "ENOSPC");
        assert_eq!(format!("{:?}", ErrorCode(99)), "error 99");
    }

    #[test]
    fn every_code_has_a_name_of_its_own() {
        let codes = [1, 5, 12, 22, 28, 75, 95, 108];
        let names: BTreeSet<_> = codes.into_iter().map(|code| ErrorCode(code).name()).collect();
        assert_eq!((names.len(), names.contains(&None)), (codes.len(), false));
    }
}
