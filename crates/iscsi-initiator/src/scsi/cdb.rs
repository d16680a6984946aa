//! A command descriptor block (SPC-4, 4.2).

use std::fmt;
use std::ops::Deref;

/// A command descriptor block: 16 bytes, zero-padded, or more, up to 260 (SPC-4, 4.2.4); the bytes behind the first 16 travel in
/// an additional header ([RFC 7143, section 11.2.2.3](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.2.3)). Integers in
/// it are big-endian.
///
/// ```
/// use iscsi_initiator::scsi::Cdb;
/// let read_10 = Cdb::new(0x28).with(2, &8_u32.to_be_bytes()).with(7, &1_u16.to_be_bytes());
/// assert_eq!(read_10[..10], [0x28, 0, 0, 0, 0, 8, 0, 0, 1, 0]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Cdb(Bytes);

#[derive(Clone, PartialEq, Eq)]
enum Bytes {
    Short([u8; Cdb::HEAD_LENGTH]),
    /// More than 16 bytes.
    Long(Box<[u8]>),
}

impl Cdb {
    /// The bytes of a block that a SCSI Command PDU has space for in its basic header segment.
    pub const HEAD_LENGTH: usize = 16;
    /// The most bytes of a block (SPC-4, 4.2.4).
    pub const MAX_LENGTH: usize = 260;

    /// Returns a block of 16 bytes with this operation code and all other bytes 0.
    #[must_use]
    pub const fn new(operation_code: u8) -> Self {
        let mut head = [0; Self::HEAD_LENGTH];
        head[0] = operation_code;
        Self(Bytes::Short(head))
    }

    /// Returns a block with these bytes; `None` for none or more than 260.
    ///
    /// ```
    /// use iscsi_initiator::scsi::Cdb;
    /// assert_eq!(Cdb::from_bytes(&[0x12, 0, 0, 0, 96, 0]).unwrap().operation_code(), 0x12);
    /// assert_eq!((Cdb::from_bytes(&[]), Cdb::from_bytes(&[0x7f; 261])), (None, None));
    /// ```
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let operation_code = *bytes.first()?;
        if bytes.len() <= Self::HEAD_LENGTH {
            return Some(Self::new(operation_code).with(0, bytes));
        }
        (bytes.len() <= Self::MAX_LENGTH).then(|| Self(Bytes::Long(bytes.into())))
    }

    /// Returns the block with a field that begins at byte `at`; bytes beyond its end are cut off.
    #[must_use]
    pub fn with(mut self, at: usize, field: &[u8]) -> Self {
        self.bytes_mut().iter_mut().skip(at).zip(field).for_each(|(place, byte)| *place = *byte);
        self
    }

    /// Returns the operation code.
    #[inline]
    #[must_use]
    pub fn operation_code(&self) -> u8 {
        self.head()[0]
    }

    /// Returns the first 16 bytes.
    #[inline]
    #[must_use]
    pub fn head(&self) -> [u8; Self::HEAD_LENGTH] {
        *self.head_in_place()
    }

    /// The first 16 bytes, which are not copied.
    #[inline]
    pub(crate) fn head_in_place(&self) -> &[u8; Self::HEAD_LENGTH] {
        match &self.0 {
            Bytes::Short(head) => head,
            Bytes::Long(bytes) => bytes.first_chunk().unwrap_or(&[0; Self::HEAD_LENGTH]),
        }
    }

    /// Returns the bytes behind the first 16; empty for most blocks.
    #[inline]
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        match &self.0 {
            Bytes::Short(_) => &[],
            Bytes::Long(bytes) => bytes.get(Self::HEAD_LENGTH..).unwrap_or_default(),
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Bytes::Short(head) => head,
            Bytes::Long(bytes) => bytes,
        }
    }
}

impl From<[u8; Cdb::HEAD_LENGTH]> for Cdb {
    fn from(head: [u8; Cdb::HEAD_LENGTH]) -> Self {
        Self(Bytes::Short(head))
    }
}

impl Deref for Cdb {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Short(head) => head,
            Bytes::Long(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Cdb {
    /// Writes the bytes in hex.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cdb(")?;
        self.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))?;
        formatter.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_rest_at_every_length() {
        let all: Vec<u8> = (1..=250).cycle().take(261).collect();
        for length in 1..=260 {
            let bytes = &all[..length];
            let cdb = Cdb::from_bytes(bytes).unwrap();
            assert_eq!(cdb.operation_code(), 1);
            assert_eq!(cdb.head()[..length.min(16)], bytes[..length.min(16)]);
            assert!(cdb.head().iter().skip(length).all(|byte| *byte == 0));
            assert_eq!(cdb.rest(), bytes.get(16..).unwrap_or_default());
            assert_eq!((cdb.len(), &cdb[..length]), (length.max(16), bytes));
        }
        assert_eq!((Cdb::from_bytes(&all), Cdb::from_bytes(&[])), (None, None));
    }

    #[test]
    fn fields_that_are_cut_off() {
        assert_eq!(Cdb::new(1).with(15, &[2, 3]).head()[14..], [0, 2]);
        assert_eq!(Cdb::new(1).with(16, &[2]), Cdb::new(1));
        let long = Cdb::from_bytes(&[0; 32]).unwrap().with(31, &[2, 3]);
        assert_eq!((long.len(), long.rest()[15]), (32, 2));
        assert_eq!(format!("{:?}", Cdb::new(0x9e)), format!("Cdb(9e{})", "00".repeat(15)));
    }
}
