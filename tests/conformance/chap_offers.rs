//! The CHAP keys that the initiator sends, and the settings with which it sends nothing.

use iscsi_login::{
    Authentication, ChapAlgorithm, ConfigError, ForwardCredentialRef, ForwardSecret, ReverseCredentialRef,
    ReverseSecret, initiator,
};

use crate::scripted::{CHALLENGE, FORWARD, Play, REVERSE, answer, config, forward, mutual, reverse};

/// The offer made from these acceptable algorithms.
fn offered(algorithms: &'static [ChapAlgorithm]) -> String {
    let config = initiator::LoginConfig { algorithms, ..config(mutual()) };
    let play = Play::begin(config).on(|request| answer(request, &[("AuthMethod", "CHAP")]));
    assert_eq!(play.keys().len(), 1, "CHAP_A stands alone");
    play.value("CHAP_A").unwrap()
}

#[test]
fn chp_02_offers_have_md5_and_come_after_the_choice_of_chap() {
    assert_eq!(offered(&ChapAlgorithm::ALL), "8,7,6,5");
    assert_eq!(offered(&[ChapAlgorithm::Md5]), "5");
    assert_eq!(offered(&[ChapAlgorithm::Md5, ChapAlgorithm::Sha1]), "5,6");
    assert_eq!(offered(&[ChapAlgorithm::Sha256]), "7,5");
    assert_eq!(Play::begin(config(mutual())).value("CHAP_A"), None);
    let none = initiator::LoginConfig { algorithms: &[], ..config(mutual()) };
    assert_eq!(initiator::Login::start(none).err(), Some(ConfigError::NoAlgorithm));
}

/// The keys of the request that answers the target's challenge.
fn answer_to_challenge(authentication: Authentication<'static>) -> Vec<String> {
    let keys = [("CHAP_A", "5"), CHALLENGE[0], CHALLENGE[1]];
    let play = Play::at_challenge(authentication).on(|request| answer(request, &keys));
    play.keys().into_iter().map(|(key, _)| key).collect()
}

#[test]
fn chp_01_chp_08_response_and_challenge_in_one_request() {
    assert_eq!(answer_to_challenge(Authentication::Chap(forward())), ["CHAP_N", "CHAP_R"]);
    assert_eq!(answer_to_challenge(Authentication::IfAsked(forward())), ["CHAP_N", "CHAP_R"]);
    assert_eq!(answer_to_challenge(mutual()), ["CHAP_N", "CHAP_R", "CHAP_I", "CHAP_C"]);
}

/// CHP-10, CHP-18: the initiator's response and challenge are as long as the hash.
#[test]
fn chp_09_chp_10_chp_18_binary_values_are_lower_case_hex_of_the_length_of_the_hash() {
    for (algorithm, length) in [("5", 16), ("6", 20), ("7", 32), ("8", 32)] {
        let play = Play::at_response(algorithm);
        for key in ["CHAP_R", "CHAP_C"] {
            let value = play.value(key).unwrap();
            let digits = value.strip_prefix("0x").unwrap();
            assert_eq!(digits.len(), 2 * length, "{algorithm} {key}");
            assert!(digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{value}");
        }
    }
}

/// The error of a login with these credentials, which sends nothing.
fn refused(authentication: Authentication<'static>) -> Option<ConfigError> {
    initiator::Login::start(config(authentication)).err()
}

fn forward_with(secret: &'static [u8]) -> ForwardCredentialRef<'static> {
    ForwardCredentialRef { secret: ForwardSecret::new(secret), ..forward() }
}

fn reverse_with(secret: &'static [u8]) -> ReverseCredentialRef<'static> {
    ReverseCredentialRef { secret: ReverseSecret::new(secret), ..reverse() }
}

#[test]
fn chp_13_secrets_below_96_bits_are_never_used() {
    let (short, enough): (&[u8], &[u8]) = (b"eleven-byte", b"twelve-bytes");
    let length = Some(ConfigError::SecretLength { length: 11 });
    assert_eq!(refused(Authentication::Chap(forward_with(short))), length);
    assert_eq!(refused(Authentication::IfAsked(forward_with(short))), length);
    assert_eq!(refused(Authentication::Mutual(forward(), reverse_with(short))), length);
    assert_eq!(refused(Authentication::Mutual(forward_with(enough), reverse())), None);
}

#[test]
fn chp_14_one_secret_for_both_directions_is_never_used() {
    let same = Authentication::Mutual(forward(), reverse_with(FORWARD));
    assert_eq!(refused(same), Some(ConfigError::OneSecretForBothDirections));
    // A common prefix is not equality.
    assert_eq!(refused(Authentication::Mutual(forward_with(b"ini-sets-this-0"), reverse())), None);
}

#[test]
fn chp_29_names_have_1_to_255_bytes() {
    let named = |name: &'static str| ForwardCredentialRef { name, ..forward() };
    let longest: &str = Box::leak("n".repeat(255).into_boxed_str());
    let longer: &str = Box::leak("n".repeat(256).into_boxed_str());
    // Two bytes each: the limit counts bytes, not characters.
    let umlauts: &str = Box::leak("ü".repeat(128).into_boxed_str());
    for (name, length) in [("", 0), (longer, 256), (umlauts, 256), ("ends in\0", 8), ("ends in\n", 8)] {
        let error = Some(ConfigError::ChapName { length });
        assert_eq!(refused(Authentication::Chap(named(name))), error, "{name:?}");
        let expected = ReverseCredentialRef { name: Some(name), ..reverse() };
        assert_eq!(refused(Authentication::Mutual(forward(), expected)), error, "{name:?}");
    }
    for name in ["n", longest, "Größe = 1, 2 %@#;\"\\'~"] {
        let keys = [("CHAP_A", "5"), CHALLENGE[0], CHALLENGE[1]];
        let play = Play::at_challenge(Authentication::Chap(named(name))).on(|request| answer(request, &keys));
        assert_eq!(play.value("CHAP_N").as_deref(), Some(name));
    }
}

/// The debug output has no secret as text, numbers or hex digits.
#[test]
fn chp_27_debug_output_of_a_login_has_no_secret() {
    let Play { login, .. } = Play::at_response("5");
    let shown = format!("{login:?} {login:#?}");
    for secret in [FORWARD, REVERSE] {
        let text = String::from_utf8_lossy(secret).into_owned();
        for form in [text, hex::encode(secret), format!("{secret:?}")] {
            assert!(!shown.contains(&form), "{form}");
        }
    }
    assert!(shown.contains("challenge"), "nothing is shown at all");
}
