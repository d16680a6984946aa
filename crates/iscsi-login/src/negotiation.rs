//! How two offers become one value: minimum, maximum, and, or, list, declare (RFC 7143, 6.2).

use iscsi_pdu::TextWriter;

use crate::early_values::EarlyValues;
use crate::error::ProtocolViolation;
use crate::key::{KEYS, Key, OBSOLETE_KEYS};
use crate::key_rule::Rule;
use crate::value::{Proposal, Value};
use crate::{Deviation, Offer, Parameters, Tolerance};

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
    /// What the peer said before the stage began.
    early: EarlyValues,
    progress: [Progress; KEYS.len()],
    answers: TextWriter,
    rejected: bool,
    declared: bool,
}

impl Negotiation {
    pub(crate) fn new(offer: Offer, discovery: bool, early: EarlyValues) -> Self {
        Self {
            offer,
            discovery,
            early,
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

    /// Takes one pair of the peer: an answer to our offer, an offer of its own, or a declaration. Beside a transition
    /// (`is_last`) an offer cannot be answered any more. False if it is no key of the operational stage.
    pub(crate) fn receive(
        &mut self,
        tolerance: &mut Tolerance,
        (name, value): (&str, &str),
        is_last: bool,
    ) -> Result<bool, ProtocolViolation> {
        let Some(at) = KEYS.iter().position(|key| key.name == name) else { return Ok(false) };
        let (Some(key), Some(progress)) = (KEYS.get(at), self.progress.get_mut(at)) else {
            return Ok(false);
        };
        let wish = (key.wish)(&self.offer);
        if matches!(progress, Progress::Offered) && !is_reserved(value) {
            *progress = Progress::Settled(Some(agree(tolerance, key, wish, value)?));
            return Ok(true);
        }
        let before = *progress;
        let now = self.receive_other(tolerance, (key, before), wish, value, is_last)?;
        if let Some(progress) = self.progress.get_mut(at) {
            *progress = now;
        }
        Ok(true)
    }

    /// Takes anything but a value that answers an offer. Where the key then stands.
    fn receive_other(
        &mut self,
        tolerance: &mut Tolerance,
        (key, progress): (&Key, Progress),
        wish: Proposal,
        text: &str,
        is_last: bool,
    ) -> Result<Progress, ProtocolViolation> {
        let settled = match (progress, key.rule) {
            (Progress::Settled(settled), _) => {
                Some(repeat(tolerance, key, settled.unwrap_or(key.default), text)?)
            }
            (Progress::Offered, _) => Some(self.conclude(tolerance, key, wish, text)?),
            (Progress::Unspoken, _) if is_reserved(text) => {
                let row = &Deviation::ANSWER_WITHOUT_OFFER;
                ignore(tolerance, row, (key.name, text), unasked(key.name))?;
                return Ok(progress);
            }
            (Progress::Unspoken, Rule::Declare { .. }) => Some(agree(tolerance, key, wish, text)?),
            (Progress::Unspoken, _) if is_last => {
                ignore(tolerance, self.beside_transition(key), (key.name, text), unanswerable())?;
                return Ok(progress);
            }
            (Progress::Unspoken, _) => self.answer(key, wish, text),
        };
        Ok(Progress::Settled(settled))
    }

    /// Takes a pair that [`Self::receive`] does not know (NEG-02, NEG-23): an extension is not understood, a marker is
    /// rejected.
    pub(crate) fn receive_unknown(
        &mut self,
        tolerance: &mut Tolerance,
        (name, value): (&str, &str),
        is_last: bool,
    ) -> Result<(), ProtocolViolation> {
        if is_reserved(value) {
            return ignore(tolerance, &Deviation::ANSWER_WITHOUT_OFFER, (name, value), unasked(name));
        }
        if is_last {
            // The value is left out: nobody knows what it is.
            let row = &Deviation::KEY_BESIDE_TRANSITION;
            return tolerance.tolerate(row, name, unanswerable());
        }
        let answer = if OBSOLETE_KEYS.contains(&name) { "Reject" } else { "NotUnderstood" };
        self.answers.push(name, answer);
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

    /// The result once both sides are done: defaults where a key was never settled (NEG-01, NEG-12), but nothing that goes
    /// beyond an early value.
    ///
    /// # Errors
    /// [`ProtocolViolation::Rule`] for a required digest that was not agreed on.
    pub(crate) fn finish(&self) -> Result<Parameters, ProtocolViolation> {
        let mut result = Parameters {
            max_recv_data_segment_length: self.offer.parameters.max_recv_data_segment_length,
            ..Parameters::default()
        };
        for (key, progress) in KEYS.iter().zip(&self.progress) {
            let value = match progress {
                Progress::Settled(Some(value)) => *value,
                Progress::Unspoken | Progress::Settled(None) => self.early.limit(key, key.default)?,
                Progress::Offered => self.early.limit(key, key.unanswered((key.wish)(&self.offer))?)?,
            };
            (key.store)(&mut result, value);
        }
        // NEG-16: whatever the answers were, the first burst stays within a burst.
        result.first_burst_length = result.first_burst_length.min(result.max_burst_length);
        Ok(result)
    }

    /// Answers an offer of the peer; `None` when the key stays at its default.
    fn answer(&mut self, key: &Key, wish: Proposal, value: &str) -> Option<Value> {
        if self.discovery && key.irrelevant_in_discovery {
            self.answers.push(key.name, "Irrelevant");
            return None;
        }
        let settled = key.accept(wish, value);
        if let Some(value) = settled {
            self.answers.push(key.name, value);
        } else {
            self.answers.push(key.name, "Reject");
            self.rejected = true;
        }
        settled
    }

    /// The value in force after an answer without a value. A discovery session may make any key irrelevant (6.2).
    fn conclude(
        &self,
        tolerance: &mut Tolerance,
        key: &Key,
        wish: Proposal,
        word: &str,
    ) -> Result<Value, ProtocolViolation> {
        let value = self.early.limit(key, key.without_value(wish, word)?)?;
        match key.misused_word(word) {
            Some((deviation, rule)) if !(self.discovery && word == "Irrelevant") => {
                instead(tolerance, key, (word, value), (deviation, key.breaks(rule)))
            }
            _ => Ok(value),
        }
    }

    const fn beside_transition(&self, key: &Key) -> &'static Deviation {
        if self.discovery && key.irrelevant_in_discovery {
            return &Deviation::KEY_IRRELEVANT_IN_DISCOVERY;
        }
        &Deviation::KEY_BESIDE_TRANSITION
    }
}

/// The value that an answer or a declaration leads to.
fn agree(
    tolerance: &mut Tolerance,
    key: &Key,
    wish: Proposal,
    text: &str,
) -> Result<Value, ProtocolViolation> {
    key.check_value(wish, text).or_else(|violation| match key.offer_instead(wish, text) {
        Some(offer) => instead(tolerance, key, (text, offer), (&Deviation::VALUE_BEYOND_OFFER, violation)),
        None => Err(violation),
    })
}

/// The value that is used instead of an answer.
fn instead(
    tolerance: &mut Tolerance,
    key: &Key,
    (answer, value): (&str, Value),
    (deviation, violation): (&'static Deviation, ProtocolViolation),
) -> Result<Value, ProtocolViolation> {
    let detail = format!("{}={answer}, {value} is used", key.name);
    tolerance.tolerate(deviation, detail, violation).map(|()| value)
}

/// The value in force after a key came again (NEG-07).
fn repeat(
    tolerance: &mut Tolerance,
    key: &Key,
    settled: Value,
    text: &str,
) -> Result<Value, ProtocolViolation> {
    let twice = ProtocolViolation::DuplicateKey { key: key.name.to_owned() };
    let value = key.repeated(settled, text);
    let detail = format!("{}={text} after {settled}", key.name);
    tolerance.tolerate(&Deviation::KEY_REPEATED, detail, twice).and(value)
}

fn ignore(
    tolerance: &mut Tolerance,
    deviation: &'static Deviation,
    (name, value): (&str, &str),
    violation: ProtocolViolation,
) -> Result<(), ProtocolViolation> {
    tolerance.tolerate(deviation, format!("{name}={value}"), violation)
}

/// Reserved words are answers, never offers (NEG-04).
pub(crate) fn is_reserved(value: &str) -> bool {
    matches!(value, "Reject" | "Irrelevant" | "NotUnderstood")
}

fn unasked(name: &str) -> ProtocolViolation {
    ProtocolViolation::UnexpectedKey { key: name.to_owned(), step: "an answer to what was not offered" }
}

/// LOG-19.
const fn unanswerable() -> ProtocolViolation {
    let rule = "no transition while an answer is due (6.3)";
    ProtocolViolation::Header { field: "T", received: 1, expected: 0, rule }
}
