//! PDUs that a session sends, as a target sees them.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{Decoder, Digests, InitiatorPdu, InitiatorTaskTag, SequenceNumbers, SerialNumber};

/// The longest segment that is accepted: that of the parameters.
const MAX_SEGMENT: u32 = 8192;

/// The bytes that were sent, decoded and checked.
pub(super) struct Sent {
    decoder: Decoder,
    bytes: BytesMut,
    next_cmd_sn: SerialNumber,
    /// The last number of the window; `None` once the target has sent bytes that nobody looked into.
    max_cmd_sn: Option<SerialNumber>,
    /// Data of the writes that were submitted, by tag.
    writes: BTreeMap<u32, Bytes>,
    logged_out: bool,
}

impl Sent {
    pub(super) fn new(numbers: SequenceNumbers, digests: Digests) -> Self {
        let mut decoder = Decoder::new(MAX_SEGMENT);
        decoder.set_full_feature(digests, MAX_SEGMENT);
        Self {
            decoder,
            bytes: BytesMut::new(),
            next_cmd_sn: numbers.exp_cmd_sn,
            max_cmd_sn: Some(numbers.max_cmd_sn),
            writes: BTreeMap::new(),
            logged_out: false,
        }
    }

    /// A write with these data was submitted.
    pub(super) fn expect_data(&mut self, itt: InitiatorTaskTag, data: Bytes) {
        self.writes.insert(itt.0, data);
    }

    pub(super) const fn next_cmd_sn(&self) -> SerialNumber {
        self.next_cmd_sn
    }

    /// The target moves the window, if the pair is valid.
    pub(super) fn note_window(&mut self, numbers: SequenceNumbers) {
        let valid = !numbers.max_cmd_sn.precedes(numbers.exp_cmd_sn.minus(1));
        if self.max_cmd_sn.is_some_and(|last| valid && numbers.max_cmd_sn.follows(last)) {
            self.max_cmd_sn = Some(numbers.max_cmd_sn);
        }
    }

    pub(super) const fn forget_the_window(&mut self) {
        self.max_cmd_sn = None;
    }

    /// Takes bytes that the socket accepted.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        while let Some(raw) = self.decoder.decode(&mut self.bytes).expect("well-formed PDUs") {
            self.check(InitiatorPdu::decode(raw).expect("PDUs of an initiator"));
        }
    }

    fn check(&mut self, pdu: InitiatorPdu) {
        match pdu {
            InitiatorPdu::ScsiCommand(command) => {
                self.count(command.cmd_sn);
                if command.write {
                    let data = &self.writes[&command.itt.0];
                    assert_eq!(command.expected_data_transfer_length as usize, data.len());
                    assert_eq!(command.data, data[..command.data.len()]);
                }
            }
            InitiatorPdu::TextRequest(request) => self.count(request.cmd_sn),
            InitiatorPdu::DataOut(pdu) => {
                let offset = pdu.buffer_offset as usize;
                let data = &self.writes[&pdu.itt.0];
                assert_eq!(pdu.data, data[offset..offset + pdu.data.len()]);
            }
            InitiatorPdu::LogoutRequest(request) => {
                assert_eq!(request.cmd_sn, self.next_cmd_sn);
                self.logged_out = true;
            }
            InitiatorPdu::TaskManagementRequest(request) => {
                assert!(request.immediate && request.cmd_sn == self.next_cmd_sn && !self.logged_out);
            }
            InitiatorPdu::NopOut(answer) if !answer.itt.is_valid() => assert!(answer.immediate),
            // A ping that is not immediate has the number of a rejected request.
            InitiatorPdu::NopOut(ping) => {
                assert!(ping.immediate || ping.cmd_sn.precedes(self.next_cmd_sn));
                assert!(!self.logged_out, "a ping after the logout");
            }
            other => panic!("{other:?} was never asked for"),
        }
    }

    /// A request that is not immediate: numbered without a gap, inside the window, and not after a logout.
    fn count(&mut self, cmd_sn: SerialNumber) {
        assert_eq!(cmd_sn, self.next_cmd_sn);
        assert!(!self.logged_out, "a request after the logout");
        assert!(self.max_cmd_sn.is_none_or(|last| !cmd_sn.follows(last)), "outside of the window");
        self.next_cmd_sn = cmd_sn.next();
    }
}
