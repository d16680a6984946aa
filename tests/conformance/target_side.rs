//! The target's side: its answers to offers, its refusals and their statuses.

use bytes::Bytes;
use iscsi_login::initiator::{self, SessionType};
use iscsi_login::{
    Authentication, ChapAlgorithm, DigestPreference, LoginError, Nonce, Offer, Parameters, ProtocolViolation,
    target,
};
use iscsi_pdu::{LoginRequest, LoginResponse, LoginStatus, SerialNumber, Stage, TextKeys};

use crate::scripted::{Play, RESPONSE, answer, config, grant, mutual, names};

fn accounts() -> [target::Account<'static>; 1] {
    [target::Account { name: names().1, authentication: Authentication::None }]
}

fn login() -> target::Login {
    target::Login::new(77, SerialNumber(0), Nonce::from_random([3; Nonce::LENGTH]))
}

fn portal<'a>(accounts: &'a [target::Account<'static>]) -> target::TargetConfig<'a> {
    portal_with(accounts, Offer::default())
}

fn portal_with<'a>(accounts: &'a [target::Account<'static>], offer: Offer) -> target::TargetConfig<'a> {
    target::TargetConfig {
        accounts,
        discovery: Authentication::None,
        algorithms: &ChapAlgorithm::ALL,
        offer,
        portal_group_tag: 3,
    }
}

/// The first request of a login without authentication, changed.
fn first(change: impl FnOnce(&mut LoginRequest)) -> LoginRequest {
    let mut request = Play::begin(config(Authentication::None)).request;
    change(&mut request);
    request
}

fn status(request: &LoginRequest) -> LoginStatus {
    match login().receive(&portal(&accounts()), request) {
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

/// Fields of the second request that must not change, and its stage.
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
        let config = portal(&accounts);
        let target::Step::Send(login, _) = login().receive(&config, &request) else { panic!("refused") };
        request.text = Bytes::new();
        change(&mut request);
        assert!(matches!(login.receive(&config, &request), target::Step::Refuse(..)), "{at}");
    }
}

/// CHP-22, LOG-17: a key that does not belong to its step of the security stage is refused, in each of them.
#[test]
fn chp_22_keys_out_of_place_are_refused() {
    let accounts = [target::Account { name: names().1, authentication: mutual() }];
    let settings = portal(&accounts);
    let with_a_key = |mut request: LoginRequest| {
        request.text = [&request.text[..], b"X-com.example.key=1\0"].concat().into();
        request
    };
    let Play { mut login, mut request } = Play::begin(config(mutual()));
    let mut portal = self::login();
    for step in 0..3 {
        let refused = portal.clone().receive(&settings, &with_a_key(request.clone()));
        assert!(matches!(refused, target::Step::Refuse(..)), "{step}");
        let target::Step::Send(next, response) = portal.receive(&settings, &request) else {
            panic!("refused")
        };
        let initiator::Step::Send(next_login, next_request) = login.receive(&response).unwrap() else {
            panic!("not sent")
        };
        (portal, login, request) = (next, next_login, next_request);
    }
    assert_eq!(request.current_stage, Stage::OPERATIONAL);
}

/// The target declares the portal group in a Normal session, not in a discovery session, and allows 64 commands.
#[test]
fn declarations_of_the_first_response() {
    for (session_type, tag) in [(SessionType::Normal(names().1), Some("3")), (SessionType::Discovery, None)] {
        let request =
            Play::begin(initiator::LoginConfig { session_type, ..config(Authentication::None) }).request;
        let target::Step::Complete(response, completed) = login().receive(&portal(&accounts()), &request)
        else {
            panic!("not complete")
        };
        let keys = TextKeys::parse(&response.text).unwrap();
        assert_eq!(keys.get("TargetPortalGroupTag"), tag);
        assert_eq!(completed.account, tag.map(|_| 0));
        let window = response.numbers.exp_cmd_sn.distance_to(response.numbers.max_cmd_sn);
        assert_eq!((window, response.numbers.exp_cmd_sn), (63, request.cmd_sn));
    }
}

/// The first request of a login that offers only this pair, and asks for full feature phase.
fn offering((key, value): (&str, &str)) -> LoginRequest {
    let names = "InitiatorName=iqn.2001-04.com.example:host\0TargetName=iqn.2001-04.com.example:disk\0";
    first(|request| request.text = format!("{names}{key}={value}\0").into())
}

/// NEG-29: the target answers an offer by the rule of its key, whichever side has which value.
#[test]
fn neg_29_answers_of_the_target() {
    type Row = (fn(&mut Offer), (&'static str, &'static str), &'static str);
    let r2t: fn(&mut Offer) = |own| own.parameters.initial_r2t = true;
    let no_r2t: fn(&mut Offer) = |own| own.parameters.initial_r2t = false;
    let immediate: fn(&mut Offer) = |own| own.parameters.immediate_data = true;
    let no_immediate: fn(&mut Offer) = |own| own.parameters.immediate_data = false;
    let burst: fn(&mut Offer) = |own| own.parameters.max_burst_length = 4096;
    let wait: fn(&mut Offer) = |own| own.parameters.default_time2wait = 5;
    let digest: fn(&mut Offer) = |own| own.header_digest = DigestPreference::AcceptCrc32c;
    let rows: [Row; 17] = [
        // OR
        (no_r2t, ("InitialR2T", "No"), "No"),
        (no_r2t, ("InitialR2T", "Yes"), "Yes"),
        (r2t, ("InitialR2T", "No"), "Yes"),
        (r2t, ("InitialR2T", "Yes"), "Yes"),
        (r2t, ("InitialR2T", "yes"), "Reject"),
        // AND
        (no_immediate, ("ImmediateData", "No"), "No"),
        (no_immediate, ("ImmediateData", "Yes"), "No"),
        (immediate, ("ImmediateData", "No"), "No"),
        (immediate, ("ImmediateData", "Yes"), "Yes"),
        (immediate, ("ImmediateData", "1"), "Reject"),
        // Minimum, maximum, list
        (burst, ("MaxBurstLength", "4095"), "4095"),
        (burst, ("MaxBurstLength", "4097"), "4096"),
        (burst, ("MaxBurstLength", "511"), "Reject"),
        (wait, ("DefaultTime2Wait", "4"), "5"),
        (wait, ("DefaultTime2Wait", "6"), "6"),
        (digest, ("HeaderDigest", "CRC32C,None"), "CRC32C"),
        (|_| {}, ("HeaderDigest", "CRC32C,None"), "None"),
    ];
    for (change, pair, expected) in rows {
        let mut offer = Offer::default();
        change(&mut offer);
        let accounts = accounts();
        let (target::Step::Send(_, response) | target::Step::Complete(response, _)) =
            login().receive(&portal_with(&accounts, offer), &offering(pair))
        else {
            panic!("{pair:?} is refused")
        };
        assert_eq!(TextKeys::parse(&response.text).unwrap().get(pair.0), Some(expected), "{pair:?}");
    }
}

/// NEG-06: after `Reject` the target delays the transition once, so that the initiator can give up the login.
#[test]
fn neg_06_no_transition_with_a_rejection() {
    let accounts = accounts();
    let mut request = offering(("HeaderDigest", "CRC32C"));
    let config = portal(&accounts);
    let target::Step::Send(login, response) = login().receive(&config, &request) else {
        panic!("not delayed")
    };
    assert_eq!(TextKeys::parse(&response.text).unwrap().get("HeaderDigest"), Some("Reject"));
    assert!(!response.transit);
    request.text = Bytes::new();
    let end = login.receive(&config, &request);
    assert!(matches!(end, target::Step::Complete(response, _) if response.transit));
}

/// From the security stage directly to full feature phase, with all defaults.
#[test]
fn log_13_a_login_of_one_stage() {
    let request = first(|request| {
        (request.current_stage, request.next_stage) = (Stage::SECURITY, Stage::FULL_FEATURE);
        request.text = Bytes::from_static(
            b"InitiatorName=iqn.2001-04.com.example:host\0TargetName=iqn.2001-04.com.example:disk\0AuthMethod=None\0",
        );
    });
    let target::Step::Complete(response, completed) = login().receive(&portal(&accounts()), &request) else {
        panic!("not complete")
    };
    assert_eq!((response.transit, response.next_stage), (true, Stage::FULL_FEATURE));
    let mut defaults = Parameters::default();
    defaults.max_recv_data_segment_length = Offer::default().parameters.max_recv_data_segment_length;
    assert_eq!(completed.parameters, defaults);
}

/// LOG-14 on the initiator's side: a transition to an earlier stage breaks the header rules, one beyond the requested stage is an
/// attempt to skip authentication.
#[test]
fn log_14_transitions_to_other_stages() {
    let to = |stage| {
        Play::at_response("5")
            .fails(move |request| LoginResponse { next_stage: stage, ..grant(request, &RESPONSE) })
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

/// A clone continues the login on its own, with the same challenge. A login whose account is gone from the settings is refused.
#[test]
fn a_cloned_login_and_a_lost_account() {
    let accounts = [target::Account { name: names().1, authentication: mutual() }];
    let request = Play::begin(config(mutual())).request;
    let target::Step::Send(login, _) = login().receive(&portal(&accounts), &request) else {
        panic!("refused")
    };
    let offer = LoginRequest { text: Bytes::from_static(b"CHAP_A=5\0"), ..request };
    let text = |login: target::Login, accounts: &[target::Account<'static>]| match login
        .receive(&portal(accounts), &offer)
    {
        target::Step::Send(login, response) => (Some(login), response.text, LoginStatus::SUCCESS),
        target::Step::Refuse(response, _) => (None, response.text, response.status),
        target::Step::Complete(..) => panic!("complete"),
    };
    let (first, second) = (text(login.clone(), &accounts), text(login, &accounts));
    assert!(!first.1.is_empty() && first.1 == second.1);
    let answered = LoginRequest {
        text: Bytes::from_static(b"CHAP_N=host\0CHAP_R=0x00112233445566778899aabbccddeeff\0"),
        ..offer.clone()
    };
    let target::Step::Refuse(response, _) = first.0.unwrap().receive(&portal(&[]), &answered) else {
        panic!("accepted")
    };
    assert_eq!(response.status, LoginStatus::TARGET_ERROR);
}
