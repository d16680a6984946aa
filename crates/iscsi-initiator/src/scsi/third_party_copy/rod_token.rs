//! ROD token: a name of data at a point in time (SPC-4, 5.17.6).

use std::fmt;

use bytes::Bytes;

/// A ROD token, 512 bytes. It gives access to the data it stands for, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct RodToken(Bytes);

impl RodToken {
    /// Length in bytes.
    pub const LENGTH: usize = 512;

    /// Returns the token with these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; Self::LENGTH]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }

    /// Returns the token of zeros: WRITE USING TOKEN with it writes zeros (SPC-4, 5.17.6.5.2; SBC-3, 4.22.4).
    #[must_use]
    pub fn zeros() -> Self {
        let mut bytes = [0; Self::LENGTH];
        let head = [0xff, 0xff, 0x00, 0x01, 0x00, 0x00, 0x01, 0xf8];
        bytes.iter_mut().zip(head).for_each(|(place, byte)| *place = byte);
        Self::new(&bytes)
    }

    /// Takes a token from the bytes of an answer; `None` for another length than 512 bytes.
    pub(super) fn from_answer(bytes: Bytes) -> Option<Self> {
        (bytes.len() == Self::LENGTH).then_some(Self(bytes))
    }

    /// Returns the bytes: whoever has them can read the data.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the type of the token (SPC-4, table 107).
    #[must_use]
    pub fn rod_type(&self) -> u32 {
        self.0.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
    }
}

impl fmt::Debug for RodToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RodToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_stay_out_of_debug_output() {
        let token = RodToken::new(&[0xab; 512]);
        assert_eq!(format!("{token:?}"), "RodToken(..)");
        assert_eq!((token.as_bytes(), token.rod_type()), (&[0xab; 512][..], 0xabab_abab));
    }

    #[test]
    fn only_512_bytes_are_a_token() {
        for length in [0, 511, 512, 513] {
            assert_eq!(RodToken::from_answer(vec![0; length].into()).is_some(), length == 512);
        }
    }

    #[test]
    fn the_token_of_zeros_has_its_type_and_length() {
        let zeros = RodToken::zeros();
        assert_eq!((zeros.rod_type(), &zeros.as_bytes()[4..9]), (0xffff_0001, &[0, 0, 1, 0xf8, 0][..]));
    }
}
