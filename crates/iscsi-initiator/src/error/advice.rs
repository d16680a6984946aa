//! Advice on errors: the changes that can resolve them.

use iscsi_login::{ConfigError, LoginError, ProtocolViolation, TargetAuthError};
use iscsi_pdu::{LoginStatus, RejectReason, ScsiStatus, Stage, TaskManagementResponseCode};

use super::{Error, LoginStep};
use crate::scsi::SenseData;
use crate::session::AbortCause;

/// A change that can resolve an [`Error`].
///
/// Its text names settings of this library. A program that has settings of its own chooses its text by the variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// Give the target a secret of its own.
    SeparateSecrets,
    /// Use a secret of 12 to 255 bytes.
    SecretLength,
    /// Use a CHAP name that can be sent.
    ChapName,
    /// Offer at least one CHAP algorithm.
    NameAlgorithm,
    /// Add the secret that the requested authentication needs, or request less.
    MissingSecret,
    /// Add the secrets that the store's requirement needs, or lower it in the store.
    RequiredByStore,
    /// Add the credentials that the required authentication needs, or require less.
    RequiredByConfig,
    /// Use one secret in one direction only.
    SharedSecret,
    /// Log out of sessions that are no longer needed.
    EndSessions,
    /// Check the address of the portal.
    CheckPortal,
    /// Check the network: nothing answers at the portal.
    CheckRoute,
    /// Look for the reason at the target, which closed the connection during authentication.
    ClosedDuringAuthentication,
    /// Look for the reason at the target, which closed the connection during operational negotiation.
    ClosedDuringNegotiation,
    /// Allow the login more time.
    LoginTimeout,
    /// Allow a command more time.
    CommandTimeout,
    /// Allow the redirection.
    AllowRedirect,
    /// Check the target's redirections.
    RedirectLoop,
    /// Log in again.
    LogInAgain,
    /// Give credentials: the target requires CHAP, and the login offered none.
    CredentialsRequired,
    /// Check the credentials on both sides.
    CheckCredentials,
    /// Check the target's access list.
    AccessList,
    /// Look for the reason at the target, which refused the login during authentication without stating it.
    UnexplainedInAuthentication,
    /// Look for the reason at the target, which refused the login in operational negotiation without stating it.
    UnexplainedInNegotiation,
    /// Check the target's name.
    IscsiName,
    /// Try again later: the target is out of resources or out of service.
    TargetUnavailable,
    /// Enable CHAP for this initiator at the target.
    TargetWithoutChap,
    /// Accept the target's CHAP algorithm, or enable another one there.
    Algorithm,
    /// Set a secret at the target with which it authenticates itself.
    TargetWithoutSecret,
    /// Check the stored target secret, and that this is the expected target.
    WrongTargetSecret,
    /// Check the CHAP name expected of the target.
    WrongTargetName,
    /// Do not trust this target.
    Reflection,
    /// Do not require the digest, which the target does not support.
    Digest,
    /// Release the reservation that another initiator holds.
    Reservation,
    /// Try again later: the target is overloaded.
    Overloaded,
    /// Try again soon: the logical unit is becoming ready.
    BecomingReady,
    /// Start the logical unit.
    NotStarted,
    /// Look for the reason at the target: the logical unit is not ready.
    NotReady,
    /// Try again soon: the path is changing its access state.
    PathInTransition,
    /// Use another portal: this path is in standby state.
    PathInStandby,
    /// Use another portal: this path is unavailable.
    PathUnavailable,
    /// Insert or attach a medium.
    NoMedium,
    /// Free or add space at the target.
    OutOfSpace,
    /// Lift the write protection.
    WriteProtected,
    /// Read the capacity again: the logical unit ends before the range.
    OutOfRange,
    /// List the logical units: the target does not have this one.
    NoSuchUnit,
    /// Send a command again that a task management function has ended.
    SendAgain,
    /// Do without the request: the target does not support it.
    UnsupportedRequest,
    /// Choose another task management function: the target does not support this one.
    UnsupportedFunction,
    /// Have the target permit task management functions.
    PermitFunction,
    /// Look for the reason at the target, which rejected a task management function.
    FunctionRejected,
    /// Allow a task management function more time.
    FunctionTimeout,
    /// Find out what became of a command that may have been carried out.
    CheckResult,
    /// Write again what was written since the flush before.
    WriteAgain,
    /// Allow the target more time to come back.
    NoSession,
    /// Look which logical unit the target has under this number now.
    OtherUnit,
    /// Give each initiator a name of its own.
    InitiatorName,
}

impl Error {
    /// Returns what to change, where that is known. For errors of the secret store see [`StoreError`], which has its
    /// own advice, and [`hint`](Self::hint), which includes it.
    ///
    /// [`StoreError`]: crate::StoreError
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        Some(match self {
            Self::Credentials(error) => return of_config_error(*error),
            Self::AuthPolicy(_) => Advice::MissingSecret,
            Self::BelowRequirement { set_for: Some(_), .. } => Advice::RequiredByStore,
            Self::BelowRequirement { set_for: None, .. } => Advice::RequiredByConfig,
            Self::SharedSecret { .. } => Advice::SharedSecret,
            Self::IsidsExhausted { .. } => Advice::EndSessions,
            Self::Connect { .. } => Advice::CheckPortal,
            Self::ClosedDuringLogin { stage: Stage::SECURITY, .. } => Advice::ClosedDuringAuthentication,
            Self::ClosedDuringLogin { .. } => Advice::ClosedDuringNegotiation,
            Self::LoginTimeout { step: LoginStep::Connecting, .. } => Advice::CheckRoute,
            Self::LoginTimeout { .. } => Advice::LoginTimeout,
            Self::Timeout { .. } => Advice::CommandTimeout,
            Self::RedirectRefused { .. } => Advice::AllowRedirect,
            Self::RedirectLoop { .. } => Advice::RedirectLoop,
            Self::LogoutRequested => Advice::LogInAgain,
            Self::Login { error, .. } => return of_login(error),
            Self::Command { status, sense, .. } => return of_command(*status, *sense),
            Self::Aborted { abort, .. } => of_abort(abort.cause),
            Self::Ambiguous { .. } => Advice::CheckResult,
            Self::WritesMayBeLost { .. } => Advice::WriteAgain,
            Self::NoSession { .. } => Advice::NoSession,
            Self::OtherUnit { .. } => Advice::OtherUnit,
            Self::ReservationConflict { .. } => Advice::Reservation,
            Self::TakenOver => Advice::InitiatorName,
            Self::Rejected { reason, .. } => return of_rejection(*reason),
            Self::TaskManagement { response, .. } => return of_management(*response),
            _ => return None,
        })
    }
}

const fn of_config_error(error: ConfigError) -> Option<Advice> {
    Some(match error {
        ConfigError::OneSecretForBothDirections => Advice::SeparateSecrets,
        ConfigError::SecretLength { .. } => Advice::SecretLength,
        ConfigError::ChapName { .. } => Advice::ChapName,
        ConfigError::NoAlgorithm => Advice::NameAlgorithm,
        _ => return None,
    })
}

fn of_login(error: &LoginError) -> Option<Advice> {
    match error {
        LoginError::Config(error) => of_config_error(*error),
        LoginError::Refused { stage, status } => of_status(*stage, *status),
        LoginError::NotAuthenticated(error) => Some(of_authentication(error)),
        LoginError::Protocol(violation) => of_violation(violation),
        _ => None,
    }
}

/// Advice on a login status. A login that offers no authentication begins in operational negotiation, so the stage
/// tells whether CHAP was offered.
const fn of_status(stage: Stage, status: LoginStatus) -> Option<Advice> {
    Some(match (status, stage) {
        (LoginStatus::AUTHENTICATION_FAILURE, Stage::OPERATIONAL) => Advice::CredentialsRequired,
        (LoginStatus::AUTHENTICATION_FAILURE, _) => Advice::CheckCredentials,
        (LoginStatus::AUTHORIZATION_FAILURE, _) => Advice::AccessList,
        (LoginStatus::INITIATOR_ERROR, Stage::SECURITY) => Advice::UnexplainedInAuthentication,
        (LoginStatus::INITIATOR_ERROR, _) => Advice::UnexplainedInNegotiation,
        (LoginStatus::NOT_FOUND | LoginStatus::TARGET_REMOVED, _) => Advice::IscsiName,
        (LoginStatus::TOO_MANY_CONNECTIONS, _) => Advice::EndSessions,
        (LoginStatus::SERVICE_UNAVAILABLE | LoginStatus::OUT_OF_RESOURCES | LoginStatus::TARGET_ERROR, _) => {
            Advice::TargetUnavailable
        }
        _ => return None,
    })
}

const fn of_authentication(error: &TargetAuthError) -> Advice {
    match error {
        TargetAuthError::Algorithm { .. } => Advice::Algorithm,
        TargetAuthError::NoResponse => Advice::TargetWithoutSecret,
        TargetAuthError::WrongResponse { .. } => Advice::WrongTargetSecret,
        TargetAuthError::WrongName { .. } => Advice::WrongTargetName,
        TargetAuthError::OwnResponse | TargetAuthError::ReflectedChallenge => Advice::Reflection,
        _ => Advice::TargetWithoutChap,
    }
}

/// Advice on a broken rule. A target that supports none of the offered CHAP algorithms answers with `Reject`, which is
/// not a number, or with an algorithm that was not offered.
fn of_violation(violation: &ProtocolViolation) -> Option<Advice> {
    match violation {
        ProtocolViolation::Rule { key: "HeaderDigest" | "DataDigest", .. } => Some(Advice::Digest),
        ProtocolViolation::Rule { key: "CHAP_A", .. } | ProtocolViolation::Value { key: "CHAP_A", .. } => {
            Some(Advice::Algorithm)
        }
        _ => None,
    }
}

/// Additional sense codes (SPC-4, annex E) with their advice. The first matching row counts; a row without a qualifier
/// matches every qualifier.
const BY_SENSE: [(u8, Option<u8>, Advice); 12] = [
    (0x04, Some(0x01), Advice::BecomingReady),
    (0x04, Some(0x02), Advice::NotStarted),
    (0x04, Some(0x0a), Advice::PathInTransition),
    (0x04, Some(0x0b), Advice::PathInStandby),
    (0x04, Some(0x0c), Advice::PathUnavailable),
    (0x04, None, Advice::NotReady),
    (0x21, None, Advice::OutOfRange),
    (0x25, None, Advice::NoSuchUnit),
    (0x27, Some(0x07), Advice::OutOfSpace),
    (0x27, None, Advice::WriteProtected),
    (0x3a, None, Advice::NoMedium),
    // Insufficient resources of any kind.
    (0x55, None, Advice::Overloaded),
];

fn of_command(status: ScsiStatus, sense: Option<SenseData>) -> Option<Advice> {
    match status {
        ScsiStatus::RESERVATION_CONFLICT => Some(Advice::Reservation),
        ScsiStatus::BUSY | ScsiStatus::TASK_SET_FULL => Some(Advice::Overloaded),
        _ => sense.and_then(|SenseData { asc, ascq, .. }| {
            let fits =
                |row: &&(u8, Option<u8>, Advice)| row.0 == asc && row.1.is_none_or(|code| code == ascq);
            BY_SENSE.iter().find(fits).map(|row| row.2)
        }),
    }
}

const fn of_abort(cause: AbortCause) -> Advice {
    match cause {
        AbortCause::Timeout => Advice::CommandTimeout,
        AbortCause::Requested(_) => Advice::SendAgain,
    }
}

const fn of_rejection(reason: RejectReason) -> Option<Advice> {
    Some(match reason {
        RejectReason::COMMAND_NOT_SUPPORTED => Advice::UnsupportedRequest,
        RejectReason::TOO_MANY_IMMEDIATE_COMMANDS | RejectReason::LONG_OPERATION => Advice::Overloaded,
        RejectReason::WAITING_FOR_LOGOUT => Advice::LogInAgain,
        _ => return None,
    })
}

const fn of_management(response: Option<TaskManagementResponseCode>) -> Option<Advice> {
    let Some(code) = response else { return Some(Advice::FunctionTimeout) };
    Some(match code {
        TaskManagementResponseCode::LUN_DOES_NOT_EXIST => Advice::NoSuchUnit,
        TaskManagementResponseCode::FUNCTION_NOT_SUPPORTED => Advice::UnsupportedFunction,
        TaskManagementResponseCode::AUTHORIZATION_FAILED => Advice::PermitFunction,
        TaskManagementResponseCode::FUNCTION_REJECTED => Advice::FunctionRejected,
        _ => return None,
    })
}
