//! Repeated keys, keys in the wrong stage, and answers without an offer.

use iscsi_login::initiator::LoginConfig;
use iscsi_login::{Authentication, LoginError, Parameters, ProtocolViolation};

use super::{
    CHAP, MD5, MODES, answered, at_challenge, at_response, complete, discovery, ids, is_out_of_place,
    is_violation_of, open, tolerant,
};
use crate::scripted::{CHALLENGE, Play, answer, forward, grant, mutual};

/// NEG-07: of two values the more restrictive one is used; two different digests fail.
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

/// LOG-19: a key that can no longer be answered keeps its default.
#[test]
fn log_19_offers_beside_the_transition() {
    for (pair, detail) in [
        (("X-com.example.key", "of-the-target"), "X-com.example.key"),
        (("IFMarker", "No"), "IFMarker"),
        (("TaskReporting", "FastAbort"), "TaskReporting=FastAbort"),
        (("iSCSIProtocolLevel", "2"), "iSCSIProtocolLevel=2"),
    ] {
        let completed = answered(open(), &[pair]);
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

/// NEG-04: an answer without an offer is ignored, with or without a transition.
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

/// LOG-17, LOG-28: a key before its stage settles nothing, but limits the result.
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

/// Early keys with each step of the security stage, and keys without a value; contradictory values are refused.
#[test]
fn log_17_log_28_keys_of_the_security_stage() {
    let chap = || tolerant(Authentication::Chap(forward()));
    let key = ("X-com.example.key", "of-the-target");
    let beside_method = Play::begin(chap()).on(|request| answer(request, &[CHAP, key]));
    assert_eq!(beside_method.keys(), [("CHAP_A".to_owned(), "8,7,6,5".to_owned())]);
    let beside_end =
        at_response(chap()).on(|request| grant(request, &[key, ("MaxBurstLength", "Irrelevant")]));
    let completed = complete(beside_end.step(|request| grant(request, &[])));
    let details: Vec<_> = completed.deviations.iter().map(|observed| observed.detail.as_str()).collect();
    assert_eq!(details, ["X-com.example.key", "MaxBurstLength=Irrelevant"]);

    let silent = at_response(chap()).on(|request| grant(request, &[("HeaderDigest", "CRC32C")]));
    let error = silent.fails(|request| grant(request, &[]));
    assert!(is_violation_of(&error, "HeaderDigest"), "{error}");
    for keys in [
        [("MaxRecvDataSegmentLength", "511"), MD5],
        [("HeaderDigest", "None"), ("HeaderDigest", "CRC32C")],
        [("MaxBurstLength", "many"), MD5],
    ] {
        let error = at_response(chap()).fails(|request| grant(request, &keys));
        assert!(matches!(error, LoginError::Protocol(_)), "{keys:?}: {error}");
    }
    // A reserved word does not lift the limit of the early value, and a repeated key is compared with it.
    let play = at_response(chap()).on(|request| grant(request, &[("MaxRecvDataSegmentLength", "512")]));
    let completed =
        complete(play.step(|request| grant(request, &[("MaxRecvDataSegmentLength", "NotUnderstood")])));
    assert_eq!(completed.parameters.max_send_data_segment_length, 512);
    let again = [("MaxBurstLength", "NotUnderstood"), ("MaxBurstLength", "1048576")];
    assert_eq!(answered(open(), &again).parameters.max_burst_length, 262_144);

    // Of two early values the more restrictive one is used.
    let twice = [("MaxBurstLength", "4096"), ("MaxBurstLength", "8192")];
    let play = at_response(chap()).on(|request| grant(request, &twice));
    assert_eq!(complete(play.step(|request| grant(request, &[]))).parameters.max_burst_length, 4096);
}

/// The first portal group tag is used, in one response and over several.
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
    let twice = ProtocolViolation::DuplicateKey { key: "TargetPortalGroupTag".to_owned() };
    assert_eq!(strict.fails(|request| grant(request, &[tag("1")])), twice.into());
    let alias = answered(open(), &[("TargetAlias", "a"), ("TargetAlias", "b")]);
    assert_eq!((alias.target_alias.as_deref(), ids(&alias)), (Some("a"), vec!["key-repeated"]));
}

/// The initiator's own declarations sent back, in either stage; any other value is refused.
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
            let config = LoginConfig { initiator_alias: Some("host"), strictness, ..open() };
            let error = Play::begin(config).fails(|request| grant(request, &[pair]));
            assert!(is_out_of_place(&error, pair.0), "{pair:?}: {error}");
        }
    }
    let beside_method = Play::begin(tolerant(mutual())).on(|request| answer(request, &[CHAP, target]));
    assert!(beside_method.value("CHAP_A").is_some());
    // A discovery session names no target, so any name is accepted.
    for pair in [target, ("SessionType", "Discovery")] {
        assert_eq!(ids(&answered(discovery(), &[pair])), ["declaration-echoed"]);
    }
    let error = Play::begin(discovery()).fails(|request| grant(request, &[("SessionType", "Normal")]));
    assert!(is_out_of_place(&error, "SessionType"), "{error}");
}
