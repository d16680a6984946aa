//! Exports: logical units as clients see them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use iscsi_initiator::nbd::{BlockSizes, CommandType, ExportInfo, TransmissionFlags};
use iscsi_initiator::scsi::BlockProvisioning;
use iscsi_initiator::{BlockDevice, Error};

use super::failure_log::FailureLog;
use super::memory::Memory;

/// The most data of one request. Clients that do not ask for it assume this much too.
pub(super) const MOST_DATA: u32 = 32 << 20;
/// The largest minimum that a client can be told.
const MOST_MINIMUM: u32 = 64 << 10;
/// Requests of fewer bytes than a page are slow everywhere.
const LEAST_PREFERRED: u32 = 4096;

/// How a logical unit is served.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExportOptions {
    /// The name by which clients choose it.
    pub(crate) name: String,
    /// A text for human readers.
    pub(crate) description: String,
    /// Whether writes are refused, though the unit may permit them.
    pub(crate) read_only: bool,
}

/// A logical unit that is served. Clones share it.
#[derive(Clone)]
pub(crate) struct Export(Arc<Shared>);

struct Shared {
    device: BlockDevice,
    options: ExportOptions,
    memory: Memory,
    failures: FailureLog,
    counts: Counts,
    /// How often the unit reported that acknowledged writes may be lost.
    losses: AtomicU64,
}

#[derive(Default)]
struct Counts {
    reads: AtomicU64,
    writes: AtomicU64,
    flushes: AtomicU64,
    others: AtomicU64,
    failed: AtomicU64,
}

/// The operations of an export since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OperationCounts {
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) flushes: u64,
    /// Trims, zeroings, block states and prefetches.
    pub(crate) others: u64,
    /// Those of all kinds that the unit did not carry out.
    pub(crate) failed: u64,
}

impl Export {
    pub(crate) fn new(device: BlockDevice, options: ExportOptions, memory: Memory) -> Self {
        Self(Arc::new(Shared {
            device,
            options,
            memory,
            failures: FailureLog::default(),
            counts: Counts::default(),
            losses: AtomicU64::new(0),
        }))
    }

    /// The export as a client that connects now is told of it.
    pub(crate) fn info(&self) -> ExportInfo {
        ExportInfo {
            name: self.0.options.name.clone(),
            description: self.0.options.description.clone(),
            size: self.size(),
            flags: self.flags(),
            block_sizes: self.block_sizes(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.options.name
    }

    pub(super) fn device(&self) -> &BlockDevice {
        &self.0.device
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.0.memory
    }

    /// The size in bytes, as the unit reported it last.
    pub(crate) fn size(&self) -> u64 {
        self.0.device.capacity().bytes()
    }

    /// The size of the unit's blocks in bytes.
    pub(crate) fn block_size(&self) -> u32 {
        self.0.device.capacity().block_size
    }

    /// Whether writes are refused, by the options or by the unit.
    pub(crate) fn is_read_only(&self) -> bool {
        self.0.options.read_only || self.0.device.is_write_protected()
    }

    /// The commands and flags that the unit supports.
    pub(crate) fn flags(&self) -> TransmissionFlags {
        let is_writable = !self.is_read_only();
        let always = TransmissionFlags::HAS_FLAGS | TransmissionFlags::FLUSH | TransmissionFlags::FUA;
        // All connections share one session, and a flush covers the whole unit.
        let always = always | TransmissionFlags::MULTI_CONN | TransmissionFlags::CACHE;
        let zeroes = TransmissionFlags::WRITE_ZEROES | TransmissionFlags::FAST_ZERO;
        always
            .with_if(!is_writable, TransmissionFlags::READ_ONLY)
            .with_if(is_writable && self.discards(), TransmissionFlags::TRIM)
            .with_if(is_writable, zeroes)
    }

    /// The sizes of requests that suit the unit. Others are served too.
    pub(crate) fn block_sizes(&self) -> BlockSizes {
        let capacity = self.0.device.capacity();
        sizes(capacity.block_size, self.0.device.properties().physical_block_size(capacity))
    }

    /// Whether the unit can be told that blocks are no longer needed.
    fn discards(&self) -> bool {
        self.0.device.properties().provisioning.as_ref().is_some_and(discards)
    }

    /// Whether the unit makes blocks zeros without having zeros written, by unmapping them.
    pub(super) fn zeroes_fast(&self) -> bool {
        let properties = self.0.device.properties();
        let reads_zeros = properties.format.is_some_and(|format| format.reads_zeros);
        properties.provisioning.as_ref().is_some_and(|page| zeroes_fast(page, reads_zeros))
    }

    pub(crate) fn counts(&self) -> OperationCounts {
        let Counts { reads, writes, flushes, others, failed } = &self.0.counts;
        let value = |count: &AtomicU64| count.load(Ordering::Relaxed);
        OperationCounts {
            reads: value(reads),
            writes: value(writes),
            flushes: value(flushes),
            others: value(others),
            failed: value(failed),
        }
    }

    pub(super) fn count(&self, command: CommandType) {
        let counts = &self.0.counts;
        let count = match command {
            CommandType::READ => &counts.reads,
            CommandType::WRITE => &counts.writes,
            CommandType::FLUSH => &counts.flushes,
            _ => &counts.others,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an operation that failed, and shows why.
    pub(super) fn note_failure(&self, line: &str, error: &Error) {
        self.0.counts.failed.fetch_add(1, Ordering::Relaxed);
        if matches!(error, Error::WritesMayBeLost { .. }) {
            self.0.losses.fetch_add(1, Ordering::Relaxed);
        }
        self.0.failures.tell(line);
    }

    /// How often acknowledged writes may have been lost so far. The unit says it once, and each client has to learn it.
    pub(super) fn losses(&self) -> u64 {
        self.0.losses.load(Ordering::Relaxed)
    }
}

/// Whether a unit with this page takes UNMAP or WRITE SAME (16), one of which discards blocks.
fn discards(page: &BlockProvisioning) -> bool {
    page.unmap || page.write_same_16
}

/// Whether a unit with this page zeroes by unmapping. Its format may say that unmapped blocks read as zeros, where the page does
/// not.
fn zeroes_fast(page: &BlockProvisioning, format_reads_zeros: bool) -> bool {
    let reads_zeros = page.unmapped_data.is_zero() || format_reads_zeros;
    page.write_same_16 || page.write_same_10 || page.unmap && reads_zeros
}

/// The sizes of requests for logical and physical blocks of so many bytes.
fn sizes(logical: u32, physical: u64) -> BlockSizes {
    let is_told = logical.is_power_of_two() && logical <= MOST_MINIMUM;
    let minimum = if is_told { logical } else { 1 };
    let physical = u32::try_from(physical).ok().filter(|size| size.is_power_of_two()).unwrap_or(0);
    let preferred = physical.max(LEAST_PREFERRED).max(minimum).min(MOST_DATA);
    BlockSizes { minimum, preferred, maximum: MOST_DATA }
}

#[cfg(test)]
mod tests {
    use iscsi_initiator::scsi::VpdPage as _;

    use super::*;

    const UNMAP: u8 = 0x80;
    const WRITE_SAME_16: u8 = 0x40;
    const WRITE_SAME_10: u8 = 0x20;
    const READS_ZEROS: u8 = 0x04;

    fn page(flags: u8) -> BlockProvisioning {
        BlockProvisioning::parse(&[0, flags, 2, 0]).unwrap()
    }

    #[test]
    fn units_discard_by_either_of_two_commands() {
        let cases = [(0, false), (UNMAP, true), (WRITE_SAME_16, true), (WRITE_SAME_10, false)];
        for (flags, expected) in cases {
            assert_eq!(discards(&page(flags)), expected, "{flags:#x}");
        }
    }

    #[test]
    fn unmapping_zeroes_where_unmapped_blocks_read_as_zeros() {
        for (flags, format_reads_zeros, expected) in [
            (WRITE_SAME_16, false, true),
            (WRITE_SAME_10, false, true),
            (UNMAP, false, false),
            (UNMAP | READS_ZEROS, false, true),
            (UNMAP, true, true),
            (READS_ZEROS, true, false),
        ] {
            assert_eq!(zeroes_fast(&page(flags), format_reads_zeros), expected, "{flags:#x}");
        }
    }

    #[test]
    fn sizes_of_requests_are_powers_of_two_whatever_the_blocks_are() {
        for (logical, physical, minimum, preferred) in [
            (512, 512, 512, 4096),
            (512, 16_384, 512, 16_384),
            (65_536, 65_536, 65_536, 65_536),
            (131_072, 131_072, 1, 131_072),
            (520, 520, 1, 4096),
            (512, 12_288, 512, 4096),
            (512, 1 << 26, 512, MOST_DATA),
            (512, u64::MAX, 512, 4096),
        ] {
            let expected = BlockSizes { minimum, preferred, maximum: MOST_DATA };
            assert_eq!(sizes(logical, physical), expected, "{logical} {physical}");
        }
    }
}
