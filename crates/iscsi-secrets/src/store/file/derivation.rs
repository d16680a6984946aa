//! Derivation of a key from a passphrase, by Argon2id (RFC 9106).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroize;

use super::sealed::SealError;
use crate::generate::{GeneratorError, fill_bytes};
use crate::secret::Secret;
use crate::store_key::StoreKey;

/// 64 MiB, 3 passes, 4 lanes: RFC 9106, section 4, recommends this for memory-constrained environments.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
const LANES: u32 = 4;

/// Limits for the parameters in a file, so that opening it cannot exhaust memory or time.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 64;

const SALT_BYTES: usize = 16;

/// The parameters of a derivation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Derivation {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; SALT_BYTES],
}

impl Derivation {
    /// The length in a header, in bytes.
    pub(super) const BYTES: usize = 3 * 4 + SALT_BYTES;

    /// The recommended cost, with a new salt.
    pub(super) fn generate() -> Result<Self, GeneratorError> {
        let mut salt = [0; SALT_BYTES];
        fill_bytes(&mut salt)?;
        Ok(Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt })
    }

    /// Derives the key. This takes a large part of a second, and [64 MiB](MEMORY_KIB) that are wiped afterwards.
    pub(super) fn key(&self, passphrase: &Secret) -> Result<StoreKey, SealError> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(StoreKey::BYTES));
        let argon2 =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|_| SealError::Damaged)?);
        let mut blocks = blocks(argon2.params().block_count())?;
        // Hashers copy the passphrase to their blocks, which they wipe on drop. The key is written to locked memory;
        // argon2 leaves a copy of it on the stack too, where it cannot be wiped from here.
        let made = StoreKey::filled(|key| {
            argon2.hash_password_into_with_memory(passphrase.expose_secret(), &self.salt, key, &mut blocks)
        });
        // Whoever has these blocks can test guesses of the passphrase.
        blocks.iter_mut().for_each(Zeroize::zeroize);
        made.map_err(|_| SealError::Cipher)
    }

    /// Encodes the parameters for a header.
    pub(super) fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let fields = [self.memory_kib, self.passes, self.lanes].map(u32::to_be_bytes);
        let fields = fields.as_flattened().iter().chain(&self.salt);
        bytes.iter_mut().zip(fields).for_each(|(byte, field)| *byte = *field);
        bytes
    }

    /// Decodes the parameters in a header; `None` if no passphrase is used.
    pub(super) fn decode(bytes: &[u8; Self::BYTES]) -> Result<Option<Self>, SealError> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let (numbers, salt) = bytes.split_last_chunk::<SALT_BYTES>().ok_or(SealError::Damaged)?;
        let (numbers, _) = numbers.as_chunks::<4>();
        let &[memory_kib, passes, lanes] = numbers else { return Err(SealError::Damaged) };
        let [memory_kib, passes, lanes] = [memory_kib, passes, lanes].map(u32::from_be_bytes);
        let derivation = Self { memory_kib, passes, lanes, salt: *salt };
        if derivation.is_within_limits() { Ok(Some(derivation)) } else { Err(SealError::Damaged) }
    }

    /// Whether all parameters are within the limits.
    fn is_within_limits(&self) -> bool {
        (1..=MAX_MEMORY_KIB).contains(&self.memory_kib)
            && (1..=MAX_PASSES).contains(&self.passes)
            && (1..=MAX_LANES).contains(&self.lanes)
    }
}

fn blocks(count: usize) -> Result<Vec<Block>, SealError> {
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(count).map_err(|_| SealError::OutOfMemory)?;
    blocks.resize(count, Block::default());
    Ok(blocks)
}

/// Compile-time check that the hashers of argon2 wipe themselves, since they hold the passphrase.
const _: () = {
    const fn wipes_itself<H: zeroize::ZeroizeOnDrop>() {}
    wipes_itself::<blake2::Blake2bVarCore>();
    wipes_itself::<blake2::digest::block_api::Buffer<blake2::Blake2bVarCore>>();
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The lowest cost.
    const CHEAP: Derivation = Derivation { memory_kib: 32, passes: 3, lanes: 4, salt: [2; SALT_BYTES] };

    #[test]
    fn the_key_depends_on_passphrase_and_salt() {
        let passphrase = |text: &[u8]| Secret::from_bytes(text).unwrap();
        let key = |derivation: &Derivation, text| derivation.key(&passphrase(text)).unwrap().bytes().to_vec();
        let one = key(&CHEAP, b"passphrase");
        assert_eq!(one, key(&CHEAP, b"passphrase"));
        assert_ne!(one, key(&CHEAP, b"passphrases"));
        assert_ne!(one, key(&Derivation { salt: [3; SALT_BYTES], ..CHEAP }, b"passphrase"));
    }

    #[test]
    fn costs_out_of_bounds_are_refused_before_memory_is_taken() {
        let beyond = [
            Derivation { memory_kib: MAX_MEMORY_KIB + 1, ..CHEAP },
            Derivation { memory_kib: 0, ..CHEAP },
            Derivation { passes: 0, ..CHEAP },
            Derivation { passes: MAX_PASSES + 1, ..CHEAP },
            Derivation { lanes: 0, ..CHEAP },
            Derivation { lanes: u32::MAX, ..CHEAP },
        ];
        for derivation in beyond {
            assert_eq!(Derivation::decode(&derivation.encode()), Err(SealError::Damaged), "{derivation:?}");
        }
        assert_eq!(Derivation::decode(&CHEAP.encode()), Ok(Some(CHEAP)));
        assert_eq!(Derivation::decode(&[0; Derivation::BYTES]), Ok(None));
    }
}
