//! The three sequence numbers of every PDU a target sends (RFC 7143, 4.2.2).

use crate::{Bhs, SerialNumber};

/// `StatSN`, `ExpCmdSN` and `MaxCmdSN`, at bytes 24, 28 and 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SequenceNumbers {
    /// Status sequence number. Counts only in PDUs that consume one; R2T and unsolicited NOP-In show the next.
    pub stat_sn: SerialNumber,
    /// The next command number the target expects.
    pub exp_cmd_sn: SerialNumber,
    /// The last command number the target accepts.
    pub max_cmd_sn: SerialNumber,
}

impl SequenceNumbers {
    pub(crate) fn decode(bhs: &Bhs) -> Self {
        Self {
            stat_sn: SerialNumber(bhs.u32::<24>()),
            exp_cmd_sn: SerialNumber(bhs.u32::<28>()),
            max_cmd_sn: SerialNumber(bhs.u32::<32>()),
        }
    }

    pub(crate) fn encode(self, bhs: &mut Bhs) {
        bhs.set_u32::<24>(self.stat_sn.0);
        bhs.set_u32::<28>(self.exp_cmd_sn.0);
        bhs.set_u32::<32>(self.max_cmd_sn.0);
    }
}
