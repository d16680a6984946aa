//! SCSI Data-Out (RFC 7143, 11.7).

use bytes::Bytes;

use crate::{Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SerialNumber, TargetTransferTag};

/// Write data, unsolicited or in answer to an R2T. Carries no `CmdSN` and is never immediate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataOut {
    /// Last PDU of the unsolicited burst or of the answer to one R2T.
    pub is_final: bool,
    /// Copied from the R2T; 0 when unsolicited.
    pub lun: Lun,
    /// The task.
    pub itt: InitiatorTaskTag,
    /// Copied from the R2T; reserved when unsolicited.
    pub ttt: TargetTransferTag,
    /// The next status number expected.
    pub exp_stat_sn: SerialNumber,
    /// Counts from 0 within the burst.
    pub data_sn: u32,
    /// Where the data belong, in bytes from the start of the transfer.
    pub buffer_offset: u32,
    /// The data, at most the target's `MaxRecvDataSegmentLength`.
    pub data: Bytes,
}

impl DataOut {
    /// Reads the fields; reserved ones are ignored.
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

    /// The PDU as sent.
    #[must_use]
    pub fn encode(&self) -> RawPdu {
        let data = self.data.clone();
        let mut bhs = Bhs::new(Opcode::DATA_OUT);
        bhs.set_flag::<1>(0x80, self.is_final);
        bhs.set_array::<8, 8>(self.lun.0);
        bhs.set_u32::<16>(self.itt.0);
        bhs.set_u32::<20>(self.ttt.0);
        bhs.set_u32::<28>(self.exp_stat_sn.0);
        bhs.set_u32::<36>(self.data_sn);
        bhs.set_u32::<40>(self.buffer_offset);
        RawPdu::with_data(bhs, data)
    }
}
