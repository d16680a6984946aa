//! Errors of a login: the target refused it, broke the protocol, or did not authenticate itself.

use iscsi_pdu::{
    AddressError, GrammarError, IscsiName, LoginStatus, NameError, Stage, TextError, ValueError,
};

use crate::chap::ChapAlgorithm;
use crate::credentials::ConfigError;

/// A login that did not reach full feature phase
/// ([RFC 7143, section 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)). The connection must be closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The settings do not allow a login; nothing was sent.
    #[error("invalid login settings: {0}")]
    Config(#[from] ConfigError),
    /// The target refused the login with a status
    /// ([RFC 7143, section 11.13.5](https://www.rfc-editor.org/rfc/rfc7143#section-11.13.5)).
    #[error("target refused the login during {stage}: {status}")]
    Refused {
        /// The stage of the login.
        stage: Stage,
        /// Class and detail.
        status: LoginStatus,
    },
    /// The required authentication did not take place, or the target's part of it failed.
    #[error("target not authenticated: {0}")]
    NotAuthenticated(#[from] TargetAuthError),
    /// The target broke the protocol.
    #[error("target broke the login protocol: {0}")]
    Protocol(#[from] ProtocolViolation),
}

/// A failed or missing authentication of the target
/// ([RFC 7143, section 12.1.3](https://www.rfc-editor.org/rfc/rfc7143#section-12.1.3)). The connection closes before any
/// data is sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetAuthError {
    /// The target chose a method that the policy does not allow.
    #[error("target chose authentication method {chosen}, only CHAP is allowed")]
    Method {
        /// The method chosen.
        chosen: String,
    },
    /// The target chose MD5, which every offer must contain but the settings do not accept.
    #[error("target chose CHAP algorithm {chosen}, which the settings do not accept")]
    Algorithm {
        /// The algorithm chosen.
        chosen: ChapAlgorithm,
    },
    /// The target asked to leave the security stage before CHAP was complete.
    #[error("target skipped authentication and asked for {next}")]
    Skipped {
        /// The stage it asked for.
        next: Stage,
    },
    /// The target did not answer the initiator's challenge (CHP-19).
    #[error("target did not answer the initiator's challenge")]
    NoResponse,
    /// The target's response is not the one that the configured secret gives (CHP-20).
    #[error("target's CHAP response as {name:?} does not match the configured target secret")]
    WrongResponse {
        /// The `CHAP_N` received.
        name: String,
    },
    /// The target's response was computed with the initiator's own secret (CHP-15).
    #[error("target's CHAP response was computed with the initiator's own secret")]
    OwnResponse,
    /// The response is right, but the name is not the configured one (CHP-21).
    #[error("target's CHAP name is {received:?}, {expected:?} is configured")]
    WrongName {
        /// The configured `CHAP_N`.
        expected: String,
        /// The `CHAP_N` received.
        received: String,
    },
    /// The target sent a challenge of the initiator as its own: a reflection attack (CHP-16, CHP-17).
    #[error("target sent back the initiator's own challenge (reflection attack)")]
    ReflectedChallenge,
}

/// A rule of RFC 7143 that the peer broke during login. Values are left out where they may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolViolation {
    /// A text segment that does not consist of pairs.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A header field that contradicts the login so far.
    #[error("{field} is {received:#x}, {expected:#x} expected: {rule}")]
    Header {
        /// The field.
        field: &'static str,
        /// The value received.
        received: u32,
        /// The value expected.
        expected: u32,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A header field with an invalid value, where several values would have been valid.
    #[error("{field} is {received:#x}: {rule}")]
    HeaderValue {
        /// The field.
        field: &'static str,
        /// The value received.
        received: u32,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A missing key that the step requires.
    #[error("{key} is missing")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A repeated key (NEG-07).
    #[error("{key} is repeated")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A key that is not allowed in this step (LOG-17, LOG-28).
    #[error("{key} is not allowed in {step}")]
    UnexpectedKey {
        /// The key.
        key: String,
        /// The step.
        step: &'static str,
    },
    /// A value that does not have the form of its key.
    #[error("value of {key}: {error}")]
    Value {
        /// The key.
        key: &'static str,
        /// The reason.
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
    /// A value that is not an iSCSI name.
    #[error("value of {key}: {error}")]
    Name {
        /// The key.
        key: &'static str,
        /// The reason.
        error: NameError,
    },
    /// An iSCSI name that breaks the grammar of its type.
    #[error("value of {key}: {error}")]
    Grammar {
        /// The key.
        key: &'static str,
        /// The rule that the name breaks.
        error: GrammarError,
    },
    /// A value that is not a target address.
    #[error("value of TargetAddress: {0}")]
    Address(AddressError),
    /// A record of a `SendTargets` answer that breaks a rule.
    #[error("record \"{text}\": {reason}")]
    Record {
        /// The record or one of its pairs, as in [`UnusableRecord`](crate::UnusableRecord).
        text: String,
        /// The rule that it breaks.
        reason: Box<ProtocolViolation>,
    },
    /// A `SendTargets` answer with more targets than the initiator accepts.
    #[error("SendTargets answer names more than {limit} targets")]
    TooManyTargets {
        /// The limit.
        limit: usize,
    },
    /// A `SendTargets` answer with more addresses of one target than the initiator accepts.
    #[error("SendTargets answer gives {target} more than {limit} addresses")]
    TooManyAddresses {
        /// The target.
        target: IscsiName,
        /// The limit.
        limit: usize,
    },
    /// A redirection without an address (LOG-30).
    #[error("redirection without a target address")]
    RedirectWithoutAddress,
    /// Text, or C=1, before the own text was complete (TXT-16).
    #[error("{length} bytes of text received before the own text was complete (C bit)")]
    AnswerToIncompleteText {
        /// The length of the text received, in bytes.
        length: usize,
    },
    /// More exchanges than any negotiation needs.
    #[error("login did not end after {limit} exchanges")]
    TooManyExchanges {
        /// The limit.
        limit: u32,
    },
}
