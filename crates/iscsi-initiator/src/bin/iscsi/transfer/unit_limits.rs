//! Options for logical units that report their limits wrongly.

use clap::Args;
use iscsi_initiator::Overrides;

use crate::arguments::size;

const UNITS: &str = "Logical units that report wrong limits";

/// What the user knows better than the logical unit.
#[derive(Args)]
pub(crate) struct UnitLimits {
    /// Most bytes of one command [default: 1M]
    #[arg(long, value_name = "BYTES", value_parser = max_transfer, help_heading = UNITS)]
    max_transfer: Option<u32>,
    /// Most commands in flight [default: 32]
    #[arg(long, value_name = "COMMANDS", value_parser = queue_depth, help_heading = UNITS)]
    queue_depth: Option<usize>,
    /// Never unmap blocks
    #[arg(long, help_heading = UNITS)]
    no_unmap: bool,
    /// Never send WRITE SAME
    #[arg(long, help_heading = UNITS)]
    no_write_same: bool,
}

fn max_transfer(text: &str) -> Result<u32, String> {
    let bytes = size::parse(text)?;
    u32::try_from(bytes).ok().filter(|bytes| *bytes > 0).ok_or_else(|| "from 1 byte to 4 GiB".to_owned())
}

fn queue_depth(text: &str) -> Result<usize, String> {
    let number = size::parse_number(text, 1, 256)?;
    usize::try_from(number).map_err(|_| "too many".to_owned())
}

impl UnitLimits {
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = Overrides::default();
        overrides.max_transfer_length = self.max_transfer;
        overrides.queue_depth = self.queue_depth;
        overrides.no_unmap = self.no_unmap;
        overrides.no_write_same = self.no_write_same;
        overrides
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_within_bounds() {
        assert_eq!((max_transfer("64K"), max_transfer("1")), (Ok(65_536), Ok(1)));
        assert!(max_transfer("0").is_err() && max_transfer("4G").is_err());
        assert_eq!((queue_depth("1"), queue_depth("256")), (Ok(1), Ok(256)));
        assert!(queue_depth("0").is_err() && queue_depth("257").is_err());
    }
}
