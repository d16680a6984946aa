//! The encodings in which a secret may be in memory.

use iscsi_pdu::{encode_base64, encode_hex};

use crate::canary::FRAGMENT;

/// Reads a fragment of a secret from memory.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    /// Bytes of memory that hold one fragment.
    pub(crate) width: usize,
    /// The fragment in them; `None` if they are nothing of this form.
    pub(crate) read: fn(&[u8]) -> Option<[u8; FRAGMENT]>,
    /// A copy of a secret in this form.
    pub(crate) write: fn(&[u8]) -> Vec<u8>,
}

/// All forms.
pub(crate) static ALL: [Form; 4] = [
    Form { name: "bytes", width: FRAGMENT, read: |window| window.try_into().ok(), write: <[u8]>::to_vec },
    // Byte order of the blocks of hashes with big-endian words.
    Form { name: "swapped words", width: FRAGMENT, read: swapped, write: swap },
    Form {
        name: "hexadecimal",
        width: 2 * FRAGMENT,
        read: hexadecimal,
        write: |secret| encode_hex(secret).into(),
    },
    // Twelve characters hold nine bytes, of which eight are looked at: some group of the text begins in the secret.
    Form { name: "base64", width: 12, read: base64, write: |secret| encode_base64(secret).into() },
];

fn swapped(window: &[u8]) -> Option<[u8; FRAGMENT]> {
    let mut fragment: [u8; FRAGMENT] = window.try_into().ok()?;
    fragment.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    Some(fragment)
}

fn swap(secret: &[u8]) -> Vec<u8> {
    secret.chunks_exact(4).flat_map(|word| word.iter().rev().copied()).collect()
}

fn hexadecimal(window: &[u8]) -> Option<[u8; FRAGMENT]> {
    let mut fragment = [0; FRAGMENT];
    hex::decode_to_slice(window, &mut fragment).ok()?;
    Some(fragment)
}

fn base64(window: &[u8]) -> Option<[u8; FRAGMENT]> {
    let mut bits: u128 = 0;
    for character in window {
        bits = bits << 6 | u128::from(sextet(*character)?);
    }
    // 72 bits, of which the first 64.
    u64::try_from(bits >> 8).ok().map(u64::to_be_bytes)
}

const fn sextet(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
