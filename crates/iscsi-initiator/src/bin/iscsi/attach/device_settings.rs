//! The settings of a device: what the kernel is told of its unit and its server.

use std::time::Duration;

use iscsi_initiator::BlockDevice;

use crate::failure::Failure;
use crate::serve::export::Export;

/// The block sizes that the kernel can give a device.
const BLOCK_SIZES: std::ops::RangeInclusive<u32> = 512..=4096;
/// The flags of the protocol that kernels know: beyond these, they have other meanings or none.
const KNOWN_FLAGS: u16 = 0x017f;

/// The settings of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeviceSettings {
    /// Bytes, a multiple of the block size.
    pub(super) size: u64,
    /// Bytes of a logical block.
    pub(super) block_size: u64,
    /// The time after which the kernel takes a socket for dead that has not answered a request.
    pub(super) timeout: Duration,
    /// The time for which requests wait for a new socket when all are dead.
    pub(super) dead_connection_timeout: Duration,
    /// The transmission flags.
    pub(super) server_flags: u16,
    /// A text that names the unit. Only a server with the same one may take the device over.
    pub(super) backend: String,
}

impl DeviceSettings {
    /// Those of a unit that is exported, with one limit for slow answers and for a missing server.
    ///
    /// # Errors
    /// The kernel has no devices with blocks of this size.
    pub(super) fn of_unit(
        unit: &BlockDevice,
        export: &Export,
        backend: String,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let capacity = unit.capacity();
        if !BLOCK_SIZES.contains(&capacity.block_size) || !capacity.block_size.is_power_of_two() {
            return Err(Failure::usage(
                format!("the logical unit has blocks of {} bytes", capacity.block_size),
                "a device of the kernel can have blocks of 512 to 4096 bytes",
            ));
        }
        Ok(Self {
            size: capacity.bytes(),
            block_size: capacity.block_size.into(),
            timeout,
            dead_connection_timeout: timeout,
            server_flags: export.flags().0 & KNOWN_FLAGS,
            backend,
        })
    }
}
