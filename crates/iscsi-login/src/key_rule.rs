//! The functions by which two offers become one value: minimum, maximum, and, or, list, declare (RFC 7143, 6.2).

use iscsi_pdu::{parse_boolean, parse_list, parse_number};

use crate::Deviation;
use crate::error::Violation;
use crate::key::Key;
use crate::value::{CHOICES, Value, Wish};

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

impl Rule {
    /// What an answer has to keep to.
    const fn limit(self) -> &'static str {
        match self {
            Self::Minimum { .. } => "not above the offer (6.2.2)",
            Self::Maximum { .. } => "not below the offer (6.2.2)",
            Self::And | Self::Or | Self::List | Self::Declare { .. } => "a value its function allows (6.2.2)",
        }
    }
}

const UNDERSTOOD: &str = "every implementation understands the keys of RFC 7143 (6.2)";

/// What an answer to an offer leads to.
pub(crate) enum Answer {
    /// A value that the function of the key allows.
    Allowed(Value),
    /// An answer of the table of deviations: the value that is safe, and the rule that the answer breaks.
    Deviates { deviation: &'static Deviation, value: Value, rule: &'static str },
}

impl Key {
    pub(crate) const fn breaks(&self, rule: &'static str) -> Violation {
        Violation::Rule { key: self.name, rule }
    }

    pub(crate) fn number(&self, text: &str, low: u32, high: u32) -> Result<Value, Violation> {
        let number = parse_number(text).map_err(|error| Violation::Value { key: self.name, error })?;
        match u32::try_from(number) {
            Ok(number) if (low..=high).contains(&number) => Ok(Value::Number(number)),
            _ => Err(self.breaks("within the range of its key (13)")),
        }
    }

    /// An answer must be one the key's function allows (NEG-05, NEG-06, NEG-08, NEG-11, NEG-13); a declaration stands for
    /// itself.
    pub(crate) fn judge_answer(&self, wish: Wish, text: &str) -> Result<Answer, Violation> {
        let declared = matches!(self.rule, Rule::Declare { .. });
        match text {
            "Reject" if !declared => self.settles_nothing(wish).map(Answer::Allowed),
            "Irrelevant" | "NotUnderstood" => self.judge_reserved(wish, text),
            _ => match (self.rule, wish) {
                (Rule::Minimum { low, high } | Rule::Maximum { low, high }, Wish::Number(offered)) => {
                    Ok(self.within(Value::Number(offered), self.number(text, low, high)?))
                }
                (Rule::And | Rule::Or, Wish::Boolean(offered)) => {
                    Ok(self.within(Value::Boolean(offered), self.boolean(text)?))
                }
                (_, Wish::Choices(choices)) => match choices.iter().find(|choice| **choice == text) {
                    Some(choice) => Ok(Answer::Allowed(Value::Choice(choice))),
                    None => Err(self.breaks("one of the values offered (6.2.1)")),
                },
                (Rule::Declare { low, high }, _) => self.number(text, low, high).map(Answer::Allowed),
                _ => self.settles_nothing(wish).map(Answer::Allowed),
            },
        }
    }

    /// `Irrelevant` and `NotUnderstood`. Only one key may be irrelevant to a target that was offered it (13.14).
    fn judge_reserved(&self, wish: Wish, text: &str) -> Result<Answer, Violation> {
        let value = self.settles_nothing(wish)?;
        let (deviation, rule) = match (text, self.name) {
            ("Irrelevant", "FirstBurstLength") => return Ok(Answer::Allowed(value)),
            ("Irrelevant", _) => {
                (&Deviation::IRRELEVANT, "irrelevant only where another key makes it so (6.2)")
            }
            (_, "ErrorRecoveryLevel") => (&Deviation::RECOVERY_LEVEL_NOT_UNDERSTOOD, UNDERSTOOD),
            _ => (&Deviation::NOT_UNDERSTOOD, UNDERSTOOD),
        };
        Ok(Answer::Deviates { deviation, value, rule })
    }

    /// Does the function of the key allow this answer? If not, the offer stays in force.
    fn within(&self, offered: Value, answer: Value) -> Answer {
        if self.safer(answer, offered) == Some(answer) {
            return Answer::Allowed(answer);
        }
        let deviation = &Deviation::VALUE_BEYOND_OFFER;
        Answer::Deviates { deviation, value: offered, rule: self.rule.limit() }
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

    fn boolean(&self, text: &str) -> Result<Value, Violation> {
        let boolean = parse_boolean(text).map_err(|error| Violation::Value { key: self.name, error })?;
        Ok(Value::Boolean(boolean))
    }

    /// Reads a value that is neither an answer nor an offer; `None` for a list that is no single known choice.
    pub(crate) fn read(&self, text: &str) -> Result<Option<Value>, Violation> {
        match self.rule {
            Rule::Minimum { low, high } | Rule::Maximum { low, high } | Rule::Declare { low, high } => {
                self.number(text, low, high).map(Some)
            }
            Rule::And | Rule::Or => self.boolean(text).map(Some),
            Rule::List => Ok(CHOICES.into_iter().find(|choice| *choice == text).map(Value::Choice)),
        }
    }

    /// The value in force after the key came a second time.
    pub(crate) fn repeated(&self, settled: Value, text: &str) -> Result<Value, Violation> {
        let again = self.read(text)?.and_then(|again| self.safer(settled, again));
        again.ok_or_else(|| self.breaks("the value that was settled before (6.3)"))
    }

    /// What is in force after an answer that settles nothing: the default, or the offer where that allows less (NEG-06).
    /// Immediate data may always be left out.
    fn settles_nothing(&self, wish: Wish) -> Result<Value, Violation> {
        match (self.rule, wish) {
            (Rule::And, _) => Ok(Value::Boolean(false)),
            (_, Wish::Choices(choices)) => match self.default {
                Value::Choice(default) if !choices.contains(&default) => {
                    Err(self.breaks("the only acceptable value was not agreed on (6.2)"))
                }
                default => Ok(default),
            },
            (Rule::Minimum { .. } | Rule::Maximum { .. }, Wish::Number(offered)) => {
                Ok(self.safer(Value::Number(offered), self.default).unwrap_or(self.default))
            }
            _ => Ok(self.default),
        }
    }

    /// What counts when our offer got no answer: a boolean offer that decides alone (NEG-12), else what counts after an
    /// answer that settles nothing.
    pub(crate) fn unanswered(&self, wish: Wish) -> Result<Value, Violation> {
        match (self.rule, wish) {
            (Rule::And, Wish::Boolean(offered)) => Ok(Value::Boolean(offered)),
            _ => self.settles_nothing(wish),
        }
    }

    /// Our value for an offer of the peer; `None` if nothing in it is acceptable (NEG-09, NEG-29).
    pub(crate) fn accept(&self, wish: Wish, text: &str) -> Option<Value> {
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
}
