//! Text from elsewhere, made safe for a terminal.

/// Escapes everything that is not a visible character or a blank: control characters, characters that turn the
/// direction of writing, characters that cannot be seen.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        assert_eq!(printable(r#"disk "1", it's \ päth ☺"#), r#"disk "1", it's \ päth ☺"#);
        assert_eq!(printable("a\x1b[2Jb\r\nc\u{9b}d"), r"a\u{1b}[2Jb\r\nc\u{9b}d");
        assert_eq!(printable("a\u{202e}b\u{200b}c\u{feff}"), r"a\u{202e}b\u{200b}c\u{feff}");
    }
}
