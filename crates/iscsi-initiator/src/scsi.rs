//! SCSI commands and their results, each with its data in one file (SPC-4, SBC-3). Integers are big-endian on the wire.

mod block;
mod cache_effect;
mod cdb;
mod command;
mod completion;
mod inquiry;
mod mode_sense;
mod primary;
mod raw_command;
mod read_capacity;
mod replay;
mod report_luns;
mod reservations;
mod sense_data;
mod target_port_groups;
mod third_party_copy;
mod write_data;

pub(crate) use cache_effect::CacheEffect;
pub(crate) use inquiry::{parse_max_transfer, parse_serial_number};
pub(crate) use mode_sense::{caching_mode_page, parse_write_cache_enabled};
pub(crate) use read_capacity::{parse_10 as parse_capacity_10, parse_16 as parse_capacity_16};
pub(crate) use report_luns::parse as parse_luns;

pub use block::{read_blocks, read_blocks_into, synchronize_cache, synchronize_cache_16, write_blocks};
pub use cdb::Cdb;
pub use command::Command;
pub use completion::{CommandError, Completion, Incomplete};
pub use inquiry::{Designator, DeviceIdentification, Inquiry, inquiry, vital_product_data};
pub use primary::TestUnitReady;
pub use raw_command::{RawCommand, Transfer, TransferLength};
pub use read_capacity::{Capacity, read_capacity_10, read_capacity_16};
pub use replay::Replay;
pub use report_luns::report_luns;
pub use reservations::*;
pub use sense_data::{SenseData, SenseKey};
pub use target_port_groups::*;
pub use third_party_copy::*;
pub use write_data::WriteData;

/// Parses an answer as each command whose answer has no type of its own does. For fuzzing; not part of the stable API.
#[doc(hidden)]
pub fn parse_untyped(data: &[u8]) {
    drop((parse_serial_number(data), parse_max_transfer(data), DeviceIdentification::parse(data)));
    drop((
        parse_write_cache_enabled(data),
        parse_capacity_10(data),
        parse_capacity_16(data),
        parse_luns(data),
    ));
}
