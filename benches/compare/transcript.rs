//! The requests of one login as they were sent, and the lengths of the answers.

use std::fmt;
use std::str::FromStr;

use crate::exchanges::{Exchange, Exchanges};

/// A request, and the length of its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) request: Vec<u8>,
    pub(crate) answer: usize,
}

/// All turns of a connection, in their order. As text `43870000…:368,…`, with the requests in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transcript(pub(crate) Vec<Turn>);

impl Transcript {
    /// Requests of these sizes, of zeros.
    pub(crate) fn of_zeros(exchanges: &Exchanges) -> Self {
        let turn = |exchange: &Exchange| Turn { request: vec![0; exchange.request], answer: exchange.answer };
        Self(exchanges.0.iter().map(turn).collect())
    }

    /// The sizes of requests and answers.
    pub(crate) fn sizes(&self) -> Exchanges {
        let size = |turn: &Turn| Exchange { request: turn.request.len(), answer: turn.answer };
        Exchanges(self.0.iter().map(size).collect())
    }

    /// Adds bytes of the initiator. A login goes by turns: a request begins when the one before is answered.
    pub(crate) fn add_request(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(last) if last.answer == 0 => last.request.extend(bytes),
            _ => self.0.push(Turn { request: bytes.to_vec(), answer: 0 }),
        }
    }

    /// Adds bytes of the target to the answer of the last request.
    pub(crate) fn add_answer(&mut self, length: usize) {
        if let Some(last) = self.0.last_mut() {
            last.answer += length;
        }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Turn { request, answer }) in self.0.iter().enumerate() {
            formatter.write_str(if index == 0 { "" } else { "," })?;
            request.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))?;
            write!(formatter, ":{answer}")?;
        }
        Ok(())
    }
}

impl FromStr for Transcript {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let turns = text.split(',').map(parse_turn).collect::<Option<_>>();
        turns.map(Self).ok_or_else(|| format!("not a list of turns, HEXADECIMAL:ANSWER,…: {text}"))
    }
}

fn parse_turn(text: &str) -> Option<Turn> {
    let (request, answer) = text.split_once(':')?;
    let (bytes, []) = request.as_bytes().as_chunks::<2>() else { return None };
    let request = bytes.iter().map(|digits| parse_byte(digits)).collect::<Option<_>>()?;
    Some(Turn { request, answer: answer.parse().ok()? })
}

fn parse_byte(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_begins_behind_an_answer() {
        let mut transcript = Transcript::default();
        transcript.add_request(&[0x43, 0x87]);
        transcript.add_request(&[0]);
        transcript.add_answer(48);
        transcript.add_answer(4);
        transcript.add_request(&[0x46]);
        assert_eq!(transcript.to_string(), "438700:52,46:0");
        assert_eq!(transcript.sizes().to_string(), "3:52,1:0");
    }

    #[test]
    fn text_and_turns_are_the_same() {
        let text = "4387ff:368,46:48";
        assert_eq!(text.parse::<Transcript>().unwrap().to_string(), text);
        for wrong in ["438:368", "43", "4x:1", "43:x", ""] {
            assert!(wrong.parse::<Transcript>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn zeros_have_the_sizes_they_are_made_of() {
        let sizes: Exchanges = "308:368,48:52".parse().unwrap();
        let transcript = Transcript::of_zeros(&sizes);
        assert_eq!(transcript.sizes(), sizes);
        assert!(transcript.0.iter().all(|turn| turn.request.iter().all(|byte| *byte == 0)));
    }
}
