//! Challenges and responses received from the peer, and the check of the target's response (RFC 7143, 9.2.1 and 12.1.3).

use std::fmt;

use iscsi_pdu::{decode_binary_into, decode_unpadded_base64, parse_number};

use crate::chap::{ChapAlgorithm, ChapResponse, SentChallenge};
use crate::credentials::{ForwardCredentialRef, MAX_NAME_LENGTH, ReverseCredentialRef};
use crate::deviation::Deviation;
use crate::error::{LoginError, ProtocolViolation, TargetAuthError};
use crate::login_key::LoginKey;
use crate::login_text::ReceivedKeys;
use crate::tolerance::Tolerance;

/// The longest challenge or response in bytes, once decoded (12.1.3).
const MAX_BINARY_LENGTH: usize = 1024;

/// Memory for a received challenge or response.
pub(crate) type Binary = [u8; MAX_BINARY_LENGTH];

/// Memory without a value.
pub(crate) const EMPTY: Binary = [0; MAX_BINARY_LENGTH];

/// The peer's challenge with its identifier.
#[derive(Clone, Copy)]
pub(crate) struct ReceivedChallenge<'a> {
    pub(crate) identifier: u8,
    pub(crate) bytes: &'a [u8],
}

impl<'a> ReceivedChallenge<'a> {
    /// Takes `CHAP_I` and `CHAP_C`, which is decoded to `place`; `None` if both are missing.
    pub(crate) fn take(
        keys: &mut ReceivedKeys<'_>,
        place: &'a mut Binary,
        tolerance: &mut Tolerance,
    ) -> Result<Option<Self>, ProtocolViolation> {
        let Some((identifier, bytes)) = keys.take_both(LoginKey::ChapI, LoginKey::ChapC)? else {
            return Ok(None);
        };
        let identifier = parse_identifier(identifier)?;
        Ok(Some(Self { identifier, bytes: decode("CHAP_C", bytes, place, tolerance)? }))
    }
}

/// Decodes a binary value to `place`. Base64 without padding is unambiguous, so it is tolerated; only its length is reported.
fn decode<'p>(
    key: &'static str,
    text: &str,
    place: &'p mut Binary,
    tolerance: &mut Tolerance,
) -> Result<&'p [u8], ProtocolViolation> {
    let length = match decode_binary_into(text, place) {
        Ok(bytes) => bytes.len(),
        Err(error) => {
            let violation = ProtocolViolation::Value { key, error };
            let Ok(bytes) = decode_unpadded_base64(text, place.len()) else { return Err(violation) };
            let detail = format!("{key} of {} bytes in base64 without padding", bytes.len());
            tolerance.tolerate(&Deviation::BASE64_UNPADDED, detail, violation)?;
            place.iter_mut().zip(&bytes).for_each(|(place, byte)| *place = *byte);
            bytes.len()
        }
    };
    Ok(place.get(..length).unwrap_or_default())
}

/// Parses `CHAP_I`: one byte, decimal or hexadecimal (CHP-05).
fn parse_identifier(text: &str) -> Result<u8, ProtocolViolation> {
    let number = parse_number(text).map_err(|error| ProtocolViolation::Value { key: "CHAP_I", error })?;
    u8::try_from(number)
        .map_err(|_| ProtocolViolation::Rule { key: "CHAP_I", rule: "one byte, 0 to 255 (RFC 1994, 4.1)" })
}

/// The peer's CHAP response: `CHAP_N` and `CHAP_R`.
pub(crate) struct ReceivedResponse<'a> {
    pub(crate) name: &'a str,
    pub(crate) response: &'a [u8],
}

impl<'a> ReceivedResponse<'a> {
    /// Takes both keys, of which the response is decoded to `place`; `None` if both are missing.
    pub(crate) fn take<'k: 'a>(
        keys: &mut ReceivedKeys<'k>,
        place: &'a mut Binary,
        tolerance: &mut Tolerance,
    ) -> Result<Option<Self>, ProtocolViolation> {
        let Some((name, response)) = keys.take_both(LoginKey::ChapN, LoginKey::ChapR)? else {
            return Ok(None);
        };
        let name = check_name(name)?;
        Ok(Some(Self { name, response: decode("CHAP_R", response, place, tolerance)? }))
    }

    /// Refuses a response that is not exactly as long as the algorithm's hash (CHP-10).
    pub(crate) fn check_length(&self, algorithm: ChapAlgorithm) -> Result<(), ProtocolViolation> {
        if self.response.len() == algorithm.response_length() {
            return Ok(());
        }
        Err(ProtocolViolation::Rule {
            key: "CHAP_R",
            rule: "exactly as long as the algorithm's hash (RFC 1994, 4.1)",
        })
    }
}

fn check_name(name: &str) -> Result<&str, ProtocolViolation> {
    if (1..=MAX_NAME_LENGTH).contains(&name.len()) {
        return Ok(name);
    }
    Err(ProtocolViolation::Rule { key: "CHAP_N", rule: "1 to 255 bytes" })
}

/// Evidence that the target authenticated itself: it answered the initiator's challenge with the reverse secret
/// ([RFC 7143, section 12.1.3](https://www.rfc-editor.org/rfc/rfc7143#section-12.1.3)).
///
/// Only the check of the target's CHAP response creates this type. Under
/// [`Authentication::Mutual`](crate::Authentication::Mutual) a login cannot reach full feature phase without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetAuthenticated {
    name: String,
    algorithm: ChapAlgorithm,
}

impl TargetAuthenticated {
    /// The `CHAP_N` that the target sent.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The algorithm of the response.
    #[must_use]
    pub const fn algorithm(&self) -> ChapAlgorithm {
        self.algorithm
    }
}

/// The initiator's challenge to the target, with what is needed to check the response.
///
/// It can be cloned because it only borrows the secrets.
#[derive(Clone)]
pub(crate) struct ExpectedResponse<'a> {
    pub(crate) algorithm: ChapAlgorithm,
    pub(crate) challenge: SentChallenge,
    pub(crate) forward: ForwardCredentialRef<'a>,
    pub(crate) reverse: ReverseCredentialRef<'a>,
}

/// Leaves out the credentials.
impl fmt::Debug for ExpectedResponse<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { algorithm, challenge, forward: _, reverse: _ } = self;
        let mut expected = formatter.debug_struct("ExpectedResponse");
        expected.field("algorithm", algorithm).field("challenge", challenge).finish_non_exhaustive()
    }
}

impl ExpectedResponse<'_> {
    /// Checks the target's response (RFC 7143, 9.2 and 9.2.1).
    pub(crate) fn verify(&self, received: &ReceivedResponse<'_>) -> Result<TargetAuthenticated, LoginError> {
        received.check_length(self.algorithm)?;
        if !self.response_with(self.reverse.secret.expose_secret()).matches(received.response) {
            return Err(self.refusal(received).into());
        }
        match self.reverse.name {
            Some(expected) if expected != received.name => Err(TargetAuthError::WrongName {
                expected: expected.to_owned(),
                received: received.name.to_owned(),
            }
            .into()),
            _ => Ok(TargetAuthenticated { name: received.name.to_owned(), algorithm: self.algorithm }),
        }
    }

    /// Why a response is refused that is not that of the target's secret. The one of the initiator's own secret has a name of its
    /// own: the target may have had another login of the initiator compute it (9.2.1). The two secrets differ, or there would be
    /// no login (CHP-14).
    fn refusal(&self, received: &ReceivedResponse<'_>) -> TargetAuthError {
        if self.response_with(self.forward.secret.expose_secret()).matches(received.response) {
            return TargetAuthError::OwnResponse;
        }
        TargetAuthError::WrongResponse { name: received.name.to_owned() }
    }

    fn response_with(&self, secret: &[u8]) -> ChapResponse {
        ChapResponse::compute(
            self.algorithm,
            self.challenge.identifier,
            secret,
            self.challenge.bytes(self.algorithm),
        )
    }
}
