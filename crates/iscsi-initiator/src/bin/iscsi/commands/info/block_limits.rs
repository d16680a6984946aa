//! The limits of block commands: page 0xb0 (SBC-4, 6.6.4).

use iscsi_initiator::scsi::BlockLimits;
use serde::Serialize;

use crate::output::sections::Sections;

/// The limits of block commands, in blocks; null where the unit states none.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct BlockLimitsReport {
    /// The most blocks of one command.
    max_transfer: Option<u32>,
    /// Transfers of more blocks than this may be slow.
    optimal_transfer: Option<u32>,
    /// Transfers of a multiple of this are fast.
    optimal_granularity: Option<u16>,
    /// The most blocks of a PRE-FETCH.
    max_prefetch: Option<u32>,
    /// The most blocks of a COMPARE AND WRITE; 0 without the command.
    max_compare_and_write: u8,
    /// The most blocks of an UNMAP; 0 without the command, 4294967295 for no limit.
    max_unmap_blocks: u32,
    /// The most ranges of an UNMAP; 0 without the command, 4294967295 for no limit.
    max_unmap_descriptors: u32,
    /// UNMAP requests of a multiple of this are best.
    unmap_granularity: Option<u32>,
    /// The first block at which such requests begin.
    unmap_alignment: Option<u32>,
    /// The most blocks of a WRITE SAME.
    max_write_same: Option<u64>,
    /// Whether WRITE SAME of 0 blocks, which means all up to the end, is refused (WSNZ).
    write_same_needs_count: bool,
    /// The most blocks of a WRITE ATOMIC.
    max_atomic_transfer: Option<u32>,
    /// WRITE ATOMIC begins at a multiple of this.
    atomic_alignment: Option<u32>,
    /// WRITE ATOMIC writes a multiple of this.
    atomic_granularity: Option<u32>,
}

impl From<BlockLimits> for BlockLimitsReport {
    fn from(limits: BlockLimits) -> Self {
        Self {
            max_transfer: limits.max_transfer,
            optimal_transfer: limits.optimal_transfer,
            optimal_granularity: limits.optimal_granularity,
            max_prefetch: limits.max_prefetch,
            max_compare_and_write: limits.max_compare_and_write,
            max_unmap_blocks: limits.max_unmap_blocks,
            max_unmap_descriptors: limits.max_unmap_descriptors,
            unmap_granularity: limits.unmap_granularity,
            unmap_alignment: limits.unmap_alignment,
            max_write_same: limits.max_write_same,
            write_same_needs_count: limits.write_same_needs_count,
            max_atomic_transfer: limits.max_atomic_transfer,
            atomic_alignment: limits.atomic_alignment,
            atomic_granularity: limits.atomic_granularity,
        }
    }
}

impl BlockLimitsReport {
    pub(super) fn rows(&self, sections: &mut Sections) {
        sections.heading("Block limits (blocks)");
        sections.row("transfer", limit(self.max_transfer));
        sections.row_of("optimal transfer", self.optimal_transfer);
        sections.row_of("optimal granularity", self.optimal_granularity);
        sections.row_of("PRE-FETCH", self.max_prefetch);
        sections.row("COMPARE AND WRITE", of_command(self.max_compare_and_write.into()));
        let descriptors = of_command(self.max_unmap_descriptors);
        sections.row("UNMAP", of_command(self.max_unmap_blocks));
        sections.row("UNMAP ranges", descriptors);
        sections.row_of("UNMAP granularity", self.unmap_granularity);
        sections.row_of("UNMAP alignment", self.unmap_alignment);
        sections.row("WRITE SAME", limit(self.max_write_same));
        sections.flag("WRITE SAME needs a count", self.write_same_needs_count);
        sections.row_of("WRITE ATOMIC", self.max_atomic_transfer);
        sections.row_of("WRITE ATOMIC alignment", self.atomic_alignment);
        sections.row_of("WRITE ATOMIC granularity", self.atomic_granularity);
    }
}

fn limit(most: Option<impl ToString>) -> String {
    most.map_or_else(|| "no limit stated".to_owned(), |most| format!("at most {}", most.to_string()))
}

/// A limit in which 0 stands for an unknown command.
fn of_command(most: u32) -> String {
    match most {
        0 => "not supported".to_owned(),
        u32::MAX => "no limit".to_owned(),
        most => format!("at most {most}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_nothing_of_all_and_between() {
        let shown = [0, 1, u32::MAX - 1, u32::MAX].map(of_command);
        assert_eq!(shown, ["not supported", "at most 1", "at most 4294967294", "no limit"]);
        assert_eq!((limit(Some(5)), limit(None::<u32>)), ("at most 5".into(), "no limit stated".into()));
    }
}
