//! The iSCSI name of a target, under which the store keeps its entries.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// An iSCSI target name as the key of a store entry: 1 to 223 octets without control characters or white space.
///
/// It is kept octet for octet. Bringing a name that a person typed into its prepared, lower-case form (RFC 7143
/// section 4.2.7.1) is for the caller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetName(String);

impl TargetName {
    /// The longest iSCSI name, in octets (RFC 7143 section 4.2.7.1).
    pub const MAX_OCTETS: usize = 223;

    /// The namespace in which [`object_id`](Self::object_id) derives UUIDs of version 5 from target names.
    pub const OBJECT_ID_NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_53f2_2b7c_4f0e_9a65_4d1c_8e37_b0a9);

    /// Checks and keeps `name`.
    pub fn new(name: impl Into<String>) -> Result<Self, TargetNameError> {
        let name = name.into();
        if name.is_empty() {
            return Err(TargetNameError::Empty);
        }
        if name.len() > Self::MAX_OCTETS {
            return Err(TargetNameError::TooLong { octets: name.len() });
        }
        match name.chars().find(|c| c.is_control() || c.is_whitespace()) {
            Some(character) => Err(TargetNameError::Character { character }),
            None => Ok(Self(name)),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id under which the VDS door knows this target: the same name has the same id, on every machine.
    ///
    /// It is the UUID of version 5 of the name in lower case, which is its prepared form (RFC 7143 section 4.2.7.1).
    #[must_use]
    pub fn object_id(&self) -> Uuid {
        Uuid::new_v5(&Self::OBJECT_ID_NAMESPACE, self.0.to_lowercase().as_bytes())
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TargetName {
    type Err = TargetNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

/// Why a text is not a [`TargetName`].
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetNameError {
    /// There was not one octet.
    #[error("caller: a target name has at least 1 octet")]
    Empty,
    /// There were more than [`TargetName::MAX_OCTETS`].
    #[error("caller: a target name has at most 223 octets, not {octets}")]
    TooLong {
        /// How many octets the name has.
        octets: usize,
    },
    /// Control characters and white space have no place in a name.
    #[error("caller: a target name cannot hold {character:?}")]
    Character {
        /// The first such character.
        character: char,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_octet_for_octet() {
        for name in ["iqn.2001-04.com.example:Disk", "eui.02004567A425678D", &"n".repeat(223)] {
            assert_eq!(TargetName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let cases = [
            ("", TargetNameError::Empty),
            ("iqn.a b", TargetNameError::Character { character: ' ' }),
            ("iqn.a\n", TargetNameError::Character { character: '\n' }),
            ("iqn.a\0", TargetNameError::Character { character: '\0' }),
        ];
        for (name, error) in cases {
            assert_eq!(TargetName::new(name), Err(error));
        }
        assert_eq!(TargetName::new("n".repeat(224)), Err(TargetNameError::TooLong { octets: 224 }));
    }

    #[test]
    fn object_ids_are_version_5_and_stay_what_they_are() {
        let id = TargetName::new("iqn.2001-04.com.example:disk").unwrap().object_id();
        assert_eq!(id.get_version_num(), 5);
        assert_eq!(id, "0ce9aa70-b850-56a1-baca-4ac476d07acf".parse::<Uuid>().unwrap());
        assert_ne!(id, TargetName::new("iqn.2001-04.com.example:disk2").unwrap().object_id());
        assert_eq!(id, TargetName::new("iqn.2001-04.com.EXAMPLE:Disk").unwrap().object_id());
    }
}
