//! READ BUFFER (10) (SPC-4, 6.18).

use bytes::Bytes;

use super::buffer_mode::{BufferMode, three_bytes};
use crate::scsi::parameter_data::ParameterData;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// READ BUFFER (10): reads a buffer of the target, for tests of the transport and for diagnosis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadBuffer {
    /// What is read.
    pub mode: BufferMode,
    /// Bits of the mode, 0 to 7 (MODE SPECIFIC).
    pub mode_specific: u8,
    /// The number of the buffer.
    pub id: u8,
    /// The byte in the buffer from which on is read, less than 2^24.
    pub offset: u32,
    /// The most bytes that the target may send, less than 2^24.
    pub allocation_length: u32,
}

impl Command for ReadBuffer {
    type Answer = Bytes;
    const NAME: &'static str = "READ BUFFER (10)";
    /// In some modes the contents change when they are read.
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        Cdb::new(0x3c)
            .with(1, &[self.mode.with_specific(self.mode_specific), self.id])
            .with(3, &three_bytes(self.offset))
            .with(6, &three_bytes(self.allocation_length))
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length.min(0xff_ffff))
    }

    fn parse(&self, data: Bytes) -> Result<Bytes, CommandError> {
        Ok(data)
    }
}

/// READ BUFFER (10) for the size of a buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadBufferDescriptor {
    /// The number of the buffer.
    pub id: u8,
}

/// The size of a buffer (SPC-4, 6.18.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BufferDescriptor {
    /// Offsets are multiples of 2 to the power of this many bytes; 0xff if there are no offsets but 0.
    pub offset_boundary: u8,
    /// The size of the buffer in bytes; 0 if it does not exist.
    pub capacity: u32,
}

impl Command for ReadBufferDescriptor {
    type Answer = BufferDescriptor;
    const NAME: &'static str = ReadBuffer::NAME;
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        let mode = BufferMode::DESCRIPTOR;
        ReadBuffer { mode, id: self.id, allocation_length: 4, ..ReadBuffer::default() }.cdb()
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(4)
    }

    fn parse(&self, data: Bytes) -> Result<BufferDescriptor, CommandError> {
        if data.len() < 4 {
            return Err(CommandError::invalid(Self::NAME, format!("{} bytes instead of 4", data.len())));
        }
        let data = ParameterData(&data);
        Ok(BufferDescriptor { offset_boundary: data.byte(0), capacity: data.u32(0) & 0xff_ffff })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_with_all_fields() {
        let command = ReadBuffer {
            mode: BufferMode::ERROR_HISTORY,
            mode_specific: 5,
            id: 0x12,
            offset: 0x34_5678,
            allocation_length: 0x9a_bcde,
        };
        assert_eq!(command.cdb()[..10], [0x3c, 0xbc, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0]);
        assert_eq!(command.transfer(), Transfer::Read(0x9a_bcde));
        assert_eq!(command.parse(Bytes::from_static(b"data")), Ok(Bytes::from_static(b"data")));
        let descriptor = ReadBufferDescriptor { id: 7 };
        assert_eq!(descriptor.cdb()[..10], [0x3c, 0x03, 7, 0, 0, 0, 0, 0, 4, 0]);
        assert_eq!(descriptor.transfer(), Transfer::Read(4));
    }

    #[test]
    fn no_more_is_asked_for_than_the_block_can_state() {
        for (length, expected) in [(0xff_ffff, 0xff_ffff), (0x100_0000, 0xff_ffff)] {
            let command = ReadBuffer { allocation_length: length, offset: length, ..ReadBuffer::default() };
            assert_eq!(command.transfer(), Transfer::Read(expected));
            assert_eq!(command.cdb()[3..9], [0xff; 6]);
        }
    }

    #[test]
    fn a_descriptor_cut_off_at_every_length_is_an_error() {
        let data = Bytes::from_static(&[9, 0x12, 0x34, 0x56, 0xff]);
        let parse = |length| ReadBufferDescriptor::default().parse(data.slice(..length));
        for length in 0..4 {
            assert!(parse(length).is_err(), "{length}");
        }
        for length in 4..=5 {
            assert_eq!(parse(length), Ok(BufferDescriptor { offset_boundary: 9, capacity: 0x12_3456 }));
        }
    }
}
