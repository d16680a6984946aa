//! One mutual login with tgtd as tshark reads it.

use iscsi_tests::lab::{Access, Capture, Tgt, TgtTarget};

use crate::program::{RIGHT, User};

#[test]
fn a_mutual_login_is_well_formed_to_an_independent_decoder() {
    let target = TgtTarget { suffix: "mutual", access: Access::Mutual, parameters: &[] };
    let tgt = Tgt::start(&[target], 1 << 20, Access::Open);
    let user = User::new();
    user.remember(&Tgt::name("mutual"), RIGHT.0, RIGHT.1);
    let capture = Capture::start(tgt.portal().port());
    user.run(&["login", &format!("iscsi://{}/{}", tgt.portal(), Tgt::name("mutual"))]).expect(&[0]);
    let captured = capture.finish(20);

    assert_eq!(captured.fields("_ws.malformed || _ws.expert.severity >= 0x800000", &["frame.number"]), [] as [Vec<String>; 0]);
    let keys: Vec<String> = captured.fields("iscsi.keyvalue", &["iscsi.keyvalue"]).concat();
    let keys = keys.join(",");
    for key in ["CHAP_I=", "CHAP_C=", "CHAP_N=", "CHAP_R="] {
        assert_eq!(keys.matches(key).count(), 2, "{key} in both directions: {keys}");
    }
    for secret in ["initsecret123", "targsecret456"] {
        assert!(!captured.details("iscsi").contains(secret), "a secret is on the wire");
    }
    let opcodes: Vec<String> = captured.fields("iscsi", &["iscsi.opcode"]).concat();
    assert_eq!(opcodes.iter().filter(|opcode| *opcode == "0x03").count(), 4, "{opcodes:?}");
    assert!(opcodes.contains(&"0x06".to_owned()) && opcodes.contains(&"0x26".to_owned()), "{opcodes:?}");
}
