//! The command window of a session (RFC 7143, 4.2.2.1).

use iscsi_pdu::{SequenceNumbers, SerialNumber};

/// Which command numbers the target takes, and which is next.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommandWindow {
    /// `CmdSN` of the next command.
    next: SerialNumber,
    /// `ExpCmdSN`: what the target has seen.
    expected: SerialNumber,
    /// `MaxCmdSN`: the last one the target takes.
    last: SerialNumber,
}

impl CommandWindow {
    /// The window after login.
    pub(super) fn new(cmd_sn: SerialNumber, numbers: SequenceNumbers) -> Self {
        let mut window = Self { next: cmd_sn, expected: cmd_sn, last: cmd_sn.minus(1) };
        window.update(numbers);
        window
    }

    /// The number the next command would carry; an immediate one carries it without using it up.
    pub(super) const fn current(&self) -> SerialNumber {
        self.next
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

    /// NUM-06: both fields only ever move forward, and an impossible pair is ignored.
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

    fn room(exp_cmd_sn: u32, max_cmd_sn: u32) -> usize {
        let mut window = CommandWindow::new(SerialNumber(exp_cmd_sn), numbers(exp_cmd_sn, max_cmd_sn));
        std::iter::from_fn(|| window.take()).take(100).count()
    }

    /// NUM-05: closed, one, many, across the wrap, impossible.
    #[test]
    fn num_05_room_of_windows() {
        assert_eq!(room(10, 9), 0);
        assert_eq!(room(10, 10), 1);
        assert_eq!(room(10, 41), 32);
        assert_eq!(room(0xffff_fff0, 0x0f), 32);
        assert_eq!(room(10, 8), 0);
        assert_eq!(room(10, 9_u32.wrapping_add(1 << 31)), 0);
    }

    /// NUM-06: older values change nothing.
    #[test]
    fn num_06_stale_values_are_ignored() {
        let mut window = CommandWindow::new(SerialNumber(10), numbers(10, 12));
        window.update(numbers(9, 10));
        window.update(numbers(20, 5));
        assert_eq!(window.last, SerialNumber(12));
        window.update(numbers(11, 13));
        assert_eq!((window.expected, window.last), (SerialNumber(11), SerialNumber(13)));
    }
}
