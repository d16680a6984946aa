//! Text on standard error, and escaping for terminals.

pub(crate) mod redact;

use std::io::{Write as _, stderr};

use redact::redacted;

/// Escapes everything that is not a visible character or a blank: control characters, characters that change the
/// direction of writing, characters that cannot be seen. Makes text from elsewhere safe for a terminal.
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

/// Prints a note on standard error.
pub(crate) fn note(text: &str) {
    say("note", text);
}

/// Prints a warning on standard error: about something that does not stop the program.
pub(crate) fn warn(text: &str) {
    say("warning", text);
}

/// Prints a hint on standard error: what to do next.
pub(crate) fn hint(text: &str) {
    say("hint", text);
}

/// Failures to print are ignored: there is nowhere left to report them.
fn say(label: &str, text: &str) {
    _ = writeln!(stderr(), "{label}: {}", printable(&redacted(text)));
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn terminal_control_sequences_are_escaped() {
        assert_eq!(printable(r#"disk "1", it's \ päth ☺"#), r#"disk "1", it's \ päth ☺"#);
        assert_eq!(printable("a\x1b[2Jb\r\nc\u{9b}d"), r"a\u{1b}[2Jb\r\nc\u{9b}d");
        assert_eq!(printable("a\u{202e}b\u{200b}c\u{feff}"), r"a\u{202e}b\u{200b}c\u{feff}");
    }
}
