//! One kind of reads or writes.

use std::fmt;
use std::str::FromStr;

/// The repeated operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A read into memory that is used again.
    Read,
    /// A read that returns [`Bytes`](bytes::Bytes).
    ReadBytes,
    /// A write of [`Bytes`](bytes::Bytes).
    Write,
}

/// A number of equal operations in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The operation.
    pub operation: Operation,
    /// Bytes of each operation.
    pub length: usize,
    /// Operations in flight.
    pub depth: usize,
    /// If true, header and data digests are required.
    pub digests: bool,
}

impl Operation {
    const ALL: [(Self, &str); 3] =
        [(Self::Read, "read"), (Self::ReadBytes, "read-bytes"), (Self::Write, "write")];
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(operation, _)| operation == self).map_or("", |(_, word)| word);
        formatter.write_str(word)
    }
}

/// `read,4096,32,digests`; the last word is left out without digests.
impl fmt::Display for Workload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, length, depth, digests } = self;
        write!(formatter, "{operation},{length},{depth}{}", if *digests { ",digests" } else { "" })
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text)
            .ok_or_else(|| format!("not OPERATION,LENGTH,DEPTH or OPERATION,LENGTH,DEPTH,digests: {text}"))
    }
}

fn parse(text: &str) -> Option<Workload> {
    let mut words = text.split(',');
    let operation = words.next()?;
    let (operation, _) = *Operation::ALL.iter().find(|(_, word)| *word == operation)?;
    let (length, depth) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let digests = match (words.next(), words.next()) {
        (None, None) => false,
        (Some("digests"), None) => true,
        _ => return None,
    };
    Some(Workload { operation, length, depth, digests })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_workload_are_the_same() {
        for text in ["read,4096,1", "read-bytes,4096,32,digests", "write,262144,8"] {
            assert_eq!(text.parse::<Workload>().unwrap().to_string(), text);
        }
        for wrong in
            ["", "read", "read,4096", "erase,4096,1", "read,4k,1", "read,4096,1,crc", "read,1,1,digests,1"]
        {
            assert!(wrong.parse::<Workload>().is_err(), "{wrong}");
        }
    }
}
