//! Values of operational keys.

use core::fmt;

use iscsi_pdu::TextWriter;

pub(crate) const NONE: &str = "None";
pub(crate) const CRC32C: &str = "CRC32C";
pub(crate) const RFC3720: &str = "RFC3720";
/// Every choice that any key offers or takes.
pub(crate) const CHOICES: [&str; 3] = [NONE, CRC32C, RFC3720];

/// An agreed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(u32),
    Boolean(bool),
    Choice(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Number(number) => number.fmt(formatter),
            Self::Boolean(boolean) => formatter.write_str(word(boolean)),
            Self::Choice(choice) => formatter.write_str(choice),
        }
    }
}

/// What one side would like: a value, or choices in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proposal {
    Number(u32),
    Boolean(bool),
    Choices(&'static [&'static str]),
}

impl Proposal {
    /// Appends a pair with this value.
    pub(crate) fn write_to(self, key: &str, text: &mut TextWriter) {
        match self {
            Self::Number(number) => text.push(key, number),
            Self::Boolean(boolean) => text.push_text(key, word(boolean)),
            Self::Choices([choice]) => text.push_text(key, choice),
            Self::Choices(choices) => text.push_text(key, &choices.join(",")),
        }
    }
}

const fn word(boolean: bool) -> &'static str {
    if boolean { "Yes" } else { "No" }
}
