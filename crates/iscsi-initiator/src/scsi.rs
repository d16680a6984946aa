//! SCSI commands and their results, each with its data in one file (SPC-4, SBC-3). Integers are big-endian on the wire.

mod block;
mod block_span;
mod cache_effect;
mod cdb;
mod command;
mod completion;
mod inquiry;
mod mode_sense;
mod primary;
mod raw_command;
mod replay;
mod report_luns;
mod sense_data;
mod write_data;

pub(crate) use block_span::BlockSpan;
pub(crate) use cache_effect::CacheEffect;
pub(crate) use inquiry::{parse_max_transfer, parse_serial_number};
pub(crate) use mode_sense::{caching_mode_page, parse_write_cache_enabled};
pub(crate) use report_luns::parse as parse_luns;

pub use block::{
    BlockRange, Capacity, CompareAndWrite, DefectFormat, DefectList, GetLbaStatus, LbaRange, LbaReportType,
    LbaStatus, OrWrite16, PreFetch10, PreFetch16, Protect, ProvisioningStatus, Read6, Read10, Read12, Read16,
    ReadCapacity10, ReadCapacity16, ReadDefectData10, ReadDefectData12, Sanitize, SanitizeOperation,
    SanitizeOverwrite, ShortLba, SynchronizeCache10, SynchronizeCache16, UnitCapacity, Unmap, UnmapList,
    Verify10, Verify12, Verify16, VerifyData, Write6, Write10, Write12, Write16, WriteAndVerify10,
    WriteAndVerify12, WriteAndVerify16, WriteAtomic16, WriteSame10, WriteSame16, read_blocks,
    read_blocks_into, write_blocks,
};
pub use cdb::Cdb;
pub use command::Command;
pub use completion::{CommandError, Completion, Incomplete};
pub use inquiry::{Designator, DeviceIdentification, Inquiry, inquiry, vital_product_data};
pub use primary::TestUnitReady;
pub use raw_command::{RawCommand, Transfer, TransferLength};
pub use replay::Replay;
pub use report_luns::report_luns;
pub use sense_data::{SenseData, SenseKey};
pub use write_data::WriteData;
