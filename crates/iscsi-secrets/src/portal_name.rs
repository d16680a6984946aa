//! The address of a portal, under which the store keeps what a discovery there takes.

use std::fmt;
use std::str::FromStr;

/// The address of a portal as the key of a store entry, such as `192.0.2.7:3260` or `[2001:db8::7]:3260`: 1 to 261
/// octets without control characters or white space.
///
/// It is kept octet for octet. Bringing what a person typed into one form is for the caller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortalName(String);

impl PortalName {
    /// A host name of 253 octets, brackets or a colon, and a port.
    pub const MAX_OCTETS: usize = 261;

    /// Checks and keeps `name`.
    pub fn new(name: impl Into<String>) -> Result<Self, PortalNameError> {
        let name = name.into();
        if name.is_empty() {
            return Err(PortalNameError::Empty);
        }
        if name.len() > Self::MAX_OCTETS {
            return Err(PortalNameError::TooLong { octets: name.len() });
        }
        match name.chars().find(|c| c.is_control() || c.is_whitespace()) {
            Some(character) => Err(PortalNameError::Character { character }),
            None => Ok(Self(name)),
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PortalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PortalName {
    type Err = PortalNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

/// Why a text is not a [`PortalName`].
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PortalNameError {
    /// There was not one octet.
    #[error("caller: the address of a portal has at least 1 octet")]
    Empty,
    /// There were more than [`PortalName::MAX_OCTETS`].
    #[error("caller: the address of a portal has at most 261 octets, not {octets}")]
    TooLong {
        /// How many octets the address has.
        octets: usize,
    },
    /// Control characters and white space have no place in an address.
    #[error("caller: the address of a portal cannot hold {character:?}")]
    Character {
        /// The first such character.
        character: char,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_and_anything_else_is_refused() {
        for name in ["192.0.2.7:3260", "[2001:db8::7%eth0]:3260", "host.example:860"] {
            assert_eq!(name.parse::<PortalName>().unwrap().to_string(), name);
        }
        assert_eq!(PortalName::new(""), Err(PortalNameError::Empty));
        assert_eq!(PortalName::new("a b"), Err(PortalNameError::Character { character: ' ' }));
        assert_eq!(PortalName::new("h".repeat(262)), Err(PortalNameError::TooLong { octets: 262 }));
    }
}
