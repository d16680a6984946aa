//! Known errors of the dissector, each with the sentence of the RFC that it contradicts.

use iscsi_pdu::{BHS_LENGTH, Opcode, TargetPdu};

use crate::comparison::Difference;
use crate::samples::Pdu;
use crate::shown::Shown;
use crate::written::Written;

/// A field that the dissector shows in a way that contradicts RFC 7143.
pub(crate) struct Disagreement {
    pub(crate) opcode: Opcode,
    pub(crate) field: &'static str,
    /// The rule that decides, and what the dissector does instead.
    pub(crate) rule: &'static str,
    /// The values that it shows.
    pub(crate) shows: fn(&Written) -> Vec<String>,
}

impl Disagreement {
    /// True if this disagreement accounts for the whole difference.
    pub(crate) fn explains(&self, written: &Written, difference: &Difference) -> bool {
        (self.opcode, self.field) == (difference.opcode, difference.field.as_str())
            && (self.shows)(written) == difference.shown
    }
}

/// The known disagreements. A test fails if the dissector no longer shows one of them.
pub(crate) const DISSECTOR_DISAGREES: &[Disagreement] = &[
    Disagreement {
        opcode: Opcode::TASK_MANAGEMENT_RESPONSE,
        field: "iscsi.totalahslength",
        rule: "11.2.1.5: every header has it in byte 4; it is left out",
        shows: nothing,
    },
    Disagreement {
        opcode: Opcode::TASK_MANAGEMENT_RESPONSE,
        field: "iscsi.datasegmentlength",
        rule: "11.2.1.6: every header has it in bytes 5 to 7; it is left out",
        shows: nothing,
    },
    Disagreement {
        opcode: Opcode::ASYNC_MESSAGE,
        field: "iscsi.asynceventdata",
        rule: "11.2.1.6: DataSegmentLength does not count padding; padding and data digest are taken for event data",
        shows: event_data_to_the_end,
    },
    Disagreement {
        opcode: Opcode::ASYNC_MESSAGE,
        field: "iscsi.padding",
        rule: "11.2.4: a data segment is padded; see iscsi.asynceventdata",
        shows: nothing,
    },
    Disagreement {
        opcode: Opcode::ASYNC_MESSAGE,
        field: "iscsi.datadigest32",
        rule: "11.2.3: any data segment can have a digest; see iscsi.asynceventdata",
        shows: nothing,
    },
    Disagreement {
        opcode: Opcode::REJECT,
        field: "iscsi.datadigest32",
        rule: "11.2.3: any data segment can have a digest; it is left out",
        shows: nothing,
    },
    Disagreement {
        opcode: Opcode::REJECT,
        field: "iscsi.headerdigest32",
        rule: "11.17.4: the rejected header alone is sent back; the data digest is taken for its header digest",
        shows: both_digests,
    },
];

fn nothing(_: &Written) -> Vec<String> {
    Vec::new()
}

fn event_data_to_the_end(written: &Written) -> Vec<String> {
    let Pdu::Target(TargetPdu::AsyncMessage(message)) = &written.sample.pdu else { return Vec::new() };
    let digest = if written.digests.header { 4 } else { 0 };
    let data = written.bytes[BHS_LENGTH + digest..].get(2 + message.sense.len()..).unwrap_or_default();
    let mut shown = Shown::default();
    shown.bytes("iscsi.asynceventdata", data);
    shown.values("iscsi.asynceventdata").to_vec()
}

fn both_digests(written: &Written) -> Vec<String> {
    let digests = [written.header_digest(), written.data_digest()];
    digests.into_iter().flatten().map(|digest| digest.to_string()).collect()
}
