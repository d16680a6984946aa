//! RESERVE (6) (SPC-2, 7.21).

use bytes::Bytes;

use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// RESERVE (6): reserves the logical unit for this session, until [`Release6`](crate::scsi::Release6), a reset, or the end of
/// the session. A session that replaces a lost one does not hold the reservation.
///
/// A unit that another initiator has reserved answers with status RESERVATION CONFLICT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserve6;

impl Command for Reserve6 {
    type Answer = ();
    const NAME: &'static str = "RESERVE (6)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x16)
    }

    fn transfer(&self) -> Transfer {
        Transfer::None
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_an_operation_code_alone() {
        assert_eq!(Reserve6.cdb()[..6], [0x16, 0, 0, 0, 0, 0]);
        assert_eq!((Reserve6.transfer(), Reserve6.parse(Bytes::new())), (Transfer::None, Ok(())));
        assert_eq!(Replay::of(&Reserve6.cdb()), Reserve6::REPLAY);
    }
}
