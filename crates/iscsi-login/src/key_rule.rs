//! The functions by which two offers become one value: minimum, maximum, and, or, list, declare (RFC 7143, 6.2).

use iscsi_pdu::{parse_boolean, parse_list, parse_number};

use crate::error::Violation;
use crate::key::Key;
use crate::value::{Value, Wish};

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

impl Key {
    const fn breaks(&self, rule: &'static str) -> Violation {
        Violation::Rule { key: self.name, rule }
    }

    pub(crate) fn number(&self, text: &str, low: u32, high: u32) -> Result<Value, Violation> {
        let number = parse_number(text).map_err(|error| Violation::Value { key: self.name, error })?;
        match u32::try_from(number) {
            Ok(number) if (low..=high).contains(&number) => Ok(Value::Number(number)),
            _ => Err(self.breaks("within the range of its key (13)")),
        }
    }

    /// An answer must be one the key's function allows (NEG-05, NEG-06, NEG-08, NEG-11, NEG-13).
    pub(crate) fn judge_answer(&self, wish: Wish, text: &str) -> Result<Option<Value>, Violation> {
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

    /// What counts when our offer got no answer: the offer where it decides alone, else the default.
    pub(crate) const fn unanswered(&self, wish: Wish) -> Value {
        match (self.rule, wish) {
            (Rule::Or, Wish::Boolean(true)) => Value::Boolean(true),
            (Rule::And, Wish::Boolean(false)) => Value::Boolean(false),
            _ => self.default,
        }
    }

    /// Reserved words are answers, never offers (NEG-04).
    pub(crate) fn refuse_reserved_offer(&self, value: &str) -> Result<(), Violation> {
        if matches!(value, "Reject" | "Irrelevant" | "NotUnderstood") {
            return Err(self.breaks("an answer to what was not offered (6.2)"));
        }
        Ok(())
    }
}
