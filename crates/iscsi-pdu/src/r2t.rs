//! Ready To Transfer (RFC 7143, 11.8).

use crate::{Bhs, Error, InitiatorTaskTag, Lun, Opcode, RawPdu, SequenceNumbers, TargetTransferTag};

/// The target asks for a range of the write data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct R2t {
    /// Copied into the Data-Out that answers.
    pub lun: Lun,
    /// The task.
    pub itt: InitiatorTaskTag,
    /// Copied into the Data-Out that answers.
    pub ttt: TargetTransferTag,
    /// `stat_sn` shows the next number and does not consume it.
    pub numbers: SequenceNumbers,
    /// Counts from 0 within the command.
    pub r2t_sn: u32,
    /// First byte wanted.
    pub buffer_offset: u32,
    /// Bytes wanted, at most `MaxBurstLength`.
    pub desired_data_transfer_length: u32,
}

impl R2t {
    /// Reads the fields; reserved ones are ignored.
    ///
    /// # Errors
    /// [`Error::Field`] when the PDU carries data (11.8.1).
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

    /// The PDU as sent.
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
