//! Text over several PDUs, and single keys.

use bytes::Bytes;
use iscsi_pdu::{TargetAddress, TextAssembler, TextError, TextKeys, TextLimits, TextWriter};

const ANSWER: &[u8] = b"TargetName=iqn.2001-04.com.example:a\0TargetAddress=10.0.0.5:3260,1\0\
    TargetAddress=[2001:db8::5]:3260,1\0TargetName=iqn.2001-04.com.example:b\0";

/// Text in two PDUs, split at every position: inside keys and values, before `=`, before NUL.
#[test]
fn txt_13_split_at_every_place() {
    for at in 0..=ANSWER.len() {
        let mut assembler = TextAssembler::default();
        assert!(!assembler.is_continuing());
        assert_eq!(assembler.push(Bytes::from_static(&ANSWER[..at]), true), Ok(None));
        assert!(assembler.is_continuing());
        let whole = assembler.push(Bytes::from_static(&ANSWER[at..]), false).unwrap();
        assert_eq!(whole.as_deref(), Some(ANSWER), "split at {at}");
        assert!(!assembler.is_continuing());
        assert_eq!(assembler.push(Bytes::from_static(b"A=1\0"), false).unwrap().unwrap(), b"A=1\0"[..]);
    }
}

/// Limits apply to each sequence by itself, and text up to a limit is accepted.
#[test]
fn txt_17_limits_to_the_byte() {
    let mut assembler = TextAssembler::new(TextLimits { bytes: 10, pdus: 2 });
    for _ in 0..3 {
        assert_eq!(assembler.push(Bytes::from_static(b"12345"), true), Ok(None));
        assert!(assembler.push(Bytes::from_static(b"67890"), false).unwrap().is_some());
    }
    assert_eq!(assembler.push(Bytes::from_static(b"12345"), true), Ok(None));
    assert_eq!(assembler.push(Bytes::from_static(b"678901"), false), Err(TextError::TooLong { limit: 10 }));
    let limits = TextLimits::default();
    assert!((8192..=65_536).contains(&limits.bytes) && limits.bytes.div_ceil(8192) <= limits.pdus);
    assert_eq!((limits.bytes, limits.pdus), (65_536, 64));
}

/// Target a has two portals of one group, target b lists none.
#[test]
fn txt_01_send_targets_names_and_addresses() {
    let keys = TextKeys::parse(ANSWER).unwrap();
    assert_eq!((keys.len(), keys.is_empty()), (4, false));
    let pairs: Vec<_> = keys.iter().collect();
    assert_eq!(pairs[0], ("TargetName", "iqn.2001-04.com.example:a"));
    assert_eq!(pairs[3], ("TargetName", "iqn.2001-04.com.example:b"));
    for (pair, host) in pairs[1..3].iter().zip(["10.0.0.5", "2001:db8::5"]) {
        let address: TargetAddress = pair.1.parse().unwrap();
        let expected = TargetAddress { host: host.to_owned(), port: 3260, portal_group_tag: Some(1) };
        assert_eq!((pair.0, address), ("TargetAddress", expected));
    }
}

/// TXT-03: a key is found by its exact name; the first of several is returned.
#[test]
fn txt_03_keys_are_found_by_their_exact_name() {
    let keys = TextKeys::parse(b"HeaderDigest=None\0DataDigest=CRC32C\0HeaderDigest=CRC32C\0").unwrap();
    assert_eq!(keys.get("HeaderDigest"), Some("None"));
    assert_eq!(keys.get("DataDigest"), Some("CRC32C"));
    for other in ["headerdigest", "HEADERDIGEST", "HeaderDiges", "HeaderDigest=", ""] {
        assert_eq!(keys.get(other), None, "{other:?}");
    }
    let none = TextKeys::parse(b"").unwrap();
    assert_eq!((none.len(), none.is_empty(), none.get("A")), (0, true, None));
}

/// TXT-02: the first character of a value may be an equals sign.
#[test]
fn txt_02_values_with_equals_signs() {
    let keys = TextKeys::parse(b"A==\0B=a=b=c\0").unwrap();
    assert_eq!(keys.iter().collect::<Vec<_>>(), [("A", "="), ("B", "a=b=c")]);
}

/// TXT-04: every character of the alphabet and no other is accepted, in parsing and in encoding.
#[test]
fn txt_04_the_alphabet_of_keys() {
    for byte in 0x21..0x7f_u8 {
        let key = format!("X{}", char::from(byte));
        let allowed = byte.is_ascii_alphanumeric() || b".-+@_#".contains(&byte) || byte == b'=';
        let text = format!("{key}=1\0");
        assert_eq!(TextKeys::parse(text.as_bytes()).is_ok(), allowed, "{key}");
        assert_eq!(TextWriter::new().pair(&key, 1).finish().is_ok(), allowed && byte != b'=', "{key}");
        let first = format!("{}x=1\0", char::from(byte));
        assert_eq!(TextKeys::parse(first.as_bytes()).is_ok(), byte.is_ascii_uppercase(), "{first}");
    }
    assert!(TextKeys::parse(b"iSCSIProtocolLevel=1\0").is_ok(), "the RFC's own exception (13.24)");
    assert!(TextKeys::parse(b"iSCSIProtocolLevels=1\0").is_err());
}

/// TXT-19: additional NULs are tolerated only at the end of the text.
#[test]
fn txt_19_extra_nuls_only_at_the_end() {
    assert!(TextKeys::parse(b"\0A=1\0").is_err());
    assert!(TextKeys::parse(b"\0").unwrap().is_empty());
    assert_eq!(TextKeys::parse(b"A=1\0\0").unwrap().len(), 1);
    assert!(!TextWriter::new().pair("A", 1).is_empty());
}
