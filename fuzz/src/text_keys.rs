//! Text keys, complete and in pieces, and answers to `SendTargets`.

use bytes::Bytes;
use iscsi_login::{Strictness, parse_send_targets};
use iscsi_pdu::{TextAssembler, TextError, TextKeys, TextLimits, TextWriter};

const LIMITS: TextLimits = TextLimits { bytes: 8192, pdus: 16 };

/// Reads from the input: the size of the pieces (one byte), and a text that arrives in these pieces.
///
/// # Panics
/// If parsed pairs are not parsed back from their encoding, or if parsing in pieces or pair by pair has another result.
pub fn text_keys(data: &[u8]) {
    let Some((&size, text)) = data.split_first() else { return };
    split(usize::from(size) + 1, text);
    send_targets(text);
    let each: Result<Vec<_>, _> = TextKeys::parse_each(text).collect();
    let Ok(keys) = TextKeys::parse(text) else { return assert!(each.is_err()) };
    assert_eq!(each, Ok(keys.iter().collect()));
    let written = keys.iter().fold(TextWriter::new(), |text, (key, value)| text.pair(key, value)).finish();
    let written = written.expect("what was read can be written");
    assert_eq!(TextKeys::parse(&written), Ok(keys));
}

/// An answer without deviations has the same result in both modes.
fn send_targets(text: &[u8]) {
    let tolerant = parse_send_targets(text, Strictness::Tolerant);
    if let Ok(strict) = parse_send_targets(text, Strictness::Strict) {
        assert!(strict.deviations().is_empty() && strict.unusable.is_empty());
        assert_eq!(tolerant, Ok(strict));
    }
}

/// The joined text equals the text that was split, and neither limit is exceeded.
fn split(size: usize, text: &[u8]) {
    let mut assembler = TextAssembler::new(LIMITS);
    let count = text.chunks(size).count();
    for (index, piece) in text.chunks(size).enumerate() {
        match assembler.push(Bytes::copy_from_slice(piece), index + 1 < count) {
            Ok(joined) => assert_eq!(joined.as_deref(), (index + 1 == count).then_some(text)),
            Err(TextError::TooLong { .. }) => return assert!((index + 1) * size > LIMITS.bytes),
            Err(_) => return assert!(index >= LIMITS.pdus),
        }
    }
    assert!(!assembler.is_continuing());
}
