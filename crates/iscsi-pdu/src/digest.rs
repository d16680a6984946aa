//! CRC32C digests (RFC 7143, 11.2.3 and 13.1).

/// The digests in use on a connection; header and data digests are negotiated separately
/// ([RFC 7143, section 13.1](https://www.rfc-editor.org/rfc/rfc7143#section-13.1)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digests {
    /// CRC32C over the basic and additional headers.
    pub header: bool,
    /// CRC32C over data and padding.
    pub data: bool,
}

/// A CRC32C over bytes that arrive in pieces
/// ([RFC 7143, section 11.2.3](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.3)).
///
/// ```
/// use iscsi_pdu::Crc32c;
/// let crc = Crc32c::new().update(b"1234").update(b"56789");
/// assert_eq!(crc.value(), 0xe306_9283);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Crc32c(u32);

impl Crc32c {
    /// Returns the CRC of no bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self(0)
    }

    /// Returns the CRC of all earlier bytes followed by `bytes`.
    #[must_use]
    pub fn update(self, bytes: &[u8]) -> Self {
        Self(append(self.0, bytes))
    }

    /// Returns the CRC as a number.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }

    /// Returns the 4 bytes of the digest field: little-endian (DIG-05).
    #[must_use]
    pub const fn to_field(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }
}

#[cfg(feature = "std")]
fn append(crc: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc, bytes)
}

#[cfg(not(feature = "std"))]
fn append(crc: u32, bytes: &[u8]) -> u32 {
    portable::append(crc, bytes)
}

/// CRC32C by table, for builds without `std`.
#[cfg(any(not(feature = "std"), test))]
mod portable {
    use crc::{CRC_32_ISCSI, Crc, Table};

    const CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

    pub(super) fn append(crc: u32, bytes: &[u8]) -> u32 {
        // `crc` is a finished CRC, which is reflected and complemented; the crate `crc` expects the initial value
        // before reflection, so both are undone.
        let mut digest = CRC.digest_with_initial((!crc).reverse_bits());
        digest.update(bytes);
        digest.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::{Crc32c, portable};
    use std::vec::Vec;

    #[test]
    fn both_implementations_agree_in_any_pieces() {
        let bytes: Vec<u8> = (0_u32..4096).flat_map(u32::to_be_bytes).collect();
        for cut in [0, 1, 3, 48, 511, 4096, bytes.len()] {
            let (front, back) = bytes.split_at(cut);
            let whole = Crc32c::new().update(&bytes).value();
            assert_eq!(Crc32c::new().update(front).update(back).value(), whole);
            assert_eq!(portable::append(portable::append(0, front), back), whole);
        }
    }
}
