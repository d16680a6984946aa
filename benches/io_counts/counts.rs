//! Counts of one case, per operation.

use std::fmt;

/// What an operation takes of the client. Instructions are rounded to one, everything else to two decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    /// User instructions.
    pub(crate) instructions: f64,
    /// System calls.
    pub(crate) calls: f64,
    /// System calls that failed with EAGAIN.
    pub(crate) eagain: f64,
    /// Calls of the allocator for new or larger memory.
    pub(crate) allocations: f64,
    /// Minor page faults.
    pub(crate) faults: f64,
}

impl Counts {
    /// The counts of a long run without those of a short one, divided by the operations between them.
    pub(crate) fn per_operation(short: Self, long: Self, operations: f64) -> Self {
        let each = |part: fn(&Self) -> f64, per_unit: f64| {
            // Zero has no sign in the table.
            ((part(&long) - part(&short)) / operations * per_unit).round() / per_unit + 0.0
        };
        Self {
            instructions: each(|counts| counts.instructions, 1.0),
            calls: each(|counts| counts.calls, 100.0),
            eagain: each(|counts| counts.eagain, 100.0),
            allocations: each(|counts| counts.allocations, 100.0),
            faults: each(|counts| counts.faults, 100.0),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instructions, calls, eagain, allocations, faults } = self;
        write!(
            formatter,
            "{instructions:>12.0}  {calls:>6.2}  {eagain:>6.2}  {allocations:>11.2}  {faults:>6.2}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_run_and_the_common_beginning_cancel_out() {
        let counts = |operations: f64| Counts {
            instructions: 7777.0 + operations * 1234.4,
            calls: 99.0 + operations * 3.0,
            eagain: 5.0,
            allocations: 3.0 + operations,
            faults: 12.0,
        };
        let each = Counts::per_operation(counts(32.0), counts(1056.0), 1024.0);
        let expected =
            Counts { instructions: 1234.0, calls: 3.0, eagain: 0.0, allocations: 1.0, faults: 0.0 };
        assert_eq!(each, expected);
        assert_eq!(each.to_string(), "        1234    3.00    0.00         1.00    0.00");
    }
}
