//! What a target may try, and the exact error it ends in.

use iscsi_login::{Authentication, LoginError, Misuse, NotAuthenticated, Violation, initiator};
use iscsi_pdu::{LoginResponse, Stage, ValueError};

use crate::scripted::{CHALLENGE, FORWARD, PROOF, Play, answer, config, forward, grant, mutual, reverse};

fn not_authenticated(reason: NotAuthenticated) -> LoginError {
    LoginError::NotAuthenticated(reason)
}

/// CHP-23: only CHAP is offered, and nothing else is taken.
#[test]
fn chp_23_other_methods() {
    for authentication in [mutual(), Authentication::Chap(forward())] {
        assert_eq!(Play::begin(config(authentication)).value("AuthMethod").as_deref(), Some("CHAP"));
        for chosen in ["None", "Reject", "KRB5", "CHAP,None"] {
            let error = Play::begin(config(authentication))
                .fails(|request| answer(request, &[("AuthMethod", chosen)]));
            assert_eq!(error, not_authenticated(NotAuthenticated::Method { chosen: chosen.to_owned() }));
        }
        let error = Play::begin(config(authentication)).fails(|request| answer(request, &[]));
        assert_eq!(error, Violation::MissingKey { key: "AuthMethod" }.into());
    }
}

/// CHP-23, LOG-15: a target that opens the door before anybody proved anything.
#[test]
fn chp_23_transition_before_the_proof() {
    for next in [Stage::OPERATIONAL, Stage::FULL_FEATURE] {
        let open =
            |request: &_| LoginResponse { transit: true, next_stage: next, tsih: 1, ..answer(request, &[]) };
        let skipped = not_authenticated(NotAuthenticated::Skipped { next });
        assert_eq!(Play::begin(config(mutual())).fails(open), skipped);
        assert_eq!(Play::at_challenge(mutual()).fails(open), skipped);
    }
    let beyond = |request: &_| LoginResponse { next_stage: Stage::FULL_FEATURE, ..grant(request, &PROOF) };
    let skipped = not_authenticated(NotAuthenticated::Skipped { next: Stage::FULL_FEATURE });
    assert_eq!(Play::at_proof("5").fails(beyond), skipped);
}

/// CHP-19: the last answer without proof, or with half of it.
#[test]
fn chp_19_missing_proof() {
    assert_eq!(
        Play::at_proof("5").fails(|request| grant(request, &[])),
        not_authenticated(NotAuthenticated::NoResponse)
    );
    assert_eq!(
        Play::at_proof("5").fails(|request| answer(request, &[])),
        not_authenticated(NotAuthenticated::NoResponse)
    );
    let name_only = Play::at_proof("5").fails(|request| grant(request, &PROOF[..1]));
    assert_eq!(name_only, Violation::MissingKey { key: "CHAP_R" }.into());
    let response_only = Play::at_proof("5").fails(|request| grant(request, &PROOF[1..]));
    assert_eq!(response_only, Violation::MissingKey { key: "CHAP_N" }.into());
}

/// CHP-20: one bit off.
#[test]
fn chp_20_wrong_proof() {
    let wrong = [("CHAP_N", "disk"), ("CHAP_R", "0xc845274d8f66c33eb85b988fe7bc67c1")];
    let error = Play::at_proof("5").fails(|request| grant(request, &wrong));
    assert_eq!(error, not_authenticated(NotAuthenticated::WrongResponse { name: "disk".to_owned() }));
}

/// CHP-15: the answer our own secret gives.
#[test]
fn chp_15_our_own_response() {
    let own = [("CHAP_N", "disk"), ("CHAP_R", "0x4e3c4db1c98507e50527e9b16bdcf45e")];
    let error = Play::at_proof("5").fails(|request| grant(request, &own));
    assert_eq!(error, not_authenticated(NotAuthenticated::OwnResponse));
}

/// CHP-21: the right secret under another name.
#[test]
fn chp_21_wrong_name() {
    let stranger = [("CHAP_N", "other"), PROOF[1]];
    let error = Play::at_proof("5").fails(|request| grant(request, &stranger));
    let wrong = NotAuthenticated::WrongName { expected: "disk".to_owned(), received: "other".to_owned() };
    assert_eq!(error, not_authenticated(wrong));
}

/// CHP-10: as long as the hash, neither more nor less.
#[test]
fn chp_10_response_length() {
    let long = "0x00c845274d8f66c33eb85b988fe7bc67c0";
    for response in ["0xc845274d8f66c33eb85b988fe7bc67", long] {
        let error = Play::at_proof("5").fails(|request| grant(request, &[PROOF[0], ("CHAP_R", response)]));
        assert!(matches!(error, LoginError::Protocol(Violation::Rule { key: "CHAP_R", .. })), "{error}");
    }
    let empty = Play::at_proof("5").fails(|request| grant(request, &[PROOF[0], ("CHAP_R", "0x")]));
    assert_eq!(empty, Violation::Value { key: "CHAP_R", error: ValueError::NotBinary }.into());
}

/// CHP-16, CHP-17: our own challenge comes back to us.
#[test]
fn chp_16_reflected_challenge() {
    let reflected = [("CHAP_A", "5"), ("CHAP_I", "33"), ("CHAP_C", "0x0f1e2d3c4b5a69788796a5b4c3d2e1f0")];
    let error = Play::at_challenge(mutual()).fails(|request| answer(request, &reflected));
    assert_eq!(error, not_authenticated(NotAuthenticated::ReflectedChallenge));
}

/// CHP-03: one algorithm, a number, from our list.
#[test]
fn chp_03_algorithms() {
    let md5_only = || {
        let config = initiator::Config { algorithms: &[iscsi_login::ChapAlgorithm::Md5], ..config(mutual()) };
        Play::begin(config).on(|request| answer(request, &[("AuthMethod", "CHAP")]))
    };
    assert_eq!(md5_only().value("CHAP_A").as_deref(), Some("5"));
    assert_eq!(Play::at_challenge(mutual()).value("CHAP_A").as_deref(), Some("8,7,6,5"));
    for algorithm in ["6", "99", "5,7", "MD5", "Reject", "None", ""] {
        let keys = [("CHAP_A", algorithm), CHALLENGE[0], CHALLENGE[1]];
        let error = md5_only().fails(|request| answer(request, &keys));
        assert!(
            matches!(
                error,
                LoginError::Protocol(
                    Violation::Rule { key: "CHAP_A", .. } | Violation::Value { key: "CHAP_A", .. }
                )
            ),
            "{algorithm}: {error}"
        );
    }
    let hex = [("CHAP_A", "0x5"), ("CHAP_I", "0x21"), CHALLENGE[1]];
    let play = md5_only().on(|request| answer(request, &hex));
    assert_eq!(play.value("CHAP_R").as_deref(), Some("0xabd1269ad8f9d87af9d48b223fe0bb3d"));
}

/// CHP-04, CHP-05, CHP-06, CHP-34: the three keys come together, each in its own form.
#[test]
fn chp_04_challenge_keys() {
    let long = format!("0x{}", "00".repeat(1025));
    let cases: [&[(&str, &str)]; 11] = [
        &[CHALLENGE[0], CHALLENGE[1]],
        &[("CHAP_A", "5"), CHALLENGE[1]],
        &[("CHAP_A", "5"), CHALLENGE[0]],
        &[("CHAP_A", "5")],
        &[("CHAP_A", "5"), ("CHAP_I", "256"), CHALLENGE[1]],
        &[("CHAP_A", "5"), ("CHAP_I", "0bIQ=="), CHALLENGE[1]],
        &[("CHAP_A", "5"), CHALLENGE[0], ("CHAP_C", "123456")],
        &[("CHAP_A", "5"), CHALLENGE[0], ("CHAP_C", "0x")],
        &[("CHAP_A", "5"), CHALLENGE[0], ("CHAP_C", &long)],
        &[("CHAP_A", "5"), CHALLENGE[0], CHALLENGE[1], CHALLENGE[1]],
        &[("CHAP_A", "5"), CHALLENGE[0], CHALLENGE[1], PROOF[1]],
    ];
    for keys in cases {
        let error = Play::at_challenge(mutual()).fails(|request| answer(request, keys));
        assert!(matches!(error, LoginError::Protocol(_)), "{keys:?}: {error}");
    }
}

/// CHP-22: nothing but the step's keys, each once.
#[test]
fn chp_22_keys_out_of_place() {
    let twice = Play::at_proof("5").fails(|request| grant(request, &[PROOF[0], PROOF[1], PROOF[1]]));
    assert_eq!(twice, Violation::DuplicateKey { key: "CHAP_R".to_owned() }.into());
    let unasked = Play::at_proof("5").fails(|request| grant(request, &[PROOF[0], PROOF[1], CHALLENGE[0]]));
    assert!(matches!(unasked, LoginError::Protocol(Violation::UnexpectedKey { .. })), "{unasked}");
    let early = Play::begin(config(mutual()))
        .fails(|request| answer(request, &[("AuthMethod", "CHAP"), ("CHAP_A", "5")]));
    assert!(matches!(early, LoginError::Protocol(Violation::UnexpectedKey { .. })), "{early}");
    let parameter = Play::at_challenge(mutual()).fails(|request| {
        answer(request, &[("CHAP_A", "5"), CHALLENGE[0], CHALLENGE[1], ("MaxBurstLength", "512")])
    });
    assert!(matches!(parameter, LoginError::Protocol(Violation::UnexpectedKey { .. })), "{parameter}");
}

/// CHP-13, CHP-14: short secrets and one secret for both directions never leave.
#[test]
fn chp_14_secrets_that_must_not_be_used() {
    use iscsi_login::{ForwardCredential, ForwardSecret, ReverseCredential, ReverseSecret};
    let same = ReverseCredential { secret: ReverseSecret::new(FORWARD), ..reverse() };
    let refused = |authentication| initiator::Login::start(config(authentication)).err();
    assert_eq!(refused(Authentication::Mutual(forward(), same)), Some(Misuse::OneSecretForBothDirections));
    let short = ForwardCredential { secret: ForwardSecret::new(b"eleven-byte"), ..forward() };
    assert_eq!(refused(Authentication::Chap(short)), Some(Misuse::SecretLength { length: 11 }));
    let nameless = ForwardCredential { name: "", ..forward() };
    assert_eq!(refused(Authentication::Chap(nameless)), Some(Misuse::ChapName { length: 0 }));
}
