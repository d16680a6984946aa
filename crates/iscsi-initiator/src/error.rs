//! Errors of the library, and the side at fault for each.

mod advice;
mod advice_text;
mod fault;
mod io_error;
#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use iscsi_login::{ConfigError, LoginError};
use iscsi_pdu::{
    LogoutResponseCode, Lun, Portal, RejectReason, ScsiResponseCode, ScsiStatus, Stage,
    TaskManagementResponseCode,
};
use iscsi_secrets::{Requirement, Scope, SecretUse, StoreError};

use crate::scsi::{CommandError, Incomplete, SenseData};
use crate::session::{Abort, End, Failure, LogoutCause, OldTask, ProtocolError, Silence};
pub use advice::Advice;
pub use fault::{Fault, LoginStep};

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument of the caller is invalid; nothing was sent.
    #[error("{0}")]
    InvalidArgument(String),
    /// The known secrets do not suffice for the authentication that the caller requires; nothing was sent.
    #[error("{0}")]
    AuthPolicy(String),
    /// Less authentication than is required; nothing was sent.
    #[error(
        "{} is required{}, and this login would have {}",
        level(*.required),
        .set_for.as_ref().map(required_for).unwrap_or_default(),
        level(*.planned)
    )]
    BelowRequirement {
        /// The least authentication that the login would have had.
        planned: Requirement,
        /// The required authentication.
        required: Requirement,
        /// The scope for which the store requires it; `None` for [`Config::require`](crate::Config::require).
        set_for: Option<Scope>,
    },
    /// A secret is used towards one target and expected from another, so a challenge could be reflected between two
    /// processes ([RFC 7143, section 9.2.1](https://www.rfc-editor.org/rfc/rfc7143#section-9.2.1)); nothing was sent.
    #[error(
        "a secret of this login is used in the other direction too: {}",
        .uses.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    SharedSecret {
        /// The uses of the secret that are in the store.
        uses: Vec<SecretUse>,
    },
    /// The credentials break a rule; nothing was sent.
    #[error("credentials refused before connecting")]
    Credentials(#[source] ConfigError),
    /// The secret store cannot be read.
    #[error("secret store cannot be read")]
    Secrets(#[source] StoreError),
    /// The operating system returned no random bytes.
    #[error("no random bytes from the operating system")]
    Random,
    /// The directory that keeps the ISIDs is unusable.
    #[error("the ISID directory is unusable: {reason}")]
    IsidPool {
        /// The reason.
        reason: String,
    },
    /// A session to this target holds each of the ISIDs.
    #[error("all {limit} ISIDs for sessions to this target are in use")]
    IsidsExhausted {
        /// The number of ISIDs.
        limit: u32,
    },
    /// The connection to the portal cannot be opened.
    #[error("cannot connect to {portal}: {reason}")]
    Connect {
        /// The portal.
        portal: Portal,
        /// The reason, as the operating system states it.
        reason: String,
    },
    /// The connection ended before the session did.
    #[error("connection to {portal} lost: {reason}")]
    ConnectionLost {
        /// The portal.
        portal: Portal,
        /// The reason, as the operating system states it.
        reason: String,
    },
    /// The target closed the connection during the login, without a status that states the reason.
    #[error("connection to {portal} closed during {stage}: {reason}")]
    ClosedDuringLogin {
        /// The portal.
        portal: Portal,
        /// The stage that the login had reached.
        stage: Stage,
        /// The reason, as the operating system states it.
        reason: String,
    },
    /// The target sent something other than a Login Response during the login.
    #[error("malformed answer from {portal} during {stage}")]
    MalformedDuringLogin {
        /// The portal.
        portal: Portal,
        /// The stage that the login had reached.
        stage: Stage,
        /// The rule that the target broke.
        #[source]
        error: ProtocolError,
    },
    /// An operation exceeded its time limit.
    #[error("{operation} took longer than {limit:?}")]
    Timeout {
        /// The operation that did not end.
        operation: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The login, redirections included, did not end in time.
    #[error("login to {portal} took longer than {limit:?}, {step}{}", redirected(*.redirects, .first))]
    LoginTimeout {
        /// The portal that the login was waiting for.
        portal: Portal,
        /// The number of redirections that led there.
        redirects: usize,
        /// The portal where the login began.
        first: Portal,
        /// The step that the login at `portal` had reached.
        step: LoginStep,
        /// The limit.
        limit: Duration,
    },
    /// The login did not reach full feature phase.
    #[error("login to {portal} failed")]
    Login {
        /// The portal.
        portal: Portal,
        /// The stage that the login had reached.
        stage: Stage,
        /// The reason.
        #[source]
        error: LoginError,
    },
    /// The redirections of a login form a loop, or are too many.
    #[error("login redirected {hops} times, last to {portal}")]
    RedirectLoop {
        /// The number of redirections followed.
        hops: usize,
        /// The portal that the last redirection named.
        portal: Portal,
    },
    /// The target redirected the login to a portal outside [`Config::redirect_to`](crate::Config::redirect_to).
    #[error("login redirected to {portal}, which is not allowed")]
    RedirectRefused {
        /// The portal that the redirection named.
        portal: Portal,
    },
    /// The target broke the protocol in full feature phase; the session has ended.
    #[error("target broke the protocol")]
    Protocol(#[source] ProtocolError),
    /// The target dropped the session, or announced that it would.
    #[error("target ended the session: {0}")]
    SessionEnded(String),
    /// The target requested the end of the session ([RFC 7143, section
    /// 11.9.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.9.1)); the initiator has logged out.
    #[error("target requested a logout, and the session is logged out")]
    LogoutRequested,
    /// The caller has logged the session out before this call.
    #[error("the session is logged out")]
    LoggedOut,
    /// The target did not grant the logout.
    #[error("target answered the logout with code {}", .0.0)]
    Logout(LogoutResponseCode),
    /// A SCSI command ended in a status other than GOOD.
    #[error("{command} failed: {status}{}", .sense.as_ref().map(|sense| format!(", {sense}")).unwrap_or_default())]
    Command {
        /// The command's name.
        command: &'static str,
        /// The SCSI status.
        status: ScsiStatus,
        /// Sense data, with CHECK CONDITION.
        sense: Option<SenseData>,
    },
    /// A SCSI command ended with a good status although not all of its data moved; none of the data are returned.
    #[error("{command} is not complete although its status is good: {incomplete}")]
    Incomplete {
        /// The command's name.
        command: &'static str,
        /// The missing or surplus data.
        incomplete: Incomplete,
    },
    /// Written data may not be stable: the logical unit has a volatile write cache and no command to
    /// flush it.
    #[error(
        "written data may not be stable: the logical unit has a volatile write cache (WCE=1) and does not support \
         SYNCHRONIZE CACHE"
    )]
    NotFlushed,
    /// The logical unit is write-protected; nothing was sent.
    #[error("logical unit {lun} is write-protected")]
    WriteProtected {
        /// The logical unit.
        lun: Lun,
    },
    /// The logical unit does not support a command without which the request cannot be met; nothing was sent.
    #[error("logical unit {lun} does not support {command}")]
    NotSupported {
        /// The logical unit.
        lun: Lun,
        /// The command's name.
        command: &'static str,
    },
    /// The target could not carry the command out (iSCSI response other than 0).
    #[error("target failed to carry out {command}: response 0x{:02x}", .response.0)]
    TargetFailure {
        /// The command's name.
        command: &'static str,
        /// The iSCSI response.
        response: ScsiResponseCode,
    },
    /// A command may have been carried out: the session that sent it was lost, and another one did not send it again.
    #[error("{command} may have been carried out: its session was lost{}", .old_task.words())]
    Ambiguous {
        /// The command's name.
        command: &'static str,
        /// What is known of it.
        old_task: OldTask,
    },
    /// Writes that were acknowledged may be lost: the logical unit was reset or lost power before they were flushed. Said once,
    /// by the next flush.
    #[error(
        "acknowledged writes to logical unit {lun} may be lost: it was reset or lost power before they were flushed"
    )]
    WritesMayBeLost {
        /// The logical unit.
        lun: Lun,
    },
    /// A request was not sent: the session was lost, and there was no other one in time.
    #[error("{request} was not sent: the session is lost, and there is no other one yet")]
    NoSession {
        /// The request.
        request: &'static str,
    },
    /// A logical unit is another one than before the session was lost. Nothing was sent to it, and the session is over.
    #[error("logical unit {lun} is another one than before the session was lost: {property} differs")]
    OtherUnit {
        /// The logical unit.
        lun: Lun,
        /// The property in which it differs.
        property: &'static str,
    },
    /// Another initiator has reserved a logical unit while the session was lost, so its commands were not sent again. The session
    /// is over.
    #[error("logical unit {lun} is reserved by another initiator since the session was lost")]
    ReservationConflict {
        /// The logical unit.
        lun: Lun,
    },
    /// The target closed three sessions in a row right after their logins, as it does when another initiator logs in with the same
    /// name and ISID ([RFC 7143, section 6.3.5](https://www.rfc-editor.org/rfc/rfc7143#section-6.3.5)). The session is over.
    #[error("target closed three sessions in a row right after their logins")]
    TakenOver,
    /// A command was aborted, and the session goes on.
    #[error("{command} was aborted {}", .abort)]
    Aborted {
        /// The command's name.
        command: &'static str,
        /// The cause, and what the target did of the command.
        abort: Abort,
    },
    /// The target rejected a request, which it did not carry out; the session goes on
    /// ([RFC 7143, section 11.17](https://www.rfc-editor.org/rfc/rfc7143#section-11.17)).
    #[error("target rejected {request}: {}", .reason.meaning())]
    Rejected {
        /// The name of the request.
        request: &'static str,
        /// The reason.
        reason: RejectReason,
    },
    /// The target did not carry a task management function out
    /// ([RFC 7143, section 11.6.1](https://www.rfc-editor.org/rfc/rfc7143#section-11.6.1)).
    #[error("{function} was not carried out: {}", task_management_answer(*.response))]
    TaskManagement {
        /// The name of the function.
        function: &'static str,
        /// The target's answer; `None` if there was none in time.
        response: Option<TaskManagementResponseCode>,
    },
    /// The data of a command do not have the form or the length that its standard requires.
    #[error("unusable answer to {command}: {reason}")]
    InvalidResponse {
        /// The command's name.
        command: &'static str,
        /// The reason.
        reason: String,
    },
}

impl Error {
    /// Returns what to change, in terms of this library's settings, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Secrets(error) => error.remedy(),
            error => error.advice().map(|advice| advice.to_string()),
        }
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

impl Error {
    /// The error of every request that the end of its session left open.
    pub(crate) fn of_end(end: &End, portal: &Portal) -> Self {
        match end {
            End::LoggedOut(LogoutCause::Initiator, LogoutResponseCode::CLOSED) => Self::LoggedOut,
            End::LoggedOut(LogoutCause::Target, LogoutResponseCode::CLOSED) => Self::LogoutRequested,
            End::LoggedOut(_, code) => Self::Logout(*code),
            End::Failed(failure) => Self::of_failure(failure, portal),
        }
    }

    fn of_failure(failure: &Failure, portal: &Portal) -> Self {
        match failure {
            Failure::Closed => Self::lost(portal, &"closed by the target"),
            Failure::Lost(reason) => Self::lost(portal, reason),
            Failure::Digest(error) => Self::Protocol((*error).into()),
            Failure::Gap(error) | Failure::Format(error) => Self::Protocol(error.clone()),
            Failure::Rejected(reason) => Self::Protocol(ProtocolError::Rejected(*reason)),
            Failure::Silent(silence) => Self::of_silence(silence),
            Failure::Announced { event, time2wait } => Self::SessionEnded(format!(
                "it announced that it drops the connection (event {}), and accepts a new one after {time2wait} s",
                event.0
            )),
        }
    }

    fn of_silence(silence: &Silence) -> Self {
        let limit = silence.limit;
        match (silence.operation, silence.logout_requested) {
            (Some(operation), false) => Self::Timeout { operation, limit },
            (Some(operation), true) => Self::SessionEnded(format!(
                "it requested a logout, and answered neither that nor {operation} within {limit:?}"
            )),
            (None, false) => Self::Timeout { operation: "logout", limit },
            (None, true) => Self::Timeout { operation: "the logout that the target requested", limit },
        }
    }
}

impl From<CommandError> for Error {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Status { command, status, sense } => Self::Command { command, status, sense },
            CommandError::Incomplete { command, incomplete } => Self::Incomplete { command, incomplete },
            CommandError::InvalidResponse { command, reason } => Self::InvalidResponse { command, reason },
        }
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

/// The answer to a task management function, in words.
fn task_management_answer(response: Option<TaskManagementResponseCode>) -> String {
    match response {
        None => "no answer in time".to_owned(),
        Some(code) => format!("the target answers that {}", code.meaning()),
    }
}

/// The redirections of a login that timed out, in words.
fn redirected(redirects: usize, first: &Portal) -> String {
    match redirects {
        0 => String::new(),
        1 => format!(" (redirected once, from {first})"),
        _ => format!(" (redirected {redirects} times, beginning at {first})"),
    }
}
