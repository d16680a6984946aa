//! The side at fault for an error, and the step of a login that it names.

use std::fmt;

use iscsi_login::LoginError;
use iscsi_pdu::{LoginStatus, Stage};

use super::Error;

/// The side at fault; a program can choose its exit code by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The caller's arguments.
    InvalidArgument,
    /// The secret store, or the secrets in it.
    Secrets,
    /// The target refused the initiator's credentials (status 0201 or 0202).
    CredentialsRefused,
    /// The target did not authenticate itself, or a required authentication did not take place.
    TargetNotAuthenticated,
    /// The login was refused for another reason.
    LoginRefused,
    /// The target broke the protocol.
    Protocol,
    /// The connection could not be opened, was lost, or an operation timed out.
    Network,
    /// A SCSI command failed.
    Command,
    /// A resource of this process or host.
    Internal,
}

impl Error {
    /// Returns the side at fault.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::InvalidArgument(_) | Self::LoggedOut => Fault::InvalidArgument,
            Self::AuthPolicy(_) | Self::BelowRequirement { .. } => Fault::TargetNotAuthenticated,
            Self::Credentials(_) | Self::SharedSecret { .. } | Self::Secrets(_) => Fault::Secrets,
            Self::Random | Self::IsidPool { .. } | Self::IsidsExhausted { .. } => Fault::Internal,
            Self::Connect { .. }
            | Self::ConnectionLost { .. }
            | Self::ClosedDuringLogin { .. }
            | Self::Timeout { .. }
            | Self::LoginTimeout { .. }
            | Self::LogoutRequested
            | Self::Ambiguous { .. }
            | Self::NoSession { .. }
            | Self::TakenOver
            | Self::SessionEnded(_) => Fault::Network,
            Self::Login { error, .. } => login_fault(error),
            Self::RedirectLoop { .. } | Self::RedirectRefused { .. } => Fault::LoginRefused,
            Self::Protocol(_)
            | Self::MalformedDuringLogin { .. }
            | Self::Logout(_)
            | Self::InvalidResponse { .. } => Fault::Protocol,
            Self::Command { .. }
            | Self::Incomplete { .. }
            | Self::NotFlushed
            | Self::WriteProtected { .. }
            | Self::NotSupported { .. }
            | Self::WritesMayBeLost { .. }
            | Self::OtherUnit { .. }
            | Self::ReservationConflict { .. }
            | Self::Aborted { .. }
            | Self::Rejected { .. }
            | Self::TaskManagement { .. }
            | Self::TargetFailure { .. } => Fault::Command,
        }
    }

    /// Returns whether only this call failed, so that the session can be used further.
    #[must_use]
    pub const fn leaves_session_open(&self) -> bool {
        matches!(
            self,
            Self::Command { .. }
                | Self::Incomplete { .. }
                | Self::NotFlushed
                | Self::WriteProtected { .. }
                | Self::NotSupported { .. }
                | Self::WritesMayBeLost { .. }
                | Self::Ambiguous { .. }
                | Self::NoSession { .. }
                | Self::TargetFailure { .. }
                | Self::Aborted { .. }
                | Self::Rejected { .. }
                | Self::TaskManagement { .. }
                | Self::InvalidResponse { .. }
                | Self::InvalidArgument(_)
        )
    }
}

const fn login_fault(error: &LoginError) -> Fault {
    match error {
        LoginError::Config(_) => Fault::Secrets,
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

/// The step that a login is waiting for
/// ([RFC 7143, section 6.3](https://www.rfc-editor.org/rfc/rfc7143#section-6.3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginStep {
    /// Name resolution and the TCP connection.
    Connecting,
    /// A Login Response in this stage.
    Negotiating(Stage),
}

impl fmt::Display for LoginStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting => formatter.write_str("while connecting"),
            Self::Negotiating(stage) => write!(formatter, "during {stage}"),
        }
    }
}
