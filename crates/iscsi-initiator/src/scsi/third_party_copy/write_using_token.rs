//! WRITE USING TOKEN (SBC-3, 5.46).

use bytes::{BufMut as _, Bytes, BytesMut};

use super::RodToken;
use crate::scsi::BlockRange;
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// WRITE USING TOKEN: writes the data that a token stands for to ranges of blocks.
///
/// ```no_run
/// # async fn example(session: iscsi_initiator::Session) -> Result<(), iscsi_initiator::Error> {
/// use iscsi_initiator::{Lun, scsi::{BlockRange, PopulateToken, ReceiveRodTokenInformation, WriteUsingToken}};
/// let read = PopulateToken { list_id: 1, ranges: vec![BlockRange { lba: 0, blocks: 8 }], ..Default::default() };
/// session.send(Lun::ZERO, &read).await?;
/// let information = session.send(Lun::ZERO, &ReceiveRodTokenInformation::new(1)).await?;
/// if let Some(token) = information.tokens.into_iter().next() {
///     let ranges = vec![BlockRange { lba: 64, blocks: 8 }];
///     session.send(Lun::ZERO, &WriteUsingToken { list_id: 2, ranges, ..WriteUsingToken::new(token) }).await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteUsingToken {
    /// The identifier of the operation, which no other one in progress has.
    pub list_id: u32,
    /// The token.
    pub token: RodToken,
    /// The first block to take from the data of the token, counted from their begin.
    pub offset: u64,
    /// The ranges to write, 4062 at most; more are a list that the unit refuses.
    pub ranges: Vec<BlockRange>,
    /// The status comes before the operation ends (IMMED).
    pub immediate: bool,
    /// The target forgets the token when the operation ends (`DEL_TKN`).
    pub delete_token: bool,
    /// Group number, up to 63; 0 for none.
    pub group: u8,
}

impl WriteUsingToken {
    const IMMED: u8 = 0x01;
    const DEL_TKN: u8 = 0x02;

    /// Returns the command with this token, all other fields 0, and no ranges.
    #[must_use]
    pub const fn new(token: RodToken) -> Self {
        let ranges = Vec::new();
        Self { list_id: 0, token, offset: 0, ranges, immediate: false, delete_token: false, group: 0 }
    }

    fn parameters(&self) -> Bytes {
        let list = BlockRange::list(&self.ranges);
        let immed = u8::from(self.immediate) * Self::IMMED;
        let del_tkn = u8::from(self.delete_token) * Self::DEL_TKN;
        let mut data = BytesMut::with_capacity(534 + list.len());
        data.put_u16(u16::try_from(532 + list.len()).unwrap_or(u16::MAX));
        data.put_slice(&[immed | del_tkn, 0, 0, 0, 0, 0]);
        data.put_u64(self.offset);
        data.put_slice(self.token.as_bytes());
        data.put_bytes(0, 6);
        data.put_slice(&list);
        data.freeze()
    }
}

impl Command for WriteUsingToken {
    type Answer = ();
    const NAME: &'static str = "WRITE USING TOKEN";
    /// The first one may still be in progress, and may have deleted the token.
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        let length = u32::try_from(self.parameters().len()).unwrap_or(u32::MAX);
        let cdb = Cdb::new(0x83).with(1, &[0x11]).with(6, &self.list_id.to_be_bytes());
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

    #[test]
    fn the_block_and_the_list_with_all_fields() {
        let command = WriteUsingToken {
            list_id: 0x2122_2324,
            token: RodToken::new(&[0xab; 512]),
            offset: 0x4142_4344_4546_4748,
            ranges: vec![BlockRange { lba: 0x0102_0304_0506_0708, blocks: 0x1112_1314 }],
            immediate: true,
            delete_token: true,
            group: 0xff,
        };
        let cdb = [0x83, 0x11, 0, 0, 0, 0, 0x21, 0x22, 0x23, 0x24, 0, 0, 0x02, 0x28, 0x3f, 0];
        assert_eq!(command.cdb(), Cdb::from(cdb));
        let head = [0x02, 0x26, 0x03, 0, 0, 0, 0, 0, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48];
        let range = [1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0, 0, 0, 0];
        let list = [&head[..], &[0xab; 512], &[0; 6], &[0, 16], &range].concat();
        assert_eq!(command.transfer(), Transfer::Write(list.into()));
        assert_eq!(Replay::of(&command.cdb()), WriteUsingToken::REPLAY);
    }

    #[test]
    fn each_flag_is_a_bit_of_its_own() {
        let command = WriteUsingToken::new(RodToken::zeros());
        for (immediate, delete_token, expected) in [(false, false, 0), (true, false, 1), (false, true, 2)] {
            let data = WriteUsingToken { immediate, delete_token, ..command.clone() }.parameters();
            assert_eq!((data[2], data.len()), (expected, 536));
        }
    }

    #[test]
    fn the_most_ranges_fit_their_lengths_and_one_more_does_not() {
        for (count, length) in [(4062, 65_526), (4063, u16::MAX)] {
            let ranges = vec![BlockRange::default(); count];
            let data = WriteUsingToken { ranges, ..WriteUsingToken::new(RodToken::zeros()) }.parameters();
            assert_eq!(
                (data[..2].to_vec(), data.len()),
                (u16::to_be_bytes(length).to_vec(), 536 + 16 * count)
            );
        }
    }
}
