//! The command window of a session (RFC 7143, 4.2.2.1).

use iscsi_pdu::SerialNumber;

/// The numbers that commands may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommandWindow {
    next: SerialNumber,
    /// The last number that a command may have. It never goes back.
    last: SerialNumber,
    /// Commands that may be sent ahead.
    size: u32,
    /// Commands that hold a place.
    open: u32,
}

impl CommandWindow {
    /// A window of this size from the number of the first command on.
    pub(super) const fn new(first: SerialNumber, size: u32) -> Self {
        Self { next: first, last: first.plus(size).minus(1), size, open: 0 }
    }

    /// `ExpCmdSN`.
    pub(super) const fn next(&self) -> SerialNumber {
        self.next
    }

    /// `MaxCmdSN`.
    pub(super) const fn last(&self) -> SerialNumber {
        self.last
    }

    pub(super) const fn contains(&self, cmd_sn: SerialNumber) -> bool {
        !cmd_sn.precedes(self.next) && !cmd_sn.follows(self.last)
    }

    /// Takes the next number. The window does not move yet: the command may keep its place.
    pub(super) const fn take(&mut self) {
        self.next = self.next.next();
    }

    /// A command keeps its place until [`Self::close`].
    pub(super) const fn open(&mut self) {
        self.open = self.open.saturating_add(1);
    }

    pub(super) fn close(&mut self) {
        self.open = self.open.saturating_sub(1);
        self.advance();
    }

    pub(super) fn set_size(&mut self, size: u32) {
        self.size = size;
        self.advance();
    }

    /// Moves the end forward, as far as places are free. A number that was allowed stays allowed.
    pub(crate) fn advance(&mut self) {
        let last = self.next.plus(self.size).minus(self.open).minus(1);
        if last.follows(self.last) {
            self.last = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowed_number_stays_allowed() {
        let first = SerialNumber(u32::MAX - 1);
        let mut window = CommandWindow::new(first, 4);
        assert!(window.contains(first) && window.contains(SerialNumber(1)));
        assert!(!window.contains(SerialNumber(2)) && !window.contains(first.minus(1)));
        window.set_size(0);
        assert_eq!(window.last(), SerialNumber(1));
        for _ in 0..4 {
            window.take();
            window.advance();
        }
        assert_eq!((window.next(), window.last()), (SerialNumber(2), SerialNumber(1)));
        assert!(!window.contains(SerialNumber(2)));
        window.set_size(1);
        assert_eq!(window.last(), SerialNumber(2));
    }

    #[test]
    fn an_open_command_keeps_its_place() {
        let mut window = CommandWindow::new(SerialNumber(10), 2);
        window.take();
        window.open();
        window.advance();
        assert_eq!(window.last(), SerialNumber(11));
        window.close();
        assert_eq!(window.last(), SerialNumber(12));
    }
}
