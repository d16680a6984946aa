//! Asynchronous Message (RFC 7143, 11.9).

use core::fmt;

use bytes::Bytes;

use super::scsi_response::{join_sense, split_sense};
use crate::header::{Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SequenceNumbers};

/// Event of an Asynchronous Message
/// ([RFC 7143, section 11.9.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.9.1)). Unknown values are preserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AsyncEvent(pub u8);

impl AsyncEvent {
    /// SCSI event; sense data follows.
    pub const SCSI: Self = Self(0);
    /// Request to log out within `parameter3` seconds.
    pub const LOGOUT_REQUEST: Self = Self(1);
    /// Announcement that the target will drop the connection whose CID is `parameter1`.
    pub const CONNECTION_DROP: Self = Self(2);
    /// Announcement that the target will drop all connections of the session.
    pub const SESSION_DROP: Self = Self(3);
    /// Request for parameter negotiation within `parameter3` seconds.
    pub const NEGOTIATE: Self = Self(4);
    /// Termination of all tasks of the logical unit (`FastAbort`).
    pub const TASKS_TERMINATED: Self = Self(5);
}

impl fmt::Debug for AsyncEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AsyncEvent({})", self.0)
    }
}

/// Asynchronous Message: an event that the target reports without a request
/// ([RFC 7143, section 11.9](https://www.rfc-editor.org/rfc/rfc7143#section-11.9)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsyncMessage {
    /// The logical unit; valid for events 0 and 5.
    pub lun: Lun,
    /// Status and command window numbers.
    pub numbers: SequenceNumbers,
    /// The event.
    pub event: AsyncEvent,
    /// Vendor code; valid for events 248 to 255.
    pub vendor_code: u8,
    /// Parameter 1; its meaning depends on the event.
    pub parameter1: u16,
    /// Parameter 2; its meaning depends on the event.
    pub parameter2: u16,
    /// Parameter 3; its meaning depends on the event.
    pub parameter3: u16,
    /// Sense data, without its length field.
    pub sense: Bytes,
    /// Data after the sense data.
    pub event_data: Bytes,
}

impl AsyncMessage {
    /// Decodes the fields; reserved fields are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] if `SenseLength` reaches past the data segment.
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        if raw.is_plain(Opcode::ASYNC_MESSAGE) && raw.data.is_empty() {
            return Ok(Self::read(&raw.bhs, Bytes::new(), raw.data));
        }
        Self::decode_with_sense(raw)
    }

    /// Kept out of line: most of these PDUs have no data, and their decoding has nothing to check or split.
    #[cold]
    #[inline(never)]
    fn decode_with_sense(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::ASYNC_MESSAGE)?;
        let (sense, event_data) = split_sense(Opcode::ASYNC_MESSAGE, raw.data)?;
        Ok(Self::read(&raw.bhs, sense, event_data))
    }

    #[inline]
    fn read(bhs: &Bhs, sense: Bytes, event_data: Bytes) -> Self {
        Self {
            lun: Lun(bhs.array::<8, 8>()),
            numbers: SequenceNumbers::decode(bhs),
            event: AsyncEvent(bhs.byte::<36>()),
            vendor_code: bhs.byte::<37>(),
            parameter1: bhs.u16::<38>(),
            parameter2: bhs.u16::<40>(),
            parameter3: bhs.u16::<42>(),
            sense,
            event_data,
        }
    }

    /// Encodes the PDU. Sense data beyond 65535 bytes are cut off.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let data = join_sense(&self.sense, &self.event_data);
        let mut bhs = Bhs::new(Opcode::ASYNC_MESSAGE);
        bhs.set_byte::<1>(0x80);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(InitiatorTaskTag::RESERVED.0);
        self.numbers.encode(&mut bhs);
        bhs.set_byte::<36>(self.event.0);
        bhs.set_byte::<37>(self.vendor_code);
        bhs.set_u16::<38>(self.parameter1);
        bhs.set_u16::<40>(self.parameter2);
        bhs.set_u16::<42>(self.parameter3);
        RawPdu::with_data(bhs, data)
    }
}
