//! Limits of the result under random deviations: it never exceeds the initiator's offer or the target's declaration.

use iscsi_login::initiator::{LoginConfig, Step};
use iscsi_login::{Authentication, DigestPreference, Offer, Parameters, Strictness};
use iscsi_pdu::Digests;
use proptest::prelude::*;
use proptest::sample::select;

use crate::scripted::{CHALLENGE, Play, answer, config, forward, grant, prepared};

type Pairs = Vec<(&'static str, &'static str)>;

const NUMBERS: [&str; 8] = [
    "MaxBurstLength",
    "FirstBurstLength",
    "MaxRecvDataSegmentLength",
    "DefaultTime2Wait",
    "DefaultTime2Retain",
    "MaxOutstandingR2T",
    "MaxConnections",
    "ErrorRecoveryLevel",
];
const BOOLEANS: [&str; 4] = ["InitialR2T", "ImmediateData", "DataPDUInOrder", "DataSequenceInOrder"];
const DIGESTS: [&str; 2] = ["HeaderDigest", "DataDigest"];
const OTHERS: [&str; 5] =
    ["TaskReporting", "iSCSIProtocolLevel", "IFMarker", "X-com.example.key", "TargetName"];

/// Keys with values of their type, and with reserved words.
fn pair() -> impl Strategy<Value = (&'static str, &'static str)> {
    let reserved = ["NotUnderstood", "Irrelevant", "Reject"];
    let numbers = ["0", "1", "2", "512", "8192", "65536", "1048576", "16777215"];
    let with = |keys: &'static [&'static str], values: Vec<&'static str>| {
        (select(keys), select([values, reserved.to_vec()].concat()))
    };
    prop_oneof![
        6 => with(&NUMBERS, numbers.to_vec()),
        3 => with(&BOOLEANS, vec!["Yes", "No"]),
        3 => with(&DIGESTS, vec!["None", "CRC32C", "CRC32C,None"]),
        1 => with(&OTHERS, vec!["1", "No", "iqn.2001-04.com.example:disk"]),
    ]
}

fn pairs() -> impl Strategy<Value = Pairs> {
    proptest::collection::vec(pair(), 0..4)
}

fn offer() -> impl Strategy<Value = Offer> {
    use DigestPreference::{Crc32c, None, PreferCrc32c};
    let digest = || select(vec![None, Crc32c, PreferCrc32c]);
    let length = || select(vec![512_u32, 8192, 65_536, 1_048_576]);
    (digest(), digest(), any::<[bool; 2]>(), length(), length(), select(vec![1_u16, 8]), 0..5_u16).prop_map(
        |(header, data, [initial_r2t, immediate], burst, first, r2ts, wait)| {
            let mut offer = Offer::default();
            (offer.header_digest, offer.data_digest) = (header, data);
            let parameters = &mut offer.parameters;
            (parameters.initial_r2t, parameters.immediate_data) = (initial_r2t, immediate);
            (parameters.max_burst_length, parameters.first_burst_length) = (burst, first.min(burst));
            (parameters.max_outstanding_r2t, parameters.default_time2wait) = (r2ts, wait);
            parameters.default_time2retain = wait * 10;
            offer
        },
    )
}

/// Logs in to a target that sends these keys: with its challenge, at the end of the stage, and in two operational answers.
fn log_in(offer: Offer, said: &[Pairs; 4]) -> Option<Parameters> {
    let strictness = Strictness::Tolerant;
    let config =
        LoginConfig { offer: prepared(offer), strictness, ..config(Authentication::Chap(forward())) };
    let challenge: Pairs = vec![("CHAP_A", "5"), CHALLENGE[0], CHALLENGE[1]];
    let step = |play: Play, answer: &dyn Fn(&iscsi_pdu::LoginRequest) -> iscsi_pdu::LoginResponse| match play
        .step(answer)
    {
        Ok(Step::Send(login, request)) => Some(Play::resume(login, request)),
        _ => None,
    };
    let play = step(Play::begin(config), &|request| answer(request, &[("AuthMethod", "CHAP")]))?;
    let play = step(play, &|request| answer(request, &[&challenge[..], &said[0]].concat()))?;
    let play = step(play, &|request| grant(request, &said[1]))?;
    let play = step(play, &|request| answer(request, &said[2]))?;
    match play.step(|request| grant(request, &said[3])) {
        Ok(Step::Complete(completed)) => Some(completed.parameters),
        _ => None,
    }
}

/// The largest segment that the target takes: the declaration of the operational stage counts before an early one, and of
/// two declarations the smaller one.
fn largest_segment(said: &[Pairs; 4]) -> u32 {
    let declared = |pairs: &[Pairs]| {
        let of_key = pairs.iter().flatten().filter(|pair| pair.0 == "MaxRecvDataSegmentLength");
        of_key.filter_map(|pair| pair.1.parse::<u32>().ok()).min()
    };
    declared(&said[2..]).unwrap_or_else(|| declared(&said[..2]).unwrap_or(8192).min(8192))
}

fn check(offer: &Offer, result: &Parameters, said: &[Pairs; 4]) {
    let offered = &offer.parameters;
    assert!(result.max_burst_length <= offered.max_burst_length);
    assert!(result.first_burst_length <= offered.first_burst_length.min(result.max_burst_length));
    assert!(result.max_outstanding_r2t <= offered.max_outstanding_r2t);
    assert!(result.max_connections <= offered.max_connections);
    assert!(result.error_recovery_level <= offered.error_recovery_level);
    assert!(result.default_time2retain <= offered.default_time2retain);
    assert!(result.default_time2wait >= offered.default_time2wait);
    assert!(result.initial_r2t >= offered.initial_r2t);
    assert!(result.immediate_data <= offered.immediate_data);
    assert!(result.data_pdu_in_order && result.data_sequence_in_order);
    assert_eq!(result.max_recv_data_segment_length, offered.max_recv_data_segment_length);
    assert!(result.max_send_data_segment_length <= largest_segment(said), "{said:?}");
    assert!(result.protocol_level <= 1);
    let fits = |wanted, in_force: bool| match wanted {
        DigestPreference::None => !in_force,
        DigestPreference::Crc32c => in_force,
        _ => true,
    };
    let Digests { header, data } = result.digests;
    assert!(fits(offer.header_digest, header) && fits(offer.data_digest, data));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn neg_11_limits_never_grow(offer in offer(), said in [pairs(), pairs(), pairs(), pairs()]) {
        if let Some(result) = log_in(offer, &said) {
            check(&offer, &result, &said);
        }
    }
}

/// Many of the random targets complete the login, so the property above is not vacuous.
#[test]
fn many_of_these_targets_are_tolerated() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut said =
        || (offer(), [pairs(), pairs(), pairs(), pairs()]).new_tree(&mut runner).unwrap().current();
    let tolerated = (0..1000).filter(|_| {
        let (offer, said) = said();
        log_in(offer, &said).is_some()
    });
    let tolerated = tolerated.count();
    assert!(tolerated > 100, "{tolerated} of 1000");
}
