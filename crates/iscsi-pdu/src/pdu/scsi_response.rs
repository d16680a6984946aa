//! SCSI Response, SCSI status and sense data (RFC 7143, 11.4).

use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use crate::header::{Bhs, Error, InitiatorTaskTag, Opcode, RawPdu, SequenceNumbers, SerialNumber};

/// iSCSI service response (11.4.3). Unknown values are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScsiResponseCode(pub u8);

impl ScsiResponseCode {
    /// The command reached its end at the target; the status counts.
    pub const COMPLETED: Self = Self(0x00);
    /// The target failed; status, flags and residuals are void.
    pub const TARGET_FAILURE: Self = Self(0x01);
}

impl fmt::Debug for ScsiResponseCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ScsiResponseCode(0x{:02x})", self.0)
    }
}

/// The end of a SCSI command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScsiResponse {
    /// Bidirectional read overflow.
    pub read_overflow: bool,
    /// Bidirectional read underflow.
    pub read_underflow: bool,
    /// More data than expected: `residual_count` bytes did not fit.
    pub overflow: bool,
    /// Less data than expected: `residual_count` bytes were not transferred.
    pub underflow: bool,
    /// Service response.
    pub response: ScsiResponseCode,
    /// SCSI status.
    pub status: ScsiStatus,
    /// Status qualifier; counts from `iSCSIProtocolLevel` 2 on (RFC 7144, 5.2.1).
    pub status_qualifier: u16,
    /// The task that ended.
    pub itt: InitiatorTaskTag,
    /// SNACK tag (11.4.4).
    pub snack_tag: u32,
    /// Status and window numbers.
    pub numbers: SequenceNumbers,
    /// How many Data-In PDUs were sent (11.4.8).
    pub exp_data_sn: SerialNumber,
    /// Residual of the read part of a bidirectional command.
    pub bidirectional_read_residual_count: u32,
    /// Residual, valid with `overflow` or `underflow`.
    pub residual_count: u32,
    /// Sense data, without its length field; empty if there is none.
    pub sense: Bytes,
    /// What follows the sense data.
    pub response_data: Bytes,
}

impl ScsiResponse {
    /// Reads the fields; reserved ones are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] when `SenseLength` reaches past the data segment (CMD-07).
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        if raw.is_plain(Opcode::SCSI_RESPONSE) && raw.data.is_empty() {
            return Ok(Self::read(&raw.bhs, Bytes::new(), raw.data));
        }
        Self::decode_with_sense(raw)
    }

    /// Apart from the usual way, which has nothing to refuse and nothing to split.
    #[cold]
    #[inline(never)]
    fn decode_with_sense(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::SCSI_RESPONSE)?;
        let (sense, response_data) = split_sense(Opcode::SCSI_RESPONSE, raw.data)?;
        Ok(Self::read(&raw.bhs, sense, response_data))
    }

    #[inline]
    fn read(bhs: &Bhs, sense: Bytes, response_data: Bytes) -> Self {
        Self {
            read_overflow: bhs.flag::<1>(0x10),
            read_underflow: bhs.flag::<1>(0x08),
            overflow: bhs.flag::<1>(0x04),
            underflow: bhs.flag::<1>(0x02),
            response: ScsiResponseCode(bhs.byte::<2>()),
            status: ScsiStatus(bhs.byte::<3>()),
            status_qualifier: bhs.u16::<8>(),
            itt: InitiatorTaskTag(bhs.u32::<16>()),
            snack_tag: bhs.u32::<20>(),
            numbers: SequenceNumbers::decode(bhs),
            exp_data_sn: SerialNumber(bhs.u32::<36>()),
            bidirectional_read_residual_count: bhs.u32::<40>(),
            residual_count: bhs.u32::<44>(),
            sense,
            response_data,
        }
    }

    /// The PDU as sent. Sense data beyond 65535 bytes are cut off.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let data = join_sense(&self.sense, &self.response_data);
        let mut bhs = Bhs::new(Opcode::SCSI_RESPONSE);
        bhs.set_byte::<1>(0x80);
        bhs.set_flag::<1>(0x10, self.read_overflow);
        bhs.set_flag::<1>(0x08, self.read_underflow);
        bhs.set_flag::<1>(0x04, self.overflow);
        bhs.set_flag::<1>(0x02, self.underflow);
        bhs.set_byte::<2>(self.response.0);
        bhs.set_byte::<3>(self.status.0);
        bhs.set_u16::<8>(self.status_qualifier);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.snack_tag);
        self.numbers.encode(&mut bhs);
        bhs.set_u32::<36>(self.exp_data_sn.0);
        bhs.set_u32::<40>(self.bidirectional_read_residual_count);
        bhs.set_u32::<44>(self.residual_count);
        RawPdu::with_data(bhs, data)
    }
}

/// Splits a data segment that is not empty into sense data and what follows them (11.4.7).
pub(crate) fn split_sense(pdu: Opcode, mut data: Bytes) -> Result<(Bytes, Bytes), Error> {
    let wrong = |value, rule| Error::Field { pdu, field: "SenseLength", value, rule };
    let &[high, low, ..] = data.as_ref() else {
        return Err(wrong(0, "the data segment ends inside the length field (11.4.7)"));
    };
    let length = u16::from_be_bytes([high, low]);
    let end = 2 + usize::from(length);
    if end > data.len() {
        return Err(wrong(u32::from(length), "it reaches past the data segment (11.4.7.1)"));
    }
    let sense = data.split_to(end).slice(2..);
    Ok((sense, data))
}

/// The reverse of [`split_sense`]; an empty pair gives an empty segment.
#[inline]
pub(crate) fn join_sense(sense: &Bytes, rest: &Bytes) -> Bytes {
    if sense.is_empty() && rest.is_empty() { Bytes::new() } else { join_some_sense(sense, rest) }
}

#[cold]
fn join_some_sense(sense: &[u8], rest: &[u8]) -> Bytes {
    let length = u16::try_from(sense.len()).unwrap_or(u16::MAX);
    let mut data = BytesMut::with_capacity(2 + sense.len() + rest.len());
    data.put_u16(length);
    data.put_slice(sense.get(..usize::from(length)).unwrap_or_default());
    data.put_slice(rest);
    data.freeze()
}

/// Status of a SCSI command. Unknown values are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScsiStatus(pub u8);

impl ScsiStatus {
    /// Done.
    pub const GOOD: Self = Self(0x00);
    /// Sense data tells what happened.
    pub const CHECK_CONDITION: Self = Self(0x02);
    /// Done, and the condition asked for was met.
    pub const CONDITION_MET: Self = Self(0x04);
    /// The logical unit cannot take the command now.
    pub const BUSY: Self = Self(0x08);
    /// Good status of a command within a linked series (obsolete in SAM-4).
    pub const INTERMEDIATE: Self = Self(0x10);
    /// The same, with the condition met (obsolete in SAM-4).
    pub const INTERMEDIATE_CONDITION_MET: Self = Self(0x14);
    /// Another initiator holds a reservation.
    pub const RESERVATION_CONFLICT: Self = Self(0x18);
    /// The task set has no room.
    pub const TASK_SET_FULL: Self = Self(0x28);
    /// An auto contingent allegiance condition is in force.
    pub const ACA_ACTIVE: Self = Self(0x30);
    /// Another initiator's action aborted the task.
    pub const TASK_ABORTED: Self = Self(0x40);

    /// May this status stand in a Data-In PDU (11.7.3)?
    #[must_use]
    pub const fn is_allowed_in_data_in(self) -> bool {
        matches!(
            self,
            Self::GOOD | Self::CONDITION_MET | Self::INTERMEDIATE | Self::INTERMEDIATE_CONDITION_MET
        )
    }

    /// The name of the status in SAM, if it is assigned.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::GOOD => "GOOD",
            Self::CHECK_CONDITION => "CHECK CONDITION",
            Self::CONDITION_MET => "CONDITION MET",
            Self::BUSY => "BUSY",
            Self::INTERMEDIATE => "INTERMEDIATE",
            Self::INTERMEDIATE_CONDITION_MET => "INTERMEDIATE-CONDITION MET",
            Self::RESERVATION_CONFLICT => "RESERVATION CONFLICT",
            Self::TASK_SET_FULL => "TASK SET FULL",
            Self::ACA_ACTIVE => "ACA ACTIVE",
            Self::TASK_ABORTED => "TASK ABORTED",
            _ => return None,
        })
    }
}

impl fmt::Display for ScsiStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "status 0x{:02x}", self.0),
        }
    }
}

impl fmt::Debug for ScsiStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ScsiStatus(0x{:02x})", self.0)
    }
}
