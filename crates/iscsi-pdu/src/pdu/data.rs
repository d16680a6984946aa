//! Data-In, Data-Out and Ready To Transfer (RFC 7143, 11.7 and 11.8).

use bytes::Bytes;

use super::scsi_response::ScsiStatus;
use crate::header::{
    Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SequenceNumbers, SerialNumber, TargetTransferTag,
};

/// SCSI Data-In: read data, and in the last PDU optionally the status of the command
/// ([RFC 7143, section 11.7](https://www.rfc-editor.org/rfc/rfc7143#section-11.7)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataIn {
    /// F: last PDU of a sequence.
    pub is_final: bool,
    /// A: the target requests an acknowledgement (error recovery level 1 and above).
    pub acknowledge: bool,
    /// O: the command had more data than expected; valid with `has_status`.
    pub overflow: bool,
    /// U: the command had less data than expected; valid with `has_status`.
    pub underflow: bool,
    /// S: the command ends with this PDU and `status`.
    pub has_status: bool,
    /// SCSI status; valid with `has_status`.
    pub status: ScsiStatus,
    /// Logical unit; valid with `acknowledge`.
    pub lun: Lun,
    /// Initiator Task Tag of the task.
    pub itt: InitiatorTaskTag,
    /// Target Transfer Tag; valid with `acknowledge`.
    pub ttt: TargetTransferTag,
    /// Status and command window numbers; `stat_sn` is valid only with `has_status`.
    pub numbers: SequenceNumbers,
    /// `DataSN`, counted from 0 within the command.
    pub data_sn: u32,
    /// Offset of the data from the start of the transfer, in bytes.
    pub buffer_offset: u32,
    /// Residual count in bytes; valid with `has_status`.
    pub residual_count: u32,
    /// The data; may be empty.
    pub data: Bytes,
}

impl DataIn {
    /// Decodes the fields; reserved fields are ignored.
    #[inline]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::DATA_IN)?;
        Ok(Self { data: raw.data, ..Self::read(&raw.bhs) })
    }

    /// Decodes the header alone, of a PDU without additional headers whose data are elsewhere; `data` is empty.
    #[inline]
    pub fn decode_bhs(bhs: &Bhs) -> Result<Self, Error> {
        bhs.expect(Opcode::DATA_IN)?;
        Ok(Self::read(bhs))
    }

    #[inline]
    fn read(bhs: &Bhs) -> Self {
        Self {
            is_final: bhs.flag::<1>(0x80),
            acknowledge: bhs.flag::<1>(0x40),
            overflow: bhs.flag::<1>(0x04),
            underflow: bhs.flag::<1>(0x02),
            has_status: bhs.flag::<1>(0x01),
            status: ScsiStatus(bhs.byte::<3>()),
            lun: Lun(bhs.array::<8, 8>()),
            itt: InitiatorTaskTag(bhs.u32::<16>()),
            ttt: TargetTransferTag(bhs.u32::<20>()),
            numbers: SequenceNumbers::decode(bhs),
            data_sn: bhs.u32::<36>(),
            buffer_offset: bhs.u32::<40>(),
            residual_count: bhs.u32::<44>(),
            data: Bytes::new(),
        }
    }

    /// Encodes the PDU.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let data = self.data.clone();
        let mut bhs = Bhs::new(Opcode::DATA_IN);
        bhs.set_flag::<1>(0x80, self.is_final);
        bhs.set_flag::<1>(0x40, self.acknowledge);
        bhs.set_flag::<1>(0x04, self.overflow);
        bhs.set_flag::<1>(0x02, self.underflow);
        bhs.set_flag::<1>(0x01, self.has_status);
        bhs.set_byte::<3>(self.status.0);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.ttt.0);
        self.numbers.encode(&mut bhs);
        bhs.set_u32::<36>(self.data_sn);
        bhs.set_u32::<40>(self.buffer_offset);
        bhs.set_u32::<44>(self.residual_count);
        RawPdu::with_data(bhs, data)
    }
}

/// SCSI Data-Out: write data, unsolicited or in answer to an R2T
/// ([RFC 7143, section 11.7](https://www.rfc-editor.org/rfc/rfc7143#section-11.7)).
///
/// It carries no `CmdSN` and is never immediate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataOut {
    /// F: last PDU of the unsolicited burst or of the answer to one R2T.
    pub is_final: bool,
    /// Logical unit, copied from the R2T; 0 if unsolicited.
    pub lun: Lun,
    /// Initiator Task Tag of the task.
    pub itt: InitiatorTaskTag,
    /// Target Transfer Tag, copied from the R2T; reserved if unsolicited.
    pub ttt: TargetTransferTag,
    /// The next `StatSN` expected.
    pub exp_stat_sn: SerialNumber,
    /// `DataSN`, counted from 0 within the burst.
    pub data_sn: u32,
    /// Offset of the data from the start of the transfer, in bytes.
    pub buffer_offset: u32,
    /// The data, at most the target's `MaxRecvDataSegmentLength`.
    pub data: Bytes,
}

impl DataOut {
    /// Decodes the fields; reserved fields are ignored.
    #[inline]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_plain(Opcode::DATA_OUT)?;
        Ok(Self {
            is_final: raw.bhs.flag::<1>(0x80),
            lun: Lun(raw.bhs.array::<8, 8>()),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            ttt: TargetTransferTag(raw.bhs.u32::<20>()),
            exp_stat_sn: SerialNumber(raw.bhs.u32::<28>()),
            data_sn: raw.bhs.u32::<36>(),
            buffer_offset: raw.bhs.u32::<40>(),
            data: raw.data,
        })
    }

    /// Encodes the PDU.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let data = self.data.clone();
        RawPdu::with_data(self.encode_bhs(), data)
    }

    /// Encodes the header alone, for data that are sent from elsewhere ([`encode_headers`](crate::encode_headers)).
    #[inline]
    #[must_use]
    pub fn encode_bhs(&self) -> Bhs {
        let mut bhs = Bhs::new(Opcode::DATA_OUT);
        bhs.set_flag::<1>(0x80, self.is_final);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.ttt.0);
        bhs.set_u32::<28>(self.exp_stat_sn.0);
        bhs.set_u32::<36>(self.data_sn);
        bhs.set_u32::<40>(self.buffer_offset);
        bhs
    }
}

/// Ready To Transfer (R2T): the target's request for a range of the write data
/// ([RFC 7143, section 11.8](https://www.rfc-editor.org/rfc/rfc7143#section-11.8)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct R2t {
    /// Logical unit, copied into the Data-Out PDUs that answer.
    pub lun: Lun,
    /// Initiator Task Tag of the task.
    pub itt: InitiatorTaskTag,
    /// Target Transfer Tag, copied into the Data-Out PDUs that answer.
    pub ttt: TargetTransferTag,
    /// Status and command window numbers; `stat_sn` is the next number, which the R2T does not use.
    pub numbers: SequenceNumbers,
    /// `R2TSN`, counted from 0 within the command.
    pub r2t_sn: u32,
    /// Offset of the first requested byte from the start of the transfer.
    pub buffer_offset: u32,
    /// Number of requested bytes, at most `MaxBurstLength`.
    pub desired_data_transfer_length: u32,
}

impl R2t {
    /// Decodes the fields; reserved fields are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] if the PDU has data (11.8.1).
    #[inline]
    #[allow(clippy::needless_pass_by_value, reason = "every PDU is decoded by the same call")]
    pub fn decode(raw: RawPdu) -> Result<Self, Error> {
        raw.expect_header_only(Opcode::R2T, "an R2T has no data (11.8.1)")?;
        Ok(Self {
            lun: Lun(raw.bhs.array::<8, 8>()),
            itt: InitiatorTaskTag(raw.bhs.u32::<16>()),
            ttt: TargetTransferTag(raw.bhs.u32::<20>()),
            numbers: SequenceNumbers::decode(&raw.bhs),
            r2t_sn: raw.bhs.u32::<36>(),
            buffer_offset: raw.bhs.u32::<40>(),
            desired_data_transfer_length: raw.bhs.u32::<44>(),
        })
    }

    /// Encodes the PDU.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let mut bhs = Bhs::new(Opcode::R2T);
        bhs.set_byte::<1>(0x80);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.ttt.0);
        self.numbers.encode(&mut bhs);
        bhs.set_u32::<36>(self.r2t_sn);
        bhs.set_u32::<40>(self.buffer_offset);
        bhs.set_u32::<44>(self.desired_data_transfer_length);
        RawPdu::header(bhs)
    }
}
