//! One line of `name=number`.

use std::collections::HashMap;
use std::time::Duration;

/// The answer of a program to an order.
#[derive(Debug)]
pub(crate) struct Answer(HashMap<String, u64>);

impl Answer {
    pub(crate) fn parse(line: &str) -> Self {
        let pairs = line.split_whitespace().map(|word| {
            let (name, number) = word.split_once('=').unwrap_or_else(|| panic!("no answer: {line:?}"));
            (name.to_owned(), number.parse().unwrap())
        });
        Self(pairs.collect())
    }

    #[track_caller]
    pub(crate) fn number(&self, name: &str) -> u64 {
        *self.0.get(name).unwrap_or_else(|| panic!("no {name:?} in {self:?}"))
    }

    pub(crate) fn time(&self, name: &str) -> Duration {
        Duration::from_nanos(self.number(name))
    }
}
