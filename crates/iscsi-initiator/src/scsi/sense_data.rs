//! Sense data, fixed and descriptor format (SPC-4, 4.5).

mod additional_sense;
mod details;
mod key_specific;

pub use details::SenseDetails;
pub use key_specific::SenseKeySpecific;

use std::fmt;

/// Sense key (SPC-4, table 48). Unknown values are kept as received.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SenseKey(pub u8);

impl SenseKey {
    /// There is no error to report.
    pub const NO_SENSE: Self = Self(0x0);
    /// The command succeeded after the logical unit had recovered from an error.
    pub const RECOVERED_ERROR: Self = Self(0x1);
    /// The logical unit is not ready.
    pub const NOT_READY: Self = Self(0x2);
    /// The medium is at fault, or the data on it.
    pub const MEDIUM_ERROR: Self = Self(0x3);
    /// The hardware is at fault.
    pub const HARDWARE_ERROR: Self = Self(0x4);
    /// The command or its parameters are not valid.
    pub const ILLEGAL_REQUEST: Self = Self(0x5);
    /// The logical unit reports an event; the command was not carried out.
    pub const UNIT_ATTENTION: Self = Self(0x6);
    /// The unit or a part of it may not be written or read.
    pub const DATA_PROTECT: Self = Self(0x7);
    /// A copy that the unit carried out was aborted.
    pub const COPY_ABORTED: Self = Self(0xa);
    /// The target aborted the command.
    pub const ABORTED_COMMAND: Self = Self(0xb);
    /// The data differ from those on the medium.
    pub const MISCOMPARE: Self = Self(0xe);

    /// Returns the name in SPC.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0x0 => "NO SENSE",
            0x1 => "RECOVERED ERROR",
            0x2 => "NOT READY",
            0x3 => "MEDIUM ERROR",
            0x4 => "HARDWARE ERROR",
            0x5 => "ILLEGAL REQUEST",
            0x6 => "UNIT ATTENTION",
            0x7 => "DATA PROTECT",
            0x8 => "BLANK CHECK",
            0x9 => "VENDOR SPECIFIC",
            0xa => "COPY ABORTED",
            0xb => "ABORTED COMMAND",
            0xd => "VOLUME OVERFLOW",
            0xe => "MISCOMPARE",
            0xf => "COMPLETED",
            _ => "reserved sense key",
        }
    }
}

impl fmt::Debug for SenseKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SenseKey(0x{:x})", self.0)
    }
}

/// The reason why a command ended in CHECK CONDITION
/// ([RFC 7143, section 11.4.7](https://www.rfc-editor.org/rfc/rfc7143#section-11.4.7)), or the answer to REQUEST SENSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenseData {
    /// Sense key.
    pub key: SenseKey,
    /// Additional sense code.
    pub asc: u8,
    /// Additional sense code qualifier.
    pub ascq: u8,
    /// A deferred error, of an earlier command; the current command was not carried out (SPC-4, 4.5.5).
    pub deferred: bool,
    /// What else the target states.
    pub details: SenseDetails,
}

impl SenseData {
    /// Returns sense data without details, of the current command.
    #[must_use]
    pub fn new(key: SenseKey, asc: u8, ascq: u8) -> Self {
        Self { key, asc, ascq, deferred: false, details: SenseDetails::default() }
    }

    /// Whether the unit does not know the command: ILLEGAL REQUEST, INVALID COMMAND OPERATION CODE.
    pub(crate) const fn reports_unknown_command(self) -> bool {
        let Self { key, asc, ascq, deferred, .. } = self;
        key.0 == SenseKey::ILLEGAL_REQUEST.0 && asc == 0x20 && ascq == 0x00 && !deferred
    }

    /// Whether the unit is not ready and becomes so by itself: it starts, formats, rebuilds, tests itself, or changes the
    /// state of its path (SPC-4, annex F).
    pub(crate) const fn reports_becoming_ready(self) -> bool {
        self.asc == 0x04 && matches!(self.ascq, 0x01 | 0x04..=0x0a | 0x14 | 0x1b | 0x22 | 0x24)
    }

    /// Whether the unit was reset or lost power, so that its volatile cache may be lost.
    pub(crate) const fn reports_reset(self) -> bool {
        self.key.0 == SenseKey::UNIT_ATTENTION.0 && self.asc == 0x29 && self.ascq <= 0x04
    }

    /// Whether parameters of the unit have changed, such as those of its cache.
    pub(crate) const fn reports_changed_parameters(self) -> bool {
        self.key.0 == SenseKey::UNIT_ATTENTION.0 && self.asc == 0x2a && self.ascq <= 0x02
    }

    /// Whether the unit is write-protected.
    pub(crate) const fn reports_write_protection(self) -> bool {
        self.key.0 == SenseKey::DATA_PROTECT.0 && self.asc == 0x27
    }

    /// Parses either format; `None` for other formats or data that are too short. Data that end early state less.
    ///
    /// ```
    /// use iscsi_initiator::scsi::SenseData;
    /// let sense = SenseData::parse(&[0x72, 0x05, 0x21, 0x00]).unwrap();
    /// assert_eq!((sense.key.name(), sense.asc), ("ILLEGAL REQUEST", 0x21));
    /// ```
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let response_code = bytes.first()? & 0x7f;
        let deferred = matches!(response_code, 0x71 | 0x73);
        match response_code {
            0x70 | 0x71 => {
                let code = |at: usize| bytes.get(at).copied().unwrap_or(0);
                let key = SenseKey(bytes.get(2)? & 0x0f);
                let details = SenseDetails::of_fixed(key, bytes);
                Some(Self { key, asc: code(12), ascq: code(13), deferred, details })
            }
            0x72 | 0x73 => {
                let (&[_, key, asc, ascq], rest) = bytes.split_first_chunk()?;
                let key = SenseKey(key & 0x0f);
                let (length, descriptors) = rest.split_at_checked(4).unwrap_or_default();
                let length = length.last().copied().unwrap_or(0);
                let details = SenseDetails::of_descriptors(key, length, descriptors);
                Some(Self { key, asc, ascq, deferred, details })
            }
            _ => None,
        }
    }

    /// Returns the text that SPC has for code and qualifier; `None` for those of vendors. Where one text is that of a range, `NN`
    /// stands for the qualifier.
    #[must_use]
    pub fn text(&self) -> Option<&'static str> {
        additional_sense::text(self.asc, self.ascq)
    }
}

impl fmt::Display for SenseData {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, asc, ascq, deferred, .. } = self;
        write!(formatter, "sense key 0x{:x} {}, ASC/ASCQ 0x{asc:02x}/0x{ascq:02x}", key.0, key.name())?;
        self.text().map_or(Ok(()), |text| write!(formatter, " {text}"))?;
        formatter.write_str(if *deferred { " (deferred error of an earlier command)" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::{SenseData, SenseKey};

    #[test]
    fn both_formats_and_garbage() {
        let fixed = [0x70, 0, 0x06, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 0x00, 0, 0, 0, 0];
        let descriptor = [0x72, 0x06, 0x29, 0x00, 0, 0, 0, 0];
        let expected = SenseData::new(SenseKey::UNIT_ATTENTION, 0x29, 0);
        assert_eq!(SenseData::parse(&fixed), Some(expected));
        assert_eq!(SenseData::parse(&descriptor), Some(expected));
        assert_eq!(SenseData::parse(&fixed[..3]), Some(SenseData { asc: 0, ..expected }));
        for (code, deferred) in [(0x70, false), (0x71, true), (0x72, false), (0x73, true), (0xf1, true)] {
            let sense = SenseData::parse(&[code, 3, 3, 3]).unwrap();
            assert_eq!((sense.deferred, sense.to_string().contains("deferred")), (deferred, deferred));
        }
        for bad in [&[][..], &[0x70], &[0x72, 1, 2], &[0x00; 18]] {
            assert_eq!(SenseData::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn an_unknown_command_is_one_with_or_without_a_field_pointer() {
        let fixed = [0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20, 0, 0, 0xc0, 0, 0];
        for (at, byte, expected) in
            [(1, 0, true), (15, 0, true), (0, 0x71, false), (2, 6, false), (12, 0x24, false), (13, 1, false)]
        {
            let mut sense = fixed;
            sense[at] = byte;
            assert_eq!(SenseData::parse(&sense).unwrap().reports_unknown_command(), expected, "{at}");
        }
    }

    #[test]
    fn no_length_is_too_short_to_be_looked_at() {
        for code in 0..=u8::MAX {
            let bytes = [code; 64];
            for length in 0..=bytes.len() {
                let least = match code & 0x7f {
                    0x70 | 0x71 => 3,
                    0x72 | 0x73 => 4,
                    _ => usize::MAX,
                };
                assert_eq!(
                    SenseData::parse(&bytes[..length]).is_some(),
                    length >= least,
                    "{code:x} {length}"
                );
            }
        }
    }
}
