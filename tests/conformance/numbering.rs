//! Sequence numbers of a login.

use iscsi_login::initiator::Step;
use iscsi_login::{Authentication, LoginError};
use iscsi_pdu::{LoginRequest, LoginResponse, LoginStatus, SequenceNumbers, SerialNumber, Stage};

use crate::scripted::{Play, RESPONSE, answer, config, grant, mutual};

/// This response under the target's own status number.
fn numbered(response: LoginResponse, stat_sn: u32) -> LoginResponse {
    let numbers = SequenceNumbers { stat_sn: SerialNumber(stat_sn), ..response.numbers };
    LoginResponse { numbers, ..response }
}

/// One number for all Login Requests, and for the first command.
#[test]
fn num_02_a_login_uses_up_no_number() {
    let play = Play::at_response("5");
    assert_eq!(play.request.cmd_sn, SerialNumber(1000));
    let play = play.on(|request| grant(request, &RESPONSE));
    assert_eq!(play.request.cmd_sn, SerialNumber(1000));
    let Step::Complete(completed) = play.step(|request| grant(request, &[])).unwrap() else {
        panic!("not complete")
    };
    assert_eq!(completed.cmd_sn, SerialNumber(1000));
}

/// Status numbers begin with the number of the first response; each request acknowledges the response before.
#[test]
fn num_09_status_numbers_begin_with_the_first_response() {
    for first in [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, u32::MAX] {
        let play = Play::begin(config(mutual()));
        assert_eq!(play.request.exp_stat_sn, SerialNumber(0));
        let play = play.on(|request| numbered(answer(request, &[("AuthMethod", "CHAP")]), first));
        assert_eq!(play.request.exp_stat_sn, SerialNumber(first.wrapping_add(1)));
        let challenge = [("CHAP_A", "5"), ("CHAP_I", "33"), ("CHAP_C", "0xa1b2c3d4e5f60718293a4b5c6d7e8f90")];
        let play = play.on(|request| numbered(answer(request, &challenge), first.wrapping_add(1)));
        assert_eq!(play.request.exp_stat_sn, SerialNumber(first.wrapping_add(2)));
    }
    let last = Play::begin(config(Authentication::None));
    let Step::Complete(completed) = last.step(|request| numbered(grant(request, &[]), u32::MAX)).unwrap()
    else {
        panic!("not complete")
    };
    assert_eq!(completed.exp_stat_sn, SerialNumber(0));
}

/// The numbers of a refusal or a redirection are ignored.
#[test]
fn num_18_numbers_of_refusals_are_not_looked_at() {
    let wild = |request: &LoginRequest, status| {
        let numbers = SequenceNumbers {
            stat_sn: SerialNumber(0xdead_beef),
            exp_cmd_sn: SerialNumber(0x4000_0000),
            max_cmd_sn: SerialNumber(3),
        };
        let address = [("TargetAddress", "10.0.0.1,1")];
        LoginResponse { status, numbers, ..answer(request, &address) }
    };
    let error = Play::at_response("5").fails(|request| wild(request, LoginStatus::SERVICE_UNAVAILABLE));
    let expected = LoginError::Refused { stage: Stage::SECURITY, status: LoginStatus::SERVICE_UNAVAILABLE };
    assert_eq!(error, expected);
    let moved = Play::at_response("5").step(|request| wild(request, LoginStatus::MOVED_TEMPORARILY));
    assert!(matches!(moved, Ok(Step::Redirect(redirect)) if redirect.addresses.len() == 1));
}
