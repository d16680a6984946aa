//! Percent-encoding (RFC 3986 section 2.1).

use zeroize::Zeroizing;

/// Replaces every `%XX` by its byte; any other percent sign stands for itself.
///
/// The buffer is allocated for the whole text at once, so that growing it leaves no copy of a secret in memory.
pub(super) fn decode(text: &str) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let (byte, behind) = encoded(rest).unwrap_or((byte, behind));
        bytes.push(byte);
        rest = behind;
    }
    bytes
}

/// Decodes a part that has to be UTF-8.
pub(super) fn decode_text(text: &str) -> Option<String> {
    String::from_utf8(decode(text).to_vec()).ok()
}

/// The byte of a `%XX` at the start of `text`, and the rest.
fn encoded(text: &[u8]) -> Option<(u8, &[u8])> {
    let &[b'%', high, low, ref behind @ ..] = text else { return None };
    Some((digit(high)? << 4 | digit(low)?, behind))
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn only_two_hex_digits_make_a_byte() {
        let cases: [(&str, &[u8]); 8] = [
            ("", b""),
            ("a%2Fb", b"a/b"),
            ("%00%fF", b"\x00\xff"),
            ("100%", b"100%"),
            ("%4", b"%4"),
            ("%zz%4g", b"%zz%4g"),
            ("%%41", b"%A"),
            ("%2541", b"%41"),
        ];
        for (text, bytes) in cases {
            assert_eq!(*decode(text), bytes, "{text}");
        }
    }
}
