//! The data of a task, in the directions in which they move (RFC 7143, 11.3.4).

use bytes::{Bytes, BytesMut};
use iscsi_login::{Parameters, Tolerance};
use iscsi_pdu::{DataIn, Lun, R2t};

use super::data_in::DataInBuffer;
use super::data_out::{Burst, DataOutBuffer};
use super::failure::ProtocolError;
use crate::scsi::Transfer;

/// The data of a task, and how far they have moved.
#[derive(Clone, Debug)]
pub(super) enum Direction {
    /// No data.
    None,
    /// To the initiator.
    In(DataInBuffer),
    /// To the target.
    Out(DataOutBuffer),
    /// To the target, and others to the initiator.
    Both(Box<Both>),
}

/// What the header of a command says about its data (RFC 7143, 11.3.1 and 11.3.4).
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// R: data move to the initiator.
    pub(super) read: bool,
    /// W: data move to the target.
    pub(super) write: bool,
    /// Expected Data Transfer Length in bytes: that of the data to the target, if there are some.
    pub(super) length: u32,
    /// The length of the data to the initiator, for a bidirectional command.
    pub(super) bidirectional_read_length: Option<u32>,
}

/// The data of a bidirectional command. Data-In PDUs and R2Ts share their numbers (RFC 7143, 4.2.2.4).
#[derive(Clone, Debug)]
pub(super) struct Both {
    input: DataInBuffer,
    output: DataOutBuffer,
}

impl Direction {
    #[inline]
    pub(super) fn new(transfer: Transfer) -> Self {
        match transfer {
            Transfer::None => Self::None,
            Transfer::Read(length) => Self::In(DataInBuffer::new(length, BytesMut::new())),
            Transfer::ReadInto(buffer) => {
                let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
                Self::In(DataInBuffer::new(length, buffer))
            }
            Transfer::Write(data) => Self::Out(DataOutBuffer::new(data)),
            Transfer::Both { write, read } => {
                let input = DataInBuffer::new(read, BytesMut::new());
                Self::Both(Box::new(Both { input, output: DataOutBuffer::new(write) }))
            }
        }
    }

    /// The data as they were submitted, but for the memory of a read.
    pub(super) fn transfer(&self) -> Transfer {
        match self {
            Self::None => Transfer::None,
            Self::In(input) => Transfer::Read(input.expected()),
            Self::Out(output) => Transfer::Write(output.data()),
            Self::Both(both) => Transfer::Both { write: both.output.data(), read: both.input.expected() },
        }
    }

    /// The place of the data to the initiator.
    #[inline]
    pub(super) const fn input(&self) -> Option<&DataInBuffer> {
        match self {
            Self::In(input) => Some(input),
            Self::Both(both) => Some(&both.input),
            Self::None | Self::Out(_) => None,
        }
    }

    #[inline]
    pub(super) const fn input_mut(&mut self) -> Option<&mut DataInBuffer> {
        match self {
            Self::In(input) => Some(input),
            Self::Both(both) => Some(&mut both.input),
            Self::None | Self::Out(_) => None,
        }
    }

    /// The data to the target.
    #[inline]
    pub(super) const fn output(&self) -> Option<&DataOutBuffer> {
        match self {
            Self::Out(output) => Some(output),
            Self::Both(both) => Some(&both.output),
            Self::None | Self::In(_) => None,
        }
    }

    #[inline]
    pub(super) const fn output_mut(&mut self) -> Option<&mut DataOutBuffer> {
        match self {
            Self::Out(output) => Some(output),
            Self::Both(both) => Some(&mut both.output),
            Self::None | Self::In(_) => None,
        }
    }

    /// What the header of the command says about the data.
    #[inline]
    pub(super) fn expected(&self) -> Expected {
        let (read, write, length, bidirectional_read_length) = match self {
            Self::None => (false, false, 0, None),
            Self::In(input) => (true, false, input.expected(), None),
            Self::Out(output) => (false, true, output.length(), None),
            Self::Both(both) => (true, true, both.output.length(), Some(both.input.expected())),
        };
        Expected { read, write, length, bidirectional_read_length }
    }

    /// A number that changes whenever data move, or the target requests some.
    #[inline]
    pub(super) const fn moved(&self) -> u32 {
        match self {
            Self::None => 0,
            Self::In(input) => input.received(),
            Self::Out(output) => output.moved(),
            Self::Both(both) => both.input.received().wrapping_add(both.output.moved()),
        }
    }

    /// Takes the data of one PDU.
    ///
    /// # Errors
    /// As [`DataInBuffer::accept`]. What has no place for data takes none.
    #[inline]
    pub(super) fn accept(&mut self, pdu: &DataIn, data: &[u8]) -> Result<(), ProtocolError> {
        match self {
            Self::In(input) => input.accept(pdu, data),
            Self::Both(both) => {
                both.input.accept(pdu, data)?;
                both.output.count_numbers_to(both.input.next_data_sn());
                Ok(())
            }
            Self::None | Self::Out(_) => accept_without_place(pdu, data),
        }
    }

    /// The burst that an R2T requests; `None` for a repeated R2T, which is dropped (RFC 7143, 7.9).
    pub(super) fn answer_r2t(
        &mut self,
        r2t: &R2t,
        lun: Lun,
        parameters: &Parameters,
        tolerance: &mut Tolerance,
    ) -> Result<Option<Burst>, ProtocolError> {
        match self {
            Self::Out(output) => output.answer_r2t(r2t, lun, parameters, tolerance),
            Self::Both(both) => {
                let burst = both.output.answer_r2t(r2t, lun, parameters, tolerance)?;
                both.input.count_numbers_to(both.output.numbers());
                Ok(burst)
            }
            // DAT-13: there is nothing that it can request.
            Self::None | Self::In(_) => {
                DataOutBuffer::new(Bytes::new().into()).answer_r2t(r2t, lun, parameters, tolerance)
            }
        }
    }

    /// Begins anew: nothing of it has moved in another session.
    pub(super) fn restart(&mut self) {
        if let Some(input) = self.input_mut() {
            input.restart();
        }
        if let Some(output) = self.output_mut() {
            *output = DataOutBuffer::new(output.data());
        }
    }
}

/// Takes a PDU for a command that has no place for its data.
#[cold]
fn accept_without_place(pdu: &DataIn, data: &[u8]) -> Result<(), ProtocolError> {
    DataInBuffer::new(0, BytesMut::new()).accept(pdu, data)
}
