//! SCSI Response, SCSI status and sense data (RFC 7143, 11.4).

use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use crate::header::{Bhs, Error, InitiatorTaskTag, Opcode, RawPdu, SequenceNumbers, SerialNumber};

/// iSCSI service response ([RFC 7143, section 11.4.3](https://www.rfc-editor.org/rfc/rfc7143#section-11.4.3)).
/// Unknown values are preserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScsiResponseCode(pub u8);

impl ScsiResponseCode {
    /// The target completed the command; the status is valid.
    pub const COMPLETED: Self = Self(0x00);
    /// Target failure; status, flags and residual counts are invalid.
    pub const TARGET_FAILURE: Self = Self(0x01);
}

impl fmt::Debug for ScsiResponseCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ScsiResponseCode(0x{:02x})", self.0)
    }
}

/// SCSI Response: the end of a SCSI command
/// ([RFC 7143, section 11.4](https://www.rfc-editor.org/rfc/rfc7143#section-11.4)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScsiResponse {
    /// o: the read part of a bidirectional command had more data than expected.
    pub read_overflow: bool,
    /// u: the read part of a bidirectional command had less data than expected.
    pub read_underflow: bool,
    /// O: the command had `residual_count` bytes more than expected.
    pub overflow: bool,
    /// U: the command had `residual_count` bytes less than expected.
    pub underflow: bool,
    /// Service response.
    pub response: ScsiResponseCode,
    /// SCSI status.
    pub status: ScsiStatus,
    /// Status qualifier; valid from `iSCSIProtocolLevel` 2 on (RFC 7144, 5.2.1).
    pub status_qualifier: u16,
    /// Initiator Task Tag of the task that ended.
    pub itt: InitiatorTaskTag,
    /// SNACK tag (11.4.4).
    pub snack_tag: u32,
    /// Status and command window numbers.
    pub numbers: SequenceNumbers,
    /// `ExpDataSN`: number of Data-In PDUs that the target sent (11.4.8).
    pub exp_data_sn: SerialNumber,
    /// Residual count of the read part of a bidirectional command, valid with `read_overflow` or `read_underflow`.
    pub bidirectional_read_residual_count: u32,
    /// Residual count, valid with `overflow` or `underflow`.
    pub residual_count: u32,
    /// Sense data without its length field; empty if there is none.
    pub sense: Bytes,
    /// Response data after the sense data.
    pub response_data: Bytes,
}

impl ScsiResponse {
    /// Decodes the fields; reserved fields are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] if `SenseLength` reaches past the data segment (CMD-07).
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        if raw.is_plain(Opcode::SCSI_RESPONSE) && raw.data.is_empty() {
            return Ok(Self::read(&raw.bhs, Bytes::new(), raw.data));
        }
        Self::decode_with_sense(raw)
    }

    /// Decodes the header alone, of a PDU without additional headers and without data.
    #[inline]
    pub fn decode_bhs(bhs: &Bhs) -> Result<Self, Error> {
        bhs.expect(Opcode::SCSI_RESPONSE)?;
        Ok(Self::read(bhs, Bytes::new(), Bytes::new()))
    }

    /// Kept out of line: most of these PDUs have no data, and their decoding has nothing to check or split.
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

    /// Encodes the PDU. Sense data beyond 65535 bytes are cut off.
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

/// Splits a data segment that is not empty into sense data and the data after it (11.4.7).
pub(crate) fn split_sense(pdu: Opcode, mut data: Bytes) -> Result<(Bytes, Bytes), Error> {
    let invalid = |value, rule| Error::Field { pdu, field: "SenseLength", value, rule };
    let &[high, low, ..] = data.as_ref() else {
        return Err(invalid(0, "the data segment ends inside the length field (11.4.7)"));
    };
    let length = u16::from_be_bytes([high, low]);
    let end = 2 + usize::from(length);
    if end > data.len() {
        return Err(invalid(u32::from(length), "it reaches past the data segment (11.4.7.1)"));
    }
    let sense = data.split_to(end).slice(2..);
    Ok((sense, data))
}

/// Builds the data segment that [`split_sense`] splits; empty if both parts are empty.
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

/// Status of a SCSI command ([RFC 7143, section 11.4.2](https://www.rfc-editor.org/rfc/rfc7143#section-11.4.2); SAM-5,
/// 5.3). Unknown values are preserved.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScsiStatus(pub u8);

impl ScsiStatus {
    /// The command completed without error.
    pub const GOOD: Self = Self(0x00);
    /// An error or another condition that the sense data describes.
    pub const CHECK_CONDITION: Self = Self(0x02);
    /// The command completed and the requested condition was met.
    pub const CONDITION_MET: Self = Self(0x04);
    /// The logical unit cannot accept the command now.
    pub const BUSY: Self = Self(0x08);
    /// Successful completion of a command in a series of linked commands (obsolete in SAM-4).
    pub const INTERMEDIATE: Self = Self(0x10);
    /// Successful completion, with the requested condition met, of a linked command (obsolete in SAM-4).
    pub const INTERMEDIATE_CONDITION_MET: Self = Self(0x14);
    /// Another initiator holds a reservation.
    pub const RESERVATION_CONFLICT: Self = Self(0x18);
    /// The task set is full.
    pub const TASK_SET_FULL: Self = Self(0x28);
    /// An auto contingent allegiance (ACA) condition exists.
    pub const ACA_ACTIVE: Self = Self(0x30);
    /// The task was aborted by an action of another initiator.
    pub const TASK_ABORTED: Self = Self(0x40);

    /// Returns `true` if a Data-In PDU may carry this status (11.7.3).
    #[must_use]
    pub const fn is_allowed_in_data_in(self) -> bool {
        matches!(
            self,
            Self::GOOD | Self::CONDITION_MET | Self::INTERMEDIATE | Self::INTERMEDIATE_CONDITION_MET
        )
    }

    /// Returns the name of the status in SAM, if it is assigned.
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
