//! Status numbers of one connection (RFC 7143, 4.2.2.2).

use iscsi_pdu::SerialNumber;

use super::failure::ProtocolError;

/// The next status number expected.
#[derive(Clone, Copy, Debug)]
pub(super) struct StatusNumbers {
    expected: SerialNumber,
}

/// The meaning of a received status number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// The expected number: the PDU is processed.
    Next,
    /// A number from before: the PDU is a repetition and is dropped (NUM-21).
    Repeat,
}

impl StatusNumbers {
    pub(super) const fn new(expected: SerialNumber) -> Self {
        Self { expected }
    }

    /// `ExpStatSN` of the next PDU sent.
    pub(super) const fn expected(self) -> SerialNumber {
        self.expected
    }

    /// Counts the number of a PDU that consumes one.
    ///
    /// # Errors
    /// A gap means that responses are lost; at error recovery level 0 the session cannot go on (NUM-11, NUM-12).
    pub(super) fn accept(
        &mut self,
        pdu: &'static str,
        received: SerialNumber,
    ) -> Result<Arrival, ProtocolError> {
        if received == self.expected {
            self.expected = received.next();
            return Ok(Arrival::Next);
        }
        self.check(pdu, received)?;
        Ok(Arrival::Repeat)
    }

    /// Checks the number of a PDU that uses none up: it is the next one, so a greater one means that responses are lost.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub(super) fn check(self, pdu: &'static str, received: SerialNumber) -> Result<(), ProtocolError> {
        if received == self.expected || received.precedes(self.expected) {
            return Ok(());
        }
        Err(ProtocolError::Sequence {
            pdu,
            rule: "StatSN skips numbers, responses are lost (7.9)",
            received: received.0.into(),
            expected: self.expected.0.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrival, SerialNumber, StatusNumbers};

    /// NUM-09, NUM-21, NUM-12: count on, see repeats, refuse gaps, across the wrap.
    #[test]
    fn num_09_num_12_status_numbers() {
        let mut numbers = StatusNumbers::new(SerialNumber(u32::MAX));
        assert_eq!(numbers.accept("NOP-In", SerialNumber(u32::MAX)), Ok(Arrival::Next));
        assert_eq!(numbers.accept("NOP-In", SerialNumber(u32::MAX)), Ok(Arrival::Repeat));
        assert_eq!(numbers.expected(), SerialNumber(0));
        assert!(numbers.accept("NOP-In", SerialNumber(1)).is_err());
        assert!(numbers.accept("NOP-In", SerialNumber(1 << 31)).is_err());
    }
}
