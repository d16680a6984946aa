//! Commands of block devices (SBC-3).

mod read_write;
mod synchronize_cache;

pub use read_write::{read_blocks, read_blocks_into, write_blocks};
pub use synchronize_cache::{synchronize_cache, synchronize_cache_16};
