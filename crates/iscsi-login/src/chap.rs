//! CHAP arithmetic and the checks on what the peer sends (RFC 1994, 4.1; RFC 7143, 9.2.1 and 12.1.3).

use std::fmt;

use iscsi_pdu::{decode_binary, decode_unpadded_base64, encode_hex, parse_number};
use md5::digest::{FixedOutputReset, Output};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;
use sha3::Sha3_256;
use zeroize::Zeroizing;

use crate::credentials::same_bytes;
use crate::error::{ProtocolViolation, TargetAuthError};
use crate::received_keys::ReceivedKeys;
use crate::{ChapAlgorithm, Deviation, ForwardCredential, LoginError, ReverseCredential, Tolerance};

/// Most bytes of a challenge or response once decoded (12.1.3).
const MAX_BINARY_LENGTH: usize = 1024;

/// A response: as many bytes as the algorithm's result has, by its type.
pub(crate) enum ChapResponse {
    Md5(Zeroizing<[u8; 16]>),
    Sha1(Zeroizing<[u8; 20]>),
    /// SHA-256 or SHA3-256.
    Sha(Zeroizing<[u8; 32]>),
}

impl ChapResponse {
    /// Hash of identifier, secret and challenge.
    pub(crate) fn compute(algorithm: ChapAlgorithm, identifier: u8, secret: &[u8], challenge: &[u8]) -> Self {
        let parts = [&[identifier], secret, challenge];
        match algorithm {
            ChapAlgorithm::Md5 => {
                let mut result = Zeroizing::new([0; 16]);
                hash_into::<Md5>(parts, (&mut *result).into());
                Self::Md5(result)
            }
            ChapAlgorithm::Sha1 => {
                let mut result = Zeroizing::new([0; 20]);
                hash_into::<Sha1>(parts, (&mut *result).into());
                Self::Sha1(result)
            }
            ChapAlgorithm::Sha256 => {
                let mut result = Zeroizing::new([0; 32]);
                hash_into::<Sha256>(parts, (&mut *result).into());
                Self::Sha(result)
            }
            ChapAlgorithm::Sha3_256 => {
                let mut result = Zeroizing::new([0; 32]);
                hash_into::<Sha3_256>(parts, (&mut *result).into());
                Self::Sha(result)
            }
        }
    }

    /// Is `received` this response? In constant time for a given length.
    pub(crate) fn matches(&self, received: &[u8]) -> bool {
        same_bytes(self.as_bytes(), received)
    }

    /// The value of `CHAP_R`.
    pub(crate) fn to_text(&self) -> String {
        encode_hex(self.as_bytes())
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Md5(result) => &**result,
            Self::Sha1(result) => &**result,
            Self::Sha(result) => &**result,
        }
    }
}

/// Hashes into memory that is as long as the result, without another copy. The hasher wipes itself when it is dropped, where
/// it was: taking the result by value would move it, and leave its block with the secret in it on the stack.
fn hash_into<D: Digest + FixedOutputReset>(parts: [&[u8]; 3], result: &mut Output<D>) {
    let mut hasher = D::new();
    for part in parts {
        Digest::update(&mut hasher, part);
    }
    Digest::finalize_into_reset(&mut hasher, result);
}

/// A hasher keeps the secret in its block: these wipe it, or this does not compile (CHP-27).
const _: () = {
    const fn wipes_itself<D: zeroize::ZeroizeOnDrop>() {}
    wipes_itself::<Md5>();
    wipes_itself::<Sha1>();
    wipes_itself::<Sha256>();
    wipes_itself::<Sha3_256>();
};

/// A challenge with its identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) identifier: u8,
    pub(crate) bytes: Vec<u8>,
}

impl Challenge {
    /// Takes `CHAP_I` and `CHAP_C`; `None` if neither is there.
    pub(crate) fn take(
        keys: &mut ReceivedKeys<'_>,
        tolerance: &mut Tolerance,
    ) -> Result<Option<Self>, ProtocolViolation> {
        match (keys.take("CHAP_I")?, keys.take("CHAP_C")?) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(ProtocolViolation::MissingKey { key: "CHAP_C" }),
            (None, Some(_)) => Err(ProtocolViolation::MissingKey { key: "CHAP_I" }),
            (Some(identifier), Some(bytes)) => Ok(Some(Self {
                identifier: parse_identifier(identifier)?,
                bytes: decode("CHAP_C", bytes, tolerance)?,
            })),
        }
    }
}

/// A binary value. Base64 without padding says the same as with it; its length is all that is told of it.
fn decode(key: &'static str, text: &str, tolerance: &mut Tolerance) -> Result<Vec<u8>, ProtocolViolation> {
    decode_binary(text, MAX_BINARY_LENGTH).or_else(|error| {
        let violation = ProtocolViolation::Value { key, error };
        let Ok(bytes) = decode_unpadded_base64(text, MAX_BINARY_LENGTH) else { return Err(violation) };
        let detail = format!("{key} of {} bytes in base64 without padding", bytes.len());
        tolerance.tolerate(&Deviation::BASE64_UNPADDED, detail, violation)?;
        Ok(bytes)
    })
}

/// `CHAP_I` is one byte, decimal or hex (CHP-05).
fn parse_identifier(text: &str) -> Result<u8, ProtocolViolation> {
    let number = parse_number(text).map_err(|error| ProtocolViolation::Value { key: "CHAP_I", error })?;
    u8::try_from(number)
        .map_err(|_| ProtocolViolation::Rule { key: "CHAP_I", rule: "one byte, 0 to 255 (RFC 1994, 4.1)" })
}

/// `CHAP_N` and `CHAP_R` of the peer.
pub(crate) struct Proof<'a> {
    pub(crate) name: &'a str,
    pub(crate) response: Vec<u8>,
}

impl<'a> Proof<'a> {
    /// Takes both keys; `None` if neither is there.
    pub(crate) fn take(
        keys: &mut ReceivedKeys<'a>,
        tolerance: &mut Tolerance,
    ) -> Result<Option<Self>, ProtocolViolation> {
        match (keys.take("CHAP_N")?, keys.take("CHAP_R")?) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(ProtocolViolation::MissingKey { key: "CHAP_R" }),
            (None, Some(_)) => Err(ProtocolViolation::MissingKey { key: "CHAP_N" }),
            (Some(name), Some(response)) => {
                Ok(Some(Self { name: check_name(name)?, response: decode("CHAP_R", response, tolerance)? }))
            }
        }
    }

    /// Refuses a response that is not exactly as long as the algorithm's result (CHP-10).
    pub(crate) fn check_length(&self, algorithm: ChapAlgorithm) -> Result<(), ProtocolViolation> {
        if self.response.len() == algorithm.response_length() {
            return Ok(());
        }
        Err(ProtocolViolation::Rule {
            key: "CHAP_R",
            rule: "exactly as long as the algorithm's result (RFC 1994, 4.1)",
        })
    }
}

fn check_name(name: &str) -> Result<&str, ProtocolViolation> {
    if (1..=255).contains(&name.len()) {
        return Ok(name);
    }
    Err(ProtocolViolation::Rule { key: "CHAP_N", rule: "1 to 255 bytes" })
}

/// Evidence that the target answered our challenge with the reverse secret.
///
/// Only the verifier makes one; under [`Authentication::Mutual`](crate::Authentication::Mutual) there is no full
/// feature phase without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetAuthenticated {
    name: String,
    algorithm: ChapAlgorithm,
}

impl TargetAuthenticated {
    /// The `CHAP_N` the target gave.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The algorithm of the proof.
    #[must_use]
    pub const fn algorithm(&self) -> ChapAlgorithm {
        self.algorithm
    }
}

/// What the initiator asked the target to prove.
pub(crate) struct ProofExpected<'a> {
    pub(crate) algorithm: ChapAlgorithm,
    pub(crate) challenge: Challenge,
    pub(crate) forward: ForwardCredential<'a>,
    pub(crate) reverse: ReverseCredential<'a>,
}

/// Without the credentials.
impl fmt::Debug for ProofExpected<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { algorithm, challenge, forward: _, reverse: _ } = self;
        let mut proof = formatter.debug_struct("ProofExpected");
        proof.field("algorithm", algorithm).field("challenge", challenge).finish_non_exhaustive()
    }
}

impl ProofExpected<'_> {
    /// The initiator's verdict on the target's answer (RFC 7143, 9.2 and 9.2.1).
    pub(crate) fn verify(&self, proof: &Proof<'_>) -> Result<TargetAuthenticated, LoginError> {
        proof.check_length(self.algorithm)?;
        // Rule 9.2.1: an answer that we would have given ourselves proves nothing.
        if self.answer_with(self.forward.secret.expose_secret()).matches(&proof.response) {
            return Err(TargetAuthError::OwnResponse.into());
        }
        if !self.answer_with(self.reverse.secret.expose_secret()).matches(&proof.response) {
            return Err(TargetAuthError::WrongResponse { name: proof.name.to_owned() }.into());
        }
        match self.reverse.name {
            Some(expected) if expected != proof.name => Err(TargetAuthError::WrongName {
                expected: expected.to_owned(),
                received: proof.name.to_owned(),
            }
            .into()),
            _ => Ok(TargetAuthenticated { name: proof.name.to_owned(), algorithm: self.algorithm }),
        }
    }

    fn answer_with(&self, secret: &[u8]) -> ChapResponse {
        ChapResponse::compute(self.algorithm, self.challenge.identifier, secret, &self.challenge.bytes)
    }
}
