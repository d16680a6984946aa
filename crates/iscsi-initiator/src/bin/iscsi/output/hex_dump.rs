//! Bytes in hexadecimal.

use std::fmt::Write as _;

/// Bytes on one line.
const LINE: usize = 16;

/// Formats bytes as hexadecimal digits, two for each.
pub(crate) fn digits(bytes: &[u8]) -> String {
    joined(bytes, "")
}

/// Formats bytes as hexadecimal digits with a blank between two bytes.
pub(crate) fn spaced(bytes: &[u8]) -> String {
    joined(bytes, " ")
}

fn joined(bytes: &[u8], separator: &str) -> String {
    let mut text = String::with_capacity(bytes.len() * (2 + separator.len()));
    for (at, byte) in bytes.iter().enumerate() {
        let before = if at == 0 { "" } else { separator };
        _ = write!(text, "{before}{byte:02x}");
    }
    text
}

/// Formats bytes as lines of 16, each with its offset, the bytes in hexadecimal, and those that are printable ASCII.
pub(crate) fn lines(bytes: &[u8]) -> String {
    let lines = bytes.chunks(LINE).enumerate().map(|(number, line)| {
        let text: String = line.iter().map(|byte| shown(*byte)).collect();
        let (offset, width) = (number * LINE, LINE * 3 - 1);
        format!("{offset:08x}  {:width$}  |{text}|", spaced(line))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A byte as a character; those that are not printable ASCII as a dot.
const fn shown(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { byte as char } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_has_offsets_bytes_and_text() {
        let bytes: Vec<u8> = (0x38..0x4a).collect();
        let expected = "\
00000000  38 39 3a 3b 3c 3d 3e 3f 40 41 42 43 44 45 46 47  |89:;<=>?@ABCDEFG|
00000010  48 49                                            |HI|";
        assert_eq!(lines(&bytes), expected);
        assert_eq!(lines(&[]), "");
    }

    #[test]
    fn only_printable_ascii_is_shown_as_text() {
        for byte in 0..=u8::MAX {
            let is_printable = matches!(byte, b' '..=b'~');
            assert_eq!(shown(byte) != '.', is_printable && byte != b'.', "{byte:#x}");
        }
    }

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!((digits(&[0, 0xff, 7]), spaced(&[0, 0xff, 7])), ("00ff07".into(), "00 ff 07".into()));
        assert_eq!(digits(&[]), "");
    }
}
