//! Descriptions of exports for clients.

use super::transmission_flags::TransmissionFlags;

/// The sizes of requests of an export, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSizes {
    /// Offsets and lengths are multiples of this; a power of two up to 65,536.
    pub minimum: u32,
    /// Multiples of this are fast; a power of two, at least 512 and the minimum.
    pub preferred: u32,
    /// The most data of one request; a multiple of the minimum, or the size of a smaller export.
    pub maximum: u32,
}

/// An export, as a client is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportInfo {
    /// The name by which it is chosen.
    pub name: String,
    /// A text for human readers.
    pub description: String,
    /// The size in bytes.
    pub size: u64,
    /// The commands and flags that it supports. [`TransmissionFlags::DONT_FRAGMENT`] is set by the negotiation.
    pub flags: TransmissionFlags,
    /// The sizes of requests.
    pub block_sizes: BlockSizes,
}
