//! Why a login failed: who refused, who broke the rules, who did not prove himself.

use iscsi_pdu::{
    AddressError, GrammarError, IscsiName, LoginStatus, NameError, Stage, TextError, ValueError,
};

use crate::{ChapAlgorithm, ConfigError};

/// A login that did not reach full feature phase. The connection must be closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The caller's settings do not allow a login; nothing was sent.
    #[error("login settings: {0}")]
    Config(#[from] ConfigError),
    /// The target refused, with a status that says why (RFC 7143, 11.13.5).
    #[error("target refused the login during {stage}: {status}")]
    Refused {
        /// Where the login stood.
        stage: Stage,
        /// Class and detail.
        status: LoginStatus,
    },
    /// The authentication that the policy demands did not take place, or failed on the target's side of it.
    #[error("target not authenticated: {0}")]
    NotAuthenticated(#[from] TargetAuthError),
    /// The target broke the protocol.
    #[error("target broke the login protocol: {0}")]
    Protocol(#[from] ProtocolViolation),
}

/// How the demanded authentication failed. Always final: the connection closes before any data flows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetAuthError {
    /// The target chose a method that the policy does not allow.
    #[error("authentication method {chosen} chosen, only CHAP is allowed")]
    Method {
        /// What the target chose.
        chosen: String,
    },
    /// The target chose the algorithm that has to be offered and that the policy does not accept.
    #[error("algorithm {chosen} chosen, which is not acceptable")]
    Algorithm {
        /// What the target chose.
        chosen: ChapAlgorithm,
    },
    /// The target wanted to leave the security stage before CHAP was complete.
    #[error("target skips authentication and asks for {next}")]
    Skipped {
        /// The stage it asked for.
        next: Stage,
    },
    /// The target left our challenge unanswered (CHP-19).
    #[error("target did not answer the challenge")]
    NoResponse,
    /// The target's answer is not the one the secret gives (CHP-20).
    #[error("target gave a wrong answer to the challenge as {name:?}")]
    WrongResponse {
        /// The `CHAP_N` it gave.
        name: String,
    },
    /// The target answered with the secret that is ours to prove (CHP-15).
    #[error("target answered the challenge with the initiator's own secret")]
    OwnResponse,
    /// The answer is right, the name is not the configured one (CHP-21).
    #[error("target calls itself {received:?}, {expected:?} is configured")]
    WrongName {
        /// The configured `CHAP_N`.
        expected: String,
        /// The one received.
        received: String,
    },
    /// The target sent our own challenge back to us (CHP-16, CHP-17).
    #[error("target reflects the initiator's challenge")]
    ReflectedChallenge,
}

/// A rule of RFC 7143 that the peer broke during login. Values are left out: they may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolViolation {
    /// A text segment that is not made of pairs.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A header field contradicts the exchange.
    #[error("{field} is {received:#x}, {expected:#x} expected: {rule}")]
    Header {
        /// The field.
        field: &'static str,
        /// Its value.
        received: u32,
        /// The value in place there.
        expected: u32,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// A header field with a value that has no place there, where more than one value would have been right.
    #[error("{field} is {received:#x}: {rule}")]
    HeaderValue {
        /// The field.
        field: &'static str,
        /// Its value.
        received: u32,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// A key that the step needs is missing.
    #[error("{key} is missing")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A key came twice (NEG-07).
    #[error("{key} came twice")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A key that has no place in this step (LOG-17, LOG-28).
    #[error("{key} has no place in {step}")]
    UnexpectedKey {
        /// The key.
        key: String,
        /// The step.
        step: &'static str,
    },
    /// A value without the form of its key.
    #[error("value of {key}: {error}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        error: ValueError,
    },
    /// A well-formed value that breaks a rule.
    #[error("value of {key} breaks the rule: {rule}")]
    Rule {
        /// The key.
        key: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// An iSCSI name that is none.
    #[error("value of {key}: {error}")]
    Name {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        error: NameError,
    },
    /// An iSCSI name outside the grammar of its type.
    #[error("value of {key}: {error}")]
    Grammar {
        /// The key.
        key: &'static str,
        /// The rule that the name breaks.
        error: GrammarError,
    },
    /// A target address that is none.
    #[error("value of TargetAddress: {0}")]
    Address(AddressError),
    /// A record of a `SendTargets` answer that breaks a rule.
    #[error("record \"{text}\": {reason}")]
    Record {
        /// The record, or the pair of it, as in [`UnusableRecord`](crate::UnusableRecord).
        text: String,
        /// The rule that it breaks.
        reason: Box<ProtocolViolation>,
    },
    /// A `SendTargets` answer with more targets than the initiator takes.
    #[error("a SendTargets answer names more than {limit} targets")]
    TooManyTargets {
        /// The limit.
        limit: usize,
    },
    /// A `SendTargets` answer with more addresses of one target than the initiator takes.
    #[error("a SendTargets answer gives {target} more than {limit} addresses")]
    TooManyAddresses {
        /// The target.
        target: IscsiName,
        /// The limit.
        limit: usize,
    },
    /// A redirection that does not say whereto (LOG-30).
    #[error("redirection without a target address")]
    RedirectWithoutAddress,
    /// A response with text, or with C=1, although our own text was not whole (TXT-16).
    #[error("{length} bytes of text in answer to half a text")]
    AnswerToHalfAText {
        /// Bytes of text in the response.
        length: usize,
    },
    /// More exchanges than any negotiation needs.
    #[error("no end after {limit} exchanges")]
    TooManyExchanges {
        /// The limit.
        limit: u32,
    },
}
