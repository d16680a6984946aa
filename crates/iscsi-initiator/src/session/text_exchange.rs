//! A text exchange, in as many PDUs as its answer needs (RFC 7143, 6.4, 11.10 and 11.11).

use bytes::{Bytes, BytesMut};
use iscsi_pdu::{
    InitiatorTaskTag, Lun, SerialNumber, TargetTransferTag, TextError, TextRequest, TextResponse,
};

use super::failure::ProtocolError;

/// The most bytes of one answer: enough for ten thousand targets with names of usual length.
const MAX_BYTES: usize = 2 << 20;
/// The most PDUs of one answer.
const MAX_PDUS: usize = 4096;

/// The request, and the answer collected so far.
#[derive(Clone, Debug)]
pub(super) struct TextExchange {
    name: &'static str,
    question: Bytes,
    answer: BytesMut,
    pdus: usize,
    lun: Lun,
    ttt: TargetTransferTag,
}

impl TextExchange {
    pub(super) fn new(name: &'static str, question: Bytes) -> Self {
        let (answer, lun, ttt) = (BytesMut::new(), Lun::ZERO, TargetTransferTag::RESERVED);
        Self { name, question, answer, pdus: 0, lun, ttt }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Begins anew, in another session.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.name, self.question.clone());
    }

    /// The next request: first the text, then empty requests with the target's tag (NEG-19, NEG-20, DIS-08).
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

    /// Takes a response; true when the answer is complete. F=0 with a transfer tag announces another response, with or
    /// without C=1.
    pub(super) fn accept(&mut self, response: &TextResponse) -> Result<bool, ProtocolError> {
        self.pdus += 1;
        if self.pdus > MAX_PDUS {
            return Err(too_much(TextError::TooManyPdus { limit: MAX_PDUS }));
        }
        if self.answer.len() + response.text.len() > MAX_BYTES {
            return Err(too_much(TextError::TooLong { limit: MAX_BYTES }));
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

    /// The whole answer, which leaves the exchange.
    pub(super) fn take_answer(&mut self) -> Bytes {
        std::mem::take(&mut self.answer).freeze()
    }
}

fn too_much(error: TextError) -> ProtocolError {
    ProtocolError::Text(error.into())
}

const fn sequence(rule: &'static str, received: u64, expected: u64) -> ProtocolError {
    ProtocolError::Sequence { pdu: "Text Response", rule, received, expected }
}

#[cfg(test)]
mod tests {
    use iscsi_pdu::SequenceNumbers;

    use super::*;

    const ITT: InitiatorTaskTag = InitiatorTaskTag(7);

    fn response(is_final: bool, ttt: u32, text: &'static [u8]) -> TextResponse {
        TextResponse {
            is_final,
            continues: false,
            lun: Lun([0, 3, 0, 0, 0, 0, 0, 0]),
            itt: ITT,
            ttt: TargetTransferTag(ttt),
            numbers: SequenceNumbers::default(),
            text: Bytes::from_static(text),
        }
    }

    fn request(exchange: &TextExchange) -> TextRequest {
        exchange.request(ITT, (SerialNumber(1), SerialNumber(1)))
    }

    #[test]
    fn neg_19_neg_20_tag_02_an_answer_in_pieces() {
        let mut exchange = TextExchange::new("SendTargets", Bytes::from_static(b"SendTargets=All\0"));
        let first = request(&exchange);
        assert_eq!((first.ttt, first.lun, first.is_final), (TargetTransferTag::RESERVED, Lun::ZERO, true));
        assert_eq!(exchange.accept(&response(false, 0, b"TargetN")), Ok(false));
        let next = request(&exchange);
        assert_eq!((next.ttt.0, next.lun), (0, Lun([0, 3, 0, 0, 0, 0, 0, 0])));
        assert!(
            next.is_final && next.text.is_empty() && (next.itt, next.immediate) == (ITT, first.immediate)
        );
        // The tag of a final response means nothing.
        assert_eq!(exchange.accept(&response(true, 9, b"ame=x\0")), Ok(true));
        assert_eq!(exchange.take_answer(), "TargetName=x\0");
    }

    #[test]
    fn neg_21_txt_14_responses_that_contradict() {
        let begin = || TextExchange::new("SendTargets", Bytes::new());
        assert!(begin().accept(&response(false, u32::MAX, b"")).is_err());
        let continues = TextResponse { continues: true, ..response(true, 1, b"") };
        assert!(begin().accept(&continues).is_err());
        let continues = TextResponse { continues: true, ..response(false, 1, b"") };
        assert_eq!(begin().accept(&continues), Ok(false));
    }

    #[test]
    fn txt_17_answers_are_bounded() {
        let pdus = |text: &'static [u8]| {
            let mut exchange = TextExchange::new("SendTargets", Bytes::new());
            (0..10_000).take_while(|_| exchange.accept(&response(false, 1, text)).is_ok()).count()
        };
        // 2 MiB are 256 times 8 KiB.
        assert_eq!((pdus(b""), pdus(&[0; 1 << 13])), (4096, 256));
    }
}
