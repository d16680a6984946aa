//! Searches in a text that look at eight bytes together: keys and values are too short for one that takes more at a time.

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH_BITS: u64 = ONES << 7;

/// The place of the first such byte.
pub(super) fn position(text: &[u8], byte: u8) -> Option<usize> {
    let all = ONES * u64::from(byte);
    first(text, |word| zeros(word ^ all), |other| other == byte)
}

/// The place of the first byte that is not printable ASCII.
pub(super) fn end_of_printable(text: &[u8]) -> Option<usize> {
    first(text, unprintable, |byte| !is_printable(byte))
}

pub(super) const fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// The place of the first byte that is wanted. `marks` sets its high bit in a word, and none of a byte in front of it.
#[inline]
fn first(text: &[u8], marks: impl Fn(u64) -> u64, is_wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let mut rest = text;
    while let Some((word, behind)) = rest.split_first_chunk() {
        let marked = marks(u64::from_le_bytes(*word));
        if marked != 0 {
            return Some(text.len() - rest.len() + marked.trailing_zeros() as usize / 8);
        }
        rest = behind;
    }
    let at = rest.iter().position(|byte| is_wanted(*byte))?;
    Some(text.len() - rest.len() + at)
}

/// Marks the first byte that is zero, and perhaps others behind it.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH_BITS
}

/// Marks all bytes that are not printable ASCII. No sum is carried from one byte to the next.
const fn unprintable(word: u64) -> u64 {
    let low = word & !HIGH_BITS;
    let is_from_space_on = low + ONES * (0x80 - b' ' as u64);
    let is_behind_tilde = low + ONES * (0x7f - b'~' as u64);
    (word | !is_from_space_on | is_behind_tilde) & HIGH_BITS
}

#[cfg(test)]
mod tests {
    use super::{end_of_printable, is_printable, position};

    /// Each byte at each place, in front of bytes of every kind.
    #[test]
    fn the_first_byte_is_found_wherever_it_is() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                let mut text = [b'x'; 20];
                text[place] = byte;
                let found = if byte == b'x' { 0 } else { place };
                assert_eq!(position(&text, byte), Some(found), "{byte} at {place}");
                let end = if is_printable(byte) { None } else { Some(place) };
                assert_eq!(end_of_printable(&text), end, "{byte} at {place}");
                text[place..].fill(byte);
                assert_eq!((position(&text, byte), end_of_printable(&text)), (Some(found), end));
            }
        }
        assert_eq!((position(&[], 0), end_of_printable(&[])), (None, None));
        assert_eq!(position(b"0123456789", b'x'), None);
    }
}
