//! The negotiation of a discovery session.

use iscsi_login::initiator::{self, SessionType, Step};
use iscsi_login::{Authentication, LoginError};

use crate::scripted::{Play, RESPONSE, answer, config, grant, mutual};

fn discovery(authentication: Authentication<'static>) -> Play {
    Play::begin(initiator::LoginConfig { session_type: SessionType::Discovery, ..config(authentication) })
}

#[test]
fn dis_11_error_recovery_level_is_0() {
    let asked = discovery(Authentication::None);
    assert_eq!(asked.value("ErrorRecoveryLevel").as_deref(), Some("0"));
    let answers: [&[(&str, &str)]; 3] =
        [&[], &[("ErrorRecoveryLevel", "0")], &[("ErrorRecoveryLevel", "Irrelevant")]];
    for keys in answers {
        let Step::Complete(completed) =
            discovery(Authentication::None).step(|request| grant(request, keys)).unwrap()
        else {
            panic!("not complete")
        };
        assert_eq!(completed.parameters.error_recovery_level, 0);
    }
    for level in ["1", "2"] {
        let play = discovery(Authentication::None);
        let error = play.fails(|request| grant(request, &[("ErrorRecoveryLevel", level)]));
        assert!(matches!(error, LoginError::Protocol(_)), "{level}: {error}");
    }
}

/// One connection, even if the target offers more.
#[test]
fn dis_12_one_connection() {
    let play = discovery(Authentication::None).on(|request| answer(request, &[("MaxConnections", "8")]));
    let Step::Complete(completed) = play.step(|request| grant(request, &[])).unwrap() else {
        panic!("not complete")
    };
    assert_eq!(completed.parameters.max_connections, 1);
}

/// The rules of a Normal session apply, except that there is no target name.
#[test]
fn chp_30_authentication_of_a_discovery() {
    let play = discovery(mutual());
    assert_eq!(play.value("AuthMethod").as_deref(), Some("CHAP"));
    assert_eq!(play.value("TargetName"), None);
    let challenge = [("CHAP_A", "5"), ("CHAP_I", "33"), ("CHAP_C", "0xa1b2c3d4e5f60718293a4b5c6d7e8f90")];
    let at_response = || {
        discovery(mutual())
            .on(|request| answer(request, &[("AuthMethod", "CHAP")]))
            .on(|request| answer(request, &challenge))
    };
    assert!(at_response().step(|request| grant(request, &[])).is_err());
    let play = at_response().on(|request| grant(request, &RESPONSE));
    assert!(matches!(play.step(|request| grant(request, &[])), Ok(Step::Complete(_))));
}
