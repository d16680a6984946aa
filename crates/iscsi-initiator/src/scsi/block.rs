//! Commands of block devices (SBC-3, SBC-4).

mod block_range;
mod capacity;
mod compare_and_write;
mod defect_list;
mod get_lba_status;
mod layout;
mod or_write;
mod pre_fetch;
mod protect;
mod read;
mod read_capacity;
mod read_defect_data;
mod read_write;
mod sanitize;
mod short_lba;
mod synchronize_cache;
mod unmap;
mod verify;
mod write;
mod write_and_verify;
mod write_atomic;
mod write_same;

pub use block_range::BlockRange;
pub use capacity::Capacity;
pub use compare_and_write::CompareAndWrite;
pub use defect_list::{DefectFormat, DefectList};
pub use get_lba_status::{GetLbaStatus, LbaRange, LbaReportType, LbaStatus, ProvisioningStatus};
pub use or_write::OrWrite16;
pub use pre_fetch::{PreFetch10, PreFetch16};
pub use protect::Protect;
pub use read::{Read6, Read10, Read12, Read16};
pub use read_capacity::{ReadCapacity10, ReadCapacity16, UnitCapacity};
pub use read_defect_data::{ReadDefectData10, ReadDefectData12};
pub use read_write::{read_blocks, read_blocks_into, write_blocks};
pub use sanitize::{Sanitize, SanitizeOperation, SanitizeOverwrite};
pub use short_lba::ShortLba;
pub use synchronize_cache::{SynchronizeCache10, SynchronizeCache16};
pub use unmap::{Unmap, UnmapList};
pub use verify::{Verify10, Verify12, Verify16, VerifyData};
pub use write::{Write6, Write10, Write12, Write16};
pub use write_and_verify::{WriteAndVerify10, WriteAndVerify12, WriteAndVerify16};
pub use write_atomic::WriteAtomic16;
pub use write_same::{WriteSame10, WriteSame16};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::{Command, RawCommand, Replay, TransferLength};

    /// The tables of operation codes say the same as the types.
    fn check<C: Command>(command: &C, length: TransferLength) {
        let raw = RawCommand::of(command);
        assert_eq!(raw.replay, Replay::of(&raw.cdb), "{}", C::NAME);
        assert_eq!((raw.name, raw.transfer_length), (C::NAME, length));
    }

    #[test]
    fn commands_that_move_blocks_agree_with_the_tables() {
        check(&Read6::default(), TransferLength::Exact);
        check(&Read10::default(), TransferLength::Exact);
        check(&Read12::default(), TransferLength::Exact);
        check(&Read16::default(), TransferLength::Exact);
        check(&Write6::default(), TransferLength::Exact);
        check(&Write10::default(), TransferLength::Exact);
        check(&Write12::default(), TransferLength::Exact);
        check(&Write16::default(), TransferLength::Exact);
        check(&WriteAndVerify10::default(), TransferLength::Exact);
        check(&WriteAndVerify12::default(), TransferLength::Exact);
        check(&WriteAndVerify16::default(), TransferLength::Exact);
        check(&Verify10::default(), TransferLength::Exact);
        check(&Verify12::default(), TransferLength::Exact);
        check(&Verify16::default(), TransferLength::Exact);
        check(&CompareAndWrite::default(), TransferLength::Exact);
        check(&OrWrite16::default(), TransferLength::Exact);
        check(&WriteAtomic16::default(), TransferLength::Exact);
        check(&WriteSame10::default(), TransferLength::Exact);
        check(&WriteSame16::default(), TransferLength::Exact);
    }

    #[test]
    fn commands_with_other_data_agree_with_the_tables() {
        check(&Unmap::default(), TransferLength::UpTo);
        check(&SynchronizeCache10::default(), TransferLength::UpTo);
        check(&SynchronizeCache16::default(), TransferLength::UpTo);
        check(&PreFetch10::default(), TransferLength::UpTo);
        check(&PreFetch16::default(), TransferLength::UpTo);
        check(&GetLbaStatus::default(), TransferLength::UpTo);
        check(&ReadCapacity10, TransferLength::UpTo);
        check(&ReadCapacity16, TransferLength::UpTo);
        check(&ReadDefectData10::default(), TransferLength::UpTo);
        check(&ReadDefectData12::default(), TransferLength::UpTo);
        check(&Sanitize::new(SanitizeOperation::BlockErase), TransferLength::UpTo);
    }
}
