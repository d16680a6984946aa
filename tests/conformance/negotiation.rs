//! Operational keys: the target's answers to the initiator's offers, and the initiator's answers to the target's.

use iscsi_login::initiator::{SessionType, Step};
use iscsi_login::{
    Authentication, DigestPreference, LoginError, Offer, Parameters, ProtocolViolation, initiator,
};

use crate::scripted::{Play, answer, config, forward, grant, prepared};

/// The result of these answers.
fn result(keys: &[(&str, &str)]) -> Result<Parameters, LoginError> {
    match Play::at_parameters().step(|request| grant(request, keys))? {
        Step::Complete(completed) => Ok(completed.parameters),
        _ => panic!("not complete"),
    }
}

/// NEG-01, NEG-12: without an answer the default applies, or an offer that decides the result.
#[test]
fn neg_01_neg_12_defaults() {
    let silent = result(&[]).unwrap();
    assert!(silent.initial_r2t && silent.immediate_data);
    assert_eq!((silent.max_burst_length, silent.first_burst_length), (262_144, 65_536));
    assert_eq!((silent.max_send_data_segment_length, silent.max_recv_data_segment_length), (8192, 262_144));
}

/// NEG-08, NEG-10, NEG-11, NEG-13, TXT-10: answers that no rule allows.
#[test]
fn neg_08_neg_10_neg_11_neg_13_neg_35_impossible_answers() {
    for pair in [
        ("HeaderDigest", "CRC32C"),
        ("HeaderDigest", "None,CRC32C"),
        ("MaxBurstLength", "1048577"),
        ("MaxBurstLength", "511"),
        ("MaxBurstLength", "16777216"),
        ("MaxBurstLength", "many"),
        ("DefaultTime2Wait", "1"),
        ("DefaultTime2Wait", "3601"),
        ("MaxOutstandingR2T", "0"),
        ("ErrorRecoveryLevel", "1"),
        ("InitialR2T", "yes"),
        ("DataPDUInOrder", "No"),
        ("MaxRecvDataSegmentLength", "511"),
        ("MaxBurstLength", "NotUnderstood"),
        ("TargetPortalGroupTag", "65536"),
    ] {
        let error = result(&[pair]).unwrap_err();
        assert!(matches!(error, LoginError::Protocol(_)), "{pair:?}: {error}");
    }
}

/// NEG-05, NEG-06, NEG-16: reserved words that conclude a key, and a first burst within the burst.
#[test]
fn neg_05_neg_06_neg_16_irrelevant_and_reject() {
    assert_eq!(result(&[("FirstBurstLength", "Irrelevant")]).unwrap().first_burst_length, 65_536);
    assert!(!result(&[("DataDigest", "Reject")]).unwrap().digests.data);
    let bursts = result(&[("FirstBurstLength", "65536"), ("MaxBurstLength", "8192")]).unwrap();
    assert_eq!((bursts.first_burst_length, bursts.max_burst_length), (8192, 8192));
    let mut offer = Offer::default();
    offer.data_digest = DigestPreference::Crc32c;
    let play = Play::begin(initiator::LoginConfig { offer: prepared(offer), ..config(Authentication::None) });
    assert!(play.step(|request| grant(request, &[("DataDigest", "Reject")])).is_err());
}

/// NEG-07: repeated keys, in one PDU and in two.
#[test]
fn neg_07_duplicates() {
    let twice = ProtocolViolation::DuplicateKey { key: "ImmediateData".to_owned() };
    let pair = ("ImmediateData", "Yes");
    assert_eq!(result(&[pair, pair]), Err(twice.clone().into()));
    let play = Play::at_parameters().on(|request| answer(request, &[pair]));
    assert_eq!(play.fails(|request| grant(request, &[pair])), twice.into());
}

/// NEG-02, NEG-04, NEG-09, NEG-18, NEG-23, NEG-24, NEG-36: keys that the target offers.
#[test]
fn neg_02_neg_04_neg_09_neg_18_neg_23_neg_24_neg_36_answers_to_the_target() {
    let discovery =
        initiator::LoginConfig { session_type: SessionType::Discovery, ..config(Authentication::None) };
    let play = Play::begin(discovery).on(|request| {
        answer(
            request,
            &[
                ("X-com.example.foo", "1"),
                ("IFMarkInt", "1~2"),
                ("MaxBurstLength", "1024"),
                ("TargetAlias", "shelf"),
                ("MaxRecvDataSegmentLength", "1024"),
            ],
        )
    });
    let expected =
        [("X-com.example.foo", "NotUnderstood"), ("IFMarkInt", "Reject"), ("MaxBurstLength", "Irrelevant")];
    let expected: Vec<_> =
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    assert_eq!(play.keys(), expected);

    let play = Play::at_parameters().on(|request| {
        answer(request, &[("TaskReporting", "FastAbort,RFC3720"), ("iSCSIProtocolLevel", "2")])
    });
    assert_eq!(play.value("TaskReporting").as_deref(), Some("RFC3720"));
    assert_eq!(play.value("iSCSIProtocolLevel").as_deref(), Some("1"));
    assert!(play.request.transit);

    for word in ["Reject", "Irrelevant", "NotUnderstood"] {
        assert!(Play::at_parameters().step(|request| answer(request, &[("TaskReporting", word)])).is_err());
    }
}

/// NEG-24: level 2 is offered by whoever wants it, and in force when the target agrees. A target that does not know the key stays at
/// level 1, and so does one that says nothing.
#[test]
fn neg_24_protocol_level_2() {
    let level = |target: &[(&str, &str)]| {
        let mut offer = Offer::default();
        offer.parameters.protocol_level = 2;
        let login = initiator::LoginConfig { offer: prepared(offer), ..config(Authentication::None) };
        let play = Play::begin(login);
        assert_eq!(play.value("iSCSIProtocolLevel").as_deref(), Some("2"));
        match play.step(|request| grant(request, target)) {
            Ok(Step::Complete(completed)) => completed.parameters.protocol_level,
            _ => panic!("not complete: {target:?}"),
        }
    };
    assert_eq!(level(&[("iSCSIProtocolLevel", "2")]), 2);
    for answer in ["1", "0", "NotUnderstood", "Reject"] {
        assert!(level(&[("iSCSIProtocolLevel", answer)]) <= 1, "{answer}");
    }
    assert_eq!(level(&[]), 1);
    let play = Play::at_parameters();
    assert_eq!(play.value("iSCSIProtocolLevel"), None, "the default is not offered");
}

/// LOG-19: a transition together with an offer.
#[test]
fn log_19_transition_with_a_proposal() {
    let error = result(&[("X-com.example.foo", "1")]).unwrap_err();
    assert!(matches!(error, LoginError::Protocol(ProtocolViolation::Header { field: "T", .. })), "{error}");
}

/// NEG-32, LOG-05: a discovery session offers nothing that is irrelevant there.
#[test]
fn neg_32_log_05_discovery() {
    let discovery =
        initiator::LoginConfig { session_type: SessionType::Discovery, ..config(Authentication::None) };
    let play = Play::begin(discovery);
    assert_eq!(play.value("SessionType").as_deref(), Some("Discovery"));
    for key in ["TargetName", "MaxConnections", "InitialR2T", "MaxBurstLength", "DataPDUInOrder"] {
        assert_eq!(play.value(key), None, "{key}");
    }
    assert_eq!(play.value("HeaderDigest").as_deref(), Some("None"));
}

/// What a target says of its architecture is taken in any stage, and not used.
#[test]
fn the_architecture_of_a_target_is_taken() {
    let architecture = ("X#NodeArchitecture", "x86_64");
    let chap = Play::begin(config(Authentication::Chap(forward())));
    let step = chap.step(|request| answer(request, &[("AuthMethod", "CHAP"), architecture]));
    let Ok(Step::Send(login, request)) = step else { panic!("not sent") };
    assert_eq!(Play::resume(login, request).value("CHAP_A").as_deref(), Some("8,7,6,5"));
    assert_eq!(result(&[architecture]), result(&[]));
    // In strict mode it may come once, as any key.
    let twice = Play::begin(config(Authentication::None));
    let error = twice.fails(|request| grant(request, &[architecture, architecture]));
    assert!(matches!(error, LoginError::Protocol(ProtocolViolation::DuplicateKey { .. })), "{error}");
}
