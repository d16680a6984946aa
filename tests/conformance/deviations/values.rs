//! Operational values: tolerated answers, and answers that are refused in either mode.

use iscsi_login::initiator::{LoginConfig, SessionType};
use iscsi_login::{DigestPreference, LoginError, Offer, Parameters, Strictness};

use super::{MODES, answered, complete, ids, is_violation_of, open, with};
use crate::scripted::{Play, answer, grant};

/// The change to the default offer, the answer, and the value in force afterwards.
type Row = (fn(&mut Offer), (&'static str, &'static str), fn(&Parameters) -> u32, u32);

/// Each answer leads to the value and is reported as the deviation `id`, or ends a strict login.
fn expect_tolerated(id: &str, rows: &[Row]) {
    for &(offer, pair, value, expected) in rows {
        let completed = answered(with(offer), &[pair]);
        assert_eq!((ids(&completed), value(&completed.parameters)), (vec![id], expected), "{pair:?}");
        let strict = LoginConfig { strictness: Strictness::Strict, ..with(offer) };
        let error = Play::begin(strict).fails(|request| grant(request, &[pair]));
        assert!(is_violation_of(&error, pair.0), "{error}");
    }
}

/// NEG-11, NEG-13: after a value beyond the offer, the offer stays in force.
#[test]
fn neg_11_neg_13_values_beyond_the_offer() {
    let always: fn(&mut Offer) = |offer| offer.parameters.initial_r2t = true;
    let never: fn(&mut Offer) = |offer| offer.parameters.immediate_data = false;
    let rows: [Row; 11] = [
        (|_| {}, ("MaxBurstLength", "16776192"), |p| p.max_burst_length, 1_048_576),
        (|_| {}, ("FirstBurstLength", "262145"), |p| p.first_burst_length, 262_144),
        (|_| {}, ("DefaultTime2Wait", "1"), |p| p.default_time2wait.into(), 2),
        (|_| {}, ("DefaultTime2Retain", "60"), |p| p.default_time2retain.into(), 20),
        (|_| {}, ("MaxOutstandingR2T", "16"), |p| p.max_outstanding_r2t.into(), 1),
        (|_| {}, ("MaxConnections", "2"), |p| p.max_connections.into(), 1),
        (|_| {}, ("ErrorRecoveryLevel", "2"), |p| p.error_recovery_level.into(), 0),
        (always, ("InitialR2T", "No"), |p| p.initial_r2t.into(), 1),
        (never, ("ImmediateData", "Yes"), |p| p.immediate_data.into(), 0),
        (|_| {}, ("DataPDUInOrder", "No"), |p| p.data_pdu_in_order.into(), 1),
        (|_| {}, ("DataSequenceInOrder", "No"), |p| p.data_sequence_in_order.into(), 1),
    ];
    expect_tolerated("value-beyond-offer", &rows);
}

/// NEG-03: a key that the target does not understand has its default, or the offer if that is more restrictive.
#[test]
fn neg_03_keys_that_are_not_understood() {
    let burst: fn(&mut Offer) = |offer| offer.parameters.max_burst_length = 4096;
    let r2ts: fn(&mut Offer) = |offer| offer.parameters.max_outstanding_r2t = 8;
    let at_once: fn(&mut Offer) = |offer| offer.parameters.default_time2wait = 0;
    let later: fn(&mut Offer) = |offer| offer.parameters.default_time2wait = 9;
    let digest: fn(&mut Offer) = |offer| offer.header_digest = DigestPreference::PreferCrc32c;
    let segment: fn(&Parameters) -> u32 = |p| p.max_send_data_segment_length;
    let rows: [Row; 10] = [
        (|_| {}, ("MaxBurstLength", "NotUnderstood"), |p| p.max_burst_length, 262_144),
        (burst, ("MaxBurstLength", "NotUnderstood"), |p| p.max_burst_length, 4096),
        (r2ts, ("MaxOutstandingR2T", "NotUnderstood"), |p| p.max_outstanding_r2t.into(), 1),
        (at_once, ("DefaultTime2Wait", "NotUnderstood"), |p| p.default_time2wait.into(), 2),
        (later, ("DefaultTime2Wait", "NotUnderstood"), |p| p.default_time2wait.into(), 9),
        (|_| {}, ("InitialR2T", "NotUnderstood"), |p| p.initial_r2t.into(), 1),
        (|_| {}, ("ImmediateData", "NotUnderstood"), |p| p.immediate_data.into(), 0),
        (|_| {}, ("DataDigest", "NotUnderstood"), |p| p.digests.data.into(), 0),
        (digest, ("HeaderDigest", "NotUnderstood"), |p| p.digests.header.into(), 0),
        (|_| {}, ("MaxRecvDataSegmentLength", "NotUnderstood"), segment, 8192),
    ];
    expect_tolerated("not-understood", &rows);
    let recovery: fn(&mut Offer) = |offer| offer.parameters.error_recovery_level = 2;
    let level: Row =
        (recovery, ("ErrorRecoveryLevel", "NotUnderstood"), |p| p.error_recovery_level.into(), 0);
    expect_tolerated("recovery-level-not-understood", &[level]);
}

/// NEG-05: `Irrelevant` where no other key makes a key irrelevant.
#[test]
fn neg_05_keys_that_are_irrelevant_without_a_reason() {
    let rows: [Row; 4] = [
        (|_| {}, ("MaxBurstLength", "Irrelevant"), |p| p.max_burst_length, 262_144),
        (|_| {}, ("ImmediateData", "Irrelevant"), |p| p.immediate_data.into(), 0),
        (|_| {}, ("DataDigest", "Irrelevant"), |p| p.digests.data.into(), 0),
        (|_| {}, ("MaxRecvDataSegmentLength", "Irrelevant"), |p| p.max_send_data_segment_length, 8192),
    ];
    expect_tolerated("irrelevant", &rows);
}

/// NEG-11, NEG-35: values out of range or malformed, and digests that were not offered, are never tolerated.
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
            let config = LoginConfig { strictness, ..open() };
            let error = Play::begin(config).fails(|request| grant(request, &[pair]));
            assert!(matches!(error, LoginError::Protocol(_)), "{pair:?}: {error}");
        }
    }
}

/// NEG-06, NEG-10: a required digest is in force or the login fails, whatever the target answers.
#[test]
fn neg_06_neg_10_a_required_digest_is_never_given_up() {
    type Require = fn(&mut Offer);
    let offers: [(&str, Require); 2] = [
        ("HeaderDigest", |offer| offer.header_digest = DigestPreference::Crc32c),
        ("DataDigest", |offer| offer.data_digest = DigestPreference::Crc32c),
    ];
    for (key, offer) in offers {
        for strictness in MODES {
            let begin = || Play::begin(LoginConfig { strictness, ..with(offer) });
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
            let discovery = LoginConfig { session_type: SessionType::Discovery, strictness, ..with(offer) };
            let error = Play::begin(discovery).fails(|request| grant(request, &[(key, "Irrelevant")]));
            assert!(is_violation_of(&error, key), "{error}");
        }
    }
}
