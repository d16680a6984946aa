//! Values of operational keys.

use core::fmt;

pub(crate) const NONE: &str = "None";
pub(crate) const CRC32C: &str = "CRC32C";

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
            Self::Boolean(true) => formatter.write_str("Yes"),
            Self::Boolean(false) => formatter.write_str("No"),
            Self::Choice(choice) => formatter.write_str(choice),
        }
    }
}

/// What one side would like: a value, or choices in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Number(u32),
    Boolean(bool),
    Choices(&'static [&'static str]),
}

impl fmt::Display for Wish {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Number(number) => Value::Number(number).fmt(formatter),
            Self::Boolean(boolean) => Value::Boolean(boolean).fmt(formatter),
            Self::Choices(choices) => fmt_list(choices, formatter),
        }
    }
}

fn fmt_list(choices: &[&str], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, choice) in choices.iter().enumerate() {
        if index > 0 {
            formatter.write_str(",")?;
        }
        formatter.write_str(choice)?;
    }
    Ok(())
}
