use iscsi_login::{ConfigError, ProtocolViolation, TargetAuthError};
use iscsi_pdu::{AsyncEvent, LogoutResponseCode, Portal, RejectReason, Stage};
use iscsi_secrets::StoreError;

use super::*;
use crate::error::LoginStep;
use crate::session::{ProtocolError, Silence};

const AT_ONCE: Decision = Decision::LogInAgain(Duration::ZERO);

fn after(end: &End) -> Decision {
    Decision::after_session(end, RecoveryLevel::Session)
}

/// Each way in which a session ends.
#[test]
fn ends_of_sessions() {
    let broken = ProtocolError::Value { pdu: "R2T", rule: "", received: 0 };
    let silence = Silence { operation: None, logout_requested: false, limit: Duration::ZERO };
    let opcode = iscsi_pdu::Error::Opcode { received: iscsi_pdu::Opcode(0), expected: "" };
    let failures = [
        Failure::Closed,
        Failure::Lost(String::new()),
        Failure::Digest(opcode),
        Failure::Gap(broken.clone()),
        Failure::Format(broken),
        Failure::Rejected(RejectReason(1)),
        Failure::Silent(silence),
    ];
    for failure in failures {
        assert_eq!(after(&End::Failed(failure.clone())), AT_ONCE, "{failure:?}");
    }
    let announced = Failure::Announced { event: AsyncEvent::SESSION_DROP, time2wait: 17 };
    assert_eq!(after(&End::Failed(announced)), Decision::LogInAgain(Duration::from_secs(17)));
    for code in 0..4 {
        let logged_out = |cause| End::LoggedOut(cause, LogoutResponseCode(code));
        assert_eq!(after(&logged_out(LogoutCause::Initiator)), Decision::GiveUp);
        assert_eq!(after(&logged_out(LogoutCause::Target)), AT_ONCE);
    }
}

fn portal() -> Portal {
    "192.0.2.1".parse().unwrap()
}

fn login(error: LoginError) -> Error {
    Error::Login { portal: portal(), stage: Stage::SECURITY, error }
}

/// The target may do better next time.
#[test]
fn logins_that_are_worth_another_attempt() {
    let reason = String::new();
    let limit = Duration::ZERO;
    let errors = [
        Error::Connect { portal: portal(), reason: reason.clone() },
        Error::ConnectionLost { portal: portal(), reason: reason.clone() },
        Error::ClosedDuringLogin { portal: portal(), stage: Stage::SECURITY, reason },
        Error::LoginTimeout {
            portal: portal(),
            redirects: 0,
            first: portal(),
            step: LoginStep::Connecting,
            limit,
        },
        Error::Timeout { operation: "the wait for other logins", limit },
        Error::RedirectLoop { hops: 5, portal: portal() },
        Error::RedirectRefused { portal: portal() },
        Error::MalformedDuringLogin {
            portal: portal(),
            stage: Stage::SECURITY,
            error: ProtocolError::Value { pdu: "Login Response", rule: "", received: 0 },
        },
        Error::Secrets(StoreError::ReadOnly),
        login(LoginError::Protocol(ProtocolViolation::HeaderValue { field: "", received: 0, rule: "" })),
    ];
    for error in errors {
        assert_eq!(Decision::after_login(&error), AT_ONCE, "{error}");
    }
}

/// Another attempt would end in the same way, and may lock an account.
#[test]
fn logins_that_are_final() {
    let errors = [
        login(LoginError::NotAuthenticated(TargetAuthError::NoResponse)),
        login(LoginError::NotAuthenticated(TargetAuthError::OwnResponse)),
        login(LoginError::Config(ConfigError::OneSecretForBothDirections)),
        Error::AuthPolicy(String::new()),
        Error::Random,
        Error::InvalidArgument(String::new()),
        Error::IsidsExhausted { limit: 1 },
    ];
    for error in errors {
        assert_eq!(Decision::after_login(&error), Decision::GiveUp, "{error}");
    }
}

/// Each status of a login by which a target refuses it.
#[test]
fn refusals() {
    for status in 0x0100..=0x04ff {
        let error = login(LoginError::Refused { stage: Stage::SECURITY, status: LoginStatus(status) });
        let is_passing = [0x0203, 0x0206].contains(&status) || status >> 8 == 3;
        let expected = if is_passing { AT_ONCE } else { Decision::GiveUp };
        assert_eq!(Decision::after_login(&error), expected, "{status:#06x}");
    }
}
