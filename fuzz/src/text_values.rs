//! Values of text keys.

use iscsi_pdu::{
    IscsiName, Portal, TargetAddress, check_local_name, check_text_value, decode_binary,
    decode_unpadded_base64, encode_base64, encode_boolean, encode_hex, encode_list, encode_range,
    parse_boolean, parse_list, parse_number, parse_range,
};

/// Parses the bytes as every type of value.
///
/// # Panics
/// If a parsed value is not parsed back from its encoding.
pub fn text_values(data: &[u8]) {
    let Ok(value) = std::str::from_utf8(data) else { return };
    if let Ok(number) = parse_number(value) {
        assert_eq!(parse_number(&number.to_string()), Ok(number));
    }
    if let Ok(range) = parse_range(value) {
        assert_eq!(parse_range(&encode_range(&range)), Ok(range));
    }
    if let Ok(boolean) = parse_boolean(value) {
        assert_eq!(encode_boolean(boolean), value);
    }
    if let Ok(list) = encode_list(parse_list(value)) {
        assert_eq!(list, value);
    }
    if check_text_value(value).is_ok() {
        assert_eq!(check_local_name(value), Ok(()));
    }
    binary(value);
    names(value);
}

fn binary(value: &str) {
    if let Ok(bytes) = decode_unpadded_base64(value, 1024) {
        assert!(decode_binary(value, 1024).is_err(), "one decoder for each notation");
        assert_eq!(encode_base64(&bytes).trim_end_matches('=')[2..], value[2..]);
    }
    let Ok(bytes) = decode_binary(value, 1024) else { return };
    assert!((1..=1024).contains(&bytes.len()));
    assert_eq!(decode_binary(&encode_hex(&bytes), 1024).as_ref(), Ok(&bytes));
    let base64 = encode_base64(&bytes);
    assert!(!value.starts_with("0b") || base64 == value, "base64 has one form only");
    assert_eq!(decode_binary(&base64, 1024), Ok(bytes));
}

fn names(value: &str) {
    if let Ok(name) = IscsiName::new(value) {
        assert_eq!(name.as_str(), value);
        assert!(!name.identity().chars().any(|c| c.is_control() || matches!(c, '/' | '\\')));
        if let Ok(identity) = IscsiName::new(name.identity()) {
            assert_eq!((identity.identity(), &identity), (name.identity(), &name), "normalized twice");
        }
    }
    if let Ok(portal) = value.parse::<Portal>() {
        assert_eq!(portal.to_string().parse().as_ref(), Ok(&portal));
        assert_eq!(portal.identity().parse(), Ok(portal));
    }
    if let Ok(address) = value.parse::<TargetAddress>() {
        assert_eq!(address.to_string().parse(), Ok(address));
    }
}
