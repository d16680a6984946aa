//! Text from a target.

/// Printable ASCII without the blanks at the ends, up to the first NUL; other characters are replaced by `?`.
pub(super) fn printable(bytes: &[u8]) -> String {
    let shown = |byte: &u8| if matches!(byte, 0x20..=0x7e) { char::from(*byte) } else { '?' };
    let text: String = bytes.iter().take_while(|byte| **byte != 0).map(shown).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn blanks_at_the_ends_and_control_characters() {
        assert_eq!(printable(b"  a \x1b\x7f\xff~ \0b"), "a ???~");
        assert_eq!(printable(b""), "");
        assert_eq!(printable(b"\0text"), "");
    }
}
