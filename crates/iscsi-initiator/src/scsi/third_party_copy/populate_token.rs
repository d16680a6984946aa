//! POPULATE TOKEN (SBC-3, 5.7).

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::scsi::BlockRange;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// POPULATE TOKEN: makes a token of ranges of blocks, as they are now. [`ReceiveRodTokenInformation`] with the same list
/// identifier returns it.
///
/// [`ReceiveRodTokenInformation`]: crate::scsi::ReceiveRodTokenInformation
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PopulateToken {
    /// The identifier of the operation, which no other one in progress has.
    pub list_id: u32,
    /// The ranges, 4095 at most; more are a list that the unit refuses.
    pub ranges: Vec<BlockRange>,
    /// The status comes before the operation ends (IMMED).
    pub immediate: bool,
    /// Seconds without use after which the target may forget the token; 0 leaves it to the target.
    pub inactivity_timeout: u32,
    /// The type of the token (SPC-4, table 107); `None` leaves it to the target (RTV).
    pub rod_type: Option<u32>,
    /// Group number, up to 63; 0 for none.
    pub group: u8,
}

impl PopulateToken {
    const IMMED: u8 = 0x01;
    const RTV: u8 = 0x02;

    fn parameters(&self) -> Bytes {
        let list = BlockRange::list(&self.ranges);
        let (immed, rtv) =
            (u8::from(self.immediate) * Self::IMMED, u8::from(self.rod_type.is_some()) * Self::RTV);
        let mut data = BytesMut::with_capacity(14 + list.len());
        data.put_u16(u16::try_from(12 + list.len()).unwrap_or(u16::MAX));
        data.put_slice(&[immed | rtv, 0]);
        data.put_u32(self.inactivity_timeout);
        data.put_u32(self.rod_type.unwrap_or_default());
        data.put_bytes(0, 2);
        data.put_slice(&list);
        data.freeze()
    }
}

impl Command for PopulateToken {
    type Answer = ();
    const NAME: &'static str = "POPULATE TOKEN";
    /// It makes another token each time, of data that may have changed in between.
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        let length = u32::try_from(self.parameters().len()).unwrap_or(u32::MAX);
        let cdb = Cdb::new(0x83).with(1, &[0x10]).with(6, &self.list_id.to_be_bytes());
        cdb.with(10, &length.to_be_bytes()).with(14, &[self.group & 0x3f])
    }

    fn transfer(&self) -> Transfer {
        Transfer::Write(self.parameters().into())
    }

    fn parse(&self, _data: Bytes) -> Result<(), CommandError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: BlockRange = BlockRange { lba: 0x0102_0304_0506_0708, blocks: 0x1112_1314 };

    #[test]
    fn the_block_and_the_list_with_all_fields() {
        let command = PopulateToken {
            list_id: 0x2122_2324,
            ranges: vec![RANGE],
            immediate: true,
            inactivity_timeout: 0x3132_3334,
            rod_type: Some(0x0080_0001),
            group: 0xff,
        };
        let cdb = [0x83, 0x10, 0, 0, 0, 0, 0x21, 0x22, 0x23, 0x24, 0, 0, 0, 32, 0x3f, 0];
        assert_eq!(command.cdb(), Cdb::from(cdb));
        let list = [
            0, 30, 0x03, 0, 0x31, 0x32, 0x33, 0x34, 0x00, 0x80, 0x00, 0x01, 0, 0, 0, 16, // header
            1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0, 0, 0, 0, // range
        ];
        assert_eq!(command.transfer(), Transfer::Write(list.to_vec().into()));
        assert_eq!(Replay::of(&command.cdb()), PopulateToken::REPLAY);
    }

    #[test]
    fn defaults_leave_the_choice_to_the_target() {
        let list = [0, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(PopulateToken::default().transfer(), Transfer::Write(list.to_vec().into()));
    }

    #[test]
    fn the_most_ranges_fit_their_lengths_and_one_more_does_not() {
        for (count, length, list_length) in [(4095, 65_534, 65_520), (4096, u16::MAX, u16::MAX)] {
            let data = PopulateToken { ranges: vec![RANGE; count], ..Default::default() }.parameters();
            assert_eq!(
                (data[..2].to_vec(), data.len()),
                (u16::to_be_bytes(length).to_vec(), 16 + 16 * count)
            );
            assert_eq!(data[14..16], u16::to_be_bytes(list_length));
        }
    }
}
