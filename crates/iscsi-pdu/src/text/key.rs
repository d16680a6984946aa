//! A text key: its characters and its length (RFC 7143, 6.1).

use super::error::TextError;

/// Length of the longest key in bytes.
const MAX_KEY_LENGTH: usize = 63;

/// A key that was checked when the program was compiled: [`TextWriter`](crate::TextWriter) need not look at it again.
///
/// ```
/// # use iscsi_pdu::TextKey;
/// const ALIAS: TextKey = TextKey::new("InitiatorAlias");
/// assert_eq!(ALIAS.as_str(), "InitiatorAlias");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextKey(&'static str);

impl TextKey {
    /// Checks a key. For constants, since a malformed key is then an error of compilation.
    ///
    /// # Panics
    /// If the key is malformed.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(is_key(name.as_bytes()), "malformed text key");
        Self(name)
    }

    /// The key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// The only key of the RFC that begins with a small letter, against its own rule (13.24).
const SMALL_KEY: &[u8] = b"iSCSIProtocolLevel";

/// The bytes that keys may contain. TXT-04 does not include `#`, but the X# keys of RFC 3720 contain it.
#[allow(
    clippy::indexing_slicing,
    reason = "a byte is always in range, and the table is built at compile time"
)]
const IN_KEYS: [bool; 256] = {
    let mut table = [false; 256];
    let mut alphabet: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-+@_#";
    while let [byte, rest @ ..] = alphabet {
        table[*byte as usize] = true;
        alphabet = rest;
    }
    table
};

pub(crate) fn is_of_key(byte: u8) -> bool {
    IN_KEYS.get(usize::from(byte)) == Some(&true)
}

/// Checks that a key is a capital letter followed by letters, digits and `. - + @ _ #`.
pub(crate) fn check_key(key: &str) -> Result<(), TextError> {
    let frame = check_key_frame(key);
    if key.bytes().all(is_of_key) { frame } else { Err(TextError::BadKey { length: key.len() }) }
}

/// Checks the first character and the length of a key whose alphabet has been checked.
pub(crate) fn check_key_frame(key: &str) -> Result<(), TextError> {
    if has_frame(key.as_bytes()) { Ok(()) } else { Err(TextError::BadKey { length: key.len() }) }
}

/// The same as [`check_key`], for constants.
#[allow(clippy::indexing_slicing, reason = "a byte is always in range of the table")]
const fn is_key(key: &[u8]) -> bool {
    let mut rest = key;
    while let [byte, behind @ ..] = rest {
        if !IN_KEYS[*byte as usize] {
            return false;
        }
        rest = behind;
    }
    has_frame(key)
}

/// Whether a key begins as it must, and is not too long.
const fn has_frame(key: &[u8]) -> bool {
    matches!(key, [b'A'..=b'Z', ..] | SMALL_KEY) && key.len() <= MAX_KEY_LENGTH
}

#[cfg(test)]
mod tests {
    use super::{TextKey, check_key};

    /// TXT-04: a capital letter first, or the one key that the RFC writes small; at most 63 characters.
    #[test]
    fn txt_04_keys_of_constants() {
        for key in ["A", "X#NodeArchitecture", "iSCSIProtocolLevel", "CHAP_A", &"K".repeat(63)] {
            assert_eq!(check_key(key), Ok(()));
        }
        for key in ["", "a", "iSCSIProtocolLevels", "A=", "A b", "A\0", "\u{c9}", &"K".repeat(64)] {
            assert!(check_key(key).is_err(), "{key:?}");
        }
        assert!(std::panic::catch_unwind(|| TextKey::new("a")).is_err());
        assert!(std::panic::catch_unwind(|| TextKey::new("A=")).is_err());
    }
}
