//! Options: the requests of a client up to the choice of an export.

use std::fmt;

/// The most bytes of the data of an option that are taken.
pub const MOST_OPTION_LENGTH: u32 = 64 << 10;
/// The most bytes of the data of an option that is refused; the data are read past. Longer ones end the connection.
pub(super) const MOST_SKIPPED: u32 = 1 << 20;
/// The most bytes of a name.
pub const MOST_NAME_LENGTH: usize = 4096;
/// The most queries of an option about metadata contexts.
pub const MOST_CONTEXT_QUERIES: u32 = 1024;
/// The most options of a negotiation.
pub const MOST_OPTIONS: u32 = 1024;

/// The number with which every option begins: `IHAVEOPT`.
pub(super) const OPTION_MAGIC: u64 = 0x4948_4156_454f_5054;

/// The flags of the first message of each side.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HandshakeFlags(pub u32);

impl HandshakeFlags {
    /// Options have replies (fixed newstyle).
    pub const FIXED_NEWSTYLE: Self = Self(1);
    /// The reply to [`OptionType::EXPORT_NAME`] ends without 124 zeros.
    pub const NO_ZEROES: Self = Self(1 << 1);
    /// All flags that are known.
    pub(super) const KNOWN: Self = Self(Self::FIXED_NEWSTYLE.0 | Self::NO_ZEROES.0);

    /// Returns whether all of these flags are set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl fmt::Debug for HandshakeFlags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{:08x}", self.0)
    }
}

/// The type of an option.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OptionType(pub u32);

impl OptionType {
    /// Chooses an export and begins the transmission; without a reply if there is no such export.
    pub const EXPORT_NAME: Self = Self(1);
    /// Ends the connection.
    pub const ABORT: Self = Self(2);
    /// Lists the exports.
    pub const LIST: Self = Self(3);
    /// Begins TLS.
    pub const START_TLS: Self = Self(5);
    /// Describes an export.
    pub const INFO: Self = Self(6);
    /// Describes an export and begins the transmission.
    pub const GO: Self = Self(7);
    /// Replies come in chunks.
    pub const STRUCTURED_REPLY: Self = Self(8);
    /// Lists metadata contexts.
    pub const LIST_META_CONTEXT: Self = Self(9);
    /// Selects metadata contexts.
    pub const SET_META_CONTEXT: Self = Self(10);
    /// Headers have lengths of 64 bits.
    pub const EXTENDED_HEADERS: Self = Self(11);
}

impl fmt::Debug for OptionType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "option {}", self.0)
    }
}

/// The fields of the data of an option, from the front. A field that is not there is `None`.
pub(super) struct OptionData<'a>(&'a [u8]);

impl<'a> OptionData<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*field))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*field))
    }

    /// A text behind its length.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_with_the_data() {
        let mut data = OptionData::new(&[0, 0, 0, 2, b'a', b'b', 0, 1, 9]);
        assert_eq!((data.text(), data.u16(), data.is_empty()), (Some(&b"ab"[..]), Some(1), false));
        assert_eq!((data.u16(), data.u32()), (None, None));
        assert_eq!(OptionData::new(&[0, 0, 0, 2, b'a']).text(), None);
        assert_eq!(OptionData::new(&[0xff; 5]).text(), None);
        assert_eq!(OptionData::new(&[0, 0, 0, 0]).text(), Some(&b""[..]));
    }
}
