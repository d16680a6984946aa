//! iSCSI names (RFC 7143, 4.2.7).

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

/// The name of an initiator or target node: `iqn.`, `eui.` or `naa.`, at most 223 octets of UTF-8.
///
/// ```
/// use iscsi_pdu::IscsiName;
/// let name: IscsiName = "iqn.2001-04.com.example:disks.1".parse()?;
/// assert_eq!(name.as_str(), "iqn.2001-04.com.example:disks.1");
/// assert!("../../etc/passwd".parse::<IscsiName>().is_err());
/// # Ok::<(), iscsi_pdu::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IscsiName(String);

impl IscsiName {
    /// Longest name in octets.
    pub const MAX_LENGTH: usize = 223;

    /// Takes a name as a peer sent it; it is kept, sent back and compared octet for octet (NAM-09).
    ///
    /// # Errors
    /// [`NameError`] when it breaks the grammar of its type.
    pub fn received(name: &str) -> Result<Self, NameError> {
        check(name)?;
        Ok(Self(name.to_owned()))
    }

    /// Takes a name as a person typed it: letters become lower-case, as the stringprep profile has it (NAM-02). The digits
    /// of an `eui.` or `naa.` name stay: a target may have them in capitals, and compares octets (NAM-09).
    ///
    /// # Errors
    /// [`NameError`] when it breaks the grammar of its type.
    pub fn typed(name: &str) -> Result<Self, NameError> {
        let prepared = match name.split_at_checked(4).map(|(kind, rest)| (kind.to_ascii_lowercase(), rest)) {
            Some((kind, digits)) if matches!(kind.as_str(), "eui." | "naa.") => kind + digits,
            _ => name.to_lowercase(),
        };
        check(&prepared)?;
        Ok(Self(prepared))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::str::FromStr for IscsiName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::typed(name)
    }
}

impl fmt::Display for IscsiName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for IscsiName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

fn check(name: &str) -> Result<(), NameError> {
    if name.len() > IscsiName::MAX_LENGTH {
        return Err(NameError::TooLong { length: name.len() });
    }
    if !name.chars().all(is_name_character) {
        return Err(NameError::Character);
    }
    let (kind, rest) = name.split_at_checked(4).ok_or(NameError::Type)?;
    match kind {
        "iqn." => check_iqn(rest),
        "eui." => check_hex(rest, &[16]),
        "naa." => check_hex(rest, &[16, 32]),
        _ => Err(NameError::Type),
    }
}

/// ASCII letters, digits, `-`, `.`, `:`, and letters and digits beyond ASCII.
fn is_name_character(character: char) -> bool {
    matches!(character, '-' | '.' | ':') || character.is_alphanumeric()
}

/// `yyyy-mm.` and a reversed domain, then perhaps `:` and anything.
fn check_iqn(rest: &str) -> Result<(), NameError> {
    let (date, rest) = rest.split_at_checked(8).ok_or(NameError::Date)?;
    let &[y1, y2, y3, y4, b'-', m1, m2, b'.'] = date.as_bytes() else { return Err(NameError::Date) };
    let digits = [y1, y2, y3, y4, m1, m2].iter().all(u8::is_ascii_digit);
    if !digits || !matches!((m1, m2), (b'0', b'1'..=b'9') | (b'1', b'0'..=b'2')) {
        return Err(NameError::Date);
    }
    let domain = rest.split(':').next().unwrap_or_default();
    if domain.split('.').any(str::is_empty) { Err(NameError::Domain) } else { Ok(()) }
}

fn check_hex(digits: &str, lengths: &[usize]) -> Result<(), NameError> {
    let right = lengths.contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if right { Ok(()) } else { Err(NameError::HexDigits) }
}

/// Why a text is not an iSCSI name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// More than 223 octets.
    TooLong {
        /// Its length in octets.
        length: usize,
    },
    /// It holds white space, a control character, or punctuation other than `-`, `.`, `:`.
    Character,
    /// It begins with neither `iqn.`, `eui.` nor `naa.`.
    Type,
    /// The date of an `iqn.` name is not `yyyy-mm`.
    Date,
    /// The reversed domain of an `iqn.` name is empty or has an empty label.
    Domain,
    /// The digits of an `eui.` (16) or `naa.` (16 or 32) name are wrong in kind or number.
    HexDigits,
}

impl fmt::Display for NameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length } => {
                write!(formatter, "iSCSI name of {length} octets, at most 223 are allowed")
            }
            Self::Character => {
                formatter.write_str("iSCSI name holds a character outside letters, digits, '-', '.', ':'")
            }
            Self::Type => formatter.write_str("iSCSI name begins with neither iqn., eui. nor naa."),
            Self::Date => formatter.write_str("date of an iqn. name is not yyyy-mm"),
            Self::Domain => formatter.write_str("domain of an iqn. name is empty or has an empty label"),
            Self::HexDigits => formatter.write_str("eui. needs 16 hex digits, naa. needs 16 or 32"),
        }
    }
}

impl core::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::{IscsiName, NameError};
    use std::format;

    /// Types, dates, domains and digits.
    #[test]
    fn nam_03_nam_04_grammar_of_each_type() {
        let good = [
            "iqn.2001-04.com.example",
            "iqn.2001-04.com.example:storage:disk1.sys1.xyz",
            "eui.02004567A425678D",
            "naa.52004567BA64678D",
            "naa.62004567BA64678D0123456789ABCDEF",
        ];
        for name in good {
            assert_eq!(IscsiName::received(name).unwrap().as_str(), name);
        }
        let bad = [
            ("iqn.2001-13.com.example", NameError::Date),
            ("iqn.2001-00.com.example", NameError::Date),
            ("iqn.2001-4.com.example", NameError::Date),
            ("iqn.200104.com.example", NameError::Date),
            ("iqn.2001-04.", NameError::Domain),
            ("iqn.2001-04.com..example", NameError::Domain),
            ("iqn.2001-04.com.ex ample", NameError::Character),
            ("iqn.2001-04.com.example:a/../b", NameError::Character),
            ("eui.02004567A425678", NameError::HexDigits),
            ("eui.02004567A425678D0", NameError::HexDigits),
            ("naa.5200", NameError::HexDigits),
            ("disk1", NameError::Type),
            ("", NameError::Type),
        ];
        for (name, error) in bad {
            assert_eq!(IscsiName::received(name), Err(error), "{name}");
        }
    }

    /// NAM-02, NAM-09: what people type is lower-cased, but for digits that a target may have in capitals.
    #[test]
    fn nam_02_nam_09_preparation() {
        for (typed, prepared) in [
            ("IQN.2001-04.COM.Example:DISK", "iqn.2001-04.com.example:disk"),
            ("EUI.02004567A425678D", "eui.02004567A425678D"),
            ("eui.02004567a425678d", "eui.02004567a425678d"),
            ("Naa.52004567BA64678D", "naa.52004567BA64678D"),
        ] {
            assert_eq!(IscsiName::typed(typed).unwrap().as_str(), prepared);
        }
        assert_eq!(IscsiName::typed("iqn.2001-04.com.example: disk"), Err(NameError::Character));
        assert_eq!(IscsiName::typed("eu"), Err(NameError::Type));
    }

    #[test]
    fn nam_01_longest_name() {
        let longest = format!("iqn.2001-04.com.example:{}", "a".repeat(223 - 24));
        assert!(IscsiName::received(&longest).is_ok());
        assert_eq!(IscsiName::received(&(longest + "a")), Err(NameError::TooLong { length: 224 }));
    }
}
