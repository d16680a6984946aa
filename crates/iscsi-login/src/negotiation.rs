//! How two offers become one value: minimum, maximum, and, or, list, declare (RFC 7143, 6.2).

use iscsi_pdu::TextWriter;

use crate::error::Violation;
use crate::key::{KEYS, Key, OBSOLETE_KEYS};
use crate::key_rule::Rule;
use crate::value::{Value, Wish};
use crate::{Offer, Parameters};

/// Where one key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Unspoken,
    Offered,
    Settled(Option<Value>),
}

/// The operational negotiation of one login, the same for both halves.
#[derive(Clone, Debug)]
pub(crate) struct Negotiation {
    offer: Offer,
    discovery: bool,
    progress: [Progress; KEYS.len()],
    answers: TextWriter,
    rejected: bool,
    declared: bool,
}

impl Negotiation {
    pub(crate) fn new(offer: Offer, discovery: bool) -> Self {
        Self {
            offer,
            discovery,
            progress: [Progress::Unspoken; KEYS.len()],
            answers: TextWriter::new(),
            rejected: false,
            declared: false,
        }
    }

    /// Writes everything we offer, once, at the start.
    pub(crate) fn write_offers(&mut self, text: &mut TextWriter) {
        for (key, progress) in KEYS.iter().zip(&mut self.progress) {
            let silent = key.only_answered || self.discovery && key.irrelevant_in_discovery;
            if !silent {
                (key.wish)(&self.offer).write_to(key.name, text);
                *progress = Progress::Offered;
            }
        }
    }

    /// Declares our segment length, once: the one thing a target half says unasked (NEG-07).
    pub(crate) fn write_declaration(&mut self, text: &mut TextWriter) {
        if !std::mem::replace(&mut self.declared, true) {
            text.push("MaxRecvDataSegmentLength", self.offer.parameters.max_recv_data_segment_length);
        }
    }

    /// Takes one pair of the peer: an answer to our offer, an offer of its own, or a declaration.
    pub(crate) fn receive(&mut self, name: &str, value: &str) -> Result<(), Violation> {
        let Some(at) = KEYS.iter().position(|key| key.name == name) else {
            return self.receive_unknown(name, value);
        };
        let (Some(key), Some(progress)) = (KEYS.get(at), self.progress.get(at).copied()) else {
            return Ok(());
        };
        let wish = (key.wish)(&self.offer);
        let settled = match (progress, key.rule) {
            (Progress::Settled(_), _) => return Err(Violation::DuplicateKey { key: name.to_owned() }),
            (_, Rule::Declare { low, high }) => Some(key.number(value, low, high)?),
            (Progress::Offered, _) => key.judge_answer(wish, value)?,
            (Progress::Unspoken, _) => self.answer(key, wish, value)?,
        };
        if let Some(progress) = self.progress.get_mut(at) {
            *progress = Progress::Settled(settled);
        }
        Ok(())
    }

    /// What has to be sent back, empty if nothing; taken once.
    pub(crate) fn take_answers(&mut self) -> TextWriter {
        core::mem::take(&mut self.answers)
    }

    /// Was an offer rejected since the last call? The peer may not be able to live with that: it has to have its say
    /// before the stage ends.
    pub(crate) fn take_rejected(&mut self) -> bool {
        core::mem::take(&mut self.rejected)
    }

    /// The result once both sides are done: defaults where a key was never settled (NEG-01, NEG-12).
    pub(crate) fn finish(&self) -> Parameters {
        let mut result = Parameters {
            max_recv_data_segment_length: self.offer.parameters.max_recv_data_segment_length,
            ..Parameters::default()
        };
        for (key, progress) in KEYS.iter().zip(&self.progress) {
            let value = match progress {
                Progress::Settled(Some(value)) => *value,
                Progress::Unspoken | Progress::Settled(None) => key.default,
                Progress::Offered => key.unanswered((key.wish)(&self.offer)),
            };
            (key.store)(&mut result, value);
        }
        // NEG-16: whatever the answers were, the first burst stays within a burst.
        result.first_burst_length = result.first_burst_length.min(result.max_burst_length);
        result
    }

    /// Answers an offer of the peer; `None` when the key stays at its default.
    fn answer(&mut self, key: &Key, wish: Wish, value: &str) -> Result<Option<Value>, Violation> {
        key.refuse_reserved_offer(value)?;
        if self.discovery && key.irrelevant_in_discovery {
            self.answers.push(key.name, "Irrelevant");
            return Ok(None);
        }
        let settled = key.accept(wish, value);
        if let Some(value) = settled {
            self.answers.push(key.name, value);
        } else {
            self.answers.push(key.name, "Reject");
            self.rejected = true;
        }
        Ok(settled)
    }

    /// NEG-02, NEG-23: an extension is not understood, a marker is rejected. An answer to nothing we offered is ignored.
    fn receive_unknown(&mut self, name: &str, value: &str) -> Result<(), Violation> {
        if matches!(value, "NotUnderstood" | "Reject" | "Irrelevant") {
            return Err(Violation::UnexpectedKey {
                key: name.to_owned(),
                step: "an answer to what was not offered",
            });
        }
        let answer = if OBSOLETE_KEYS.contains(&name) { "Reject" } else { "NotUnderstood" };
        self.answers.push(name, answer);
        Ok(())
    }
}
