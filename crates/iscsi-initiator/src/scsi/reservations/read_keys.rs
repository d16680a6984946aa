//! PERSISTENT RESERVE IN with READ KEYS (SPC-4, 6.14.2).

use bytes::Bytes;

use super::persistent_reserve_in::{self, List};
use crate::scsi::{Cdb, Command, CommandError, Replay, Transfer};

/// PERSISTENT RESERVE IN with READ KEYS: lists the keys that initiators have registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadKeys {
    /// The most bytes that the unit sends: 8, and 8 for each key. The default has space for 1023 keys.
    pub allocation_length: u16,
}

impl Default for ReadKeys {
    fn default() -> Self {
        Self { allocation_length: persistent_reserve_in::ALLOCATION_LENGTH }
    }
}

/// The registered keys of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReservationKeys {
    /// A counter of the changes of the registrations.
    pub generation: u32,
    /// The keys in the target's order, one for each registration; those that have come.
    pub keys: Vec<u64>,
    /// The number of registrations by the target's count; more than `keys` if the allocation length was too small.
    pub total: u32,
}

impl Command for ReadKeys {
    type Answer = ReservationKeys;
    const NAME: &'static str = "PERSISTENT RESERVE IN (READ KEYS)";
    const REPLAY: Replay = Replay::Repeat;

    fn cdb(&self) -> Cdb {
        persistent_reserve_in::cdb(0x00, self.allocation_length)
    }

    fn transfer(&self) -> Transfer {
        Transfer::Read(self.allocation_length.into())
    }

    /// A key that is cut off ends the list.
    fn parse(&self, data: Bytes) -> Result<ReservationKeys, CommandError> {
        let List { generation, length, content } = List::split(Self::NAME, &data)?;
        let keys = content.as_chunks().0.iter().map(|key| u64::from_be_bytes(*key)).collect();
        Ok(ReservationKeys { generation, keys, total: length / 8 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [u8; 24] =
        [0, 0, 1, 2, 0, 0, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8];

    #[test]
    fn the_block_has_the_allocation_length() {
        let command = ReadKeys { allocation_length: 0x1234 };
        assert_eq!(command.cdb()[..10], [0x5e, 0x00, 0, 0, 0, 0, 0, 0x12, 0x34, 0]);
        assert_eq!(command.transfer(), Transfer::Read(0x1234));
        assert_eq!(ReadKeys::default().cdb()[7..9], [0x20, 0x00]);
        assert_eq!(Replay::of(&command.cdb()), ReadKeys::REPLAY);
    }

    #[test]
    fn keys_at_every_length_of_the_answer() {
        let all = [0x0102_0304_0506_0708, 0xfffe_fdfc_fbfa_f9f8];
        for length in 0..=KEYS.len() {
            let answer = ReadKeys::default().parse(Bytes::copy_from_slice(&KEYS[..length]));
            let Some(list) = length.checked_sub(8) else {
                assert!(answer.is_err(), "{length}");
                continue;
            };
            let expected = ReservationKeys { generation: 0x102, keys: all[..list / 8].to_vec(), total: 2 };
            assert_eq!(answer, Ok(expected), "{length}");
        }
    }

    #[test]
    fn bytes_behind_the_list_are_no_keys() {
        let data = [&KEYS[..7], &[8], &KEYS[8..]].concat();
        assert_eq!(ReadKeys::default().parse(data.into()).unwrap().keys, [0x0102_0304_0506_0708]);
        let none = ReadKeys::default().parse(Bytes::from_static(&[0; 24])).unwrap();
        assert_eq!(none, ReservationKeys::default());
    }
}
