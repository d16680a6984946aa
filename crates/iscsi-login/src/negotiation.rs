//! Operational negotiation: offers, answers and declarations of one login (RFC 7143, 6.2 and 6.3).

use iscsi_pdu::TextWriter;

use crate::deviation::Deviation;
use crate::error::ProtocolViolation;
use crate::key::{Key, Proposal, Rule, Value, is_reserved};
use crate::login_key::{LoginKey, Pair};
use crate::operational_keys::{EarlyValues, KEYS, OBSOLETE_KEYS};
use crate::parameters::{Offer, Parameters};
use crate::prepared_offer::is_offered;
use crate::tolerance::Tolerance;

/// The progress of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Neither side has sent the key.
    Untouched,
    /// Offered, not answered yet.
    Offered,
    /// Settled; `None` where the default stays in force.
    Settled(Option<Value>),
}

/// The operational negotiation of one login, for either side.
#[derive(Clone, Debug)]
pub(crate) struct Negotiation {
    offer: Offer,
    discovery: bool,
    /// Values that the peer sent before the stage began.
    early: EarlyValues,
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
            early: EarlyValues::default(),
            progress: [Progress::Untouched; KEYS.len()],
            answers: TextWriter::new(),
            rejected: false,
            declared: false,
        }
    }

    /// Takes note that all offers are sent, once, at the start of the stage.
    pub(crate) fn begin(&mut self) {
        for (key, progress) in KEYS.iter().zip(&mut self.progress) {
            if is_offered(key, &self.offer, self.discovery) {
                *progress = Progress::Offered;
            }
        }
    }

    /// Takes a value of the key at this place before the stage begins. It settles nothing, but limits the result.
    ///
    /// # Errors
    /// As [`EarlyValues::take`].
    pub(crate) fn take_early(&mut self, place: u8, value: &str) -> Result<(), ProtocolViolation> {
        self.early.take(place, value)
    }

    /// Declares the own segment length, once (NEG-07). It is the only key that a target sends unasked.
    pub(crate) fn write_declaration(&mut self, text: &mut TextWriter) {
        if !std::mem::replace(&mut self.declared, true) {
            text.push("MaxRecvDataSegmentLength", self.offer.parameters.max_recv_data_segment_length);
        }
    }

    /// Takes a pair of the peer if its key is negotiated in this stage: an answer, an offer or a declaration. An offer that comes
    /// with a transition (`is_last`) can no longer be answered.
    ///
    /// Returns false for another key.
    pub(crate) fn receive(
        &mut self,
        tolerance: &mut Tolerance,
        pair: Pair<'_>,
        is_last: bool,
    ) -> Result<bool, ProtocolViolation> {
        let Some(LoginKey::Operational(place)) = pair.known else { return Ok(false) };
        self.receive_value(tolerance, place, pair.value, is_last)?;
        Ok(true)
    }

    /// Takes a value of the key at this place of the table.
    fn receive_value(
        &mut self,
        tolerance: &mut Tolerance,
        place: u8,
        value: &str,
        is_last: bool,
    ) -> Result<(), ProtocolViolation> {
        let at = usize::from(place);
        let (Some(key), Some(progress)) = (KEYS.get(at), self.progress.get_mut(at)) else { return Ok(()) };
        let proposal = (key.proposal)(&self.offer);
        if matches!(progress, Progress::Offered) && !is_reserved(value) {
            *progress = Progress::Settled(Some(agree(tolerance, key, proposal, value)?));
            return Ok(());
        }
        // Copied, because what follows borrows the whole negotiation.
        let before = *progress;
        let now = self.receive_other(tolerance, (key, before), proposal, value, is_last)?;
        if let Some(progress) = self.progress.get_mut(at) {
            *progress = now;
        }
        Ok(())
    }

    /// Takes a pair other than a value that answers an offer, and returns the new progress of the key.
    fn receive_other(
        &mut self,
        tolerance: &mut Tolerance,
        (key, progress): (&Key, Progress),
        proposal: Proposal,
        text: &str,
        is_last: bool,
    ) -> Result<Progress, ProtocolViolation> {
        let settled = match (progress, key.rule) {
            (Progress::Settled(settled), _) => {
                Some(repeat(tolerance, key, settled.unwrap_or(key.default), text)?)
            }
            (Progress::Offered, _) => Some(self.conclude(tolerance, key, proposal, text)?),
            (Progress::Untouched, _) if is_reserved(text) => {
                let row = &Deviation::ANSWER_WITHOUT_OFFER;
                ignore(tolerance, row, (key.name.as_str(), text), answer_without_offer(key.name.as_str()))?;
                return Ok(progress);
            }
            (Progress::Untouched, Rule::Declare { .. }) => Some(agree(tolerance, key, proposal, text)?),
            (Progress::Untouched, _) if is_last => {
                ignore(tolerance, self.with_transition(key), (key.name.as_str(), text), unanswerable())?;
                return Ok(progress);
            }
            (Progress::Untouched, _) => self.answer(key, proposal, text),
        };
        Ok(Progress::Settled(settled))
    }

    /// Takes a pair whose key is not negotiated in this stage (NEG-02, NEG-23): extensions are answered `NotUnderstood`, markers
    /// `Reject`.
    pub(crate) fn receive_unknown(
        &mut self,
        tolerance: &mut Tolerance,
        Pair { key: name, value, .. }: Pair<'_>,
        is_last: bool,
    ) -> Result<(), ProtocolViolation> {
        if is_reserved(value) {
            return ignore(
                tolerance,
                &Deviation::ANSWER_WITHOUT_OFFER,
                (name, value),
                answer_without_offer(name),
            );
        }
        if is_last {
            // The report leaves out the value of an unknown key, which may be secret.
            let row = &Deviation::KEY_BESIDE_TRANSITION;
            return tolerance.tolerate(row, name, unanswerable());
        }
        let answer = if OBSOLETE_KEYS.contains(&name) { "Reject" } else { "NotUnderstood" };
        self.answers.push(name, answer);
        Ok(())
    }

    /// Takes the answers that have to be sent; empty if there are none.
    pub(crate) fn take_answers(&mut self) -> TextWriter {
        core::mem::take(&mut self.answers)
    }

    /// Whether an offer was rejected since the last call. The peer must then be able to react before the stage ends, since it may
    /// not accept the default.
    pub(crate) fn take_rejected(&mut self) -> bool {
        core::mem::take(&mut self.rejected)
    }

    /// The result at the end of the stage: keys that were not settled keep their defaults (NEG-01, NEG-12), limited by early
    /// values.
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
                Progress::Untouched | Progress::Settled(None) => self.early.limit(key, key.default)?,
                Progress::Offered => self.early.limit(key, key.unanswered((key.proposal)(&self.offer))?)?,
            };
            (key.store)(&mut result, value);
        }
        // NEG-16: the first burst is never longer than a burst.
        result.first_burst_length = result.first_burst_length.min(result.max_burst_length);
        Ok(result)
    }

    /// Answers an offer of the peer; `None` where the key keeps its default.
    fn answer(&mut self, key: &Key, proposal: Proposal, value: &str) -> Option<Value> {
        if self.discovery && key.irrelevant_in_discovery {
            self.answers.push_text(key.name, "Irrelevant");
            return None;
        }
        let settled = key.accept(proposal, value);
        if let Some(value) = settled {
            self.answers.push(key.name.as_str(), value);
        } else {
            self.answers.push_text(key.name, "Reject");
            self.rejected = true;
        }
        settled
    }

    /// The value in force after a reserved word as an answer. In a discovery session any key may be irrelevant (6.2).
    fn conclude(
        &self,
        tolerance: &mut Tolerance,
        key: &Key,
        proposal: Proposal,
        word: &str,
    ) -> Result<Value, ProtocolViolation> {
        let value = self.early.limit(key, key.without_value(proposal, word)?)?;
        match key.misused_word(word) {
            Some((deviation, rule)) if !(self.discovery && word == "Irrelevant") => {
                use_instead(tolerance, key, (word, value), (deviation, key.breaks(rule)))
            }
            _ => Ok(value),
        }
    }

    const fn with_transition(&self, key: &Key) -> &'static Deviation {
        if self.discovery && key.irrelevant_in_discovery {
            return &Deviation::KEY_IRRELEVANT_IN_DISCOVERY;
        }
        &Deviation::KEY_BESIDE_TRANSITION
    }
}

/// The value in force after an answer or a declaration.
fn agree(
    tolerance: &mut Tolerance,
    key: &Key,
    proposal: Proposal,
    text: &str,
) -> Result<Value, ProtocolViolation> {
    key.check_value(proposal, text).or_else(|violation| match key.offer_instead(proposal, text) {
        Some(offer) => {
            use_instead(tolerance, key, (text, offer), (&Deviation::VALUE_BEYOND_OFFER, violation))
        }
        None => Err(violation),
    })
}

/// Tolerates an answer that deviates, and uses another value instead.
fn use_instead(
    tolerance: &mut Tolerance,
    key: &Key,
    (answer, value): (&str, Value),
    (deviation, violation): (&'static Deviation, ProtocolViolation),
) -> Result<Value, ProtocolViolation> {
    let detail = format!("{}={answer}, {value} is used", key.name.as_str());
    tolerance.tolerate(deviation, detail, violation).map(|()| value)
}

/// The value in force after a repeated key (NEG-07).
fn repeat(
    tolerance: &mut Tolerance,
    key: &Key,
    settled: Value,
    text: &str,
) -> Result<Value, ProtocolViolation> {
    let twice = ProtocolViolation::DuplicateKey { key: key.name.as_str().to_owned() };
    let value = key.repeated(settled, text);
    let detail = format!("{}={text} after {settled}", key.name.as_str());
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

fn answer_without_offer(name: &str) -> ProtocolViolation {
    ProtocolViolation::UnexpectedKey { key: name.to_owned(), step: "an answer: it was not offered" }
}

/// The violation of a transition together with an offer (LOG-19).
const fn unanswerable() -> ProtocolViolation {
    let rule = "no transition while an answer is due (6.3)";
    ProtocolViolation::Header { field: "T", received: 1, expected: 0, rule }
}
