//! What can go wrong, sorted by who is at fault.

use std::io;
use std::time::Duration;

use iscsi_login::{LoginError, Misuse, NotAuthenticated, Violation};
use iscsi_pdu::{LoginStatus, LogoutResponseCode, ScsiResponseCode, ScsiStatus, Stage};
use iscsi_secrets::{Requirement, Scope, SecretUse, StoreError};

use crate::Portal;
use crate::scsi::SenseData;

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller asked for what cannot be; nothing was sent.
    #[error("{0}")]
    Caller(String),
    /// The demanded authentication cannot take place with the secrets at hand; nothing was sent.
    #[error("{0}")]
    Policy(String),
    /// Less authentication than is required; nothing was sent.
    #[error(
        "{} is required{}, and this login would have {}",
        level(*.required),
        .set_for.as_ref().map(required_for).unwrap_or_default(),
        level(*.planned)
    )]
    BelowRequirement {
        /// The least that the login would have had.
        planned: Requirement,
        /// What it must have.
        required: Requirement,
        /// The scope for which the store requires it; `None` for [`Config::require`](crate::Config::require).
        set_for: Option<Scope>,
    },
    /// A secret that is used towards one target and expected from another, which lets a challenge be reflected between
    /// two processes; nothing was sent.
    #[error(
        "a secret of this login is used in the other direction too: {}",
        .uses.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    SharedSecret {
        /// The places where the store has it.
        uses: Vec<SecretUse>,
    },
    /// Secrets that must not be used; nothing was sent.
    #[error("credentials refused before connecting")]
    Credentials(#[source] Misuse),
    /// The secret store cannot be read.
    #[error("secret store cannot be read")]
    Secrets(#[source] StoreError),
    /// The operating system gave no random octets.
    #[error("no random octets from the operating system")]
    Random,
    /// The directory of the ISIDs cannot be used.
    #[error("no ISIDs from their directory: {reason}")]
    IsidPool {
        /// What is wrong with it.
        reason: String,
    },
    /// Every ISID has its session.
    #[error("all {limit} ISIDs for sessions to this target are in use")]
    IsidsExhausted {
        /// How many there are.
        limit: u32,
    },
    /// No connection to the portal.
    #[error("cannot connect to {portal}: {reason}")]
    Connect {
        /// The portal.
        portal: Portal,
        /// What the operating system said.
        reason: String,
    },
    /// The connection ended in the middle.
    #[error("connection to {portal} lost: {reason}")]
    ConnectionLost {
        /// The portal.
        portal: Portal,
        /// What the operating system said.
        reason: String,
    },
    /// The target closed the connection in the middle of the login, without a status that says why.
    #[error("connection to {portal} closed during {stage}: {reason}")]
    ClosedDuringLogin {
        /// The portal.
        portal: Portal,
        /// Where the login stood.
        stage: Stage,
        /// What the operating system said.
        reason: String,
    },
    /// No answer in time.
    #[error("{what} took longer than {limit:?}")]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The login did not reach full feature phase.
    #[error("login to {portal} failed")]
    Login {
        /// The portal.
        portal: Portal,
        /// Who refused, and why.
        #[source]
        error: LoginError,
    },
    /// The target refused a login without authentication (status 0201): it wants credentials, and none were known.
    #[error("login to {portal} failed, which offered no credentials")]
    CredentialsMissing {
        /// The portal.
        portal: Portal,
        /// The target's answer.
        #[source]
        error: LoginError,
    },
    /// Redirections that lead nowhere.
    #[error("login redirected {hops} times, last to {portal}")]
    RedirectLoop {
        /// Redirections followed.
        hops: usize,
        /// Where the last one pointed.
        portal: Portal,
    },
    /// A redirection to a portal outside the list of those allowed.
    #[error("login redirected to {portal}, which is not allowed")]
    RedirectRefused {
        /// Where it pointed.
        portal: Portal,
    },
    /// The target broke the protocol in full feature phase; the session is over.
    #[error("target broke the protocol")]
    Protocol(#[source] ProtocolError),
    /// The target dropped or asked to end the session.
    #[error("target ended the session: {0}")]
    SessionEnded(String),
    /// A logout that the target did not grant.
    #[error("target answered the logout with code {}", .0.0)]
    Logout(LogoutResponseCode),
    /// A SCSI command ended in a status other than GOOD.
    #[error("{command} failed: {status}{}", .sense.as_ref().map(|sense| format!(", {sense}")).unwrap_or_default())]
    Command {
        /// The command's name.
        command: &'static str,
        /// Its status.
        status: ScsiStatus,
        /// Sense data, with CHECK CONDITION.
        sense: Option<SenseData>,
    },
    /// The target could not carry the command out (iSCSI response other than 0).
    #[error("target failed to carry out {command}: response 0x{:02x}", .response.0)]
    TargetFailure {
        /// The command's name.
        command: &'static str,
        /// The iSCSI response.
        response: ScsiResponseCode,
    },
    /// A command's data do not have the form or the amount its standard demands.
    #[error("unusable answer to {command}: {reason}")]
    Answer {
        /// The command's name.
        command: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// A rule of RFC 7143 that the target broke after login.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A malformed PDU.
    #[error(transparent)]
    Pdu(#[from] iscsi_pdu::Error),
    /// Text keys that are malformed or out of place.
    #[error(transparent)]
    Text(#[from] Violation),
    /// A PDU that contradicts what went before.
    #[error("{pdu}: {rule} (got {received:#x}, expected {expected:#x})")]
    Sequence {
        /// The PDU.
        pdu: &'static str,
        /// The rule it breaks.
        rule: &'static str,
        /// What it carried.
        received: u64,
        /// What would have been in place.
        expected: u64,
    },
    /// The target rejected a PDU of ours.
    #[error("target rejected a PDU of ours: {}", .0.meaning())]
    Rejected(iscsi_pdu::RejectReason),
}

/// Who is at fault; a program maps it to what a person should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The caller's arguments.
    Caller,
    /// The secret store, or the secrets in it.
    Secrets,
    /// The target refused our credentials (status 0201 or 0202).
    CredentialsRefused,
    /// The target did not authenticate itself, or a demanded authentication did not take place.
    TargetNotAuthenticated,
    /// The login was refused for another reason.
    LoginRefused,
    /// The target broke the protocol.
    Protocol,
    /// Could not connect, connection lost, timed out.
    Network,
    /// A SCSI command failed.
    Command,
    /// Something in this process.
    Internal,
}

impl Error {
    /// Who is at fault.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Caller(_) => Fault::Caller,
            Self::Policy(_) | Self::BelowRequirement { .. } => Fault::TargetNotAuthenticated,
            Self::Credentials(_) | Self::SharedSecret { .. } | Self::Secrets(_) => Fault::Secrets,
            Self::Random | Self::IsidPool { .. } | Self::IsidsExhausted { .. } => Fault::Internal,
            Self::Connect { .. }
            | Self::ConnectionLost { .. }
            | Self::ClosedDuringLogin { .. }
            | Self::Timeout { .. }
            | Self::SessionEnded(_) => Fault::Network,
            Self::Login { error, .. } | Self::CredentialsMissing { error, .. } => login_fault(error),
            Self::RedirectLoop { .. } | Self::RedirectRefused { .. } => Fault::LoginRefused,
            Self::Protocol(_) | Self::Logout(_) | Self::Answer { .. } => Fault::Protocol,
            Self::Command { .. } | Self::TargetFailure { .. } => Fault::Command,
        }
    }

    /// What a person can change, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Secrets(error) => return error.remedy(),
            Self::Credentials(Misuse::OneSecretForBothDirections) => {
                "give the target a secret of its own; one secret in both directions can be reflected"
                    .to_owned()
            }
            Self::Credentials(_) => "use a secret of 12 to 255 octets, best 16 random ones".to_owned(),
            Self::Policy(_) => {
                "store the secrets that are missing, or demand less authentication".to_owned()
            }
            Self::BelowRequirement { set_for: Some(_), .. } => {
                "store the secrets that are missing, or lower the requirement in the store".to_owned()
            }
            Self::BelowRequirement { set_for: None, .. } => {
                "give the credentials that are missing, or lower Config::require".to_owned()
            }
            Self::SharedSecret { .. } => {
                "give each direction a secret of its own, or set Config::allow_shared_secret".to_owned()
            }
            Self::CredentialsMissing { .. } => {
                "the target wants CHAP: give the credentials of an account it has for this initiator".to_owned()
            }
            Self::IsidsExhausted { .. } => "end sessions that are no longer needed".to_owned(),
            Self::Connect { .. } => "check host and port, and that the target listens there".to_owned(),
            Self::ClosedDuringLogin { stage: Stage::SECURITY, .. } => {
                "some targets close instead of refusing what they do not want: check whether the target asks for CHAP, \
                 one-way or mutual; --auth if-asked leaves it to the target"
                    .to_owned()
            }
            Self::Timeout { .. } => "raise --timeout if the target is slow rather than gone".to_owned(),
            Self::Login { error, .. } => login_hint(error)?.to_owned(),
            _ => return None,
        })
    }

    pub(crate) fn connect(portal: &Portal, error: &io::Error) -> Self {
        Self::Connect { portal: portal.clone(), reason: error.to_string() }
    }

    pub(crate) fn lost(portal: &Portal, reason: &dyn std::fmt::Display) -> Self {
        Self::ConnectionLost { portal: portal.clone(), reason: reason.to_string() }
    }
}

impl<E: Into<ProtocolError>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Protocol(error.into())
    }
}

/// The scope of a policy, in words.
fn required_for(scope: &Scope) -> String {
    match scope {
        Scope::Global => " by the secret store for all targets".to_owned(),
        Scope::Discovery => " by the secret store for all discoveries".to_owned(),
        single => format!(" by the secret store for {single}"),
    }
}

const fn level(requirement: Requirement) -> &'static str {
    match requirement {
        Requirement::None => "no authentication",
        Requirement::Chap => "CHAP",
        Requirement::Mutual => "mutual CHAP",
    }
}

const fn login_fault(error: &LoginError) -> Fault {
    match error {
        LoginError::Misuse(_) => Fault::Secrets,
        LoginError::Refused { status, .. } => match *status {
            LoginStatus::AUTHENTICATION_FAILURE | LoginStatus::AUTHORIZATION_FAILURE => {
                Fault::CredentialsRefused
            }
            _ => Fault::LoginRefused,
        },
        LoginError::NotAuthenticated(_) => Fault::TargetNotAuthenticated,
        _ => Fault::Protocol,
    }
}

fn login_hint(error: &LoginError) -> Option<&'static str> {
    Some(match error {
        LoginError::Refused { status, .. } => match *status {
            LoginStatus::AUTHENTICATION_FAILURE => {
                "check CHAP name and secret on both sides; the target also answers so when it has no account to prove itself with"
            }
            LoginStatus::AUTHORIZATION_FAILURE => {
                "the target does not admit this initiator name; check its access list"
            }
            LoginStatus::NOT_FOUND | LoginStatus::TARGET_REMOVED => {
                "ask the portal for its targets: iscsi discover PORTAL"
            }
            LoginStatus::SERVICE_UNAVAILABLE | LoginStatus::OUT_OF_RESOURCES | LoginStatus::TARGET_ERROR => {
                "try again later; some targets answer so for an unknown target or while an old session ages out"
            }
            _ => return None,
        },
        LoginError::NotAuthenticated(NotAuthenticated::WrongResponse { .. }) => {
            "the secret set for the target is not the one the target has; if the target is sure of its own, it is not who it claims to be"
        }
        LoginError::NotAuthenticated(NotAuthenticated::WrongName { .. }) => {
            "check the CHAP name expected of the target"
        }
        LoginError::NotAuthenticated(
            NotAuthenticated::OwnResponse | NotAuthenticated::ReflectedChallenge,
        ) => "do not trust this target: it tries to pass with what we sent",
        LoginError::Protocol(Violation::Rule { key: "HeaderDigest" | "DataDigest", .. }) => {
            "the target does not do this digest; prefer-crc32c takes it where it is to be had"
        }
        LoginError::NotAuthenticated(_) => {
            "set up CHAP on the target, or choose --auth none if that is acceptable"
        }
        _ => return None,
    })
}
