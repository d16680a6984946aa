//! The sizes of the segments of one login, in both directions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One request and its answer, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) request: usize,
    pub(crate) answer: usize,
}

/// All exchanges of a connection, in their order. As text `308:368,…`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exchanges(pub(crate) Vec<Exchange>);

impl Exchanges {
    /// The longest request or answer.
    pub(crate) fn longest(&self) -> usize {
        self.0.iter().map(|exchange| exchange.request.max(exchange.answer)).max().unwrap_or_default()
    }
}

impl fmt::Display for Exchanges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Exchange { request, answer }) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma}{request}:{answer}")?;
        }
        Ok(())
    }
}

impl FromStr for Exchanges {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(parse_exchange)
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| format!("not a list of sizes, REQUEST:ANSWER,…: {text}"))
    }
}

fn parse_exchange(text: &str) -> Option<Exchange> {
    let (request, answer) = text.split_once(':')?;
    Some(Exchange { request: request.parse().ok()?, answer: answer.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_sizes_are_the_same() {
        let exchanges: Exchanges = "308:368,48:52".parse().unwrap();
        assert_eq!(
            exchanges.0,
            [Exchange { request: 308, answer: 368 }, Exchange { request: 48, answer: 52 }]
        );
        assert_eq!(exchanges.to_string(), "308:368,48:52");
        assert_eq!(exchanges.longest(), 368);
        assert!("308".parse::<Exchanges>().is_err());
    }
}
