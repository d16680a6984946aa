//! Text: test vectors, and rules that concern more than one value.

use iscsi_pdu::{
    TextKeys, TextWriter, ValueError, decode_binary, encode_base64, encode_hex, parse_number, parse_range,
};

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    let keys = TextKeys::parse(text).unwrap();
    keys.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn txt_08_binary_vectors() {
    let good: [(&str, &[u8]); 12] = [
        ("0x00", &[0]),
        ("0xA", &[10]),
        ("0x0a", &[10]),
        ("0X0A", &[10]),
        ("0xabc", &[0x0a, 0xbc]),
        ("0x00010203", &[0, 1, 2, 3]),
        ("0bAA==", &[0]),
        ("0BAA==", &[0]),
        ("0bAAE=", &[0, 1]),
        ("0bAAEC", &[0, 1, 2]),
        ("0b/+8=", &[0xff, 0xef]),
        ("0bIQ==", &[0x21]),
    ];
    for (text, bytes) in good {
        assert_eq!(decode_binary(text, 4).as_deref(), Ok(bytes), "{text}");
    }
    for text in [
        "0x",
        "0b",
        "0xg0",
        "0bA",
        "0bA===",
        "0bAAAAA===",
        "0bAAAA====",
        "0bAA=A",
        "0b_-8=",
        "0bAA",
        "0bAB==",
        "",
        "0",
        "00",
        "x00",
    ] {
        assert_eq!(decode_binary(text, 1024), Err(ValueError::NotBinary), "{text}");
    }
}

/// TXT-09: a decimal number is not a binary value, because its digits do not determine a number of bytes.
#[test]
fn txt_09_binary_values_are_not_decimal() {
    for text in ["123456", "0", "7"] {
        assert_eq!(decode_binary(text, 1024), Err(ValueError::NotBinary));
    }
}

#[test]
fn txt_08_what_is_written_is_read() {
    for length in [0_u8, 1, 2, 3, 4, 5, 16, 255] {
        let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(67)).collect();
        for text in [encode_hex(&bytes), encode_base64(&bytes)] {
            let read = decode_binary(&text, 255);
            assert_eq!(read.as_deref().ok(), (length > 0).then_some(&bytes[..]), "{text}");
        }
    }
}

#[test]
fn txt_05_lengths_count_once_decoded() {
    for text in [encode_hex(&[7; 16]), encode_base64(&[7; 16])] {
        assert!(decode_binary(&text, 16).is_ok());
        assert_eq!(decode_binary(&text, 15), Err(ValueError::TooLong { length: 16, limit: 15 }));
    }
}

#[test]
fn txt_06_number_vectors() {
    let good = [
        ("0", 0),
        ("0x0", 0),
        ("0x0000", 0),
        ("262144", 262_144),
        ("0x40000", 262_144),
        ("0X00040000", 262_144),
        ("18446744073709551615", u64::MAX),
        ("0xffffffffffffffff", u64::MAX),
        ("0xFFFFffffFFFFffff", u64::MAX),
    ];
    for (text, number) in good {
        assert_eq!(parse_number(text), Ok(number), "{text}");
    }
    for text in ["18446744073709551616", "0x10000000000000000", "99999999999999999999999"] {
        assert_eq!(parse_number(text), Err(ValueError::TooLarge), "{text}");
    }
    for text in ["-1", "+1", "1.0", " 1", "1 ", "0x", "", "x1", "1e3", "0b1"] {
        assert_eq!(parse_number(text), Err(ValueError::NotANumber), "{text:?}");
    }
    assert_eq!(parse_range("512~16777215"), Ok(512..=16_777_215));
}

/// TXT-07: leading zeros are accepted and never sent.
#[test]
fn txt_07_leading_zeros() {
    assert_eq!(parse_number("007"), Ok(7));
    let written = TextWriter::new().pair("MaxConnections", 7_u32).pair("TargetPortalGroupTag", 0_u16);
    assert_eq!(written.finish().unwrap(), "MaxConnections=7\0TargetPortalGroupTag=0\0");
}

/// TXT-03: keys and values are case-sensitive.
#[test]
fn txt_03_keys_and_values_keep_their_case() {
    let text = b"HeaderDigest=None\0Headerdigest=none\0";
    let found = pairs(text);
    assert_eq!(found[0], ("HeaderDigest".to_owned(), "None".to_owned()));
    assert_eq!(found[1], ("Headerdigest".to_owned(), "none".to_owned()));
    assert_eq!(iscsi_pdu::parse_boolean("yes"), Err(ValueError::NotABoolean));
}

/// TXT-22: a value may be empty, but a name may not.
#[test]
fn txt_22_empty_values() {
    assert_eq!(pairs(b"SendTargets=\0"), [("SendTargets".to_owned(), String::new())]);
    assert_eq!(TextWriter::new().pair("SendTargets", "").finish().unwrap(), "SendTargets=\0");
}

/// Duplicates are preserved, in order.
#[test]
fn txt_01_pairs_in_order_with_duplicates() {
    let text = b"A=1\0B=2\0A=3\0";
    assert_eq!(pairs(text).iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
}

/// An answer to `SendTargets` as the codec decodes it.
#[test]
fn txt_01_an_answer_to_send_targets() {
    let text = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5:3260,1\0\
        TargetAddress=[2001:db8::5]:3260,1\0TargetName=iqn.2001-04.com.example:b\0";
    let keys: Vec<_> = pairs(text).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["TargetName", "TargetAddress", "TargetAddress", "TargetName"]);
}
