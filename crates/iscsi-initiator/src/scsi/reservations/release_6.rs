//! RELEASE (6) (SPC-2, 7.16).

use bytes::Bytes;

use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// RELEASE (6): ends a reservation that this session made with [`Reserve6`](crate::scsi::Reserve6). A session that holds none
/// changes nothing, and succeeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Release6;

impl Command for Release6 {
    type Answer = ();
    const NAME: &'static str = "RELEASE (6)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x17)
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
        assert_eq!(Release6.cdb()[..6], [0x17, 0, 0, 0, 0, 0]);
        assert_eq!((Release6.transfer(), Release6.parse(Bytes::new())), (Transfer::None, Ok(())));
        assert_eq!(Replay::of(&Release6.cdb()), Release6::REPLAY);
    }
}
