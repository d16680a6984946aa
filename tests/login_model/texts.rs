//! The texts of a target's answers.

use std::fmt::Write as _;

use iscsi_pdu::{TextWriter, encode_hex};
use md5::{Digest as _, Md5};

use crate::policy::{CHALLENGE, FORWARD, IDENTIFIER, REVERSE};

/// The text of an answer. The variants are combined with every header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Empty,
    MethodChap,
    MethodNone,
    MethodReject,
    MethodList,
    MethodTwice,
    Challenge,
    ChallengeWithMethod,
    ReflectedChallenge,
    ChallengeWithOwnIdentifier,
    ChallengeWithoutIdentifier,
    ChallengeWithoutBytes,
    ChallengeEmpty,
    ChallengeTwice,
    OtherAlgorithm,
    TwoAlgorithms,
    AlgorithmAlone,
    RightResponse,
    RightResponseUnderOtherName,
    RightResponseWithoutName,
    RightResponseTwice,
    RightResponseAndChallenge,
    ChallengeAndRightResponse,
    ResponseForNextIdentifier,
    OneBitWrong,
    ResponseOfOwnSecret,
    ResponseTooShort,
    ResponseTooLong,
    ResponseEmpty,
    NameAlone,
    Operational,
    Unknown,
    Declarations,
    Split,
}

pub(crate) const TEXTS: [Text; 34] = [
    Text::Empty,
    Text::MethodChap,
    Text::MethodNone,
    Text::MethodReject,
    Text::MethodList,
    Text::MethodTwice,
    Text::Challenge,
    Text::ChallengeWithMethod,
    Text::ReflectedChallenge,
    Text::ChallengeWithOwnIdentifier,
    Text::ChallengeWithoutIdentifier,
    Text::ChallengeWithoutBytes,
    Text::ChallengeEmpty,
    Text::ChallengeTwice,
    Text::OtherAlgorithm,
    Text::TwoAlgorithms,
    Text::AlgorithmAlone,
    Text::RightResponse,
    Text::RightResponseUnderOtherName,
    Text::RightResponseWithoutName,
    Text::RightResponseTwice,
    Text::RightResponseAndChallenge,
    Text::ChallengeAndRightResponse,
    Text::ResponseForNextIdentifier,
    Text::OneBitWrong,
    Text::ResponseOfOwnSecret,
    Text::ResponseTooShort,
    Text::ResponseTooLong,
    Text::ResponseEmpty,
    Text::NameAlone,
    Text::Operational,
    Text::Unknown,
    Text::Declarations,
    Text::Split,
];

/// The response to the initiator's challenge, computed independently of the crate.
fn chap_response(identifier: u8, secret: &[u8]) -> Vec<u8> {
    let mut hasher = Md5::new();
    hasher.update([identifier]);
    hasher.update(secret);
    hasher.update(CHALLENGE);
    hasher.finalize().to_vec()
}

const METHOD_CHAP: (&str, &str) = ("AuthMethod", "CHAP");
const MD5: (&str, &str) = ("CHAP_A", "5");
const TARGET_IDENTIFIER: (&str, &str) = ("CHAP_I", "200");
const TARGET_CHALLENGE: (&str, &str) = ("CHAP_C", "0x000102030405060708090a0b0c0d0e0f");
const NAME: (&str, &str) = ("CHAP_N", "disk");

impl Text {
    /// Whether the text is a complete challenge that the login does not know as its own.
    pub(crate) fn is_challenge(self) -> bool {
        matches!(self, Self::Challenge | Self::ChallengeWithOwnIdentifier | Self::ReflectedChallenge)
    }

    /// The bytes of the text; [`Self::Split`] ends inside a pair.
    pub(crate) fn bytes(self) -> Vec<u8> {
        if self == Self::Split {
            return b"AuthMet".to_vec();
        }
        let pairs = self.pairs();
        let text = pairs.iter().fold(TextWriter::new(), |text, (key, value)| text.pair(key, value));
        text.finish().unwrap().to_vec()
    }

    fn pairs(self) -> Vec<(&'static str, String)> {
        let with = |fixed: &[(&'static str, &str)], response: Option<Vec<u8>>| {
            let fixed = fixed.iter().map(|(key, value)| (*key, (*value).to_owned()));
            fixed.chain(response.map(|bytes| ("CHAP_R", encode_hex(&bytes)))).collect::<Vec<_>>()
        };
        let own = encode_hex(&CHALLENGE);
        let mut own_identifier = String::new();
        write!(own_identifier, "{IDENTIFIER}").unwrap();
        let right = chap_response(IDENTIFIER, REVERSE);
        let challenge = [MD5, TARGET_IDENTIFIER, TARGET_CHALLENGE];
        match self {
            Self::Empty | Self::Split => vec![],
            Self::MethodChap => with(&[METHOD_CHAP], None),
            Self::MethodNone => with(&[("AuthMethod", "None")], None),
            Self::MethodReject => with(&[("AuthMethod", "Reject")], None),
            Self::MethodList => with(&[("AuthMethod", "CHAP,None")], None),
            Self::MethodTwice => with(&[METHOD_CHAP, METHOD_CHAP], None),
            Self::Challenge => with(&challenge, None),
            Self::ChallengeWithMethod => with(&[METHOD_CHAP, MD5, TARGET_IDENTIFIER, TARGET_CHALLENGE], None),
            Self::ReflectedChallenge => with(&[MD5, TARGET_IDENTIFIER, ("CHAP_C", &own)], None),
            Self::ChallengeWithOwnIdentifier => {
                with(&[MD5, ("CHAP_I", &own_identifier), TARGET_CHALLENGE], None)
            }
            Self::ChallengeWithoutIdentifier => with(&[MD5, TARGET_CHALLENGE], None),
            Self::ChallengeWithoutBytes => with(&[MD5, TARGET_IDENTIFIER], None),
            Self::ChallengeEmpty => with(&[MD5, TARGET_IDENTIFIER, ("CHAP_C", "0x")], None),
            Self::ChallengeTwice => with(&[MD5, TARGET_IDENTIFIER, TARGET_CHALLENGE, TARGET_CHALLENGE], None),
            Self::OtherAlgorithm => with(&[("CHAP_A", "7"), TARGET_IDENTIFIER, TARGET_CHALLENGE], None),
            Self::TwoAlgorithms => with(&[("CHAP_A", "5,7"), TARGET_IDENTIFIER, TARGET_CHALLENGE], None),
            Self::AlgorithmAlone => with(&[MD5], None),
            Self::RightResponse => with(&[NAME], Some(right)),
            Self::RightResponseUnderOtherName => with(&[("CHAP_N", "host")], Some(right)),
            Self::RightResponseWithoutName => with(&[], Some(right)),
            Self::RightResponseTwice => with(&[NAME, ("CHAP_R", &encode_hex(&right))], Some(right)),
            Self::RightResponseAndChallenge => {
                with(&[NAME, MD5, TARGET_IDENTIFIER, TARGET_CHALLENGE], Some(right))
            }
            Self::ChallengeAndRightResponse => with(&[METHOD_CHAP, NAME, MD5], Some(right)),
            Self::ResponseForNextIdentifier => with(&[NAME], Some(chap_response(IDENTIFIER + 1, REVERSE))),
            Self::OneBitWrong => {
                let mut wrong = right;
                wrong[15] ^= 1;
                with(&[NAME], Some(wrong))
            }
            Self::ResponseOfOwnSecret => with(&[NAME], Some(chap_response(IDENTIFIER, FORWARD))),
            Self::ResponseTooShort => with(&[NAME], Some(right[..15].to_vec())),
            Self::ResponseTooLong => with(&[NAME], Some([right, vec![0]].concat())),
            Self::ResponseEmpty => with(&[NAME], Some(vec![])),
            Self::NameAlone => with(&[NAME], None),
            Self::Operational => with(&[("HeaderDigest", "None"), ("ImmediateData", "Yes")], None),
            Self::Unknown => with(&[("X-com.example.Key", "1")], None),
            Self::Declarations => with(&[("TargetAlias", "disk"), ("TargetPortalGroupTag", "1")], None),
        }
    }
}
