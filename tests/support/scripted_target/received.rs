//! PDUs that initiators sent to a scripted target.

use iscsi_pdu::{InitiatorPdu, Opcode, RawPdu};

/// One PDU of an initiator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The connection it came on, counted from 0 in the order of arrival.
    pub connection: usize,
    /// The PDU.
    pub raw: RawPdu,
}

impl Received {
    /// Its opcode.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        self.raw.bhs.opcode()
    }

    /// The PDU with its fields; `None` if it is malformed.
    #[must_use]
    pub fn pdu(&self) -> Option<InitiatorPdu> {
        InitiatorPdu::decode(self.raw.clone()).ok()
    }

    /// The text of a Login or Text Request, with its NULs as line ends; empty for other PDUs.
    #[must_use]
    pub fn text(&self) -> String {
        match self.pdu() {
            Some(InitiatorPdu::LoginRequest(request)) => lines(&request.text),
            Some(InitiatorPdu::TextRequest(request)) => lines(&request.text),
            _ => String::new(),
        }
    }
}

fn lines(text: &[u8]) -> String {
    String::from_utf8_lossy(text).replace('\0', "\n")
}
