//! How two offers become one value: minimum, maximum, and, or, list, declare (RFC 7143, 6.2).

use iscsi_pdu::{TextWriter, parse_boolean, parse_list, parse_number};

use crate::error::Violation;
use crate::parameters::{KEYS, Key, OBSOLETE_KEYS};
use crate::value::{Value, Wish};
use crate::{Offer, Parameters};

/// The function by which a key's result follows from the two sides' values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The smaller number.
    Minimum { low: u32, high: u32 },
    /// The larger number.
    Maximum { low: u32, high: u32 },
    /// Yes if both say Yes.
    And,
    /// Yes if either says Yes.
    Or,
    /// The first item of the offer that the acceptor allows.
    List,
    /// Each side states its own; there is no answer.
    Declare { low: u32, high: u32 },
}

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
    declared: bool,
}

impl Negotiation {
    pub(crate) fn new(offer: Offer, discovery: bool) -> Self {
        Self {
            offer,
            discovery,
            progress: [Progress::Unspoken; KEYS.len()],
            answers: TextWriter::new(),
            declared: false,
        }
    }

    /// Writes everything we offer, once, at the start.
    pub(crate) fn write_offers(&mut self, text: &mut TextWriter) {
        for (key, progress) in KEYS.iter().zip(&mut self.progress) {
            let silent = key.only_answered || self.discovery && key.irrelevant_in_discovery;
            if !silent {
                text.push(key.name, (key.wish)(&self.offer));
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
        match settled {
            Some(value) => self.answers.push(key.name, value),
            None => self.answers.push(key.name, "Reject"),
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

impl Key {
    const fn breaks(&self, rule: &'static str) -> Violation {
        Violation::Rule { key: self.name, rule }
    }

    fn number(&self, text: &str, low: u32, high: u32) -> Result<Value, Violation> {
        let number = parse_number(text).map_err(|error| Violation::Value { key: self.name, error })?;
        match u32::try_from(number) {
            Ok(number) if (low..=high).contains(&number) => Ok(Value::Number(number)),
            _ => Err(self.breaks("within the range of its key (13)")),
        }
    }

    /// An answer must be one the key's function allows (NEG-05, NEG-06, NEG-08, NEG-11, NEG-13).
    fn judge_answer(&self, wish: Wish, text: &str) -> Result<Option<Value>, Violation> {
        match text {
            "Irrelevant" => return Ok(None),
            "Reject" => return self.fall_back(wish).map(Some),
            "NotUnderstood" => {
                return Err(self.breaks("every implementation understands the keys of RFC 7143 (6.2)"));
            }
            _ => {}
        }
        match (self.rule, wish) {
            (Rule::Minimum { low, high }, Wish::Number(offered)) => match self.number(text, low, high)? {
                Value::Number(answer) if answer > offered => Err(self.breaks("not above the offer (6.2.2)")),
                value => Ok(Some(value)),
            },
            (Rule::Maximum { low, high }, Wish::Number(offered)) => match self.number(text, low, high)? {
                Value::Number(answer) if answer < offered => Err(self.breaks("not below the offer (6.2.2)")),
                value => Ok(Some(value)),
            },
            (Rule::And | Rule::Or, Wish::Boolean(offered)) => self.judge_boolean(offered, text).map(Some),
            (_, Wish::Choices(choices)) => match choices.iter().find(|choice| **choice == text) {
                Some(choice) => Ok(Some(Value::Choice(choice))),
                None => Err(self.breaks("one of the values offered (6.2.1)")),
            },
            _ => Ok(None),
        }
    }

    fn judge_boolean(&self, offered: bool, text: &str) -> Result<Value, Violation> {
        let answer = parse_boolean(text).map_err(|error| Violation::Value { key: self.name, error })?;
        // An offer of Yes decides OR, an offer of No decides AND.
        let decided = offered == (self.rule == Rule::Or);
        if decided && answer != offered {
            return Err(self.breaks("a value its function allows (6.2.2)"));
        }
        Ok(Value::Boolean(answer))
    }

    /// A rejected offer leaves the default, if we can live with it (NEG-06).
    fn fall_back(&self, wish: Wish) -> Result<Value, Violation> {
        match (wish, self.default) {
            (Wish::Choices(choices), Value::Choice(default)) if !choices.contains(&default) => {
                Err(self.breaks("the only acceptable value was rejected (6.2)"))
            }
            _ => Ok(self.default),
        }
    }

    /// Our value for an offer of the peer; `None` if nothing in it is acceptable (NEG-09, NEG-29).
    fn accept(&self, wish: Wish, text: &str) -> Option<Value> {
        match (self.rule, wish) {
            (Rule::Minimum { low, high }, Wish::Number(wanted)) => match self.number(text, low, high).ok()? {
                Value::Number(offered) => Some(Value::Number(offered.min(wanted))),
                _ => None,
            },
            (Rule::Maximum { low, high }, Wish::Number(wanted)) => match self.number(text, low, high).ok()? {
                Value::Number(offered) => Some(Value::Number(offered.max(wanted))),
                _ => None,
            },
            (Rule::And, Wish::Boolean(wanted)) => Some(Value::Boolean(parse_boolean(text).ok()? && wanted)),
            (Rule::Or, Wish::Boolean(wanted)) => Some(Value::Boolean(parse_boolean(text).ok()? || wanted)),
            (_, Wish::Choices(choices)) => parse_list(text)
                .find_map(|item| choices.iter().find(|choice| **choice == item))
                .map(|choice| Value::Choice(choice)),
            _ => None,
        }
    }

    /// What counts when our offer got no answer: the offer where it decides alone, else the default.
    const fn unanswered(&self, wish: Wish) -> Value {
        match (self.rule, wish) {
            (Rule::Or, Wish::Boolean(true)) => Value::Boolean(true),
            (Rule::And, Wish::Boolean(false)) => Value::Boolean(false),
            _ => self.default,
        }
    }

    /// Reserved words are answers, never offers (NEG-04).
    fn refuse_reserved_offer(&self, value: &str) -> Result<(), Violation> {
        if matches!(value, "Reject" | "Irrelevant" | "NotUnderstood") {
            return Err(self.breaks("an answer to what was not offered (6.2)"));
        }
        Ok(())
    }
}
