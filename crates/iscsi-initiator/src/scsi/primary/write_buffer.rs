//! WRITE BUFFER (SPC-4, 6.49).

use bytes::Bytes;

use super::buffer_mode::{BufferMode, three_bytes};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer, WriteData};

/// WRITE BUFFER: writes a buffer of the target, or its microcode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteBuffer {
    /// What is written. There is no mode by default, because some of them change the microcode.
    pub mode: BufferMode,
    /// Bits of the mode, 0 to 7 (MODE SPECIFIC).
    pub mode_specific: u8,
    /// The number of the buffer.
    pub id: u8,
    /// The byte in the buffer from which on is written, less than 2^24.
    pub offset: u32,
    /// The data, fewer than 2^24 bytes; the target takes no more.
    pub data: WriteData,
}

impl WriteBuffer {
    /// Returns the command that writes these data from the beginning of buffer 0.
    #[must_use]
    pub fn new(mode: BufferMode, data: impl Into<WriteData>) -> Self {
        Self { mode, mode_specific: 0, id: 0, offset: 0, data: data.into() }
    }
}

impl Command for WriteBuffer {
    type Answer = ();
    const NAME: &'static str = "WRITE BUFFER";
    /// Microcode may have been activated by what was sent before.
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        let length = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        Cdb::new(0x3b)
            .with(1, &[self.mode.with_specific(self.mode_specific), self.id])
            .with(3, &three_bytes(self.offset))
            .with(6, &three_bytes(length))
    }

    fn transfer(&self) -> Transfer {
        if self.data.is_empty() { Transfer::None } else { Transfer::Write(self.data.clone()) }
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_with_all_fields() {
        let command = WriteBuffer {
            mode: BufferMode::DOWNLOAD_SELECT_ACTIVATION,
            mode_specific: 5,
            id: 0x12,
            offset: 0x34_5678,
            data: vec![7; 0x01_0203].into(),
        };
        assert_eq!(command.cdb()[..10], [0x3b, 0xad, 0x12, 0x34, 0x56, 0x78, 0x01, 0x02, 0x03, 0]);
        assert_eq!(command.transfer(), Transfer::Write(command.data.clone()));
        assert_eq!(command.parse(Bytes::new()), Ok(()));
    }

    #[test]
    fn an_activation_has_no_data() {
        let command = WriteBuffer::new(BufferMode::ACTIVATE_DEFERRED, Vec::<u8>::new());
        assert_eq!((command.cdb()[1], command.transfer()), (0x0f, Transfer::None));
        let command = WriteBuffer::new(BufferMode::ECHO, vec![1, 2]);
        assert_eq!(command.cdb()[..9], [0x3b, 0x0a, 0, 0, 0, 0, 0, 0, 2]);
    }

    #[test]
    fn lengths_at_the_limit() {
        for length in [0xff_ffff, 0x100_0000] {
            let command = WriteBuffer::new(BufferMode::DATA, vec![0; length]);
            assert_eq!(command.cdb()[6..9], [0xff; 3]);
        }
    }
}
