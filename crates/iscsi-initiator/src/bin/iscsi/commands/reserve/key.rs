//! Reservation keys and types as they are typed.

use iscsi_initiator::scsi::ReservationType;

use crate::output::reservation::TYPES;

/// Digits of a key.
const DIGITS: usize = 16;

/// Reads the key of a registration, which is not 0: that stands for no key.
pub(super) fn parse_key(text: &str) -> Result<u64, &'static str> {
    match parse_any_key(text) {
        Ok(0) => Err("a key is not 0"),
        key => key,
    }
}

/// Reads a key: `0x` and up to 16 hexadecimal digits, or 16 of them.
pub(super) fn parse_any_key(text: &str) -> Result<u64, &'static str> {
    const FORM: &str = "0x and up to 16 hexadecimal digits, or 16 digits without 0x";
    let (digits, is_prefixed) = text.strip_prefix("0x").map_or((text, false), |digits| (digits, true));
    let has_length = digits.len() == DIGITS || is_prefixed && (1..DIGITS).contains(&digits.len());
    if !has_length || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(FORM);
    }
    u64::from_str_radix(digits, 16).map_err(|_| FORM)
}

/// Reads the type of a reservation.
pub(super) fn parse_type(text: &str) -> Result<ReservationType, String> {
    let found = TYPES.iter().find(|(_, name)| *name == text);
    found.map(|(kind, _)| *kind).ok_or_else(|| {
        let names: Vec<&str> = TYPES.iter().map(|(_, name)| *name).collect();
        format!("one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_a_prefix_or_all_digits() {
        for (text, key) in [
            ("0x1", 1),
            ("0x00000000000000a1", 0xa1),
            ("00000000000000A1", 0xa1),
            ("0xffffffffffffffff", u64::MAX),
            ("1234567890123456", 0x1234_5678_9012_3456),
        ] {
            assert_eq!(parse_key(text), Ok(key), "{text}");
        }
        for text in [
            "",
            "0x",
            "a1",
            "123456789012345",
            "0x12345678901234567",
            "12345678901234567",
            "0x+1",
            "0xg",
            "0X1",
        ] {
            assert!(parse_key(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_registration_has_key_0() {
        for text in ["0x0", "0000000000000000"] {
            assert_eq!((parse_key(text), parse_any_key(text)), (Err("a key is not 0"), Ok(0)));
        }
    }

    #[test]
    fn every_type_is_read_by_its_name() {
        for (kind, name) in TYPES {
            assert_eq!(parse_type(name), Ok(kind));
        }
        for text in ["", "shared", "Write-Exclusive", "write-exclusive-"] {
            assert!(parse_type(text).unwrap_err().contains("exclusive-access-all-registrants"), "{text}");
        }
    }
}
