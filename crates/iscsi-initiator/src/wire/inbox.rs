//! Received bytes, and their PDUs.

use bytes::BytesMut;
use iscsi_pdu::{Decoder, Digests, RawPdu};

/// Largest data segment during login, both ways (RFC 7143, 6.3).
const LOGIN_SEGMENT_LENGTH: u32 = 8192;
/// Bytes of one read during login, in which responses are small.
const LOGIN_READ_LENGTH: usize = 1024;
/// Bytes of one read in full feature phase.
const READ_LENGTH: usize = 8192;

/// A buffer for received bytes, with their decoder.
#[derive(Clone)]
pub struct Inbox {
    decoder: Decoder,
    received: BytesMut,
    /// Space for one read when the decoder does not need more. More is allocated when less than an eighth of it is
    /// left.
    read_length: usize,
}

impl Inbox {
    /// An empty buffer for a login.
    pub(crate) fn new() -> Self {
        let decoder = Decoder::new(LOGIN_SEGMENT_LENGTH);
        Self { decoder, received: BytesMut::new(), read_length: LOGIN_READ_LENGTH }
    }

    /// Full feature phase begins: digests and the segment length that the initiator declared come into force (DIG-02).
    pub(crate) fn enter_full_feature(&mut self, digests: Digests, max_data_segment_length: u32) {
        self.read_length = READ_LENGTH;
        self.decoder.set_full_feature(digests, max_data_segment_length);
    }

    /// The next PDU that has been received completely.
    pub(crate) fn next_pdu(&mut self) -> Result<Option<RawPdu>, iscsi_pdu::Error> {
        self.decoder.decode(&mut self.received)
    }

    /// The buffer, with space for one read behind the bytes that are in it.
    pub(crate) fn with_space(&mut self) -> &mut BytesMut {
        let needed = self.decoder.bytes_needed(&self.received).max(self.read_length / 8);
        if self.received.capacity() - self.received.len() < needed {
            self.received.reserve(needed.max(self.read_length));
        }
        &mut self.received
    }

    /// A description of the end of the stream at this point.
    pub(crate) fn end_of_stream(&self) -> &'static str {
        if self.decoder.is_idle(&self.received) {
            "closed by the target"
        } else {
            "closed by the target inside a PDU"
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BufMut as _;
    use iscsi_pdu::Opcode;

    use super::*;

    /// Space is made when less than an eighth of a read is left, or less than the PDU at the front needs.
    #[test]
    fn space_for_a_read() {
        let mut inbox = Inbox::new();
        inbox.enter_full_feature(Digests::default(), 1 << 20);
        let space = |left: usize, inbox: &mut Inbox| {
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
        // A PDU of which a whole MiB is missing.
        inbox.received = BytesMut::with_capacity(READ_LENGTH);
        inbox.received.put_slice(&[Opcode::DATA_IN.0, 0, 0, 0, 0, 0x10, 0, 0]);
        inbox.received.put_bytes(0, 40);
        assert_eq!(inbox.next_pdu().unwrap(), None);
        let received = inbox.with_space();
        assert!(received.capacity() - received.len() >= 1 << 20);
    }

    /// During a login a read is small, and a segment of more than 8192 bytes is refused by its header alone.
    #[test]
    fn a_login_takes_little() {
        let mut inbox = Inbox::new();
        assert!((LOGIN_READ_LENGTH..READ_LENGTH).contains(&inbox.with_space().capacity()));
        for (length, fits) in [(LOGIN_SEGMENT_LENGTH, true), (LOGIN_SEGMENT_LENGTH + 1, false)] {
            let mut inbox = Inbox::new();
            let [_, a, b, c] = length.to_be_bytes();
            inbox.received.put_slice(&[Opcode::LOGIN_RESPONSE.0, 0, 0, 0, 0, a, b, c]);
            inbox.received.put_bytes(0, 40);
            assert_eq!(inbox.next_pdu().is_ok(), fits, "{length}");
        }
    }

    #[test]
    fn the_end_of_the_stream_between_pdus_and_inside_one() {
        let mut inbox = Inbox::new();
        assert_eq!(inbox.end_of_stream(), "closed by the target");
        inbox.received.put_bytes(0, 47);
        assert_eq!(inbox.end_of_stream(), "closed by the target inside a PDU");
    }
}
