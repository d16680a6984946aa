//! EXTENDED COPY (LID1) (SPC-4, 6.4).

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{CscdDescriptor, SegmentDescriptor};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// EXTENDED COPY (LID1): copies data between logical units of the target, without sending them to the initiator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtendedCopy {
    /// The identifier of the copy, which no other one in progress has.
    pub list_id: u8,
    /// The use of the identifier. [`ListIdUsage::None`] needs the identifier 0.
    pub list_id_usage: ListIdUsage,
    /// Priority against other commands, 0 (highest) to 7.
    pub priority: u8,
    /// Segments of tapes are moved in their order (STR).
    pub is_sequential: bool,
    /// The units that are read and written, 2047 at most; more are a list that the target refuses.
    pub units: Vec<CscdDescriptor>,
    /// The parts of the copy.
    pub segments: Vec<SegmentDescriptor>,
    /// Data that segments write.
    pub inline_data: Bytes,
}

/// Use of a list identifier (SPC-4, table 112).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListIdUsage {
    /// The copy can be asked about, and its results are kept (00b).
    #[default]
    Keep,
    /// The copy can be asked about while it is in progress (10b; in SPC-3, NRCR).
    Discard,
    /// The copy cannot be asked about (11b).
    None,
}

impl ListIdUsage {
    const fn code(self) -> u8 {
        match self {
            Self::Keep => 0x00,
            Self::Discard => 0x10,
            Self::None => 0x18,
        }
    }
}

impl ExtendedCopy {
    const STR: u8 = 0x20;

    fn parameters(&self) -> Bytes {
        let mut segments = BytesMut::new();
        self.segments.iter().for_each(|segment| segment.put(&mut segments));
        let units = CscdDescriptor::LENGTH * self.units.len();
        let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let str_bit = u8::from(self.is_sequential) * Self::STR;
        let mut data = BytesMut::with_capacity(16 + units + segments.len() + self.inline_data.len());
        data.put_slice(&[self.list_id, str_bit | self.list_id_usage.code() | self.priority & 0x07]);
        data.put_u16(u16::try_from(units).unwrap_or(u16::MAX));
        data.put_bytes(0, 4);
        data.put_u32(length(segments.len()));
        data.put_u32(length(self.inline_data.len()));
        self.units.iter().for_each(|unit| data.put_slice(&unit.0));
        data.put_slice(&segments);
        data.put_slice(&self.inline_data);
        data.freeze()
    }
}

impl Command for ExtendedCopy {
    type Answer = ();
    const NAME: &'static str = "EXTENDED COPY";
    /// The first one may still be in progress, or may have changed what it reads.
    const REPLAY: Replay = Replay::Never;

    fn cdb(&self) -> Cdb {
        let length = u32::try_from(self.parameters().len()).unwrap_or(u32::MAX);
        Cdb::new(0x83).with(10, &length.to_be_bytes())
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
    use crate::scsi::BlockCopy;

    #[test]
    fn the_block_and_the_list_with_all_fields() {
        let command = ExtendedCopy {
            list_id: 0x77,
            list_id_usage: ListIdUsage::Discard,
            priority: 0x0d,
            is_sequential: true,
            units: vec![CscdDescriptor([1; 32]), CscdDescriptor([2; 32])],
            segments: vec![
                BlockCopy { blocks: 8, ..Default::default() }.into(),
                SegmentDescriptor::Other(Bytes::from_static(&[9; 4])),
            ],
            inline_data: Bytes::from_static(&[5; 3]),
        };
        assert_eq!(command.cdb(), Cdb::from([0x83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 115, 0, 0]));
        let Transfer::Write(data) = command.transfer() else { panic!() };
        let data = data.pieces().concat();
        assert_eq!(data[..16], [0x77, 0x35, 0, 64, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 3]);
        assert_eq!(data[16..80], [[1; 32], [2; 32]].concat());
        assert_eq!((data[80], data[91], &data[108..]), (2, 8, &[9, 9, 9, 9, 5, 5, 5][..]));
        assert_eq!(Replay::of(&command.cdb()), ExtendedCopy::REPLAY);
    }

    #[test]
    fn uses_of_the_list_identifier() {
        let cases = [(ListIdUsage::Keep, 0x00), (ListIdUsage::Discard, 0x10), (ListIdUsage::None, 0x18)];
        for (list_id_usage, expected) in cases {
            let data = ExtendedCopy { list_id_usage, ..Default::default() }.parameters();
            assert_eq!((data[1], data.len()), (expected, 16));
        }
    }

    #[test]
    fn the_most_units_fit_their_length_and_one_more_does_not() {
        for (count, length) in [(2047, 65_504), (2048, u16::MAX)] {
            let data = ExtendedCopy { units: vec![CscdDescriptor([0; 32]); count], ..Default::default() }
                .parameters();
            assert_eq!(data[2..4], u16::to_be_bytes(length));
        }
    }
}
