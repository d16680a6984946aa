//! Each key by itself: the initiator's offer, the target's answer, and the result in the field of the key and no other.

use iscsi_login::initiator::{self, Step};
use iscsi_login::{Authentication, DigestPreference, Offer, Parameters, ProtocolViolation};

use crate::scripted::{Play, config, grant, prepared};

/// Change to the offer; key, value offered, answer; change to the result.
type Row = (fn(&mut Offer), &'static str, &'static str, &'static str, fn(&mut Parameters));

const ROWS: [Row; 13] = [
    (
        |offer| offer.header_digest = DigestPreference::PreferCrc32c,
        "HeaderDigest",
        "CRC32C,None",
        "CRC32C",
        |result| result.digests.header = true,
    ),
    (
        |offer| offer.data_digest = DigestPreference::AcceptCrc32c,
        "DataDigest",
        "None,CRC32C",
        "CRC32C",
        |result| result.digests.data = true,
    ),
    (
        |offer| offer.parameters.max_connections = 5,
        "MaxConnections",
        "5",
        "3",
        |result| {
            result.max_connections = 3;
        },
    ),
    (
        |offer| offer.parameters.initial_r2t = false,
        "InitialR2T",
        "No",
        "No",
        |result| {
            result.initial_r2t = false;
        },
    ),
    (
        |offer| offer.parameters.immediate_data = true,
        "ImmediateData",
        "Yes",
        "No",
        |result| {
            result.immediate_data = false;
        },
    ),
    (
        |offer| offer.parameters.max_burst_length = 700_000,
        "MaxBurstLength",
        "700000",
        "600000",
        |result| {
            result.max_burst_length = 600_000;
        },
    ),
    (
        |offer| offer.parameters.first_burst_length = 5120,
        "FirstBurstLength",
        "5120",
        "1024",
        |result| {
            result.first_burst_length = 1024;
        },
    ),
    (
        |offer| offer.parameters.default_time2wait = 3,
        "DefaultTime2Wait",
        "3",
        "2000",
        |result| {
            result.default_time2wait = 2000;
        },
    ),
    (
        |offer| offer.parameters.default_time2retain = 3600,
        "DefaultTime2Retain",
        "3600",
        "300",
        |result| {
            result.default_time2retain = 300;
        },
    ),
    (
        |offer| offer.parameters.max_outstanding_r2t = 1000,
        "MaxOutstandingR2T",
        "1000",
        "300",
        |result| {
            result.max_outstanding_r2t = 300;
        },
    ),
    (
        |offer| offer.parameters.data_pdu_in_order = false,
        "DataPDUInOrder",
        "No",
        "No",
        |result| {
            result.data_pdu_in_order = false;
        },
    ),
    (
        |offer| offer.parameters.data_sequence_in_order = false,
        "DataSequenceInOrder",
        "No",
        "No",
        |result| {
            result.data_sequence_in_order = false;
        },
    ),
    (
        |offer| offer.parameters.error_recovery_level = 2,
        "ErrorRecoveryLevel",
        "2",
        "1",
        |result| {
            result.error_recovery_level = 1;
        },
    ),
];

fn begin(change: fn(&mut Offer)) -> Play {
    let mut offer = Offer::default();
    change(&mut offer);
    Play::begin(initiator::LoginConfig { offer: prepared(offer), ..config(Authentication::None) })
}

fn finish(play: Play, keys: &[(&str, &str)]) -> Parameters {
    match play.step(|request| grant(request, keys)).unwrap() {
        Step::Complete(completed) => completed.parameters,
        _ => panic!("not complete"),
    }
}

#[test]
fn neg_11_every_answer_counts_for_its_own_key() {
    for (make_offer, key, offered, answer, change) in ROWS {
        let play = begin(make_offer);
        assert_eq!(play.value(key).as_deref(), Some(offered), "{key}");
        // The result without an answer, except for this key.
        let mut expected = finish(begin(|_| {}), &[]);
        change(&mut expected);
        let mut result = finish(play, &[(key, answer)]);
        // The first burst follows a shorter burst.
        result.first_burst_length = result.first_burst_length.max(expected.first_burst_length);
        assert_eq!(result, expected, "{key}={answer}");
    }
}

/// NEG-03: no key of RFC 7143 may be unknown to the target.
#[test]
fn neg_03_known_keys_are_understood() {
    for (make_offer, key, ..) in ROWS {
        let error = begin(make_offer).fails(|request| grant(request, &[(key, "NotUnderstood")]));
        let rule = "every implementation understands the keys of RFC 7143 (6.2)";
        assert_eq!(error, ProtocolViolation::Rule { key, rule }.into());
    }
}

/// The segment length is declared, not negotiated: each side has its own.
#[test]
fn neg_36_declared_lengths() {
    let result = finish(
        begin(|offer| offer.parameters.max_recv_data_segment_length = 4096),
        &[("MaxRecvDataSegmentLength", "1024")],
    );
    assert_eq!((result.max_recv_data_segment_length, result.max_send_data_segment_length), (4096, 1024));
}

/// NEG-12: an offer that decides the result needs no answer.
#[test]
fn neg_12_offers_that_decide_alone() {
    let silent = finish(begin(|offer| offer.parameters.immediate_data = false), &[]);
    assert!(!silent.immediate_data);
}
