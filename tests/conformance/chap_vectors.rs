//! CHAP against values computed by other software (Python's hashlib).

use iscsi_login::initiator::{Authenticated, Step};
use iscsi_login::{Authentication, ForwardCredentialRef, ForwardSecret};

use crate::scripted::{Play, answer, config, grant};

/// Algorithm, the initiator's response, and the target's (where published).
const EXCHANGES: [(&str, &str, &str); 4] = [
    ("5", "0xabd1269ad8f9d87af9d48b223fe0bb3d", "0xc845274d8f66c33eb85b988fe7bc67c0"),
    ("7", "0xa4ff9b82545b7c419a436fe40ecd988ef7bfb485d493ab58f3c0d9361f5a0c80", ""),
    ("8", "0x034ab32bedbd884de0414b320fdd0891eefa34fdd9f42dbd3a44b8a331f9f4d8", ""),
    ("6", "0xc4e51264ba705a201bd4a3657e46d2b0cf601219", ""),
];

/// The initiator's response for each algorithm; the whole mutual exchange for MD5, whose challenge has the published length.
#[test]
fn chp_01_chp_07_published_mutual_exchange() {
    for (algorithm, initiator, target) in EXCHANGES {
        let play = Play::at_response(algorithm);
        assert_eq!(play.value("CHAP_R").as_deref(), Some(initiator), "algorithm {algorithm}");
        assert_eq!(play.value("CHAP_I").as_deref(), Some("92"));
        if target.is_empty() {
            continue;
        }
        let play = play.on(|request| grant(request, &[("CHAP_N", "disk"), ("CHAP_R", target)]));
        let Step::Complete(completed) = play.step(|request| grant(request, &[])).unwrap() else {
            panic!("not complete")
        };
        assert!(matches!(completed.authenticated, Authenticated::Mutual(target) if target.name() == "disk"));
    }
}

/// Identifier, secret, challenge, and the responses of algorithms 5, 6, 7, 8.
type Vector = (u8, &'static [u8], &'static str, [&'static str; 4]);

const SINGLE: [Vector; 7] = [
    (
        1,
        b"secret-12byt",
        "0x000102030405060708090a0b0c0d0e0f",
        [
            "0x1c239e6350b2c63b48e77c2b878fd6a1",
            "0xdec357bea55262be915da09e7e1c6ddf608b66ca",
            "0xfe600eea11e6c15bedde660acd46b9e0a8989ec310b297b9a622ff2f3033cbb1",
            "0x3f798c8699e19108401b576701fdf6302ba845e043584457e4ef7b74fb5f3b25",
        ],
    ),
    (
        0,
        b"initiator-secret",
        "0bABEiM0RVZneImaq7zN3u/w==",
        [
            "0xdb64c369bd1162d693c9fd0b41e6e5f0",
            "0xd322a3a452093674c4cada43e2e8774669c58a64",
            "0x2c695c295626795ce33834e293123d525c897ba05b6edb1269aadfbcc0e89319",
            "0xce012a80a7f73490bc055e4ca96a1011ec568fc177d785bd39feeded2085a194",
        ],
    ),
    (
        255,
        &[0x00, 0x01, 0x02, 0xff, 0xfe, 0x7f, 0x80, 0xa5, 0x5a, 0xc3, 0x0d, 0x0a],
        "0xf0e1d2c3b4a5968778695a4b3c2d1e0f",
        [
            "0x95ac953b9872bb5371ed149f13a787cf",
            "0x945e176a21ff7306296728a6b94745879f1bd7f8",
            "0x080b3c01387dc2008e861fdb28bc165c98c70767e353da9c41a9586c73cbc5d5",
            "0xff6088bd145340149a53a090a292b698d6edb6ec00cd6f744d4a7c84a270a9e6",
        ],
    ),
    (
        42,
        b"0123456789abcdef",
        "0x030a11181f262d343b424950575e656c73",
        [
            "0x98dc9415bd188e6c101916beff91b782",
            "0xdd5487a64419de5aeac69afe3ed4dc3cb06cce3c",
            "0xbb977fb21c0049640b48af58273b253e48f51354b39e7f2efb0b69f585f8bc2f",
            "0x719aabe930da8eed33fbaf79a57bf1cae5d095ed1095cb3a58053361105f8346",
        ],
    ),
    (
        127,
        b"abcdefghijkl",
        "0x00",
        [
            "0xb648beaf55d9e631e8e6f6bcc54157d8",
            "0x6737d09a45d857133f50ce7d805125ddf9323273",
            "0x79d895de747bb5a9c27a6e48ca8d2081538a9cfebb4900a608aff7b5f0843594",
            "0x1ffb6694393923bfd3079ae1ea68f2fe4d86541ddbc0b51ffa2f91d7aed47974",
        ],
    ),
    (
        16,
        b"abcdefghijkl",
        "0bAAAAAAAAAAAAAAAAAAAAAA==",
        [
            "0x9d1c66df79476e76fbdf1bac9479639a",
            "0x2a4fdfd6fb81ccc7b4553d6d2a6800071447b880",
            "0xd940251284920520fed24ef490de2e6d7c6f18fc149ab44c2bf47da1184dd24a",
            "0x5d77261df74a569cc59f075a0a001a1ec3d75cdd68baccfd5928517911da15e9",
        ],
    ),
    (
        128,
        b"target-secret-01",
        "0x00000000e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3",
        [
            "0xc479e99a3d72d8d994edc3e0ec2943fe",
            "0xf894dc488cb21ab54a0e4fa2d6af41cce870025f",
            "0x74db9e15d58e3490556edd2ac97ededbe7601d04d9c9063a6e5a38d53115bf7a",
            "0xadc0ef41386cd1477d5e49d484ae585d4fbf3cd8f5d1300e26021101f3d975a1",
        ],
    ),
];

/// Short, odd, all-zero and zero-led challenges; secrets of any bytes.
#[test]
fn chp_07_chp_11_published_single_responses() {
    for (identifier, secret, challenge, responses) in SINGLE {
        for (algorithm, response) in ["5", "6", "7", "8"].into_iter().zip(responses) {
            assert_eq!(
                respond(identifier, secret, challenge, algorithm),
                response,
                "{identifier} {algorithm}"
            );
        }
    }
}

/// The longest challenge, 1024 bytes, and one byte less.
#[test]
fn chp_06_longest_challenges() {
    let secret = b"0123456789abcdef";
    let rising: Vec<u8> = (0..=255).cycle().take(1024).collect();
    let falling: Vec<u8> = (0..=255).rev().cycle().take(1023).collect();
    let hex = iscsi_pdu::encode_hex(&rising);
    assert_eq!(respond(85, secret, &hex, "5"), "0x477a22a3817a4ddee5b6d7ae8491efc7");
    assert_eq!(
        respond(85, secret, &hex.to_uppercase().replace("0X", "0x"), "5"),
        "0x477a22a3817a4ddee5b6d7ae8491efc7"
    );
    let base64 = iscsi_pdu::encode_base64(&falling);
    assert_eq!(respond(86, secret, &base64, "5"), "0x725805cd03df133d655c4679476859d2");
}

/// The initiator's response to one challenge.
fn respond(identifier: u8, secret: &'static [u8], challenge: &str, algorithm: &str) -> String {
    let forward = ForwardCredentialRef { name: "host", secret: ForwardSecret::new(secret) };
    let identifier = identifier.to_string();
    Play::begin(config(Authentication::Chap(forward)))
        .on(|request| answer(request, &[("AuthMethod", "CHAP")]))
        .on(|request| {
            answer(request, &[("CHAP_A", algorithm), ("CHAP_I", &identifier), ("CHAP_C", challenge)])
        })
        .value("CHAP_R")
        .unwrap()
}
