//! An operational key: its values, and the rule by which two offers become one value (RFC 7143, 6.2).

use core::fmt;

use iscsi_pdu::{TextKey, TextWriter, parse_boolean, parse_list, parse_number};

use crate::deviation::Deviation;
use crate::error::ProtocolViolation;
use crate::parameters::{Choice, Offer, Parameters};

/// The value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(u32),
    Boolean(bool),
    Choice(Choice),
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Number(number) => number.fmt(formatter),
            Self::Boolean(boolean) => formatter.write_str(word(boolean)),
            Self::Choice(choice) => formatter.write_str(choice.as_str()),
        }
    }
}

/// The value that one side prefers for a key, or its choices in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proposal {
    Number(u32),
    Boolean(bool),
    Choices(&'static [Choice]),
}

impl Proposal {
    /// Appends a pair with this value.
    pub(crate) fn write_to(self, key: TextKey, text: &mut TextWriter) {
        match self {
            Self::Number(number) => text.push_number(key, number.into()),
            Self::Boolean(boolean) => text.push_text(key, word(boolean)),
            Self::Choices(choices) => {
                let words: Vec<&str> = choices.iter().map(|choice| choice.as_str()).collect();
                text.push_text(key, &words.join(","));
            }
        }
    }
}

const fn word(boolean: bool) -> &'static str {
    if boolean { "Yes" } else { "No" }
}

/// Whether a value is a reserved word, which answers an offer and never makes one (NEG-04).
pub(crate) fn is_reserved(value: &str) -> bool {
    matches!(value, "Reject" | "Irrelevant" | "NotUnderstood")
}

/// The function that gives the result of a key from the values of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The smaller number.
    Minimum { low: u32, high: u32 },
    /// The larger number.
    Maximum { low: u32, high: u32 },
    /// Yes if both sides say Yes.
    And,
    /// Yes if one side says Yes.
    Or,
    /// The first item of the offer that the acceptor allows.
    List,
    /// Each side declares its own value; there is no answer.
    Declare { low: u32, high: u32 },
}

/// An operational key.
pub(crate) struct Key {
    pub(crate) name: TextKey,
    pub(crate) rule: Rule,
    /// The value in force when the key was not negotiated.
    pub(crate) default: Value,
    /// Not offered in a discovery session, and answered `Irrelevant` there (NEG-32).
    pub(crate) irrelevant_in_discovery: bool,
    /// Whether it is offered: an extension of which the offer is the default is only answered.
    pub(crate) is_offered: fn(&Offer) -> bool,
    pub(crate) proposal: fn(&Offer) -> Proposal,
    pub(crate) store: fn(&mut Parameters, Value),
}

/// The choice with this name.
fn find(choices: &[Choice], name: &str) -> Option<Choice> {
    choices.iter().copied().find(|choice| choice.as_str() == name)
}

const UNDERSTOOD: &str = "every implementation understands the keys of RFC 7143 (6.2)";

impl Key {
    pub(crate) const fn breaks(&self, rule: &'static str) -> ProtocolViolation {
        ProtocolViolation::Rule { key: self.name.as_str(), rule }
    }

    fn number(&self, text: &str, low: u32, high: u32) -> Result<u32, ProtocolViolation> {
        let number = parse_number(text)
            .map_err(|error| ProtocolViolation::Value { key: self.name.as_str(), error })?;
        match u32::try_from(number) {
            Ok(number) if (low..=high).contains(&number) => Ok(number),
            _ => Err(self.breaks("within the range of its key (13)")),
        }
    }

    fn boolean(&self, text: &str) -> Result<bool, ProtocolViolation> {
        parse_boolean(text).map_err(|error| ProtocolViolation::Value { key: self.name.as_str(), error })
    }

    /// Reads a value without comparing it to an offer; `None` for a list that is not one known choice.
    pub(crate) fn read(&self, text: &str) -> Result<Option<Value>, ProtocolViolation> {
        match self.rule {
            Rule::Minimum { low, high } | Rule::Maximum { low, high } | Rule::Declare { low, high } => {
                self.number(text, low, high).map(|number| Some(Value::Number(number)))
            }
            Rule::And | Rule::Or => self.boolean(text).map(|boolean| Some(Value::Boolean(boolean))),
            Rule::List => Ok(find(&Choice::ALL, text).map(Value::Choice)),
        }
    }

    /// Checks the answer to an own offer against the rule of the key (NEG-08, NEG-11, NEG-13). A declaration only has to be in
    /// range.
    pub(crate) fn check_value(&self, proposal: Proposal, text: &str) -> Result<Value, ProtocolViolation> {
        match (self.rule, proposal) {
            (Rule::Minimum { low, high }, Proposal::Number(offered)) => match self.number(text, low, high)? {
                answer if answer > offered => Err(self.breaks("not above the offer (6.2.2)")),
                answer => Ok(Value::Number(answer)),
            },
            (Rule::Maximum { low, high }, Proposal::Number(offered)) => match self.number(text, low, high)? {
                answer if answer < offered => Err(self.breaks("not below the offer (6.2.2)")),
                answer => Ok(Value::Number(answer)),
            },
            (Rule::And | Rule::Or, Proposal::Boolean(offered)) => {
                let answer = self.boolean(text)?;
                // An offer of Yes decides OR, an offer of No decides AND.
                let decided = offered == (self.rule == Rule::Or);
                if decided && answer != offered {
                    return Err(self.breaks("a value its function allows (6.2.2)"));
                }
                Ok(Value::Boolean(answer))
            }
            (_, Proposal::Choices(choices)) => match find(choices, text) {
                Some(choice) => Ok(Value::Choice(choice)),
                None => Err(self.breaks("one of the values offered (6.2.1)")),
            },
            (Rule::Declare { low, high }, _) => self.number(text, low, high).map(Value::Number),
            _ => Ok(self.default),
        }
    }

    /// The own offer, which stays in force where a well-formed answer goes beyond it; `None` for other answers that the
    /// rule does not allow.
    pub(crate) fn offer_instead(&self, proposal: Proposal, text: &str) -> Option<Value> {
        match (proposal, self.read(text)) {
            (Proposal::Number(offered), Ok(Some(_))) => Some(Value::Number(offered)),
            (Proposal::Boolean(offered), Ok(Some(_))) => Some(Value::Boolean(offered)),
            _ => None,
        }
    }

    /// The value in force after an answer that is a reserved word (NEG-05, NEG-06).
    pub(crate) fn without_value(&self, proposal: Proposal, word: &str) -> Result<Value, ProtocolViolation> {
        if word == "Reject" && matches!(self.rule, Rule::Declare { .. }) {
            return Err(self.breaks("a declaration has no answer (6.2)"));
        }
        self.settles_nothing(proposal)
    }

    /// The deviation that a reserved word as an answer is, and the rule that it breaks; `None` if the word is allowed.
    pub(crate) fn misused_word(&self, word: &str) -> Option<(&'static Deviation, &'static str)> {
        Some(match (word, self.name.as_str()) {
            // Only FirstBurstLength may be irrelevant to a target that was offered it (13.14), and only iSCSIProtocolLevel may be
            // unknown to it (13.24).
            ("Reject", _) | ("Irrelevant", "FirstBurstLength") | ("NotUnderstood", "iSCSIProtocolLevel") => {
                return None;
            }
            ("Irrelevant", _) => {
                (&Deviation::IRRELEVANT, "irrelevant only where another key makes it so (6.2)")
            }
            (_, "ErrorRecoveryLevel") => (&Deviation::RECOVERY_LEVEL_NOT_UNDERSTOOD, UNDERSTOOD),
            _ => (&Deviation::NOT_UNDERSTOOD, UNDERSTOOD),
        })
    }

    /// The more restrictive of two values; `None` for two different choices.
    pub(crate) fn safer(&self, one: Value, other: Value) -> Option<Value> {
        Some(match (self.rule, one, other) {
            (Rule::Minimum { .. } | Rule::Declare { .. }, Value::Number(one), Value::Number(other)) => {
                Value::Number(one.min(other))
            }
            (Rule::Maximum { .. }, Value::Number(one), Value::Number(other)) => Value::Number(one.max(other)),
            (Rule::And, Value::Boolean(one), Value::Boolean(other)) => Value::Boolean(one && other),
            (Rule::Or, Value::Boolean(one), Value::Boolean(other)) => Value::Boolean(one || other),
            _ if one == other => one,
            _ => return None,
        })
    }

    /// The value in force after the peer repeated a settled key.
    pub(crate) fn repeated(&self, settled: Value, text: &str) -> Result<Value, ProtocolViolation> {
        let again = self.read(text)?.and_then(|again| self.safer(settled, again));
        again.ok_or_else(|| self.breaks("the value that was settled before (6.3)"))
    }

    /// The value in force after an answer that settles nothing: the default, or the own offer where that is more restrictive
    /// (NEG-06). Immediate data is then not used.
    fn settles_nothing(&self, proposal: Proposal) -> Result<Value, ProtocolViolation> {
        match (self.rule, proposal) {
            // The default of the only such key, ImmediateData, is Yes. Data that a target did not agree to take could be lost,
            // so No is used.
            (Rule::And, _) => Ok(Value::Boolean(false)),
            (_, Proposal::Choices(choices)) => match self.default {
                Value::Choice(default) if !choices.contains(&default) => {
                    Err(self.breaks("the only acceptable value was not agreed on (6.2)"))
                }
                default => Ok(default),
            },
            (Rule::Minimum { .. } | Rule::Maximum { .. }, Proposal::Number(offered)) => {
                Ok(self.safer(Value::Number(offered), self.default).unwrap_or(self.default))
            }
            _ => Ok(self.default),
        }
    }

    /// The value in force when the own offer got no answer: the offer where it decides AND (NEG-12), otherwise the value
    /// after an answer that settles nothing.
    pub(crate) fn unanswered(&self, proposal: Proposal) -> Result<Value, ProtocolViolation> {
        match (self.rule, proposal) {
            (Rule::And, Proposal::Boolean(offered)) => Ok(Value::Boolean(offered)),
            _ => self.settles_nothing(proposal),
        }
    }

    /// The answer to an offer of the peer; `None` if no value of the offer is acceptable (NEG-09, NEG-29).
    pub(crate) fn accept(&self, proposal: Proposal, text: &str) -> Option<Value> {
        match (self.rule, proposal) {
            (Rule::Minimum { low, high }, Proposal::Number(own)) => {
                Some(Value::Number(self.number(text, low, high).ok()?.min(own)))
            }
            (Rule::Maximum { low, high }, Proposal::Number(own)) => {
                Some(Value::Number(self.number(text, low, high).ok()?.max(own)))
            }
            (Rule::And, Proposal::Boolean(own)) => Some(Value::Boolean(parse_boolean(text).ok()? && own)),
            (Rule::Or, Proposal::Boolean(own)) => Some(Value::Boolean(parse_boolean(text).ok()? || own)),
            (_, Proposal::Choices(choices)) => {
                parse_list(text).find_map(|item| find(choices, item)).map(Value::Choice)
            }
            _ => None,
        }
    }
}
