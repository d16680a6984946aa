//! Text Request and Text Response with `SendTargets` (RFC 7143, 11.10 and 11.11, appendix C).

use bytes::Bytes;
use iscsi_pdu::{
    InitiatorTaskTag, Lun, TargetPdu, TargetTransferTag, TextAssembler, TextKeys, TextRequest, TextResponse,
    TextWriter,
};

use super::answer::{Answer, UNNUMBERED};
use super::connection::segment_limit;
use super::fault::Fault;
use super::session::Session;
use super::shared::Shared;
use super::{Config, Target};

/// A negotiation under way: requests with the same tag.
#[derive(Clone)]
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

impl Session {
    pub(super) fn text_request(&mut self, shared: &mut Shared, request: &TextRequest) -> Result<(), Fault> {
        if request.continues && request.is_final {
            return Err(Fault::violation("Text Request with both C and F (11.10.2)"));
        }
        if !request.itt.is_valid() || self.tasks.contains_key(&request.itt) {
            return Err(Fault::violation("Text Request with a tag that is not free (11.2.1.8)"));
        }
        if !self.admit(shared, request.immediate, request.cmd_sn, request.exp_stat_sn)? {
            return Ok(());
        }
        let mut exchange = match self.text.take() {
            // 11.10.4: a reserved transfer tag starts over.
            Some(exchange) if request.ttt.is_valid() => exchange,
            _ => TextExchange::begin(request),
        };
        exchange.check(request)?;
        if exchange.rest.is_empty() {
            exchange.rest = self.answer_text(&shared.config, &mut exchange.assembler, request)?;
        }
        self.send_text(exchange, request);
        Ok(())
    }

    /// The answer to the joined text, empty while it goes on.
    fn answer_text(
        &self,
        config: &Config,
        assembler: &mut TextAssembler,
        request: &TextRequest,
    ) -> Result<Bytes, Fault> {
        let malformed = |error: iscsi_pdu::TextError| Fault::violation(error.to_string());
        let Some(joined) = assembler.push(request.text.clone(), request.continues).map_err(malformed)? else {
            return Ok(Bytes::new());
        };
        let mut answer = TextWriter::new();
        for (key, value) in TextKeys::parse(&joined).map_err(malformed)?.iter() {
            if key == "SendTargets" {
                answer.append(&self.send_targets(config, value));
            } else {
                answer.push(key, "NotUnderstood");
            }
        }
        answer.finish().map_err(malformed)
    }

    /// Sends as much as fits; the exchange stays open while there is more to say on either side.
    fn send_text(&mut self, mut exchange: TextExchange, request: &TextRequest) {
        let limit = segment_limit(self.parameters.max_send_data_segment_length);
        let text = exchange.rest.split_to(limit.min(exchange.rest.len()));
        let continues = !exchange.rest.is_empty();
        let is_final = !continues && request.is_final;
        if !is_final {
            exchange.ttt = self.next_ttt();
        }
        self.answer(Answer::Pdu(TargetPdu::TextResponse(TextResponse {
            is_final,
            continues,
            lun: Lun::ZERO,
            itt: request.itt,
            ttt: if is_final { TargetTransferTag::RESERVED } else { exchange.ttt },
            numbers: UNNUMBERED,
            text,
        })));
        self.text = (!is_final).then_some(exchange);
    }

    /// Writes the records that `wanted` asks for, or `SendTargets=Reject` where it has no place.
    ///
    /// A normal session learns about its own target only.
    fn send_targets(&self, config: &Config, wanted: &str) -> TextWriter {
        let mut text = TextWriter::new();
        let own = self.target.and_then(|at| config.targets.get(at));
        let listed = |target: &Target| match (wanted, own) {
            ("All", None) => true,
            ("", Some(own)) => own.name == target.name,
            (name, Some(own)) => own.name == target.name && name == target.name.as_str(),
            (name, None) => name == target.name.as_str(),
        };
        if matches!((wanted, own), ("All", Some(_)) | ("", None)) {
            text.push("SendTargets", "Reject");
            return text;
        }
        for target in config.targets.iter().filter(|target| listed(target)) {
            text.push("TargetName", &target.name);
            text.push("TargetAddress", format_args!("{},{}", self.local, config.portal_group_tag));
        }
        text
    }
}
