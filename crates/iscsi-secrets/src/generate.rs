//! Random secrets.

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// The length of a generated secret: 16 characters out of 65 hold just over 96 bits.
const CHARACTERS: usize = 16;

/// The characters of a generated secret: none has a special meaning in shells and configuration files.
const ALPHABET: [u8; 65] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";

/// Generates 16 uniformly distributed characters out of letters, digits and `-._`, with the operating system's
/// generator.
///
/// The result holds more than 96 bits, fits the length limits of all known targets, and never begins with `0x` or `0b`,
/// which the iSCSI text format reads as an encoding.
pub fn generate_secret() -> Result<Secret, GeneratorError> {
    draw_secret(fill_bytes)
}

/// Generates 16 bytes of any value with the operating system's generator: 128 bits, for targets that accept every byte.
pub fn generate_bytes() -> Result<Secret, GeneratorError> {
    Secret::filled_exactly::<16, _>(fill_bytes)
}

/// The operating system's generator failed. There is no weaker fallback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("system: no random bytes (error number {os_error:?})")]
pub struct GeneratorError {
    /// The error number of the system, if there is one.
    pub os_error: Option<i32>,
}

/// Fills `bytes` from the operating system's generator.
pub(crate) fn fill_bytes(bytes: &mut [u8]) -> Result<(), GeneratorError> {
    SysRng.try_fill_bytes(bytes).map_err(|error| GeneratorError { os_error: error.raw_os_error() })
}

fn draw_secret(
    mut fill: impl FnMut(&mut [u8]) -> Result<(), GeneratorError>,
) -> Result<Secret, GeneratorError> {
    loop {
        let secret = Secret::filled_exactly::<CHARACTERS, GeneratorError>(|text| {
            for character in text {
                *character = draw_character(&mut fill)?;
            }
            Ok(())
        })?;
        if !looks_encoded(secret.expose_secret()) {
            return Ok(secret);
        }
    }
}

/// Draws numbers below 128 until one is below 65 (rejection sampling), so that all characters are equally likely.
fn draw_character(
    mut fill: impl FnMut(&mut [u8]) -> Result<(), GeneratorError>,
) -> Result<u8, GeneratorError> {
    loop {
        // A drawn byte reveals its character, so `Zeroizing` wipes it.
        let mut byte = Zeroizing::new(0);
        fill(std::slice::from_mut(&mut *byte))?;
        if let Some(&character) = ALPHABET.get(usize::from(*byte & 0x7f)) {
            return Ok(character);
        }
    }
}

fn looks_encoded(text: &[u8]) -> bool {
    matches!(text, [b'0', b'x' | b'X' | b'b' | b'B', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator that returns the bytes of a script, over and over.
    fn scripted(script: &[u8]) -> impl FnMut(&mut [u8]) -> Result<(), GeneratorError> {
        let mut bytes = script.iter().copied().cycle();
        move |buffer| {
            buffer.fill_with(|| bytes.next().unwrap());
            Ok(())
        }
    }

    #[test]
    fn chp_12_generated_secrets_are_16_characters_of_the_alphabet_and_differ() {
        let secrets: Vec<Secret> = (0..200).map(|_| generate_secret().unwrap()).collect();
        for secret in &secrets {
            assert_eq!(secret.expose_secret().len(), 16);
            assert!(secret.expose_secret().iter().all(|character| ALPHABET.contains(character)));
            assert!(!looks_encoded(secret.expose_secret()));
        }
        assert!(!secrets[0].same_bytes(&secrets[1]));
    }

    #[test]
    fn chp_12_raw_secrets_are_16_bytes_and_differ() {
        let (one, two) = (generate_bytes().unwrap(), generate_bytes().unwrap());
        assert_eq!((one.expose_secret().len(), two.expose_secret().len()), (16, 16));
        assert!(!one.same_bytes(&two));
    }

    #[test]
    fn each_of_the_256_bytes_is_rejected_or_gives_every_character_equally_often() {
        let mut counts = [0; 256];
        let every_byte: Vec<u8> = (0..=255).collect();
        let mut fill = scripted(&every_byte);
        for _ in 0..130 {
            counts[usize::from(draw_character(&mut fill).unwrap())] += 1;
        }
        assert!(ALPHABET.iter().all(|&character| counts[usize::from(character)] == 2));
    }

    #[test]
    fn a_text_that_looks_encoded_is_drawn_again() {
        let index = |character| u8::try_from(ALPHABET.iter().position(|&c| c == character).unwrap()).unwrap();
        for second in *b"xXbB" {
            let mut script = vec![index(b'0'), index(second)];
            script.resize(16, index(b'q'));
            script.extend([index(b'a'); 16]);
            assert_eq!(draw_secret(scripted(&script)).ok().unwrap().expose_secret(), [b'a'; 16]);
        }
    }

    #[test]
    fn a_failing_generator_gives_no_secret() {
        let failure = GeneratorError { os_error: Some(5) };
        assert_eq!(draw_secret(|_| Err(failure)).err(), Some(failure));
    }
}
