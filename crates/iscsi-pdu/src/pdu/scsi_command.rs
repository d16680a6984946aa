//! SCSI Command (RFC 7143, 11.3).

use core::fmt;

use bytes::Bytes;

use crate::header::{AdditionalHeaders, Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SerialNumber};

/// Task attribute, three bits ([RFC 7143, section 11.3.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.3.1)).
/// Unknown values are preserved.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TaskAttribute(pub u8);

impl TaskAttribute {
    /// Untagged task.
    pub const UNTAGGED: Self = Self(0);
    /// Simple task, which the target may reorder.
    pub const SIMPLE: Self = Self(1);
    /// Ordered task.
    pub const ORDERED: Self = Self(2);
    /// Head of queue task.
    pub const HEAD_OF_QUEUE: Self = Self(3);
    /// Auto contingent allegiance (ACA) task.
    pub const ACA: Self = Self(4);
}

impl fmt::Debug for TaskAttribute {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TaskAttribute({})", self.0)
    }
}

/// SCSI Command: a command for a logical unit, optionally with immediate write data
/// ([RFC 7143, section 11.3](https://www.rfc-editor.org/rfc/rfc7143#section-11.3)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScsiCommand {
    /// Immediate delivery, outside the command order.
    pub immediate: bool,
    /// F: no unsolicited Data-Out follows.
    pub is_final: bool,
    /// R: the command transfers data to the initiator.
    pub read: bool,
    /// W: the command transfers data to the target.
    pub write: bool,
    /// Task attribute.
    pub attribute: TaskAttribute,
    /// Command priority, four bits; 0 below `iSCSIProtocolLevel` 2 (RFC 7144, 5.1.1).
    pub priority: u8,
    /// Logical unit.
    pub lun: Lun,
    /// Initiator Task Tag of the task.
    pub itt: InitiatorTaskTag,
    /// Number of data bytes expected; for a bidirectional command, of bytes written.
    pub expected_data_transfer_length: u32,
    /// Command sequence number (`CmdSN`).
    pub cmd_sn: SerialNumber,
    /// The next `StatSN` expected.
    pub exp_stat_sn: SerialNumber,
    /// The first 16 bytes of the CDB, zero-padded.
    pub cdb: [u8; 16],
    /// Extended CDB, bidirectional read length or other additional headers.
    pub additional_headers: AdditionalHeaders,
    /// Immediate data.
    pub data: Bytes,
}

impl ScsiCommand {
    /// Decodes the fields; reserved fields are ignored.
    #[inline]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect(Opcode::SCSI_COMMAND)?;
        let additional_headers = match raw.ahs {
            Some(bytes) => AdditionalHeaders::decode(bytes)?,
            None => AdditionalHeaders::NONE,
        };
        Ok(Self {
            immediate: raw.bhs.is_immediate(),
            is_final: raw.bhs.flag::<1>(0x80),
            read: raw.bhs.flag::<1>(0x40),
            write: raw.bhs.flag::<1>(0x20),
            attribute: TaskAttribute(raw.bhs.byte::<1>() & 0x07),
            priority: raw.bhs.byte::<2>() >> 4,
            lun: Lun(raw.bhs.array::<8, 8>()),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            expected_data_transfer_length: raw.bhs.u32::<20>(),
            cmd_sn: SerialNumber(raw.bhs.u32::<24>()),
            exp_stat_sn: SerialNumber(raw.bhs.u32::<28>()),
            cdb: raw.bhs.array::<32, 16>(),
            additional_headers,
            data: raw.data,
        })
    }

    /// Encodes the PDU.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let (data, ahs) = (self.data.clone(), self.additional_headers.as_bytes().cloned());
        RawPdu { bhs: self.encode_bhs(), ahs, data }
    }

    /// Encodes the header alone, for data that are sent from elsewhere ([`encode_headers`](crate::encode_headers)).
    #[inline]
    #[must_use]
    pub fn encode_bhs(&self) -> Bhs {
        let mut bhs = Bhs::new(Opcode::SCSI_COMMAND);
        bhs.set_immediate(self.immediate);
        bhs.set_byte::<1>(self.attribute.0 & 0x07);
        bhs.set_flag::<1>(0x80, self.is_final);
        bhs.set_flag::<1>(0x40, self.read);
        bhs.set_flag::<1>(0x20, self.write);
        bhs.set_byte::<2>(self.priority << 4);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.expected_data_transfer_length);
        bhs.set_u32::<24>(self.cmd_sn.0);
        bhs.set_u32::<28>(self.exp_stat_sn.0);
        bhs.set_array::<32, 16>(self.cdb);
        bhs
    }
}
