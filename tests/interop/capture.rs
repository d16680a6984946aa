//! The traffic of one mutual login with tgtd, decoded by tshark.

use iscsi_tests::external_targets::{Capture, Tgt, TgtTarget};

use crate::program::{FORWARD, REVERSE, User, access};

#[test]
fn log_35_a_mutual_login_is_well_formed_to_an_independent_decoder() {
    let tgt = Tgt::builder().target(TgtTarget::named("mutual").auth(access("mutual"))).start();
    let user = User::new();
    user.remember(&tgt.iqn("mutual"), FORWARD, Some(REVERSE));
    let capture = Capture::start(tgt.portal().port());
    user.run(&["login", &format!("iscsi://{}/{}", tgt.portal(), tgt.iqn("mutual"))]).expect(&[0]);
    let dissection = capture.stop();

    assert_eq!(dissection.malformed(), Vec::<String>::new());
    let column = |filter: &str, field: &str| dissection.fields(filter, &[field]).concat().concat();
    for sent_by in ["iscsi.opcode == 0x03", "iscsi.opcode == 0x23"] {
        let keys = column(sent_by, "iscsi.keyvalue");
        for key in ["CHAP_I=", "CHAP_C=", "CHAP_N=", "CHAP_R="] {
            assert_eq!(keys.iter().filter(|pair| pair.starts_with(key)).count(), 1, "{key} in {keys:?}");
        }
    }
    let opcodes = column("iscsi", "iscsi.opcode");
    let count = |opcode: &str| opcodes.iter().filter(|seen| *seen == opcode).count();
    assert_eq!([count("0x03"), count("0x23"), count("0x06"), count("0x26")], [4, 4, 1, 1], "{opcodes:?}");

    let bytes = std::fs::read(dissection.record()).unwrap();
    for (_, secret) in [FORWARD, REVERSE] {
        let hex = iscsi_pdu::encode_hex(secret.as_bytes());
        let base64 = iscsi_pdu::encode_base64(secret.as_bytes());
        for form in [secret, &hex[2..], &hex[2..].to_uppercase(), &base64[2..18]] {
            let leaks = bytes.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!leaks, "a secret is on the wire");
        }
    }
}
