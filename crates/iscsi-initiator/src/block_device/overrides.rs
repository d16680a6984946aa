//! Settings for logical units that report their limits wrongly.

/// What a caller knows better than the logical unit. The default believes the unit.
///
/// ```
/// use iscsi_initiator::Overrides;
/// let mut overrides = Overrides::default();
/// overrides.max_transfer_length = Some(128 << 10);
/// overrides.no_unmap = true;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overrides {
    /// The most bytes of one command, if that is less than what the unit states; at least one block is transferred.
    pub max_transfer_length: Option<u32>,
    /// The most commands in flight of one transfer, from 1 to 256; 32 by default. The command window and the unit may
    /// permit fewer.
    pub queue_depth: Option<usize>,
    /// Blocks are never unmapped: neither by UNMAP nor by WRITE SAME with the UNMAP bit.
    pub no_unmap: bool,
    /// WRITE SAME is never sent.
    pub no_write_same: bool,
    /// COMPARE AND WRITE is never sent.
    pub no_compare_and_write: bool,
}

/// The most commands of a transfer that are in flight by default.
const COMMANDS_IN_FLIGHT: usize = 32;
/// The most that a caller may ask for: with commands of 1 MiB, that many bytes of a transfer are in memory.
const MOST_IN_FLIGHT: usize = 256;

impl Overrides {
    /// The most commands of a transfer that are in flight.
    pub(super) fn depth(&self) -> usize {
        self.queue_depth.map_or(COMMANDS_IN_FLIGHT, |depth| depth.clamp(1, MOST_IN_FLIGHT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_depth_is_bounded_on_both_sides() {
        for (queue_depth, depth) in
            [(None, 32), (Some(0), 1), (Some(1), 1), (Some(256), 256), (Some(257), 256)]
        {
            assert_eq!(Overrides { queue_depth, ..Overrides::default() }.depth(), depth);
        }
    }
}
