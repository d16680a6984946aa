//! Basic Header Segment: the first 48 bytes of every PDU (RFC 7143, 11.2.1).

use core::fmt;

use super::error::Error;
use super::opcode::Opcode;

/// Length of a Basic Header Segment in bytes.
pub const BHS_LENGTH: usize = 48;

/// The 48 bytes of a Basic Header Segment, with typed access by offset
/// ([RFC 7143, section 11.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.1)).
///
/// All integers are big-endian. An offset outside the header does not compile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bhs([u8; BHS_LENGTH]);

#[allow(
    clippy::indexing_slicing,
    reason = "every offset is a constant, checked against 48 when it is compiled"
)]
impl Bhs {
    /// Creates a header with this opcode and all other bytes zero.
    #[must_use]
    pub const fn new(opcode: Opcode) -> Self {
        let mut bytes = [0; BHS_LENGTH];
        bytes[0] = opcode.0;
        Self(bytes)
    }

    /// Creates a header from received bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; BHS_LENGTH]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes in wire order.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; BHS_LENGTH] {
        &self.0
    }

    /// Returns the opcode, the low six bits of byte 0.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        Opcode(self.0[0] & Opcode::MASK)
    }

    /// Returns the immediate flag, bit 0x40 of byte 0 (11.2.1.1). Reserved in Data-Out, SNACK and target PDUs.
    #[must_use]
    pub const fn is_immediate(&self) -> bool {
        self.0[0] & 0x40 != 0
    }

    /// Returns the length of the additional headers in bytes: byte 4 counts words of 4 bytes (11.2.1.5).
    #[must_use]
    pub const fn ahs_length(&self) -> usize {
        self.0[4] as usize * 4
    }

    /// Returns `DataSegmentLength` in bytes, without padding (11.2.1.6).
    #[must_use]
    pub const fn data_segment_length(&self) -> u32 {
        u32::from_be_bytes([0, self.0[5], self.0[6], self.0[7]])
    }

    /// Returns an error if the PDU has another opcode.
    #[inline]
    pub(crate) fn expect(&self, opcode: Opcode) -> Result<(), Error> {
        let received = self.opcode();
        if received == opcode {
            return Ok(());
        }
        Err(Error::Opcode { received, expected: opcode.name().unwrap_or("another PDU") })
    }

    pub(crate) const fn set_immediate(&mut self, immediate: bool) {
        if immediate {
            self.0[0] |= 0x40;
        }
    }

    /// Sets both length fields. The caller has checked that `data_bytes` is at most 2^24 - 1.
    pub(crate) const fn set_lengths(&mut self, ahs_words: u8, data_bytes: u32) {
        let [_, high, middle, low] = data_bytes.to_be_bytes();
        self.0[4] = ahs_words;
        self.0[5] = high;
        self.0[6] = middle;
        self.0[7] = low;
    }

    pub(crate) const fn byte<const AT: usize>(&self) -> u8 {
        const { assert!(AT < BHS_LENGTH) };
        self.0[AT]
    }

    pub(crate) const fn set_byte<const AT: usize>(&mut self, value: u8) {
        const { assert!(AT < BHS_LENGTH) };
        self.0[AT] = value;
    }

    /// Returns `true` if any bit of `mask` is set in the byte at `AT`.
    pub(crate) const fn flag<const AT: usize>(&self, mask: u8) -> bool {
        self.byte::<AT>() & mask != 0
    }

    pub(crate) const fn set_flag<const AT: usize>(&mut self, mask: u8, on: bool) {
        const { assert!(AT < BHS_LENGTH) };
        self.0[AT] |= mask * on as u8;
    }

    pub(crate) fn array<const AT: usize, const N: usize>(&self) -> [u8; N] {
        const { assert!(AT + N <= BHS_LENGTH) };
        core::array::from_fn(|index| self.0[AT + index])
    }

    pub(crate) fn set_array<const AT: usize, const N: usize>(&mut self, value: [u8; N]) {
        const { assert!(AT + N <= BHS_LENGTH) };
        self.0[AT..AT + N].copy_from_slice(&value);
    }

    pub(crate) fn u16<const AT: usize>(&self) -> u16 {
        u16::from_be_bytes(self.array::<AT, 2>())
    }

    pub(crate) fn set_u16<const AT: usize>(&mut self, value: u16) {
        self.set_array::<AT, 2>(value.to_be_bytes());
    }

    pub(crate) fn u32<const AT: usize>(&self) -> u32 {
        u32::from_be_bytes(self.array::<AT, 4>())
    }

    pub(crate) fn set_u32<const AT: usize>(&mut self, value: u32) {
        self.set_array::<AT, 4>(value.to_be_bytes());
    }
}

impl fmt::Debug for Bhs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Bhs(")?;
        for word in self.0.chunks(4) {
            formatter.write_str(" ")?;
            word.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))?;
        }
        formatter.write_str(" )")
    }
}
