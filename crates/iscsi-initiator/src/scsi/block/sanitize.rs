//! SANITIZE (SBC-3, 5.24).

use bytes::{BufMut as _, Bytes, BytesMut};

use super::layout::bit;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

const IMMED: u8 = 1 << 7;
const ZNR: u8 = 1 << 6;
const AUSE: u8 = 1 << 5;
/// The bytes of an overwrite's parameter list ahead of the pattern.
const HEADER_LENGTH: u16 = 4;

/// SANITIZE: makes all data of the unit irrecoverable, or takes the unit out of the state after a sanitize operation that
/// failed. It can last for hours; see [`immediate`](Self::immediate) and the timeouts of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sanitize {
    /// What is done.
    pub operation: SanitizeOperation,
    /// IMMED: the command ends when the operation has begun. REQUEST SENSE reports the progress.
    pub immediate: bool,
    /// ZNR: the write pointers of a zoned unit stay where they are (ZBC).
    pub no_zone_reset: bool,
    /// AUSE: if the operation fails, [`ExitFailureMode`](SanitizeOperation::ExitFailureMode) may take the unit out of that state
    /// although data are left.
    pub allow_unrestricted_exit: bool,
}

/// The operation of a [`Sanitize`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SanitizeOperation {
    /// OVERWRITE: writes a pattern over all blocks.
    Overwrite(SanitizeOverwrite),
    /// BLOCK ERASE: sets all blocks to a value of the vendor's.
    BlockErase,
    /// CRYPTOGRAPHIC ERASE: changes the key with which the data are encrypted on the medium.
    CryptographicErase,
    /// EXIT FAILURE MODE: ends the state after an operation that failed.
    ExitFailureMode,
}

/// A pattern and the number of passes that write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SanitizeOverwrite {
    pattern: Bytes,
    count: u8,
    /// INVERT: every other pass writes the pattern with all its bits inverted.
    pub invert: bool,
    /// TEST: two bits for the vendor's tests; 0 for the operation of the standard.
    pub test: u8,
}

impl SanitizeOverwrite {
    /// The most passes.
    pub const MAX_COUNT: u8 = 31;

    /// Returns an overwrite with this pattern, which is repeated in each block, in so many passes. `None` for an empty pattern, one
    /// of more than 65531 bytes, no pass, or more than 31.
    #[must_use]
    pub fn new(pattern: impl Into<Bytes>, count: u8) -> Option<Self> {
        let pattern = pattern.into();
        let is_possible = (1..=usize::from(u16::MAX - HEADER_LENGTH)).contains(&pattern.len())
            && (1..=Self::MAX_COUNT).contains(&count);
        is_possible.then_some(Self { pattern, count, invert: false, test: 0 })
    }

    /// The length of the parameter list.
    fn length(&self) -> u16 {
        u16::try_from(self.pattern.len()).unwrap_or(u16::MAX).saturating_add(HEADER_LENGTH)
    }

    fn parameter_list(&self) -> Bytes {
        let length = self.length();
        let mut list = BytesMut::with_capacity(length.into());
        list.put_u8(bit(self.invert, 1 << 7) | (self.test & 0x03) << 5 | self.count & 0x1f);
        list.put_u8(0);
        list.put_u16(length.saturating_sub(HEADER_LENGTH));
        list.put_slice(&self.pattern);
        list.freeze()
    }
}

impl Sanitize {
    /// Returns the command that ends when the operation is complete, without further flags.
    #[must_use]
    pub const fn new(operation: SanitizeOperation) -> Self {
        Self { operation, immediate: false, no_zone_reset: false, allow_unrestricted_exit: false }
    }
}

impl Command for Sanitize {
    type Answer = ();
    const NAME: &'static str = "SANITIZE";
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        let (service_action, length) = match &self.operation {
            SanitizeOperation::Overwrite(overwrite) => (0x01, overwrite.length()),
            SanitizeOperation::BlockErase => (0x02, 0),
            SanitizeOperation::CryptographicErase => (0x03, 0),
            SanitizeOperation::ExitFailureMode => (0x1f, 0),
        };
        let flags = bit(self.immediate, IMMED) | bit(self.no_zone_reset, ZNR);
        let flags = flags | bit(self.allow_unrestricted_exit, AUSE);
        Cdb::new(0x48).with(1, &[flags | service_action]).with(7, &length.to_be_bytes())
    }

    fn transfer(&self) -> Transfer {
        match &self.operation {
            SanitizeOperation::Overwrite(overwrite) => Transfer::Write(overwrite.parameter_list().into()),
            _ => Transfer::None,
        }
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overwrite_sends_its_pattern() {
        let mut overwrite = SanitizeOverwrite::new(vec![0xaa, 0x55, 0x33], 31).unwrap();
        (overwrite.invert, overwrite.test) = (true, 0xfe);
        let command = Sanitize {
            operation: SanitizeOperation::Overwrite(overwrite),
            immediate: true,
            no_zone_reset: true,
            allow_unrestricted_exit: true,
        };
        assert_eq!(command.cdb()[..10], [0x48, 0xe1, 0, 0, 0, 0, 0, 0, 7, 0]);
        let list = vec![0xdf, 0, 0, 3, 0xaa, 0x55, 0x33];
        assert_eq!(command.transfer(), Transfer::Write(list.into()));
        assert_eq!(command.parse(Bytes::new()), Ok(()));
    }

    #[test]
    fn the_other_operations_have_no_data() {
        for (operation, code) in [
            (SanitizeOperation::BlockErase, 0x02),
            (SanitizeOperation::CryptographicErase, 0x03),
            (SanitizeOperation::ExitFailureMode, 0x1f),
        ] {
            let command = Sanitize::new(operation);
            assert_eq!(command.cdb(), Cdb::new(0x48).with(1, &[code]));
            assert_eq!(command.transfer(), Transfer::None);
            let flagged = [
                (Sanitize { immediate: true, ..command.clone() }, 0x80),
                (Sanitize { no_zone_reset: true, ..command.clone() }, 0x40),
                (Sanitize { allow_unrestricted_exit: true, ..command }, 0x20),
            ];
            for (command, flag) in flagged {
                assert_eq!(command.cdb()[1], code | flag);
            }
        }
    }

    #[test]
    fn patterns_and_passes_that_no_list_can_hold_are_refused() {
        let is_possible = |length, count| SanitizeOverwrite::new(vec![0; length], count).is_some();
        assert_eq!([is_possible(0, 1), is_possible(1, 0), is_possible(1, 32)], [false; 3]);
        assert_eq!([is_possible(1, 1), is_possible(1, 31), is_possible(65531, 1)], [true; 3]);
        assert!(!is_possible(65532, 1) && !is_possible(65536, 1));
        let longest = SanitizeOverwrite::new(vec![9; 65531], 1).unwrap();
        assert_eq!((longest.length(), longest.parameter_list().len()), (65535, 65535));
        assert_eq!(longest.parameter_list()[..4], [1, 0, 0xff, 0xfb]);
    }
}
