//! The command window of a session (RFC 7143, 4.2.2.1).

use iscsi_pdu::{SequenceNumbers, SerialNumber};

/// The range of command numbers that the target accepts, and the next number.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommandWindow {
    /// `CmdSN` of the next command.
    next: SerialNumber,
    /// `ExpCmdSN`: the next number that the target expects.
    expected: SerialNumber,
    /// `MaxCmdSN`: the last number that the target accepts.
    last: SerialNumber,
}

impl CommandWindow {
    /// The window after login.
    pub(super) fn new(cmd_sn: SerialNumber, numbers: SequenceNumbers) -> Self {
        let mut window = Self { next: cmd_sn, expected: cmd_sn, last: cmd_sn.minus(1) };
        window.update(numbers);
        window
    }

    /// The number of the next command; an immediate command carries it without using it up.
    pub(super) const fn current(&self) -> SerialNumber {
        self.next
    }

    /// Whether the target has counted this number.
    pub(super) const fn has_counted(&self, cmd_sn: SerialNumber) -> bool {
        self.expected.follows(cmd_sn)
    }

    /// The number of commands that the target takes at present.
    pub(super) const fn remaining(&self) -> u32 {
        if self.next.follows(self.last) { 0 } else { self.last.0.wrapping_sub(self.next.0) + 1 }
    }

    /// Takes the next number, if the window is open (NUM-05).
    pub(super) fn take(&mut self) -> Option<SerialNumber> {
        if self.next.follows(self.last) {
            return None;
        }
        let taken = self.next;
        self.next = taken.next();
        Some(taken)
    }

    /// Updates the window from a PDU. Both fields only move forward, and an invalid pair is ignored (NUM-06).
    pub(super) fn update(&mut self, numbers: SequenceNumbers) {
        if numbers.max_cmd_sn.precedes(numbers.exp_cmd_sn.minus(1)) {
            return;
        }
        if numbers.max_cmd_sn.follows(self.last) {
            self.last = numbers.max_cmd_sn;
        }
        if numbers.exp_cmd_sn.follows(self.expected) {
            self.expected = numbers.exp_cmd_sn;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CommandWindow, SequenceNumbers, SerialNumber};

    fn numbers(exp_cmd_sn: u32, max_cmd_sn: u32) -> SequenceNumbers {
        SequenceNumbers {
            stat_sn: SerialNumber(0),
            exp_cmd_sn: SerialNumber(exp_cmd_sn),
            max_cmd_sn: SerialNumber(max_cmd_sn),
        }
    }

    fn capacity(exp_cmd_sn: u32, max_cmd_sn: u32) -> usize {
        let mut window = CommandWindow::new(SerialNumber(exp_cmd_sn), numbers(exp_cmd_sn, max_cmd_sn));
        std::iter::from_fn(|| window.take()).take(100).count()
    }

    /// NUM-05: closed, one, many, across the wrap, impossible.
    #[test]
    fn num_05_capacity_of_windows() {
        assert_eq!(capacity(10, 9), 0);
        assert_eq!(capacity(10, 10), 1);
        assert_eq!(capacity(10, 41), 32);
        assert_eq!(capacity(0xffff_fff0, 0x0f), 32);
        assert_eq!(capacity(10, 8), 0);
        assert_eq!(capacity(10, 9_u32.wrapping_add(1 << 31)), 0);
    }

    /// NUM-05: a window that is open by one, and one command later closed.
    #[test]
    fn num_05_the_last_number_of_the_window_is_taken_and_the_next_is_not() {
        let mut window = CommandWindow::new(SerialNumber(10), numbers(10, 11));
        let taken = [(); 3].map(|()| window.take());
        assert_eq!(taken, [Some(SerialNumber(10)), Some(SerialNumber(11)), None]);
        assert_eq!(window.current(), SerialNumber(12));
    }

    /// NUM-01: the widest window that serial numbers can express, and one wider.
    #[test]
    fn num_01_num_05_the_widest_window() {
        assert_eq!(capacity(10, 9_u32.wrapping_add((1 << 31) - 1)), 100);
        assert_eq!(capacity(10, 9_u32.wrapping_add(1 << 31)), 0);
    }

    /// NUM-06: each field moves forward by itself, by one or by many, and neither ever moves backwards.
    #[test]
    fn num_06_each_field_only_moves_forward() {
        for base in [10, u32::MAX - 1, u32::MAX, (1 << 31) - 1] {
            let at = |offset: u32| base.wrapping_add(offset);
            let mut window = CommandWindow::new(SerialNumber(base), numbers(at(0), at(5)));
            for (update, held) in [
                ((0, 5), (0, 5)),
                ((0, 4), (0, 5)),
                ((1, 5), (1, 5)),
                ((0, 5), (1, 5)),
                ((0, 6), (1, 6)),
                ((2, 5), (2, 6)),
                ((1, 7), (2, 7)),
                ((7, 4), (2, 7)),
                ((7, 5), (2, 7)),
                ((7, 6), (7, 7)),
                ((9, 8), (9, 8)),
                ((8, 8), (9, 8)),
            ] {
                window.update(numbers(at(update.0), at(update.1)));
                let (expected, last) = (SerialNumber(at(held.0)), SerialNumber(at(held.1)));
                assert_eq!((window.expected, window.last), (expected, last), "{base} {update:?}");
            }
        }
    }
}
