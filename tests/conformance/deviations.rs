//! Deviations that are tolerated: what they lead to, and what stays refused whether or not they are tolerated.

use iscsi_login::initiator::{Authenticated, Completed, Config, SessionType, Step};
use iscsi_login::{
    Authentication, Deviation, DigestPreference, LoginError, NotAuthenticated, Offer, Parameters, Strictness,
    Violation,
};
use iscsi_pdu::{LoginRequest, LoginResponse, LoginStatus, Stage, encode_base64};

use crate::scripted::{CHALLENGE, PROOF, Play, answer, config, forward, grant, mutual};

const MD5: (&str, &str) = ("CHAP_A", "5");
const CHAP: (&str, &str) = ("AuthMethod", "CHAP");

/// Settings that tolerate the table.
fn tolerant(authentication: Authentication<'static>) -> Config<'static> {
    Config { strictness: Strictness::Tolerant, ..config(authentication) }
}

fn open() -> Config<'static> {
    tolerant(Authentication::None)
}

fn discovery() -> Config<'static> {
    Config { session_type: SessionType::Discovery, ..open() }
}

/// A login by CHAP, by the mode of the settings, up to the point where the challenge is due.
fn at_challenge(config: Config<'static>) -> Play {
    Play::begin(config).on(|request| answer(request, &[CHAP]))
}

fn at_proof(config: Config<'static>) -> Play {
    at_challenge(config).on(|request| answer(request, &[MD5, CHALLENGE[0], CHALLENGE[1]]))
}

fn complete(step: Result<Step<'_>, LoginError>) -> Completed {
    match step.unwrap() {
        Step::Complete(completed) => completed,
        _ => panic!("not complete"),
    }
}

fn ids(completed: &Completed) -> Vec<&'static str> {
    completed.deviations.iter().map(|observed| observed.deviation.id).collect()
}

/// The outcome of answering the offers of these settings so.
fn answered(config: Config<'static>, keys: &[(&str, &str)]) -> Completed {
    complete(Play::begin(config).step(|request| grant(request, keys)))
}

fn with(change: fn(&mut Offer)) -> Config<'static> {
    let mut offer = Offer::default();
    change(&mut offer);
    Config { offer, ..open() }
}

/// Both modes.
const MODES: [Strictness; 2] = [Strictness::Strict, Strictness::Tolerant];

/// NEG-03, NEG-05, NEG-06, NEG-11, NEG-13: the value that an answer leads to which no rule allows, and the row it is.
#[test]
fn neg_03_neg_05_neg_11_neg_13_values_after_answers_that_no_rule_allows() {
    type Row = (fn(&mut Offer), (&'static str, &'static str), &'static str, fn(&Parameters) -> u32, u32);
    let rows: [Row; 26] = [
        // A value of the target's own: the offer stays.
        (|_| {}, ("MaxBurstLength", "16776192"), "value-beyond-offer", |p| p.max_burst_length, 1_048_576),
        (|_| {}, ("FirstBurstLength", "262145"), "value-beyond-offer", |p| p.first_burst_length, 262_144),
        (|_| {}, ("DefaultTime2Wait", "1"), "value-beyond-offer", |p| p.default_time2wait.into(), 2),
        (|_| {}, ("DefaultTime2Retain", "60"), "value-beyond-offer", |p| p.default_time2retain.into(), 20),
        (|_| {}, ("MaxOutstandingR2T", "16"), "value-beyond-offer", |p| p.max_outstanding_r2t.into(), 1),
        (|_| {}, ("MaxConnections", "2"), "value-beyond-offer", |p| p.max_connections.into(), 1),
        (|_| {}, ("ErrorRecoveryLevel", "2"), "value-beyond-offer", |p| p.error_recovery_level.into(), 0),
        (
            |o| o.parameters.initial_r2t = true,
            ("InitialR2T", "No"),
            "value-beyond-offer",
            |p| p.initial_r2t.into(),
            1,
        ),
        (
            |o| o.parameters.immediate_data = false,
            ("ImmediateData", "Yes"),
            "value-beyond-offer",
            |p| p.immediate_data.into(),
            0,
        ),
        (|_| {}, ("DataPDUInOrder", "No"), "value-beyond-offer", |p| p.data_pdu_in_order.into(), 1),
        (|_| {}, ("DataSequenceInOrder", "No"), "value-beyond-offer", |p| p.data_sequence_in_order.into(), 1),
        // A key that the target does not know: the default, or the offer if that allows less.
        (|_| {}, ("MaxBurstLength", "NotUnderstood"), "not-understood", |p| p.max_burst_length, 262_144),
        (
            |o| o.parameters.max_burst_length = 4096,
            ("MaxBurstLength", "NotUnderstood"),
            "not-understood",
            |p| p.max_burst_length,
            4096,
        ),
        (
            |o| o.parameters.max_outstanding_r2t = 8,
            ("MaxOutstandingR2T", "NotUnderstood"),
            "not-understood",
            |p| p.max_outstanding_r2t.into(),
            1,
        ),
        (
            |o| o.parameters.default_time2wait = 0,
            ("DefaultTime2Wait", "NotUnderstood"),
            "not-understood",
            |p| p.default_time2wait.into(),
            2,
        ),
        (
            |o| o.parameters.default_time2wait = 9,
            ("DefaultTime2Wait", "NotUnderstood"),
            "not-understood",
            |p| p.default_time2wait.into(),
            9,
        ),
        (|_| {}, ("InitialR2T", "NotUnderstood"), "not-understood", |p| p.initial_r2t.into(), 1),
        (|_| {}, ("ImmediateData", "NotUnderstood"), "not-understood", |p| p.immediate_data.into(), 0),
        (|_| {}, ("DataDigest", "NotUnderstood"), "not-understood", |p| p.digests.data.into(), 0),
        (
            |o| o.header_digest = DigestPreference::PreferCrc32c,
            ("HeaderDigest", "NotUnderstood"),
            "not-understood",
            |p| p.digests.header.into(),
            0,
        ),
        (
            |_| {},
            ("MaxRecvDataSegmentLength", "NotUnderstood"),
            "not-understood",
            |p| p.max_send_data_segment_length,
            8192,
        ),
        (
            |o| o.parameters.error_recovery_level = 2,
            ("ErrorRecoveryLevel", "NotUnderstood"),
            "recovery-level-not-understood",
            |p| p.error_recovery_level.into(),
            0,
        ),
        // `Irrelevant` without a reason.
        (|_| {}, ("MaxBurstLength", "Irrelevant"), "irrelevant", |p| p.max_burst_length, 262_144),
        (|_| {}, ("ImmediateData", "Irrelevant"), "irrelevant", |p| p.immediate_data.into(), 0),
        (|_| {}, ("DataDigest", "Irrelevant"), "irrelevant", |p| p.digests.data.into(), 0),
        (
            |_| {},
            ("MaxRecvDataSegmentLength", "Irrelevant"),
            "irrelevant",
            |p| p.max_send_data_segment_length,
            8192,
        ),
    ];
    for (offer, pair, id, value, expected) in rows {
        let completed = answered(with(offer), &[pair]);
        assert_eq!((ids(&completed), value(&completed.parameters)), (vec![id], expected), "{pair:?}");
        let strict = Config { strictness: Strictness::Strict, ..with(offer) };
        let error = Play::begin(strict).fails(|request| grant(request, &[pair]));
        assert!(
            matches!(error, LoginError::Protocol(Violation::Rule { key, .. }) if key == pair.0),
            "{error}"
        );
    }
}

/// NEG-11, NEG-35: bounds and forms of values are no matter of tolerance, and nor is a digest that was not offered.
#[test]
fn neg_08_neg_11_neg_35_values_that_are_refused_in_either_mode() {
    for pair in [
        ("MaxBurstLength", "511"),
        ("MaxBurstLength", "16777216"),
        ("MaxBurstLength", "many"),
        ("DefaultTime2Wait", "3601"),
        ("MaxOutstandingR2T", "0"),
        ("ErrorRecoveryLevel", "3"),
        ("InitialR2T", "yes"),
        ("MaxRecvDataSegmentLength", "511"),
        ("MaxRecvDataSegmentLength", "Reject"),
        ("TargetPortalGroupTag", "65536"),
        ("HeaderDigest", "CRC32C"),
        ("HeaderDigest", "None,CRC32C"),
        ("TargetAddress", "10.0.0.1:0"),
    ] {
        for strictness in MODES {
            let config = Config { strictness, ..open() };
            let error = Play::begin(config).fails(|request| grant(request, &[pair]));
            assert!(matches!(error, LoginError::Protocol(_)), "{pair:?}: {error}");
        }
    }
}

/// NEG-06, NEG-10: a digest that is required is in force, or there is no login: whatever the target answers, and whenever.
#[test]
fn neg_06_neg_10_a_required_digest_is_never_given_up() {
    type Require = fn(&mut Offer);
    let offers: [(&str, Require); 2] = [
        ("HeaderDigest", |offer| offer.header_digest = DigestPreference::Crc32c),
        ("DataDigest", |offer| offer.data_digest = DigestPreference::Crc32c),
    ];
    for (key, offer) in offers {
        for strictness in MODES {
            let begin = || Play::begin(Config { strictness, ..with(offer) });
            for value in ["None", "Reject", "Irrelevant", "NotUnderstood", "CRC32C,None", "crc32c", ""] {
                let error = begin().fails(|request| grant(request, &[(key, value)]));
                assert!(is_violation_of(&error, key), "{key}={value}: {error}");
            }
            let silent = begin().fails(|request| grant(request, &[]));
            assert!(is_violation_of(&silent, key), "{silent}");
            let taken_back = begin().on(|request| answer(request, &[(key, "CRC32C")]));
            let error = taken_back.fails(|request| grant(request, &[(key, "None")]));
            assert!(matches!(error, LoginError::Protocol(_)), "{error}");
            let completed = complete(begin().step(|request| grant(request, &[(key, "CRC32C")])));
            assert!(completed.parameters.digests.header != completed.parameters.digests.data);
            // A discovery session offers digests too.
            let discovery = Config { session_type: SessionType::Discovery, strictness, ..with(offer) };
            let error = Play::begin(discovery).fails(|request| grant(request, &[(key, "Irrelevant")]));
            assert!(is_violation_of(&error, key), "{error}");
        }
    }
}

fn is_violation_of(error: &LoginError, expected: &str) -> bool {
    matches!(error, LoginError::Protocol(Violation::Rule { key, .. }) if *key == expected)
}

/// NEG-07: of a value that comes twice the one that allows less counts; digests and forms must be the same.
#[test]
fn neg_07_keys_that_come_twice() {
    type Row = (&'static [(&'static str, &'static str)], fn(&Parameters) -> u32, u32);
    let rows: [Row; 8] = [
        (&[("ImmediateData", "Yes"), ("ImmediateData", "Yes")], |p| p.immediate_data.into(), 1),
        (&[("ImmediateData", "Yes"), ("ImmediateData", "No")], |p| p.immediate_data.into(), 0),
        (&[("InitialR2T", "No"), ("InitialR2T", "Yes")], |p| p.initial_r2t.into(), 1),
        (&[("MaxBurstLength", "8192"), ("MaxBurstLength", "65536")], |p| p.max_burst_length, 8192),
        (&[("MaxBurstLength", "65536"), ("MaxBurstLength", "8192")], |p| p.max_burst_length, 8192),
        (&[("DefaultTime2Wait", "3"), ("DefaultTime2Wait", "7")], |p| p.default_time2wait.into(), 7),
        (
            &[("MaxRecvDataSegmentLength", "4096"), ("MaxRecvDataSegmentLength", "65536")],
            |p| p.max_send_data_segment_length,
            4096,
        ),
        (&[("DataDigest", "None"), ("DataDigest", "None")], |p| p.digests.data.into(), 0),
    ];
    for (keys, value, expected) in rows {
        let together = answered(open(), keys);
        assert_eq!(
            (ids(&together), value(&together.parameters)),
            (vec!["key-repeated"], expected),
            "{keys:?}"
        );
        let apart = Play::begin(open()).on(|request| answer(request, &keys[..1]));
        assert_eq!(apart.keys(), [], "nothing is answered");
        let apart = complete(apart.step(|request| grant(request, &keys[1..])));
        assert_eq!((apart.parameters, apart.deviations), (together.parameters, together.deviations));
    }
    for again in ["CRC32C", "None,CRC32C", "Reject"] {
        let keys = [("HeaderDigest", "None"), ("HeaderDigest", again)];
        let error = Play::begin(open()).fails(|request| grant(request, &keys));
        assert!(is_violation_of(&error, "HeaderDigest"), "{again}: {error}");
    }
    let out_of_range = [("MaxBurstLength", "8192"), ("MaxBurstLength", "1")];
    let error = Play::begin(open()).fails(|request| grant(request, &out_of_range));
    assert!(is_violation_of(&error, "MaxBurstLength"), "{error}");
}

/// LOG-19: what cannot be answered any more keeps its default, whatever the target offers.
#[test]
fn log_19_offers_beside_the_transition() {
    let mut config = open();
    config.offer.parameters.protocol_level = 2;
    for (pair, detail) in [
        (("X-com.example.key", "of-the-target"), "X-com.example.key"),
        (("IFMarker", "No"), "IFMarker"),
        (("TaskReporting", "FastAbort"), "TaskReporting=FastAbort"),
        (("iSCSIProtocolLevel", "2"), "iSCSIProtocolLevel=2"),
    ] {
        let completed = answered(config, &[pair]);
        assert_eq!(
            (ids(&completed), completed.parameters.protocol_level),
            (vec!["key-beside-transition"], 1)
        );
        assert_eq!(completed.deviations[0].detail, detail);
    }
    let completed = answered(discovery(), &[("MaxBurstLength", "512"), ("MaxConnections", "9")]);
    assert_eq!(ids(&completed), ["key-irrelevant-in-discovery"; 2]);
    assert_eq!((completed.parameters.max_burst_length, completed.parameters.max_connections), (262_144, 1));
}

/// NEG-04: an answer to no offer is ignored, with or without a transition, and not answered.
#[test]
fn neg_04_answers_to_what_was_not_offered() {
    for key in ["IFMarker", "X-com.example.key", "TaskReporting", "iSCSIProtocolLevel"] {
        for word in ["Reject", "Irrelevant", "NotUnderstood"] {
            let completed = answered(open(), &[(key, word)]);
            assert_eq!(ids(&completed), ["answer-without-offer"], "{key}={word}");
            let play = Play::begin(open()).on(|request| answer(request, &[(key, word)]));
            assert_eq!(play.keys(), [], "{key}={word}");
            let completed = complete(play.step(|request| grant(request, &[])));
            assert_eq!(ids(&completed), ["answer-without-offer"], "{key}={word}");
        }
    }
}

/// LOG-17, LOG-28: a key that comes before its stage settles nothing, but the result does not allow more than it does.
#[test]
fn log_17_log_28_values_of_the_security_stage() {
    type Row =
        ((&'static str, &'static str), &'static [(&'static str, &'static str)], fn(&Parameters) -> u32, u32);
    let segment = |p: &Parameters| p.max_send_data_segment_length;
    let rows: [Row; 11] = [
        (("MaxRecvDataSegmentLength", "65536"), &[], segment, 8192),
        (("MaxRecvDataSegmentLength", "512"), &[], segment, 512),
        (("MaxRecvDataSegmentLength", "512"), &[("MaxRecvDataSegmentLength", "65536")], segment, 65_536),
        (("MaxBurstLength", "1048576"), &[], |p| p.max_burst_length, 262_144),
        (("MaxBurstLength", "4096"), &[], |p| p.max_burst_length, 4096),
        (("MaxBurstLength", "4096"), &[("MaxBurstLength", "8192")], |p| p.max_burst_length, 8192),
        (("ImmediateData", "No"), &[], |p| p.immediate_data.into(), 0),
        (("InitialR2T", "No"), &[], |p| p.initial_r2t.into(), 1),
        (("DefaultTime2Wait", "30"), &[], |p| p.default_time2wait.into(), 30),
        (("HeaderDigest", "None"), &[], |p| p.digests.header.into(), 0),
        (("HeaderDigest", "CRC32C"), &[("HeaderDigest", "None")], |p| p.digests.header.into(), 0),
    ];
    for (early, late, value, expected) in rows {
        let play = at_challenge(tolerant(Authentication::Chap(forward())))
            .on(|request| answer(request, &[MD5, CHALLENGE[0], CHALLENGE[1], early]))
            .on(|request| grant(request, &[]));
        let completed = complete(play.step(|request| grant(request, late)));
        let id = "key-in-security-stage";
        assert_eq!((ids(&completed), value(&completed.parameters)), (vec![id], expected), "{early:?}");
        assert_eq!(completed.deviations[0].detail, format!("{}={}", early.0, early.1));
    }
}

/// The same beside each step of the stage, and with keys that have no value; what contradicts itself is refused.
#[test]
fn log_17_log_28_keys_of_the_security_stage() {
    let chap = || tolerant(Authentication::Chap(forward()));
    let key = ("X-com.example.key", "of-the-target");
    let beside_method = Play::begin(chap()).on(|request| answer(request, &[CHAP, key]));
    assert_eq!(beside_method.keys(), [("CHAP_A".to_owned(), "8,7,6,5".to_owned())]);
    let beside_end = at_proof(chap()).on(|request| grant(request, &[key, ("MaxBurstLength", "Irrelevant")]));
    let completed = complete(beside_end.step(|request| grant(request, &[])));
    let details: Vec<_> = completed.deviations.iter().map(|observed| observed.detail.as_str()).collect();
    assert_eq!(details, ["X-com.example.key", "MaxBurstLength=Irrelevant"]);

    let silent = at_proof(chap()).on(|request| grant(request, &[("HeaderDigest", "CRC32C")]));
    let error = silent.fails(|request| grant(request, &[]));
    assert!(is_violation_of(&error, "HeaderDigest"), "{error}");
    for keys in [
        [("MaxRecvDataSegmentLength", "511"), MD5],
        [("HeaderDigest", "None"), ("HeaderDigest", "CRC32C")],
        [("MaxBurstLength", "many"), MD5],
    ] {
        let error = at_proof(chap()).fails(|request| grant(request, &keys));
        assert!(matches!(error, LoginError::Protocol(_)), "{keys:?}: {error}");
    }
    // An answer without a value does not lift the limit, and one that comes again is measured by it.
    let play = at_proof(chap()).on(|request| grant(request, &[("MaxRecvDataSegmentLength", "512")]));
    let completed =
        complete(play.step(|request| grant(request, &[("MaxRecvDataSegmentLength", "NotUnderstood")])));
    assert_eq!(completed.parameters.max_send_data_segment_length, 512);
    let again = [("MaxBurstLength", "NotUnderstood"), ("MaxBurstLength", "1048576")];
    assert_eq!(answered(open(), &again).parameters.max_burst_length, 262_144);

    // Of two early values the one that allows less counts.
    let twice = [("MaxBurstLength", "4096"), ("MaxBurstLength", "8192")];
    let play = at_proof(chap()).on(|request| grant(request, &twice));
    assert_eq!(complete(play.step(|request| grant(request, &[]))).parameters.max_burst_length, 4096);
}

/// The first tag counts, in one response and over several.
#[test]
fn portal_group_tags_that_come_twice() {
    let tag = |value| ("TargetPortalGroupTag", value);
    let together = answered(open(), &[tag("1"), tag("2")]);
    let apart = Play::begin(open()).on(|request| answer(request, &[tag("1")]));
    let apart = complete(apart.step(|request| grant(request, &[tag("2")])));
    for completed in [together, apart] {
        assert_eq!(completed.target_portal_group_tag, Some(1));
        assert_eq!(ids(&completed), ["portal-group-tag-repeated"]);
        assert_eq!(completed.deviations[0].detail, "TargetPortalGroupTag=2 after 1");
    }
    let strict = Play::at_parameters().on(|request| answer(request, &[tag("1")]));
    let twice = Violation::DuplicateKey { key: "TargetPortalGroupTag".to_owned() };
    assert_eq!(strict.fails(|request| grant(request, &[tag("1")])), twice.into());
    let alias = answered(open(), &[("TargetAlias", "a"), ("TargetAlias", "b")]);
    assert_eq!((alias.target_alias.as_deref(), ids(&alias)), (Some("a"), vec!["key-repeated"]));
}

/// Declarations of the initiator that come back, in either stage; any other value is refused.
#[test]
fn declarations_that_come_back() {
    let target = ("TargetName", "iqn.2001-04.com.example:disk");
    for pair in [
        target,
        ("TargetName", "IQN.2001-04.COM.EXAMPLE:DISK"),
        ("InitiatorName", "iqn.2001-04.com.example:host"),
        ("SessionType", "Normal"),
        ("InitiatorAlias", "never sent"),
    ] {
        assert_eq!(ids(&answered(open(), &[pair])), ["declaration-echoed"], "{pair:?}");
        let play = Play::begin(open()).on(|request| answer(request, &[pair]));
        assert_eq!(play.keys(), [], "nothing is answered");
    }
    for pair in [
        ("TargetName", "iqn.2001-04.com.example:other"),
        ("InitiatorName", "iqn.2001-04.com.example:disk"),
        ("SessionType", "Discovery"),
        ("InitiatorAlias", "another"),
    ] {
        for strictness in MODES {
            let config = Config { initiator_alias: Some("host"), strictness, ..open() };
            let error = Play::begin(config).fails(|request| grant(request, &[pair]));
            assert!(is_out_of_place(&error, pair.0), "{pair:?}: {error}");
        }
    }
    let beside_method = Play::begin(tolerant(mutual())).on(|request| answer(request, &[CHAP, target]));
    assert!(beside_method.value("CHAP_A").is_some());
    // A discovery session names no target, so that there is nothing to contradict.
    for pair in [target, ("SessionType", "Discovery")] {
        assert_eq!(ids(&answered(discovery(), &[pair])), ["declaration-echoed"]);
    }
    let error = Play::begin(discovery()).fails(|request| grant(request, &[("SessionType", "Normal")]));
    assert!(is_out_of_place(&error, "SessionType"), "{error}");
}

fn is_out_of_place(error: &LoginError, expected: &str) -> bool {
    matches!(error, LoginError::Protocol(Violation::UnexpectedKey { key, .. }) if key == expected)
}

/// CHP-23: the method once more is ignored where it is the one in use; another one is refused, in either mode.
#[test]
fn chp_23_methods_that_come_again() {
    let none = ("AuthMethod", "None");
    let challenge = [MD5, CHALLENGE[0], CHALLENGE[1]];
    let chap = || tolerant(Authentication::Chap(forward()));
    let play = at_challenge(chap())
        .on(|request| answer(request, &[&challenge[..], &[CHAP]].concat()))
        .on(|request| grant(request, &[CHAP]));
    let completed = complete(play.step(|request| grant(request, &[CHAP])));
    assert_eq!(ids(&completed), ["auth-method-repeated"]);
    assert_eq!(ids(&answered(open(), &[none])), ["auth-method-repeated"]);
    for strictness in MODES {
        let mode = |config| Config { strictness, ..config };
        let beside = at_challenge(mode(chap()));
        let error = beside.fails(|request| answer(request, &[&challenge[..], &[none]].concat()));
        assert!(is_out_of_place(&error, "AuthMethod"), "{error}");
        let error = at_proof(mode(chap())).fails(|request| grant(request, &[none]));
        assert!(is_out_of_place(&error, "AuthMethod"), "{error}");
        for method in [CHAP, ("AuthMethod", "None,CHAP"), ("AuthMethod", "Reject")] {
            let error = Play::begin(mode(open())).fails(|request| grant(request, &[method]));
            assert!(is_out_of_place(&error, "AuthMethod"), "{error}");
        }
        let twice = Play::begin(mode(chap())).fails(|request| answer(request, &[CHAP, CHAP]));
        assert_eq!(twice, Violation::DuplicateKey { key: "AuthMethod".to_owned() }.into());
    }
}

/// CHP-04, CHP-05, CHP-06, CHP-22: keys of CHAP twice, out of their step or out of their bounds are refused in either mode.
#[test]
fn chp_04_chp_05_chp_06_chp_22_rules_of_chap_in_either_mode() {
    let challenge = [MD5, CHALLENGE[0], CHALLENGE[1]];
    let long = iscsi_pdu::encode_hex(&[1; 1025]);
    let bad_challenges: [&[(&str, &str)]; 10] = [
        &[MD5, MD5, CHALLENGE[0], CHALLENGE[1]],
        &[MD5, CHALLENGE[0], CHALLENGE[0], CHALLENGE[1]],
        &[MD5, CHALLENGE[0], CHALLENGE[1], CHALLENGE[1]],
        &[MD5, CHALLENGE[0], CHALLENGE[1], PROOF[0]],
        &[MD5, CHALLENGE[0], CHALLENGE[1], ("SRP_GROUP", "SRP-1536")],
        &[MD5, CHALLENGE[0]],
        &[CHALLENGE[0], CHALLENGE[1]],
        &[MD5, ("CHAP_I", "256"), CHALLENGE[1]],
        &[MD5, CHALLENGE[0], ("CHAP_C", &long)],
        &[("CHAP_A", "9"), CHALLENGE[0], CHALLENGE[1]],
    ];
    for strictness in MODES {
        let mode = |authentication| Config { strictness, ..config(authentication) };
        for keys in bad_challenges {
            let error = at_challenge(mode(mutual())).fails(|request| answer(request, keys));
            assert!(matches!(error, LoginError::Protocol(_)), "{keys:?}: {error}");
        }
        for early in [MD5, CHALLENGE[0], CHALLENGE[1], PROOF[0], PROOF[1]] {
            let error = Play::begin(mode(mutual())).fails(|request| answer(request, &[CHAP, early]));
            assert!(is_out_of_place(&error, early.0), "{error}");
            for transit in [true, false] {
                let error = Play::begin(mode(Authentication::None)).fails(|request| {
                    let response = grant(request, &[early]);
                    LoginResponse { transit, ..response }
                });
                assert!(is_out_of_place(&error, early.0), "in the operational stage: {error}");
            }
        }
        // A name too early, and with a transition that was not asked for.
        let early = |request: &LoginRequest| LoginResponse {
            transit: true,
            next_stage: Stage::OPERATIONAL,
            ..answer(request, &[&challenge[..], &PROOF[..1]].concat())
        };
        let skipped = NotAuthenticated::Skipped { next: Stage::OPERATIONAL };
        assert_eq!(at_challenge(mode(mutual())).fails(early), skipped.into());
        for keys in [
            &[PROOF[0], PROOF[0], PROOF[1]][..],
            &[PROOF[0], PROOF[1], PROOF[1]],
            &[PROOF[0], PROOF[1], MD5],
            &[PROOF[0]],
        ] {
            let error = at_proof(mode(mutual())).fails(|request| grant(request, keys));
            assert!(matches!(error, LoginError::Protocol(_)), "{keys:?}: {error}");
        }
        let silent = at_proof(mode(mutual())).fails(|request| grant(request, &[]));
        assert_eq!(silent, NotAuthenticated::NoResponse.into());
    }
}

/// CHP-23, CHP-24: silence about the method counts as None only where CHAP is used only if asked for.
#[test]
fn chp_23_chp_24_silence_about_the_method() {
    let if_asked = || tolerant(Authentication::IfAsked(forward()));
    let at_once = Play::begin(if_asked()).on(|request| grant(request, &[]));
    let slowly = Play::begin(if_asked()).on(|request| answer(request, &[]));
    assert!(slowly.request.transit && slowly.request.text.is_empty());
    let slowly = slowly.on(|request| grant(request, &[]));
    for play in [at_once, slowly] {
        assert_eq!(play.request.current_stage, Stage::OPERATIONAL);
        let completed = complete(play.step(|request| grant(request, &[])));
        let expected = (Authenticated::None, vec!["security-stage-skipped"]);
        assert_eq!((completed.authenticated.clone(), ids(&completed)), expected);
    }
    for authentication in [Authentication::Chap(forward()), mutual()] {
        let error = Play::begin(tolerant(authentication)).fails(|request| answer(request, &[]));
        assert_eq!(error, Violation::MissingKey { key: "AuthMethod" }.into());
    }
    // A target that chooses CHAP has to challenge, and none may go beyond the stage that was asked for.
    let skipped = |next| LoginError::from(NotAuthenticated::Skipped { next });
    let chosen = Play::begin(if_asked()).fails(|request| grant(request, &[CHAP]));
    assert_eq!(chosen, skipped(Stage::OPERATIONAL));
    let beyond = Play::begin(if_asked())
        .fails(|request| LoginResponse { next_stage: Stage::FULL_FEATURE, ..grant(request, &[]) });
    assert_eq!(beyond, skipped(Stage::FULL_FEATURE));
}

/// TXT-08: base64 without padding, of the challenge and of the proof; a wrong proof stays wrong.
#[test]
fn txt_08_chp_20_base64_without_padding() {
    let unpadded = |hex: &str| {
        let bytes = iscsi_pdu::decode_binary(hex, 1024).unwrap();
        encode_base64(&bytes).trim_end_matches('=').to_owned()
    };
    let (challenge, proof) = (unpadded(CHALLENGE[1].1), unpadded(PROOF[1].1));
    let play = at_challenge(Config { algorithms: &[iscsi_login::ChapAlgorithm::Md5], ..tolerant(mutual()) })
        .on(|request| answer(request, &[MD5, CHALLENGE[0], ("CHAP_C", &challenge)]))
        .on(|request| grant(request, &[PROOF[0], ("CHAP_R", &proof)]));
    let completed = complete(play.step(|request| grant(request, &[])));
    assert!(matches!(completed.authenticated, Authenticated::Mutual(_)));
    let details: Vec<_> = completed.deviations.iter().map(|observed| observed.detail.as_str()).collect();
    let detail = |key: &str| format!("{key} of 16 bytes in base64 without padding");
    assert_eq!(
        (ids(&completed), details),
        (vec!["base64-unpadded"; 2], vec![&*detail("CHAP_C"), &*detail("CHAP_R")])
    );

    let wrong = unpadded("0xc845274d8f66c33eb85b988fe7bc67c1");
    let error = at_proof(tolerant(mutual())).fails(|request| grant(request, &[PROOF[0], ("CHAP_R", &wrong)]));
    assert_eq!(error, NotAuthenticated::WrongResponse { name: "disk".to_owned() }.into());
    for odd in ["0bIQ=", "0b=IQ=", "0bIR", "0bA", "0b", "IQ"] {
        let keys = [MD5, CHALLENGE[0], ("CHAP_C", odd)];
        let error = at_challenge(tolerant(mutual())).fails(|request| answer(request, &keys));
        assert!(
            matches!(error, LoginError::Protocol(Violation::Value { key: "CHAP_C", .. })),
            "{odd}: {error}"
        );
    }
    let short = [PROOF[0], ("CHAP_R", "0bIQ")];
    let error = at_proof(tolerant(mutual())).fails(|request| grant(request, &short));
    assert!(is_violation_of(&error, "CHAP_R"), "{error}");
}

/// LOG-09: no session handle, and nothing else of a header is tolerated.
#[test]
fn log_09_session_handles() {
    let completed =
        complete(Play::begin(open()).step(|request| LoginResponse { tsih: 0, ..grant(request, &[]) }));
    assert_eq!((completed.tsih, ids(&completed)), (0, vec!["tsih-zero"]));
    let changes: [fn(&mut LoginResponse); 5] = [
        |response| response.version_active = 1,
        |response| response.current_stage = Stage::SECURITY,
        |response| response.itt.0 += 1,
        |response| response.continues = true,
        |response| response.next_stage = Stage::OPERATIONAL,
    ];
    for change in changes {
        let error = Play::begin(open()).fails(|request| {
            let mut response = grant(request, &[]);
            change(&mut response);
            response
        });
        assert!(matches!(error, LoginError::Protocol(Violation::Header { .. })), "{error}");
    }
}

/// LOG-30: addresses of a redirection in odd forms; one that cannot be used does not hide the others.
#[test]
fn log_30_addresses_of_redirections() {
    let redirect = |addresses: &[&str], strictness| {
        let keys: Vec<_> = addresses.iter().map(|address| ("TargetAddress", *address)).collect();
        Play::begin(Config { strictness, ..open() }).step(|request| LoginResponse {
            status: LoginStatus::MOVED_TEMPORARILY,
            ..answer(request, &keys)
        })
    };
    let addresses = ["10.0.0.1:0", "10.0.0.2 ", "2001:db8::5", "10.0.0.3"];
    let Step::Redirect(redirected) = redirect(&addresses, Strictness::Tolerant).unwrap() else {
        panic!("not redirected")
    };
    let shown: Vec<_> = redirected.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["10.0.0.2:3260", "[2001:db8::5]:3260", "10.0.0.3:3260"]);
    let ids: Vec<_> = redirected.deviations.iter().map(|observed| observed.deviation.id).collect();
    assert_eq!(ids, ["address-trailing-blank", "address-ipv6-unbracketed", "record-unusable"]);
    assert!(redirected.deviations[2].detail.starts_with("TargetAddress=\"10.0.0.1:0\": "));
    let port = || LoginError::from(Violation::Address(iscsi_pdu::AddressError::Port));
    assert_eq!(redirect(&["10.0.0.1:0"], Strictness::Tolerant).err(), Some(port()));
    assert_eq!(redirect(&["10.0.0.3", "10.0.0.1:0"], Strictness::Strict).err(), Some(port()));
    let nowhere = redirect(&[], Strictness::Tolerant).err();
    assert_eq!(nowhere, Some(Violation::RedirectWithoutAddress.into()));
}

/// However much a target deviates, the report stays short.
#[test]
fn reports_are_bounded() {
    let keys: Vec<String> = (0..100).map(|number| format!("X-com.example.key{}", number % 50)).collect();
    let pairs: Vec<_> = keys.iter().map(|key| (key.as_str(), "1")).collect();
    let completed = answered(open(), &pairs);
    assert_eq!(ids(&completed), [Deviation::KEY_BESIDE_TRANSITION.id; 4]);
    let again = answered(open(), &[pairs[0], pairs[0]]);
    assert_eq!(again.deviations.len(), 1, "nothing is told twice");
    let name = "ä".repeat(500);
    let completed = answered(discovery(), &[("TargetName", &name)]);
    assert_eq!(completed.deviations[0].detail, format!("TargetName={}", "ä".repeat(122)));
}
