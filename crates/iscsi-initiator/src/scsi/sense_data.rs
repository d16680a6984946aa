//! Sense data, fixed and descriptor format (SPC-4, 4.5).

use std::fmt;

/// Sense key (SPC-4, table 48). Unknown values are kept as received.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SenseKey(pub u8);

impl SenseKey {
    /// The command succeeded after the logical unit had recovered from an error.
    pub const RECOVERED_ERROR: Self = Self(0x1);
    /// The logical unit is not ready.
    pub const NOT_READY: Self = Self(0x2);
    /// The command or its parameters are not valid.
    pub const ILLEGAL_REQUEST: Self = Self(0x5);
    /// The logical unit reports an event; the command was not carried out.
    pub const UNIT_ATTENTION: Self = Self(0x6);
    /// The unit or a part of it may not be written or read.
    pub const DATA_PROTECT: Self = Self(0x7);
    /// The target aborted the command.
    pub const ABORTED_COMMAND: Self = Self(0xb);

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
/// ([RFC 7143, section 11.4.7](https://www.rfc-editor.org/rfc/rfc7143#section-11.4.7)).
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
}

impl SenseData {
    /// ILLEGAL REQUEST, INVALID COMMAND OPERATION CODE: the unit does not support the command.
    pub(crate) const UNKNOWN_COMMAND: Self =
        Self { key: SenseKey::ILLEGAL_REQUEST, asc: 0x20, ascq: 0x00, deferred: false };

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

    /// Parses either format; `None` for other formats or data that are too short.
    ///
    /// ```
    /// use iscsi_initiator::scsi::SenseData;
    /// let sense = SenseData::parse(&[0x72, 0x05, 0x21, 0x00]).unwrap();
    /// assert_eq!((sense.key.name(), sense.asc), ("ILLEGAL REQUEST", 0x21));
    /// ```
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let response_code = bytes.first()? & 0x7f;
        let (key, asc, ascq) = match response_code {
            0x70 | 0x71 => {
                let code = |at: usize| bytes.get(at).copied().unwrap_or(0);
                (*bytes.get(2)?, code(12), code(13))
            }
            0x72 | 0x73 => (*bytes.get(1)?, *bytes.get(2)?, *bytes.get(3)?),
            _ => return None,
        };
        let deferred = matches!(response_code, 0x71 | 0x73);
        Some(Self { key: SenseKey(key & 0x0f), asc, ascq, deferred })
    }

    /// Returns the text that SPC has for code and qualifier, if this crate knows it.
    #[must_use]
    pub fn text(&self) -> Option<&'static str> {
        additional_sense(self.asc, self.ascq)
    }
}

impl fmt::Display for SenseData {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, asc, ascq, deferred } = self;
        write!(formatter, "sense key 0x{:x} {}, ASC/ASCQ 0x{asc:02x}/0x{ascq:02x}", key.0, key.name())?;
        self.text().map_or(Ok(()), |text| write!(formatter, " {text}"))?;
        formatter.write_str(if *deferred { " (deferred error of an earlier command)" } else { "" })
    }
}

/// Names of additional sense codes that block devices send (SPC-4, annex E).
const fn additional_sense(asc: u8, ascq: u8) -> Option<&'static str> {
    Some(match (asc, ascq) {
        (0x00, 0x00) => "NO ADDITIONAL SENSE INFORMATION",
        (0x04, 0x00) => "LOGICAL UNIT NOT READY, CAUSE NOT REPORTABLE",
        (0x04, 0x01) => "LOGICAL UNIT IS IN PROCESS OF BECOMING READY",
        (0x04, 0x02) => "LOGICAL UNIT NOT READY, INITIALIZING COMMAND REQUIRED",
        (0x04, 0x03) => "LOGICAL UNIT NOT READY, MANUAL INTERVENTION REQUIRED",
        (0x04, 0x0a) => "LOGICAL UNIT NOT ACCESSIBLE, ASYMMETRIC ACCESS STATE TRANSITION",
        (0x04, 0x0b) => "LOGICAL UNIT NOT ACCESSIBLE, TARGET PORT IN STANDBY STATE",
        (0x04, 0x0c) => "LOGICAL UNIT NOT ACCESSIBLE, TARGET PORT IN UNAVAILABLE STATE",
        (0x08, 0x00) => "LOGICAL UNIT COMMUNICATION FAILURE",
        (0x0c, 0x00) => "WRITE ERROR",
        (0x0c, 0x0c) => "WRITE ERROR - UNEXPECTED UNSOLICITED DATA",
        (0x0c, 0x0d) => "WRITE ERROR - NOT ENOUGH UNSOLICITED DATA",
        (0x11, 0x00) => "UNRECOVERED READ ERROR",
        (0x11, 0x13) => "READ ERROR - FAILED RETRANSMISSION REQUEST",
        (0x1a, 0x00) => "PARAMETER LIST LENGTH ERROR",
        (0x1d, 0x00) => "MISCOMPARE DURING VERIFY OPERATION",
        (0x20, 0x00) => "INVALID COMMAND OPERATION CODE",
        (0x21, 0x00) => "LOGICAL BLOCK ADDRESS OUT OF RANGE",
        (0x24, 0x00) => "INVALID FIELD IN CDB",
        (0x25, 0x00) => "LOGICAL UNIT NOT SUPPORTED",
        (0x26, 0x00) => "INVALID FIELD IN PARAMETER LIST",
        (0x27, 0x00) => "WRITE PROTECTED",
        (0x27, 0x07) => "SPACE ALLOCATION FAILED WRITE PROTECT",
        (0x28, 0x00) => "NOT READY TO READY CHANGE, MEDIUM MAY HAVE CHANGED",
        (0x29, 0x00) => "POWER ON, RESET, OR BUS DEVICE RESET OCCURRED",
        (0x29, 0x01) => "POWER ON OCCURRED",
        (0x29, 0x02) => "SCSI BUS RESET OCCURRED",
        (0x29, 0x03) => "BUS DEVICE RESET FUNCTION OCCURRED",
        (0x29, 0x07) => "I_T NEXUS LOSS OCCURRED",
        (0x2a, 0x01) => "MODE PARAMETERS CHANGED",
        (0x2a, 0x03) => "RESERVATIONS PREEMPTED",
        (0x2a, 0x06) => "ASYMMETRIC ACCESS STATE CHANGED",
        (0x2a, 0x09) => "CAPACITY DATA HAS CHANGED",
        (0x2f, 0x00) => "COMMANDS CLEARED BY ANOTHER INITIATOR",
        (0x39, 0x00) => "SAVING PARAMETERS NOT SUPPORTED",
        (0x3a, 0x00) => "MEDIUM NOT PRESENT",
        (0x3f, 0x01) => "MICROCODE HAS BEEN CHANGED",
        (0x3f, 0x03) => "INQUIRY DATA HAS CHANGED",
        (0x3f, 0x0e) => "REPORTED LUNS DATA HAS CHANGED",
        (0x44, 0x00) => "INTERNAL TARGET FAILURE",
        (0x47, 0x05) => "PROTOCOL SERVICE CRC ERROR",
        (0x47, 0x7f) => "SOME COMMANDS CLEARED BY ISCSI PROTOCOL EVENT",
        (0x49, 0x00) => "INVALID MESSAGE ERROR",
        (0x4b, 0x00) => "DATA PHASE ERROR",
        (0x55, 0x03) => "INSUFFICIENT RESOURCES",
        (0x55, 0x04) => "INSUFFICIENT REGISTRATION RESOURCES",
        (0x5d, 0x00) => "FAILURE PREDICTION THRESHOLD EXCEEDED",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{SenseData, SenseKey};

    #[test]
    fn both_formats_and_garbage() {
        let fixed = [0x70, 0, 0x06, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 0x00, 0, 0, 0, 0];
        let descriptor = [0x72, 0x06, 0x29, 0x00, 0, 0, 0, 0];
        let expected = SenseData { key: SenseKey::UNIT_ATTENTION, asc: 0x29, ascq: 0, deferred: false };
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
}
