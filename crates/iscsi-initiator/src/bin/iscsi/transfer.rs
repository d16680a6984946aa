//! Transfers between logical units, files and streams: copies, comparisons, checksums.

pub(crate) mod checksum;
pub(crate) mod comparison;
pub(crate) mod copy;
pub(crate) mod destination;
pub(crate) mod end;
pub(crate) mod journal;
pub(crate) mod local_data;
pub(crate) mod offload;
pub(crate) mod parts;
pub(crate) mod progress;
pub(crate) mod source;
pub(crate) mod unit_limits;

/// The bytes of a piece: what is read and written at a time.
pub(crate) const PIECE_LENGTH: u64 = 512 << 10;
/// The pieces that are under way at a time. With their length this bounds the memory: 8 MiB, which a session keeps to be used
/// again.
pub(crate) const PIECES: usize = 16;
