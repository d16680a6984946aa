//! Lines of `key = value`.

/// What a line says about one key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// `key = value`; the value may be empty.
    Setting(&'a [u8], &'a [u8]),
    /// Something else, which begins with this word.
    Other(&'a [u8]),
}

/// What `isspace` of C takes for a blank.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// All lines that are neither empty nor comments.
pub(super) fn lines(content: &[u8]) -> impl Iterator<Item = Line<'_>> {
    content.split(|&byte| byte == b'\n').filter_map(line)
}

fn line(bytes: &[u8]) -> Option<Line<'_>> {
    let line = without_blanks(bytes);
    if line.is_empty() || line.starts_with(b"#") {
        return None;
    }
    let (word, rest) = line.split_at(line.iter().position(|&byte| is_blank(byte)).unwrap_or(line.len()));
    let value = without_blanks(rest).strip_prefix(b"=").map(without_blanks);
    Some(value.map_or(Line::Other(word), |value| Line::Setting(word, value)))
}

/// Without the blanks at both ends.
fn without_blanks(bytes: &[u8]) -> &[u8] {
    let first = bytes.iter().position(|&byte| !is_blank(byte)).unwrap_or(bytes.len());
    let behind_last = bytes.iter().rposition(|&byte| !is_blank(byte)).map_or(first, |last| last + 1);
    bytes.get(first..behind_last).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What iscsiadm 2.1.8 shows of the same lines.
    #[test]
    fn lines_mean_what_they_mean_to_open_iscsi() {
        let cases: [(&[u8], &[u8]); 13] = [
            (b"k = abc", b"abc"),
            (b"k = abc  ", b"abc"),
            (b"k =   abc\t", b"abc"),
            (b"k =abc", b"abc"),
            (b"  k = abc", b"abc"),
            (b"k\t=\tabc", b"abc"),
            (b"k = \"abc def\"", b"\"abc def\""),
            (b"k = abc # no comment", b"abc # no comment"),
            (b"k = abc\r", b"abc"),
            (b"k = abc\x0b\x0c ", b"abc"),
            (b"k = a = b", b"a = b"),
            (b"k == b", b"= b"),
            (b"k =", b""),
        ];
        for (bytes, value) in cases {
            assert_eq!(line(bytes), Some(Line::Setting(b"k", value)), "{}", bytes.escape_ascii());
        }
        for (bytes, word) in
            [(&b"k=abc"[..], &b"k=abc"[..]), (b"k= abc", b"k="), (b"k abc", b"k"), (b"k", b"k")]
        {
            assert_eq!(line(bytes), Some(Line::Other(word)), "{}", bytes.escape_ascii());
        }
        for bytes in [&b""[..], b" \t", b"#k = abc", b"  # k = abc"] {
            assert_eq!(line(bytes), None, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn lines_end_at_their_line_feed_and_nowhere_else() {
        let found: Vec<Line<'_>> = lines(b"a = 1\n\n# c = 3\nb = 2\0\xff").collect();
        assert_eq!(found, [Line::Setting(b"a", b"1"), Line::Setting(b"b", b"2\0\xff")]);
    }
}
