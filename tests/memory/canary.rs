//! A secret that can be recognised without being known.

use rand::TryRng as _;
use rand::rngs::SysRng;

/// Bytes of a canary.
pub(crate) const LENGTH: usize = 24;

/// Bytes in a row by which a canary is recognised: also a copy that was written over in part is one.
pub(crate) const FRAGMENT: usize = 8;

/// A secret behind a mask. The process that scans never puts the two together.
pub(crate) struct Canary {
    mask: [u8; LENGTH],
    masked: [u8; LENGTH],
    /// Bytes that a fragment begins with: the others need no second look.
    begins: [bool; 256],
}

impl Canary {
    /// Masks a secret.
    pub(crate) fn of(secret: &[u8; LENGTH]) -> Self {
        let mask = random();
        Self::new(mask, std::array::from_fn(|at| secret[at] ^ mask[at]))
    }

    fn new(mask: [u8; LENGTH], masked: [u8; LENGTH]) -> Self {
        let mut begins = [false; 256];
        for at in 0..=LENGTH - FRAGMENT {
            begins[usize::from(mask[at] ^ masked[at])] = true;
        }
        Self { mask, masked, begins }
    }

    /// The mask and the masked secret, as the child receives them.
    pub(crate) fn to_hex(&self) -> String {
        hex::encode([self.mask, self.masked].concat())
    }

    pub(crate) fn from_hex(text: &str) -> Self {
        let mut bytes = [0; 2 * LENGTH];
        hex::decode_to_slice(text, &mut bytes).unwrap();
        let (mask, masked) = bytes.split_at(LENGTH);
        Self::new(mask.try_into().unwrap(), masked.try_into().unwrap())
    }

    /// True if these bytes are anywhere in the secret.
    pub(crate) fn holds(&self, fragment: [u8; FRAGMENT]) -> bool {
        self.begins[usize::from(fragment[0])]
            && (0..=LENGTH - FRAGMENT).any(|begin| {
                fragment
                    .iter()
                    .enumerate()
                    .all(|(at, byte)| byte ^ self.mask[begin + at] == self.masked[begin + at])
            })
    }
}

/// Random bytes.
pub(crate) fn random() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    SysRng.try_fill_bytes(&mut bytes).unwrap();
    bytes
}
