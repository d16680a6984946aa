//! A text exchange that takes as many PDUs as its answer needs (RFC 7143, 6.4, 11.10 and 11.11).

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{
    InitiatorTaskTag, Lun, SerialNumber, TargetTransferTag, TextError, TextRequest, TextResponse,
};

use crate::ProtocolError;

/// Most octets of one answer: room for ten thousand targets.
const MAX_OCTETS: usize = 4 << 20;
/// Most PDUs of one answer.
const MAX_PDUS: usize = 4096;

/// Request and answer collected so far.
#[derive(Debug)]
pub(super) struct TextExchange {
    question: Bytes,
    answer: BytesMut,
    pdus: usize,
    lun: Lun,
    ttt: TargetTransferTag,
}

impl TextExchange {
    pub(super) fn new(question: Bytes) -> Self {
        Self { question, answer: BytesMut::new(), pdus: 0, lun: Lun::ZERO, ttt: TargetTransferTag::RESERVED }
    }

    /// The next request: the question first, then empty ones that carry the target's tag (NEG-19, NEG-20, DIS-08).
    pub(super) fn request(
        &self,
        itt: InitiatorTaskTag,
        numbers: (SerialNumber, SerialNumber),
    ) -> TextRequest {
        TextRequest {
            immediate: false,
            is_final: true,
            continues: false,
            lun: self.lun,
            itt,
            ttt: self.ttt,
            cmd_sn: numbers.0,
            exp_stat_sn: numbers.1,
            text: if self.pdus == 0 { self.question.clone() } else { Bytes::new() },
        }
    }

    /// Takes a response; true when the answer is whole. A target goes on by F=0 with a tag, with or without C=1.
    pub(super) fn accept(&mut self, response: &TextResponse) -> Result<bool, ProtocolError> {
        self.pdus += 1;
        if self.pdus > MAX_PDUS {
            return Err(too_much(TextError::TooManyPdus { limit: MAX_PDUS }));
        }
        if self.answer.len() + response.text.len() > MAX_OCTETS {
            return Err(too_much(TextError::TooLong { limit: MAX_OCTETS }));
        }
        self.answer.extend_from_slice(&response.text);
        if response.is_final {
            let rule = "C=1 forbids F=1 (6.2)";
            return if response.continues { Err(sequence(rule, 1, 0)) } else { Ok(true) };
        }
        if !response.ttt.is_valid() {
            return Err(sequence("F=0 comes with a transfer tag (11.11.1)", response.ttt.0.into(), 0));
        }
        (self.lun, self.ttt) = (response.lun, response.ttt);
        Ok(false)
    }

    pub(super) fn into_answer(self) -> Bytes {
        self.answer.freeze()
    }
}

fn too_much(error: TextError) -> ProtocolError {
    ProtocolError::Text(error.into())
}

const fn sequence(rule: &'static str, received: u64, expected: u64) -> ProtocolError {
    ProtocolError::Sequence { pdu: "Text Response", rule, received, expected }
}
