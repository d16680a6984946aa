//! Answers of a scripted target after the login.

use bytes::BytesMut;
use iscsi_pdu::{Digests, EncodedPdu, SequenceNumbers, TargetPdu};

/// The state of the connection at the moment a PDU is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The next status number and the command window; a command that is answered is taken in.
    pub numbers: SequenceNumbers,
    /// The digests that PDUs need.
    pub digests: Digests,
    /// Largest data segment the initiator takes, in bytes.
    pub max_data_segment: u32,
}

/// The PDUs that a scripted target sends for a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The number of StatSN values that they use.
    pub statuses: u32,
}

impl Reply {
    /// A reply of these PDUs; those with a status are counted.
    #[must_use]
    pub fn of(pdus: &[TargetPdu], digests: Digests) -> Self {
        let statuses = pdus.iter().map(|pdu| u32::from(has_status(pdu))).sum();
        Self { bytes: pdus.iter().flat_map(|pdu| bytes(pdu, digests)).collect(), statuses }
    }

    /// A reply of arbitrary bytes.
    #[must_use]
    pub const fn raw(bytes: Vec<u8>) -> Self {
        Self { bytes, statuses: 0 }
    }
}

const fn has_status(pdu: &TargetPdu) -> bool {
    match pdu {
        TargetPdu::DataIn(data) => data.has_status,
        TargetPdu::NopIn(ping) => ping.itt.0 != u32::MAX,
        TargetPdu::R2t(_) => false,
        _ => true,
    }
}

/// A PDU as it goes over the wire; nothing if it is longer than any PDU can be.
#[must_use]
pub fn bytes(pdu: &TargetPdu, digests: Digests) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    if let Ok(wire) = EncodedPdu::new(pdu.encode(), digests) {
        wire.append_to(&mut bytes);
    }
    bytes.into()
}

/// The PDU with its last bit flipped: the data digest, if there is one, does not match.
#[must_use]
pub fn with_bad_data_digest(pdu: &TargetPdu, digests: Digests) -> Vec<u8> {
    let mut bytes = bytes(pdu, digests);
    if let Some(last) = bytes.last_mut() {
        *last ^= 0x01;
    }
    bytes
}
