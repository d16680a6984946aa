//! SYNCHRONIZE CACHE (SBC-3, 5.22 and 5.23).

use crate::scsi::{RawCommand, Transfer};

/// SYNCHRONIZE CACHE (10) over the whole medium (SBC-3, 5.22): ends when all written data are stable.
#[must_use]
pub fn synchronize_cache() -> RawCommand {
    RawCommand::new("SYNCHRONIZE CACHE", 0x35, Transfer::None)
}

/// SYNCHRONIZE CACHE (16) over the whole medium (SBC-3, 5.23), for units that support only this form.
#[must_use]
pub fn synchronize_cache_16() -> RawCommand {
    RawCommand::new("SYNCHRONIZE CACHE (16)", 0x91, Transfer::None)
}
