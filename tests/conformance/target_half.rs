//! The target's half by itself: what it refuses, and with which status.

use bytes::Bytes;
use iscsi_login::initiator::{self, SessionType};
use iscsi_login::{
    Authentication, ChapAlgorithm, LoginError, Nonce, Offer, Parameters, ProtocolViolation, target,
};
use iscsi_pdu::{LoginRequest, LoginResponse, LoginStatus, SerialNumber, Stage, TextKeys};

use crate::scripted::{PROOF, Play, answer, config, grant, mutual, names};

fn accounts() -> [target::Account<'static>; 1] {
    [target::Account { name: names().1, authentication: Authentication::None }]
}

fn portal<'a>(accounts: &'a [target::Account<'static>]) -> target::Login<'a> {
    target::Login::new(target::Config {
        accounts,
        discovery: Authentication::None,
        algorithms: &ChapAlgorithm::ALL,
        offer: Offer::default(),
        portal_group_tag: 3,
        tsih: 77,
        stat_sn: SerialNumber(0),
        nonce: Nonce::from_random([3; Nonce::LENGTH]),
    })
}

/// The first request of a login without authentication, changed.
fn first(change: impl FnOnce(&mut LoginRequest)) -> LoginRequest {
    let mut request = Play::begin(config(Authentication::None)).request;
    change(&mut request);
    request
}

fn status(request: &LoginRequest) -> LoginStatus {
    match portal(&accounts()).receive(request) {
        target::Step::Send(_, response)
        | target::Step::Complete(response, _)
        | target::Step::Refuse(response, _) => response.status,
    }
}

#[test]
fn first_requests_that_are_refused() {
    assert_eq!(status(&first(|_| {})), LoginStatus::SUCCESS);
    assert_eq!(status(&first(|request| request.version_min = 1)), LoginStatus::UNSUPPORTED_VERSION);
    assert_eq!(status(&first(|request| request.tsih = 1)), LoginStatus::SESSION_DOES_NOT_EXIST);
    assert_eq!(status(&first(|request| request.continues = true)), LoginStatus::INITIATOR_ERROR);
    assert_eq!(status(&first(|request| request.text = Bytes::new())), LoginStatus::MISSING_PARAMETER);
    for (current, next) in [(0, 0), (0, 2), (1, 0), (1, 1), (1, 2), (2, 3), (3, 3)] {
        let out_of_place = first(|request| {
            (request.current_stage, request.next_stage) = (Stage(current), Stage(next));
        });
        assert_eq!(status(&out_of_place), LoginStatus::INVALID_DURING_LOGIN, "{current} to {next}");
    }
}

/// Fields that stay the same, and the stage, in the second request.
#[test]
fn second_requests_that_are_refused() {
    let changes: [fn(&mut LoginRequest); 5] = [
        |request| request.itt.0 += 1,
        |request| request.isid.0[5] ^= 1,
        |request| request.cid += 1,
        |request| request.cmd_sn = request.cmd_sn.next(),
        |request| request.current_stage = Stage::SECURITY,
    ];
    let accounts = accounts();
    for (at, change) in changes.into_iter().enumerate() {
        let mut request = first(|request| request.transit = false);
        let target::Step::Send(login, _) = portal(&accounts).receive(&request) else { panic!("refused") };
        request.text = Bytes::new();
        change(&mut request);
        assert!(matches!(login.receive(&request), target::Step::Refuse(..)), "{at}");
    }
}

/// The portal group is told in a Normal session and not in a discovery, and 64 commands may follow.
#[test]
fn what_the_first_response_says() {
    for (session_type, tag) in [(SessionType::Normal(names().1), Some("3")), (SessionType::Discovery, None)] {
        let request = Play::begin(initiator::Config { session_type, ..config(Authentication::None) }).request;
        let target::Step::Complete(response, completed) = portal(&accounts()).receive(&request) else {
            panic!("not complete")
        };
        let keys = TextKeys::parse(&response.text).unwrap();
        assert_eq!(keys.get("TargetPortalGroupTag"), tag);
        assert_eq!(completed.account, tag.map(|_| 0));
        let window = response.numbers.exp_cmd_sn.distance_to(response.numbers.max_cmd_sn);
        assert_eq!((window, response.numbers.exp_cmd_sn), (63, request.cmd_sn));
    }
}

/// From the security stage straight to full feature phase: everything at its default.
#[test]
fn log_13_a_login_of_one_stage() {
    let request = first(|request| {
        (request.current_stage, request.next_stage) = (Stage::SECURITY, Stage::FULL_FEATURE);
        request.text = Bytes::from_static(
            b"InitiatorName=iqn.2001-04.com.example:host\0TargetName=iqn.2001-04.com.example:disk\0AuthMethod=None\0",
        );
    });
    let target::Step::Complete(response, completed) = portal(&accounts()).receive(&request) else {
        panic!("not complete")
    };
    assert_eq!((response.transit, response.next_stage), (true, Stage::FULL_FEATURE));
    let mut defaults = Parameters::default();
    defaults.max_recv_data_segment_length = Offer::default().parameters.max_recv_data_segment_length;
    assert_eq!(completed.parameters, defaults);
}

/// LOG-14 for our half: back to an earlier stage is a broken header, further than asked is an attempt to skip.
#[test]
fn log_14_transitions_to_other_stages() {
    let to = |stage| {
        Play::at_proof("5")
            .fails(move |request| LoginResponse { next_stage: stage, ..grant(request, &PROOF) })
    };
    let broken = to(Stage::SECURITY);
    assert!(
        matches!(broken, LoginError::Protocol(ProtocolViolation::Header { field: "NSG", .. })),
        "{broken}"
    );
    assert!(matches!(to(Stage::FULL_FEATURE), LoginError::NotAuthenticated(_)));
    let open = Play::at_parameters()
        .fails(|request| LoginResponse { next_stage: Stage::OPERATIONAL, ..grant(request, &[]) });
    assert!(matches!(open, LoginError::Protocol(ProtocolViolation::Header { field: "NSG", .. })), "{open}");
    let slow = Play::begin(config(mutual())).on(|request| answer(request, &[("AuthMethod", "CHAP")]));
    assert!(!slow.request.transit);
}
