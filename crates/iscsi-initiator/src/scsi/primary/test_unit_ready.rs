//! TEST UNIT READY (SPC-4, 6.47).

use bytes::Bytes;

use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// TEST UNIT READY: checks that the logical unit accepts commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestUnitReady;

impl Command for TestUnitReady {
    type Answer = ();
    const NAME: &'static str = "TEST UNIT READY";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x00)
    }

    fn transfer(&self) -> Transfer {
        Transfer::None
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}
