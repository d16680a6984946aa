use super::*;
use crate::session::{AbortCause, Extent};
use iscsi_login::{ProtocolViolation, TargetAuthError};
use iscsi_pdu::LoginStatus;

fn portal(port: u16) -> Portal {
    Portal { host: "192.0.2.1".to_owned(), port }
}

fn refused(stage: Stage, status: LoginStatus) -> Error {
    Error::Login { portal: portal(3260), stage, error: LoginError::Refused { stage, status } }
}

fn not_authenticated(error: TargetAuthError) -> Error {
    Error::Login { portal: portal(3260), stage: Stage::SECURITY, error: error.into() }
}

fn violation(error: ProtocolViolation) -> Error {
    Error::Login { portal: portal(3260), stage: Stage::SECURITY, error: error.into() }
}

fn command(status: ScsiStatus, sense: Option<(u8, u8, u8)>) -> Error {
    let sense = sense.map(|(key, asc, ascq)| SenseData::new(crate::scsi::SenseKey(key), asc, ascq));
    Error::Command { command: "WRITE (10)", status, sense }
}

fn login_timeout(redirects: usize, step: LoginStep) -> Error {
    let limit = Duration::from_secs(30);
    Error::LoginTimeout { portal: portal(3261), redirects, first: portal(3260), step, limit }
}

fn aborted(cause: AbortCause) -> Error {
    Error::Aborted { command: "READ (10)", abort: Abort { cause, extent: Extent::Aborted } }
}

const fn rejected(reason: RejectReason) -> Error {
    Error::Rejected { request: "LOGICAL UNIT RESET", reason }
}

const fn unmanaged(response: Option<TaskManagementResponseCode>) -> Error {
    Error::TaskManagement { function: "LOGICAL UNIT RESET", response }
}

/// Errors with the advice they lead to.
fn advised() -> Vec<(Error, Advice)> {
    let chosen = || "None".to_owned();
    let lost = || String::from("reset");
    let closed = |stage| Error::ClosedDuringLogin { portal: portal(3260), stage, reason: lost() };
    let rule = |key| ProtocolViolation::Rule { key, rule: "a rule" };
    vec![
        (Error::Credentials(ConfigError::OneSecretForBothDirections), Advice::SeparateSecrets),
        (Error::Credentials(ConfigError::SecretLength { length: 11 }), Advice::SecretLength),
        (Error::Credentials(ConfigError::ChapName { length: 0 }), Advice::ChapName),
        (Error::Credentials(ConfigError::NoAlgorithm), Advice::NameAlgorithm),
        (Error::AuthPolicy(String::new()), Advice::MissingSecret),
        (Error::IsidsExhausted { limit: 1 }, Advice::EndSessions),
        (Error::Connect { portal: portal(3260), reason: lost() }, Advice::CheckPortal),
        (closed(Stage::SECURITY), Advice::ClosedDuringAuthentication),
        (closed(Stage::OPERATIONAL), Advice::ClosedDuringNegotiation),
        (login_timeout(0, LoginStep::Connecting), Advice::CheckRoute),
        (login_timeout(0, LoginStep::Negotiating(Stage::SECURITY)), Advice::LoginTimeout),
        (Error::Timeout { operation: "READ (10)", limit: Duration::ZERO }, Advice::CommandTimeout),
        (Error::RedirectRefused { portal: portal(3260) }, Advice::AllowRedirect),
        (Error::RedirectLoop { hops: 2, portal: portal(3260) }, Advice::RedirectLoop),
        (Error::LogoutRequested, Advice::LogInAgain),
        (refused(Stage::OPERATIONAL, LoginStatus::AUTHENTICATION_FAILURE), Advice::CredentialsRequired),
        (refused(Stage::SECURITY, LoginStatus::AUTHENTICATION_FAILURE), Advice::CheckCredentials),
        (refused(Stage::SECURITY, LoginStatus::AUTHORIZATION_FAILURE), Advice::AccessList),
        (refused(Stage::SECURITY, LoginStatus::INITIATOR_ERROR), Advice::UnexplainedInAuthentication),
        (refused(Stage::OPERATIONAL, LoginStatus::INITIATOR_ERROR), Advice::UnexplainedInNegotiation),
        (refused(Stage::SECURITY, LoginStatus::NOT_FOUND), Advice::IscsiName),
        (refused(Stage::SECURITY, LoginStatus::TARGET_REMOVED), Advice::IscsiName),
        (refused(Stage::SECURITY, LoginStatus::TOO_MANY_CONNECTIONS), Advice::EndSessions),
        (refused(Stage::SECURITY, LoginStatus::SERVICE_UNAVAILABLE), Advice::TargetUnavailable),
        (refused(Stage::SECURITY, LoginStatus::OUT_OF_RESOURCES), Advice::TargetUnavailable),
        (refused(Stage::SECURITY, LoginStatus::TARGET_ERROR), Advice::TargetUnavailable),
        (not_authenticated(TargetAuthError::Method { chosen: chosen() }), Advice::TargetWithoutChap),
        (not_authenticated(TargetAuthError::Skipped { next: Stage::OPERATIONAL }), Advice::TargetWithoutChap),
        (
            not_authenticated(TargetAuthError::Algorithm { chosen: iscsi_login::ChapAlgorithm::Md5 }),
            Advice::Algorithm,
        ),
        (violation(rule("CHAP_A")), Advice::Algorithm),
        (not_authenticated(TargetAuthError::NoResponse), Advice::TargetWithoutSecret),
        (not_authenticated(TargetAuthError::WrongResponse { name: chosen() }), Advice::WrongTargetSecret),
        (
            not_authenticated(TargetAuthError::WrongName { expected: chosen(), received: chosen() }),
            Advice::WrongTargetName,
        ),
        (not_authenticated(TargetAuthError::OwnResponse), Advice::Reflection),
        (not_authenticated(TargetAuthError::ReflectedChallenge), Advice::Reflection),
        (violation(rule("HeaderDigest")), Advice::Digest),
        (violation(rule("DataDigest")), Advice::Digest),
        (command(ScsiStatus::RESERVATION_CONFLICT, None), Advice::Reservation),
        (command(ScsiStatus::BUSY, None), Advice::Overloaded),
        (command(ScsiStatus::TASK_SET_FULL, None), Advice::Overloaded),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x2, 0x04, 0x00))), Advice::NotReady),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x2, 0x04, 0x01))), Advice::BecomingReady),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x2, 0x04, 0x02))), Advice::NotStarted),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x2, 0x04, 0x03))), Advice::NotReady),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x2, 0x04, 0x0a))), Advice::PathInTransition),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x2, 0x04, 0x0b))), Advice::PathInStandby),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x2, 0x04, 0x0c))), Advice::PathUnavailable),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x2, 0x3a, 0x01))), Advice::NoMedium),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x5, 0x21, 0x00))), Advice::OutOfRange),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x5, 0x25, 0x00))), Advice::NoSuchUnit),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x7, 0x27, 0x00))), Advice::WriteProtected),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x7, 0x27, 0x02))), Advice::WriteProtected),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x7, 0x27, 0x07))), Advice::OutOfSpace),
        (command(ScsiStatus::CHECK_CONDITION, Some((0x5, 0x55, 0x04))), Advice::Overloaded),
        (aborted(AbortCause::Timeout), Advice::CommandTimeout),
        (aborted(AbortCause::Requested("LOGICAL UNIT RESET")), Advice::SendAgain),
        (rejected(RejectReason::COMMAND_NOT_SUPPORTED), Advice::UnsupportedRequest),
        (rejected(RejectReason::TOO_MANY_IMMEDIATE_COMMANDS), Advice::Overloaded),
        (rejected(RejectReason::WAITING_FOR_LOGOUT), Advice::LogInAgain),
        (unmanaged(Some(TaskManagementResponseCode::LUN_DOES_NOT_EXIST)), Advice::NoSuchUnit),
        (unmanaged(Some(TaskManagementResponseCode::FUNCTION_NOT_SUPPORTED)), Advice::UnsupportedFunction),
        (unmanaged(Some(TaskManagementResponseCode::AUTHORIZATION_FAILED)), Advice::PermitFunction),
        (unmanaged(Some(TaskManagementResponseCode::FUNCTION_REJECTED)), Advice::FunctionRejected),
        (unmanaged(None), Advice::FunctionTimeout),
    ]
}

#[test]
fn every_error_leads_to_its_advice() {
    for (error, advice) in advised() {
        assert_eq!(error.advice(), Some(advice), "{error}");
    }
}

/// Other users of the library have no flags and no command line.
#[test]
fn hints_of_the_library_name_its_settings_and_no_flag() {
    for (error, _) in advised() {
        let hint = error.hint().unwrap();
        assert!(!hint.contains("--") && !hint.contains('`') && !hint.contains("iscsi "), "{error}: {hint}");
    }
}

#[test]
fn errors_that_nobody_can_help_have_no_hint() {
    let unhelpful = [
        Error::Random,
        Error::LoggedOut,
        Error::InvalidArgument("no".to_owned()),
        command(ScsiStatus::CHECK_CONDITION, Some((0xb, 0x47, 0x05))),
        command(ScsiStatus::TASK_ABORTED, None),
        refused(Stage::SECURITY, LoginStatus::UNSUPPORTED_VERSION),
        violation(ProtocolViolation::MissingKey { key: "AuthMethod" }),
        Error::Credentials(ConfigError::Alias(iscsi_pdu::ValueError::Character)),
    ];
    for error in unhelpful {
        assert_eq!((error.advice(), error.hint()), (None, None), "{error}");
    }
}

#[test]
fn a_login_without_an_answer_names_portal_redirections_and_stage() {
    let error = login_timeout(0, LoginStep::Connecting);
    assert_eq!(error.to_string(), "login to 192.0.2.1:3261 took longer than 30s, while connecting");
    let error = login_timeout(1, LoginStep::Negotiating(Stage::SECURITY));
    assert!(error.to_string().ends_with(
        "took longer than 30s, during security negotiation (redirected once, from 192.0.2.1:3260)"
    ));
    let error = login_timeout(2, LoginStep::Negotiating(Stage::OPERATIONAL));
    assert!(
        error
            .to_string()
            .ends_with("during operational negotiation (redirected 2 times, beginning at 192.0.2.1:3260)")
    );
    assert_eq!(error.fault(), Fault::Network);
}

/// The text has the value received and the rule, and no expected value where there is none.
#[test]
fn a_rule_with_many_right_values_names_none_of_them() {
    let error = ProtocolError::Value { pdu: "R2T", rule: "its task tag names no task", received: 0x1f };
    assert_eq!(error.to_string(), "R2T: its task tag names no task (got 0x1f)");
    let error = ProtocolViolation::HeaderValue { field: "TSIH", received: 0, rule: "not 0 in a new session" };
    assert_eq!(error.to_string(), "TSIH is 0x0: not 0 in a new session");
}

/// LGO-04: the error of a session's end, by the side that requested it and the target's response.
#[test]
fn lgo_04_what_the_end_of_a_session_is_called() {
    let (closed, refused) = (LogoutResponseCode::CLOSED, LogoutResponseCode(3));
    for (end, error) in [
        (End::LoggedOut(LogoutCause::Initiator, closed), Error::LoggedOut),
        (End::LoggedOut(LogoutCause::Target, closed), Error::LogoutRequested),
        (End::LoggedOut(LogoutCause::Initiator, refused), Error::Logout(refused)),
        (End::LoggedOut(LogoutCause::Target, refused), Error::Logout(refused)),
    ] {
        assert_eq!(Error::of_end(&end, &portal(3260)), error);
    }
}

/// The error of each failure, with the portal of a connection that is lost.
#[test]
fn the_errors_of_failures() {
    let digest = iscsi_pdu::Error::Digest { part: iscsi_pdu::DigestPart::Data, computed: 1, received: 2 };
    let broken = ProtocolError::Value { pdu: "R2T", rule: "a rule", received: 1 };
    let reason = iscsi_pdu::RejectReason::PROTOCOL_ERROR;
    for (failure, error) in [
        (Failure::Closed, Error::lost(&portal(3260), &"closed by the target")),
        (Failure::Lost("reset".to_owned()), Error::lost(&portal(3260), &"reset")),
        (Failure::Digest(digest), Error::Protocol(digest.into())),
        (Failure::Gap(broken.clone()), Error::Protocol(broken.clone())),
        (Failure::Format(broken.clone()), Error::Protocol(broken)),
        (Failure::Rejected(reason), Error::Protocol(ProtocolError::Rejected(reason))),
    ] {
        assert_eq!(Error::of_end(&End::Failed(failure), &portal(3260)), error);
    }
    let event = iscsi_pdu::AsyncEvent::SESSION_DROP;
    let announced = Error::of_end(&End::Failed(Failure::Announced { event, time2wait: 7 }), &portal(3260));
    let Error::SessionEnded(words) = &announced else { panic!("{announced}") };
    assert!(words.contains("event 3") && words.contains("7 s"), "{words}");
}

/// LGO-07: a limit that was exceeded names the request, the logout, or the logout that the target requested.
#[test]
fn lgo_07_the_errors_of_silence() {
    let limit = Duration::from_mins(1);
    let error = |operation, logout_requested| {
        let silence = Silence { operation, logout_requested, limit };
        Error::of_end(&End::Failed(Failure::Silent(silence)), &portal(3260))
    };
    assert_eq!(error(Some("READ (10)"), false), Error::Timeout { operation: "READ (10)", limit });
    assert_eq!(error(None, false), Error::Timeout { operation: "logout", limit });
    let requested = Error::Timeout { operation: "the logout that the target requested", limit };
    assert_eq!(error(None, true), requested);
    let both = error(Some("READ (10)"), true);
    assert!(both.to_string().contains("neither that nor READ (10) within 60s"), "{both}");
}
