//! Text Request and Text Response (RFC 7143, 11.10 and 11.11).

use bytes::Bytes;
use iscsi_pdu::{
    InitiatorTaskTag, Lun, TargetTransferTag, TextAssembler, TextKeys, TextRequest, TextResponse, TextWriter,
};

use super::connection::{Connection, segment_limit};
use super::fault::Fault;
use super::send_targets;

/// A negotiation under way: requests with the same tag.
pub(super) struct TextExchange {
    pub(super) itt: InitiatorTaskTag,
    immediate: bool,
    /// The target transfer tag that the next request has to copy.
    ttt: TargetTransferTag,
    assembler: TextAssembler,
    /// The text that did not fit into the responses so far.
    rest: Bytes,
}

impl TextExchange {
    fn begin(request: &TextRequest) -> Self {
        Self {
            itt: request.itt,
            immediate: request.immediate,
            ttt: TargetTransferTag::RESERVED,
            assembler: TextAssembler::default(),
            rest: Bytes::new(),
        }
    }

    fn check(&self, request: &TextRequest) -> Result<(), Fault> {
        let rule = if request.itt != self.itt || request.immediate != self.immediate {
            "Text Request while another exchange is open (6.2)"
        } else if request.ttt != self.ttt {
            "Text Request without the transfer tag of the response (11.10.4)"
        } else if !self.rest.is_empty() && (!request.text.is_empty() || request.continues) {
            "Text Request with text while the target's text goes on (6.2)"
        } else {
            return Ok(());
        };
        Err(Fault::violation(rule))
    }
}

impl Connection {
    pub(super) async fn text_request(&mut self, request: TextRequest) -> Result<(), Fault> {
        if request.continues && request.is_final {
            return Err(Fault::violation("Text Request with both C and F (11.10.2)"));
        }
        if !request.itt.is_valid() || self.writes.contains(request.itt) {
            return Err(Fault::violation("Text Request with a tag that is not free (11.2.1.8)"));
        }
        if !self.admit(request.immediate, request.cmd_sn, request.exp_stat_sn)? {
            return Ok(());
        }
        let mut exchange = match self.text.take() {
            // 11.10.4: a reserved transfer tag starts over.
            Some(exchange) if request.ttt.is_valid() => exchange,
            _ => TextExchange::begin(&request),
        };
        exchange.check(&request)?;
        if exchange.rest.is_empty() {
            exchange.rest = self.answer_text(&mut exchange.assembler, &request)?;
        }
        self.send_text(exchange, &request).await
    }

    /// The answer to the joined text, empty while it goes on.
    fn answer_text(&self, assembler: &mut TextAssembler, request: &TextRequest) -> Result<Bytes, Fault> {
        let malformed = |error: iscsi_pdu::TextError| Fault::violation(error.to_string());
        let Some(joined) = assembler.push(request.text.clone(), request.continues).map_err(malformed)? else {
            return Ok(Bytes::new());
        };
        let address = self.wire.stream().local_addr()?;
        let mut answer = TextWriter::new();
        for (key, value) in TextKeys::parse(&joined).map_err(malformed)?.iter() {
            if key == "SendTargets" {
                answer.append(&send_targets::answer(&self.portal, self.session.target, address, value));
            } else {
                answer.push(key, "NotUnderstood");
            }
        }
        answer.finish().map_err(malformed)
    }

    /// Sends as much as fits; the exchange stays open while there is more to say on either side.
    async fn send_text(&mut self, mut exchange: TextExchange, request: &TextRequest) -> Result<(), Fault> {
        let limit = segment_limit(self.session.parameters.max_send_data_segment_length);
        let text = exchange.rest.split_to(limit.min(exchange.rest.len()));
        let continues = !exchange.rest.is_empty();
        let is_final = !continues && request.is_final;
        if !is_final {
            exchange.ttt = TargetTransferTag(self.next_ttt);
            self.next_ttt = (self.next_ttt + 1) % TargetTransferTag::RESERVED.0;
        }
        let response = TextResponse {
            is_final,
            continues,
            lun: Lun::ZERO,
            itt: request.itt,
            ttt: if is_final { TargetTransferTag::RESERVED } else { exchange.ttt },
            numbers: self.session.status_numbers(),
            text,
        };
        self.text = (!is_final).then_some(exchange);
        self.wire.send(response.encode()).await
    }
}
