//! Text keys, their values, and the answer to `SendTargets`.

use iscsi_pdu::{
    IscsiName, TargetAddress, TextKeys, TextWriter, decode_binary, encode_base64, encode_hex, parse_number,
    parse_range,
};

/// Octets as text, and every value of it as everything a value can be.
///
/// # Panics
/// When what was read does not come back from what is written.
pub fn text(data: &[u8]) {
    let _ = iscsi_login::parse_send_targets(data);
    let Ok(keys) = TextKeys::parse(data) else { return };
    let written = keys.iter().fold(TextWriter::new(), |text, (key, value)| text.pair(key, value)).finish();
    assert_eq!(TextKeys::parse(&written), Ok(keys.clone()));
    for (_, value) in keys.iter() {
        let _ = (parse_number(value), parse_range(value));
        if let Ok(octets) = decode_binary(value, 1024) {
            assert!(octets.len() <= 1024);
            assert_eq!(decode_binary(&encode_hex(&octets), 1024).as_ref(), Ok(&octets));
            assert_eq!(decode_binary(&encode_base64(&octets), 1024), Ok(octets));
        }
        if let Ok(name) = IscsiName::received(value) {
            assert_eq!(name.as_str(), value);
        }
        if let Ok(address) = value.parse::<TargetAddress>() {
            assert_eq!(address.to_string().parse(), Ok(address));
        }
    }
}
