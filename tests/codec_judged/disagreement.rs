//! Where the dissector (tshark 4.0) and RFC 7143 differ, with the sentence that decides.

use iscsi_pdu::{
    InitiatorPdu, ScsiCommand, ScsiResponse, TargetPdu, TaskManagementResponse, TextRequest, TextResponse,
};

use crate::comparison::Difference;
use crate::judged::Judged;

/// A field that the dissector shows otherwise than it was set.
pub(crate) struct Disagreement {
    pub(crate) pdu: &'static str,
    pub(crate) field: &'static str,
    /// RFC 7143.
    pub(crate) decided_by: &'static str,
    /// Is this the difference meant?
    covers: fn(&Difference) -> bool,
}

pub(crate) const DISSECTOR_DISAGREES: [Disagreement; 3] = [
    Disagreement {
        pdu: "Asynchronous Message",
        field: "iscsi.asynceventdata",
        decided_by: "11.2.1.6: DataSegmentLength counts neither padding nor digest; the dissector shows both as data",
        covers: |difference| {
            let (Some(set), Some(shown)) = (difference.set.first(), difference.shown.first()) else {
                return false;
            };
            shown.strip_prefix(set.as_str()).is_some_and(is_padding_and_digest)
        },
    },
    Disagreement {
        pdu: "Asynchronous Message",
        field: "iscsi.datadigest32",
        decided_by: "11.2.3: the data digest follows every data segment, whatever the PDU",
        covers: |difference| difference.shown.is_empty(),
    },
    Disagreement {
        pdu: "Reject",
        field: "iscsi.datadigest32",
        decided_by: "11.2.3: the data digest follows every data segment, whatever the PDU",
        covers: |difference| difference.shown.is_empty(),
    },
];

/// Up to three zeros, then a digest or not.
fn is_padding_and_digest(digits: &str) -> bool {
    let padding = digits.len() % 8;
    padding.is_multiple_of(2)
        && digits.len() - padding <= 8
        && digits[..padding].bytes().all(|digit| digit == b'0')
}

impl Disagreement {
    pub(crate) fn explains(&self, difference: &Difference) -> bool {
        (self.pdu, self.field) == (difference.pdu, difference.field) && (self.covers)(difference)
    }
}

/// Makes a refused PDU of one of the right kind.
type Change = fn(Judged) -> Option<Judged>;

/// Valid PDUs that the dissector does not take for iSCSI.
pub(crate) const DISSECTOR_REFUSES: [(Change, &str); 5] = [
    (
        |pdu| match pdu {
            Judged::Initiator(InitiatorPdu::ScsiCommand(pdu)) => {
                Some(Judged::Initiator(InitiatorPdu::ScsiCommand(ScsiCommand { priority: 9, ..pdu })))
            }
            _ => None,
        },
        "RFC 7144, 5.1: byte 2 of a SCSI Command carries the priority in its upper half",
    ),
    (
        |pdu| match pdu {
            Judged::Target(TargetPdu::ScsiResponse(pdu)) => {
                Some(Judged::Target(TargetPdu::ScsiResponse(ScsiResponse {
                    status_qualifier: 0x1234,
                    ..pdu
                })))
            }
            _ => None,
        },
        "RFC 7144, 5.2: bytes 8 and 9 of a SCSI Response carry the status qualifier",
    ),
    (
        |pdu| match pdu {
            Judged::Target(TargetPdu::TaskManagementResponse(pdu)) => {
                let additional_information = [1, 2, 3];
                let pdu = TaskManagementResponse { additional_information, ..pdu };
                Some(Judged::Target(TargetPdu::TaskManagementResponse(pdu)))
            }
            _ => None,
        },
        "RFC 7144, 6.3: bytes 8 to 10 of a Task Management Function Response carry additional information",
    ),
    (
        |pdu| match pdu {
            Judged::Initiator(InitiatorPdu::TextRequest(pdu)) => {
                Some(Judged::Initiator(InitiatorPdu::TextRequest(TextRequest {
                    is_final: false,
                    continues: false,
                    ..pdu
                })))
            }
            _ => None,
        },
        "RFC 7143, 11.10.1: F is 0 while more requests follow, also when the text of this one is whole",
    ),
    (
        |pdu| match pdu {
            Judged::Target(TargetPdu::TextResponse(pdu)) => {
                Some(Judged::Target(TargetPdu::TextResponse(TextResponse {
                    is_final: false,
                    continues: false,
                    ..pdu
                })))
            }
            _ => None,
        },
        "RFC 7143, 11.11.1: F is 0 in a response to be followed by others, also when its text is whole",
    ),
];
