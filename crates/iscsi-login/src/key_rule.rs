//! The functions by which two offers become one value: minimum, maximum, and, or, list, declare (RFC 7143, 6.2).

use iscsi_pdu::{parse_boolean, parse_list, parse_number};

use crate::Deviation;
use crate::error::ProtocolViolation;
use crate::key::Key;
use crate::value::{CHOICES, Proposal, Value};

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

const UNDERSTOOD: &str = "every implementation understands the keys of RFC 7143 (6.2)";

impl Key {
    pub(crate) const fn breaks(&self, rule: &'static str) -> ProtocolViolation {
        ProtocolViolation::Rule { key: self.name, rule }
    }

    fn number(&self, text: &str, low: u32, high: u32) -> Result<u32, ProtocolViolation> {
        let number =
            parse_number(text).map_err(|error| ProtocolViolation::Value { key: self.name, error })?;
        match u32::try_from(number) {
            Ok(number) if (low..=high).contains(&number) => Ok(number),
            _ => Err(self.breaks("within the range of its key (13)")),
        }
    }

    /// The value of an answer must be one the key's function allows (NEG-08, NEG-11, NEG-13); a declaration stands for itself.
    pub(crate) fn check_value(&self, wish: Proposal, text: &str) -> Result<Value, ProtocolViolation> {
        match (self.rule, wish) {
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
            (_, Proposal::Choices(choices)) => match choices.iter().find(|choice| **choice == text) {
                Some(choice) => Ok(Value::Choice(choice)),
                None => Err(self.breaks("one of the values offered (6.2.1)")),
            },
            (Rule::Declare { low, high }, _) => self.number(text, low, high).map(Value::Number),
            _ => Ok(self.default),
        }
    }

    /// The offer, which stays in force where an answer of the right form goes beyond it; `None` for other answers that are
    /// not allowed.
    pub(crate) fn offer_instead(&self, wish: Proposal, text: &str) -> Option<Value> {
        match (wish, self.read(text)) {
            (Proposal::Number(offered), Ok(Some(_))) => Some(Value::Number(offered)),
            (Proposal::Boolean(offered), Ok(Some(_))) => Some(Value::Boolean(offered)),
            _ => None,
        }
    }

    /// The value in force after an answer without a value (NEG-05, NEG-06).
    pub(crate) fn without_value(&self, wish: Proposal, word: &str) -> Result<Value, ProtocolViolation> {
        if word == "Reject" && matches!(self.rule, Rule::Declare { .. }) {
            return Err(self.breaks("a declaration has no answer (6.2)"));
        }
        self.settles_nothing(wish)
    }

    /// The row of the table that such an answer is, if it is one, and the rule that it breaks.
    pub(crate) fn misused_word(&self, word: &str) -> Option<(&'static Deviation, &'static str)> {
        Some(match (word, self.name) {
            // Only one key may be irrelevant to a target that was offered it (13.14).
            ("Reject", _) | ("Irrelevant", "FirstBurstLength") => return None,
            ("Irrelevant", _) => {
                (&Deviation::IRRELEVANT, "irrelevant only where another key makes it so (6.2)")
            }
            (_, "ErrorRecoveryLevel") => (&Deviation::RECOVERY_LEVEL_NOT_UNDERSTOOD, UNDERSTOOD),
            _ => (&Deviation::NOT_UNDERSTOOD, UNDERSTOOD),
        })
    }

    /// Of two values the one that allows less; `None` if neither does.
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

    fn boolean(&self, text: &str) -> Result<bool, ProtocolViolation> {
        parse_boolean(text).map_err(|error| ProtocolViolation::Value { key: self.name, error })
    }

    /// Reads a value that is neither an answer nor an offer; `None` for a list that is no single known choice.
    pub(crate) fn read(&self, text: &str) -> Result<Option<Value>, ProtocolViolation> {
        match self.rule {
            Rule::Minimum { low, high } | Rule::Maximum { low, high } | Rule::Declare { low, high } => {
                self.number(text, low, high).map(|number| Some(Value::Number(number)))
            }
            Rule::And | Rule::Or => self.boolean(text).map(|boolean| Some(Value::Boolean(boolean))),
            Rule::List => Ok(CHOICES.into_iter().find(|choice| *choice == text).map(Value::Choice)),
        }
    }

    /// The value in force after the key came a second time.
    pub(crate) fn repeated(&self, settled: Value, text: &str) -> Result<Value, ProtocolViolation> {
        let again = self.read(text)?.and_then(|again| self.safer(settled, again));
        again.ok_or_else(|| self.breaks("the value that was settled before (6.3)"))
    }

    /// What is in force after an answer that settles nothing: the default, or the offer where that allows less (NEG-06).
    /// Immediate data may always be left out.
    fn settles_nothing(&self, wish: Proposal) -> Result<Value, ProtocolViolation> {
        match (self.rule, wish) {
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

    /// What counts when our offer got no answer: a boolean offer that decides alone (NEG-12), else what counts after an
    /// answer that settles nothing.
    pub(crate) fn unanswered(&self, wish: Proposal) -> Result<Value, ProtocolViolation> {
        match (self.rule, wish) {
            (Rule::And, Proposal::Boolean(offered)) => Ok(Value::Boolean(offered)),
            _ => self.settles_nothing(wish),
        }
    }

    /// Our value for an offer of the peer; `None` if nothing in it is acceptable (NEG-09, NEG-29).
    pub(crate) fn accept(&self, wish: Proposal, text: &str) -> Option<Value> {
        match (self.rule, wish) {
            (Rule::Minimum { low, high }, Proposal::Number(wanted)) => {
                Some(Value::Number(self.number(text, low, high).ok()?.min(wanted)))
            }
            (Rule::Maximum { low, high }, Proposal::Number(wanted)) => {
                Some(Value::Number(self.number(text, low, high).ok()?.max(wanted)))
            }
            (Rule::And, Proposal::Boolean(wanted)) => {
                Some(Value::Boolean(parse_boolean(text).ok()? && wanted))
            }
            (Rule::Or, Proposal::Boolean(wanted)) => {
                Some(Value::Boolean(parse_boolean(text).ok()? || wanted))
            }
            (_, Proposal::Choices(choices)) => parse_list(text)
                .find_map(|item| choices.iter().find(|choice| **choice == item))
                .map(|choice| Value::Choice(choice)),
            _ => None,
        }
    }
}
