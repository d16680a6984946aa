//! Logical unit numbers (RFC 7143, 11.2.1.7; SAM-5, 4.7): every number that has one level, and every addressing method.

use iscsi_pdu::Lun;

#[test]
fn pdu_18_every_number_of_one_level() {
    for number in 0..=0x3fff_u16 {
        let [high, low] = if number < 0x100 { number } else { 0x4000 + number }.to_be_bytes();
        let lun = Lun([high, low, 0, 0, 0, 0, 0, 0]);
        assert_eq!(Lun::from_number(number), Some(lun), "{number:#x}");
        assert_eq!(lun.number(), Some(number));
    }
    assert_eq!((Lun::from_number(0x4000), Lun::from_number(u16::MAX)), (None, None));
}

/// Only peripheral addressing on bus 0 and flat space addressing, with a single level, have a number.
#[test]
fn pdu_18_other_formats_have_no_number() {
    for first in 0..=u8::MAX {
        let numbered = first == 0 || (0x40..0x80).contains(&first);
        assert_eq!(Lun([first, 7, 0, 0, 0, 0, 0, 0]).number().is_some(), numbered, "{first:#x}");
        for level in 2..8 {
            let mut bytes = [first, 7, 0, 0, 0, 0, 0, 0];
            bytes[level] = 1;
            assert_eq!(Lun(bytes).number(), None, "{bytes:x?}");
        }
    }
}

/// No two LUNs are displayed alike: only the default encoding of a number is displayed as the number.
#[test]
fn pdu_18_peripheral_and_flat_addressing_are_shown_apart() {
    for number in 0..=0x3fff_u16 {
        let lun = Lun::from_number(number).unwrap();
        assert_eq!(lun.to_string(), number.to_string());
    }
    for number in 0..0x100_u16 {
        let [_, low] = number.to_be_bytes();
        let flat = Lun([0x40, low, 0, 0, 0, 0, 0, 0]);
        assert_eq!((flat.number(), flat.to_string()), (Some(number), format!("0x40{low:02x}000000000000")));
    }
}
