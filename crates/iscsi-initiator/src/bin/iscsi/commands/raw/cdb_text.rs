//! Command descriptor blocks as they are typed: hexadecimal digits.

use iscsi_initiator::scsi::Cdb;

use crate::failure::Failure;
use crate::output::hex_dump;

/// The fewest bytes of a block (SPC-4, 4.2.2).
const MIN_LENGTH: usize = 6;

/// A block with its length: [`Cdb`] fills up to 16 bytes.
#[derive(Debug)]
pub(super) struct TypedCdb {
    bytes: Vec<u8>,
    pub(super) cdb: Cdb,
}

impl TypedCdb {
    /// Reads the words of a block: two digits for each byte, with or without blanks between bytes. The error does not
    /// repeat what was typed.
    pub(super) fn parse(words: &[String]) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        for (at, word) in words.iter().flat_map(|word| word.split_whitespace()).enumerate() {
            let word = word.strip_prefix("0x").unwrap_or(word);
            bytes.extend(pairs(word).ok_or_else(|| not_hexadecimal(at))?);
        }
        let length = bytes.len();
        let cdb = Cdb::from_bytes(&bytes).filter(|_| length >= MIN_LENGTH);
        let cdb = cdb.ok_or_else(|| wrong_length(length))?;
        match group_length(cdb.operation_code()) {
            Some(least) if length < least => Err(too_short(cdb.operation_code(), least, length)),
            _ => Ok(Self { bytes, cdb }),
        }
    }

    /// Formats the bytes that were typed.
    pub(super) fn spaced(&self) -> String {
        hex_dump::spaced(&self.bytes)
    }

    /// Formats the bytes that were typed as digits alone.
    pub(super) fn digits(&self) -> String {
        hex_dump::digits(&self.bytes)
    }
}

/// The bytes of a word; `None` for no digits or an odd number of them, or for other characters.
fn pairs(word: &str) -> Option<Vec<u8>> {
    let (pairs @ [_, ..], []) = word.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The length that the group of an operation code fixes (SPC-4, 4.2.5.1); `None` for blocks of variable length and for
/// groups of vendors.
const fn group_length(operation_code: u8) -> Option<usize> {
    match operation_code {
        0x00..=0x1f => Some(6),
        0x20..=0x5f => Some(10),
        0x80..=0x9f => Some(16),
        0xa0..=0xbf => Some(12),
        _ => None,
    }
}

fn not_hexadecimal(word: usize) -> Failure {
    let message = format!("word {} of the command descriptor block is not hexadecimal", word + 1);
    Failure::usage(message, "write two hexadecimal digits for each byte, such as 12 00 00 00 60 00")
}

fn wrong_length(length: usize) -> Failure {
    let message = format!("the command descriptor block has {}", bytes(length));
    Failure::usage(message, "a block has 6 to 260 bytes")
}

fn too_short(operation_code: u8, least: usize, length: usize) -> Failure {
    let message = format!(
        "the command descriptor block has {}: blocks with operation code {operation_code:02x} have {least}",
        bytes(length)
    );
    Failure::usage(message, "add the missing bytes; reserved ones and CONTROL are 00")
}

fn bytes(length: usize) -> String {
    if length == 1 { "1 byte".to_owned() } else { format!("{length} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<TypedCdb, Failure> {
        TypedCdb::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn blanks_prefixes_and_case_change_nothing() {
        for words in [
            &["12", "00", "00", "00", "60", "0A"][..],
            &["12000000600a"],
            &["12 00 00 00 60 0a"],
            &["0x12000000600a"],
            &["1200", "0x0000", " 600a "],
        ] {
            let typed = parsed(words).unwrap();
            assert_eq!(typed.spaced(), "12 00 00 00 60 0a", "{words:?}");
            assert_eq!((typed.digits().as_str(), typed.cdb.operation_code()), ("12000000600a", 0x12));
        }
    }

    #[test]
    fn other_characters_and_half_bytes_are_refused_without_repeating_them() {
        for word in ["1", "120", "zz", "+1", "-1", "1_", "0x", "ää", "12000000600"] {
            let message = parsed(&["12", word, "00", "00", "00", "60", "00"]).unwrap_err().to_string();
            assert_eq!(message, "word 2 of the command descriptor block is not hexadecimal", "{word}");
        }
    }

    #[test]
    fn blocks_have_6_to_260_bytes() {
        let of_length = |length: usize| parsed(&["7f".repeat(length).as_str()]);
        for length in [6, 16, 17, 260] {
            assert_eq!(of_length(length).unwrap().digits().len(), 2 * length);
        }
        for (length, words) in [(0, "0 bytes"), (1, "1 byte"), (5, "5 bytes"), (261, "261 bytes")] {
            let message = of_length(length).unwrap_err().to_string();
            assert!(message.ends_with(&format!(" has {words}")), "{message}");
        }
    }

    #[test]
    fn a_block_has_the_bytes_of_its_group() {
        for (code, least) in [(0x12, 6), (0x28, 10), (0x5f, 10), (0x88, 16), (0xa0, 12), (0xc0, 6), (0x7f, 6)]
        {
            let of_length = |length: usize| parsed(&[&format!("{code:02x}{}", "00".repeat(length - 1))]);
            assert!(of_length(least).is_ok() && of_length(least + 1).is_ok(), "{code:x}");
            assert!(of_length(least - 1).is_err(), "{code:x}");
        }
    }
}
