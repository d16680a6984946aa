//! What a target's answer may say.

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
    ChallengeOfOurs,
    ChallengeWithOurIdentifier,
    ChallengeWithoutIdentifier,
    ChallengeWithoutBytes,
    ChallengeEmpty,
    ChallengeTwice,
    OtherAlgorithm,
    TwoAlgorithms,
    AlgorithmAlone,
    RightProof,
    RightProofUnderOtherName,
    RightProofWithoutName,
    RightProofTwice,
    RightProofAndChallenge,
    ChallengeAndRightProof,
    ProofForNextIdentifier,
    OneBitWrong,
    OurOwnProof,
    ProofTooShort,
    ProofTooLong,
    ProofEmpty,
    NameAlone,
    Operational,
    Unknown,
    Facts,
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
    Text::ChallengeOfOurs,
    Text::ChallengeWithOurIdentifier,
    Text::ChallengeWithoutIdentifier,
    Text::ChallengeWithoutBytes,
    Text::ChallengeEmpty,
    Text::ChallengeTwice,
    Text::OtherAlgorithm,
    Text::TwoAlgorithms,
    Text::AlgorithmAlone,
    Text::RightProof,
    Text::RightProofUnderOtherName,
    Text::RightProofWithoutName,
    Text::RightProofTwice,
    Text::RightProofAndChallenge,
    Text::ChallengeAndRightProof,
    Text::ProofForNextIdentifier,
    Text::OneBitWrong,
    Text::OurOwnProof,
    Text::ProofTooShort,
    Text::ProofTooLong,
    Text::ProofEmpty,
    Text::NameAlone,
    Text::Operational,
    Text::Unknown,
    Text::Facts,
    Text::Split,
];

/// What a secret answers to a challenge of ours, by hand.
fn proof(identifier: u8, secret: &[u8]) -> Vec<u8> {
    let mut hasher = Md5::new();
    hasher.update([identifier]);
    hasher.update(secret);
    hasher.update(CHALLENGE);
    hasher.finalize().to_vec()
}

const METHOD_CHAP: (&str, &str) = ("AuthMethod", "CHAP");
const MD5: (&str, &str) = ("CHAP_A", "5");
const THEIR_IDENTIFIER: (&str, &str) = ("CHAP_I", "200");
const THEIR_BYTES: (&str, &str) = ("CHAP_C", "0x000102030405060708090a0b0c0d0e0f");
const NAME: (&str, &str) = ("CHAP_N", "disk");

impl Text {
    /// A whole one, and none that we sent ourselves as far as the login knows.
    pub(crate) fn is_challenge(self) -> bool {
        matches!(self, Self::Challenge | Self::ChallengeWithOurIdentifier | Self::ChallengeOfOurs)
    }

    /// The text; an end inside a pair where it is to go on.
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
        let ours = encode_hex(&CHALLENGE);
        let mut own_identifier = String::new();
        write!(own_identifier, "{IDENTIFIER}").unwrap();
        let right = proof(IDENTIFIER, REVERSE);
        let challenge = [MD5, THEIR_IDENTIFIER, THEIR_BYTES];
        match self {
            Self::Empty | Self::Split => vec![],
            Self::MethodChap => with(&[METHOD_CHAP], None),
            Self::MethodNone => with(&[("AuthMethod", "None")], None),
            Self::MethodReject => with(&[("AuthMethod", "Reject")], None),
            Self::MethodList => with(&[("AuthMethod", "CHAP,None")], None),
            Self::MethodTwice => with(&[METHOD_CHAP, METHOD_CHAP], None),
            Self::Challenge => with(&challenge, None),
            Self::ChallengeWithMethod => with(&[METHOD_CHAP, MD5, THEIR_IDENTIFIER, THEIR_BYTES], None),
            Self::ChallengeOfOurs => with(&[MD5, THEIR_IDENTIFIER, ("CHAP_C", &ours)], None),
            Self::ChallengeWithOurIdentifier => with(&[MD5, ("CHAP_I", &own_identifier), THEIR_BYTES], None),
            Self::ChallengeWithoutIdentifier => with(&[MD5, THEIR_BYTES], None),
            Self::ChallengeWithoutBytes => with(&[MD5, THEIR_IDENTIFIER], None),
            Self::ChallengeEmpty => with(&[MD5, THEIR_IDENTIFIER, ("CHAP_C", "0x")], None),
            Self::ChallengeTwice => with(&[MD5, THEIR_IDENTIFIER, THEIR_BYTES, THEIR_BYTES], None),
            Self::OtherAlgorithm => with(&[("CHAP_A", "7"), THEIR_IDENTIFIER, THEIR_BYTES], None),
            Self::TwoAlgorithms => with(&[("CHAP_A", "5,7"), THEIR_IDENTIFIER, THEIR_BYTES], None),
            Self::AlgorithmAlone => with(&[MD5], None),
            Self::RightProof => with(&[NAME], Some(right)),
            Self::RightProofUnderOtherName => with(&[("CHAP_N", "host")], Some(right)),
            Self::RightProofWithoutName => with(&[], Some(right)),
            Self::RightProofTwice => with(&[NAME, ("CHAP_R", &encode_hex(&right))], Some(right)),
            Self::RightProofAndChallenge => with(&[NAME, MD5, THEIR_IDENTIFIER, THEIR_BYTES], Some(right)),
            Self::ChallengeAndRightProof => with(&[METHOD_CHAP, NAME, MD5], Some(right)),
            Self::ProofForNextIdentifier => with(&[NAME], Some(proof(IDENTIFIER + 1, REVERSE))),
            Self::OneBitWrong => {
                let mut wrong = right;
                wrong[15] ^= 1;
                with(&[NAME], Some(wrong))
            }
            Self::OurOwnProof => with(&[NAME], Some(proof(IDENTIFIER, FORWARD))),
            Self::ProofTooShort => with(&[NAME], Some(right[..15].to_vec())),
            Self::ProofTooLong => with(&[NAME], Some([right, vec![0]].concat())),
            Self::ProofEmpty => with(&[NAME], Some(vec![])),
            Self::NameAlone => with(&[NAME], None),
            Self::Operational => with(&[("HeaderDigest", "None"), ("ImmediateData", "Yes")], None),
            Self::Unknown => with(&[("X-com.example.Key", "1")], None),
            Self::Facts => with(&[("TargetAlias", "disk"), ("TargetPortalGroupTag", "1")], None),
        }
    }
}
