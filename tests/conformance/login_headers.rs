//! Headers of a login, in both directions.

use iscsi_login::initiator::Step;
use iscsi_login::{Authentication, LoginError, ProtocolViolation};
use iscsi_pdu::{InitiatorTaskTag, LoginResponse, LoginStatus, SerialNumber, Stage};

use crate::scripted::{Play, RESPONSE, answer, config, grant, mutual};

/// LOG-03 to LOG-11, LOG-20, TAG-02: fields that never change, and fields that count.
#[test]
fn log_03_log_04_log_06_log_08_log_10_log_11_log_20_tag_02_fields_of_requests() {
    let first = Play::begin(config(mutual()));
    let second = Play::at_challenge(mutual());
    for play in [&first, &second] {
        let request = &play.request;
        assert_eq!((request.version_max, request.version_min, request.tsih, request.cid), (0, 0, 0, 0));
        assert_eq!((request.itt, request.cmd_sn), (InitiatorTaskTag(7), SerialNumber(1000)));
        assert_eq!(request.encode().bhs.as_bytes()[0], 0x43);
    }
    assert_eq!(first.value("InitiatorName").as_deref(), Some("iqn.2001-04.com.example:host"));
    assert_eq!(first.value("TargetName").as_deref(), Some("iqn.2001-04.com.example:disk"));
    assert_eq!(second.value("InitiatorName"), None);
    assert_eq!(first.request.exp_stat_sn, SerialNumber(0));
    let later = Play::begin(config(mutual())).on(|request| {
        let mut response = answer(request, &[("AuthMethod", "CHAP")]);
        response.numbers.stat_sn = SerialNumber(u32::MAX);
        response
    });
    assert_eq!(later.request.exp_stat_sn, SerialNumber(0));
}

/// LOG-07, LOG-13, LOG-14, LOG-38, TXT-14, PDU-04: headers that contradict the exchange.
#[test]
fn log_07_log_09_log_13_log_14_log_38_txt_14_pdu_04_headers_of_responses() {
    type Change = fn(&mut LoginResponse);
    let changes: [Change; 6] = [
        |response| response.version_active = 1,
        |response| response.current_stage = Stage::FULL_FEATURE,
        |response| response.itt = InitiatorTaskTag(8),
        |response| (response.transit, response.continues) = (true, true),
        |response| response.next_stage = Stage(2),
        |response| response.tsih = 0,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let error = Play::at_parameters().fails(|request| {
            let mut response = grant(request, &[]);
            change(&mut response);
            response
        });
        let of_header = matches!(
            error,
            LoginError::Protocol(ProtocolViolation::Header { .. } | ProtocolViolation::HeaderValue { .. })
        );
        assert!(of_header, "{number}: {error}");
    }
}

/// LOG-09, LOG-37: the error of a field with several valid values names the value and the rule, and no expected value.
#[test]
fn log_09_log_37_a_wrong_value_among_many_right_ones() {
    type Change = fn(&mut LoginResponse);
    let changes: [(Change, &str); 2] = [
        (|response| response.tsih = 0, "TSIH is 0x0: a new session gets"),
        (
            |response| response.status = LoginStatus(0x0400),
            "Status-Class is 0x4: classes above 3 are reserved",
        ),
    ];
    for (change, expected) in changes {
        let error = Play::at_parameters().fails(|request| {
            let mut response = grant(request, &[]);
            change(&mut response);
            response
        });
        let text = error.to_string();
        assert!(text.contains(expected) && !text.contains("expected"), "{text}");
    }
}

/// LOG-37, NUM-18: a refusal is reported with its status, whatever the other fields are.
#[test]
fn log_29_log_37_each_status() {
    for code in
        [0x0200, 0x0201, 0x0202, 0x0203, 0x0204, 0x0206, 0x020a, 0x02ff, 0x0300, 0x0301, 0x0302, 0x03ff]
    {
        let status = LoginStatus(code);
        let error = Play::begin(config(mutual())).fails(|request| LoginResponse {
            status,
            transit: true,
            current_stage: Stage(2),
            next_stage: Stage(3),
            ..answer(request, &[])
        });
        assert_eq!(error, LoginError::Refused { stage: Stage::SECURITY, status });
    }
    let reserved = Play::at_parameters()
        .fails(|request| LoginResponse { status: LoginStatus(0x0400), ..answer(request, &[]) });
    assert!(matches!(reserved, LoginError::Protocol(_)), "{reserved}");
}

/// LOG-30: redirections with and without an address, of known and unknown detail.
#[test]
fn log_30_redirections() {
    for (code, permanent) in [(0x0101, false), (0x0102, true), (0x0100, false)] {
        let redirect = |request: &_| LoginResponse {
            status: LoginStatus(code),
            ..answer(request, &[("TargetAddress", "10.0.0.1:3261"), ("TargetAddress", "[2001:db8::1]")])
        };
        let Step::Redirect(first) = Play::begin(config(mutual())).step(redirect).unwrap() else {
            panic!("not redirected")
        };
        assert_eq!((first.permanent, first.addresses.len()), (permanent, 2));
        assert!(!first.target_authenticated);
        // The target has authenticated itself before the redirection.
        let authenticated = Play::at_response("5").on(|request| grant(request, &RESPONSE));
        let Step::Redirect(authenticated) = authenticated.step(redirect).unwrap() else {
            panic!("not redirected")
        };
        assert_eq!((authenticated.permanent, authenticated.target_authenticated), (permanent, true));
    }
    let nowhere = |request: &_| LoginResponse { status: LoginStatus(0x0101), ..answer(request, &[]) };
    assert_eq!(
        Play::begin(config(mutual())).fails(nowhere),
        ProtocolViolation::RedirectWithoutAddress.into()
    );
}

/// LOG-16: the initiator asks for a transition until it is granted.
#[test]
fn log_16_delayed_transition() {
    let play =
        Play::at_response("5").on(|request| answer(request, &RESPONSE)).on(|request| answer(request, &[]));
    assert!(play.request.transit && play.request.text.is_empty());
    let play = play.on(|request| grant(request, &[])).on(|request| answer(request, &[]));
    assert_eq!(play.request.current_stage, Stage::OPERATIONAL);
    assert!(matches!(play.step(|request| grant(request, &[])), Ok(Step::Complete(_))));
}

/// TXT-13, TXT-15: a split answer is joined; the initiator asks for the rest with an empty request without T.
#[test]
fn txt_15_split_answers() {
    let whole = answer(&Play::begin(config(mutual())).request, &[("AuthMethod", "CHAP")]).text;
    for cut in 0..=whole.len() {
        let play = Play::begin(config(mutual())).on(|request| LoginResponse {
            continues: true,
            text: whole.slice(..cut),
            ..answer(request, &[])
        });
        assert!(!play.request.transit && play.request.text.is_empty());
        let play = play.on(|request| LoginResponse { text: whole.slice(cut..), ..answer(request, &[]) });
        assert!(play.value("CHAP_A").is_some());
    }
}

/// NEG-17: many exchanges are allowed, endless ones are not.
#[test]
fn neg_17_exchanges_are_bounded() {
    let mut play = Play::at_parameters();
    let mut exchanges = 0;
    let error = loop {
        exchanges += 1;
        match play.step(|request| answer(request, &[])) {
            Ok(Step::Send(login, request)) => play = Play::resume(login, request),
            Ok(_) => panic!("complete without a transition"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LoginError::Protocol(ProtocolViolation::TooManyExchanges { .. })), "{error}");
    assert_eq!(exchanges, 65, "64 are allowed");
}

/// The fewest possible round trips: four for mutual CHAP, one without authentication.
#[test]
fn txt_20_round_trips() {
    let play = Play::at_response("5").on(|request| grant(request, &RESPONSE));
    let Step::Complete(completed) = play.step(|request| grant(request, &[])).unwrap() else {
        panic!("not complete")
    };
    assert_eq!(completed.round_trips, 4);
    let play = Play::begin(config(Authentication::None));
    let Step::Complete(completed) = play.step(|request| grant(request, &[])).unwrap() else {
        panic!("not complete")
    };
    assert_eq!(completed.round_trips, 1);
}
