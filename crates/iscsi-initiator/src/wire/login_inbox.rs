//! Received bytes of a login, and their PDUs.

use bytes::BytesMut;
use iscsi_pdu::{Decoder, Digests, RawPdu};

use super::inbox::{Inbox, end_of_stream};

/// Largest data segment during login, both ways (RFC 7143, 6.3).
const SEGMENT_LENGTH: u32 = 8192;
/// Bytes of one read, since responses are small.
const READ_LENGTH: usize = 1024;

/// A buffer for received bytes, with their decoder.
#[derive(Clone)]
pub(crate) struct LoginInbox {
    decoder: Decoder,
    received: BytesMut,
}

impl LoginInbox {
    /// An empty buffer.
    pub(crate) fn new() -> Self {
        Self { decoder: Decoder::new(SEGMENT_LENGTH), received: BytesMut::new() }
    }

    /// The inbox of full feature phase, with the bytes behind the last Login Response. The digests and the segment length
    /// that the initiator declared come into force (DIG-02).
    pub(crate) fn enter_full_feature(self, digests: Digests, max_data_segment_length: u32) -> Inbox {
        Inbox::new(&self.received, digests, max_data_segment_length)
    }

    /// The next PDU that has been received completely.
    pub(crate) fn next_pdu(&mut self) -> Result<Option<RawPdu>, iscsi_pdu::Error> {
        self.decoder.decode(&mut self.received)
    }

    /// The buffer, with space for one read behind the bytes that are in it. More is allocated when less than an eighth of
    /// a read is left.
    pub(crate) fn with_space(&mut self) -> &mut BytesMut {
        let needed = self.decoder.bytes_needed(&self.received).max(READ_LENGTH / 8);
        if self.received.capacity() - self.received.len() < needed {
            self.received.reserve(needed.max(READ_LENGTH));
        }
        &mut self.received
    }

    /// A description of the end of the stream at this point.
    pub(crate) fn end_of_stream(&self) -> &'static str {
        end_of_stream(self.decoder.is_idle(&self.received))
    }
}

#[cfg(test)]
mod tests {
    use bytes::BufMut as _;
    use iscsi_pdu::Opcode;

    use super::*;

    /// Space is made when less than an eighth of a read is left.
    #[test]
    fn space_for_a_read() {
        let mut inbox = LoginInbox::new();
        let space = |left: usize, inbox: &mut LoginInbox| {
            // Whole headers without data: nothing more is needed for the first.
            inbox.received = BytesMut::with_capacity(READ_LENGTH);
            let filled = inbox.received.capacity() - left;
            inbox.received.put_bytes(0, filled);
            let received = inbox.with_space();
            received.capacity() - received.len()
        };
        assert_eq!(space(READ_LENGTH / 8, &mut inbox), READ_LENGTH / 8);
        assert!(space(READ_LENGTH / 8 - 1, &mut inbox) >= READ_LENGTH);
        assert!(space(0, &mut inbox) >= READ_LENGTH);
    }

    /// A read is small, more space is made for a PDU that needs it, and a segment of more than 8192 bytes is refused by
    /// its header alone.
    #[test]
    fn a_login_takes_little() {
        let mut inbox = LoginInbox::new();
        assert!((READ_LENGTH..8 * READ_LENGTH).contains(&inbox.with_space().capacity()));
        for (length, fits) in [(SEGMENT_LENGTH, true), (SEGMENT_LENGTH + 1, false)] {
            let mut inbox = LoginInbox::new();
            let [_, a, b, c] = length.to_be_bytes();
            inbox.received.put_slice(&[Opcode::LOGIN_RESPONSE.0, 0, 0, 0, 0, a, b, c]);
            inbox.received.put_bytes(0, 40);
            assert_eq!(inbox.next_pdu().is_ok(), fits, "{length}");
            let received = inbox.with_space();
            assert_eq!(received.capacity() - received.len() >= 8192, fits, "{length}");
        }
    }

    #[test]
    fn the_end_of_the_stream_between_pdus_and_inside_one() {
        let mut inbox = LoginInbox::new();
        assert_eq!(inbox.end_of_stream(), "closed by the target");
        inbox.received.put_bytes(0, 47);
        assert_eq!(inbox.end_of_stream(), "closed by the target inside a PDU");
    }
}
