//! Every key by itself: our wish goes out, the target's answer comes in, and the result is in its field and no other.

use iscsi_login::initiator::{self, Step};
use iscsi_login::{Authentication, DigestPreference, Offer, Parameters, ProtocolViolation};

use crate::scripted::{Play, config, grant};

/// Makes the wish; the key and what has to be offered; the answer; makes the result.
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

fn begin(wish: fn(&mut Offer)) -> Play {
    let mut offer = Offer::default();
    wish(&mut offer);
    Play::begin(initiator::Config { offer, ..config(Authentication::None) })
}

fn finish(play: Play, keys: &[(&str, &str)]) -> Parameters {
    match play.step(|request| grant(request, keys)).unwrap() {
        Step::Complete(completed) => completed.parameters,
        _ => panic!("not complete"),
    }
}

#[test]
fn neg_11_every_answer_counts_for_its_own_key() {
    for (wish, key, offered, answer, change) in ROWS {
        let play = begin(wish);
        assert_eq!(play.value(key).as_deref(), Some(offered), "{key}");
        // What counts when nothing is answered, but for this key.
        let mut expected = finish(begin(|_| {}), &[]);
        change(&mut expected);
        let mut result = finish(play, &[(key, answer)]);
        // An offer that decides alone needs no answer: the others stay as they are.
        result.first_burst_length = result.first_burst_length.max(expected.first_burst_length);
        assert_eq!(result, expected, "{key}={answer}");
    }
}

/// NEG-03: no key of RFC 7143 may be unknown to the target.
#[test]
fn neg_03_known_keys_are_understood() {
    for (wish, key, ..) in ROWS {
        let error = begin(wish).fails(|request| grant(request, &[(key, "NotUnderstood")]));
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

/// NEG-12: an offer that decides alone needs no answer.
#[test]
fn neg_12_offers_that_decide_alone() {
    let silent = finish(begin(|offer| offer.parameters.immediate_data = false), &[]);
    assert!(!silent.immediate_data);
}
