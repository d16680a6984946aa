//! Logical unit numbers: eight bytes in SAM format (RFC 7143, 11.2.1.7; SAM-5 4.7).

use core::fmt;

/// A logical unit number (LUN), as in a PDU header or in the data of REPORT LUNS
/// ([RFC 7143, section 11.2.1.7](https://www.rfc-editor.org/rfc/rfc7143#section-11.2.1.7); SAM-5, 4.7).
///
/// ```
/// use iscsi_pdu::Lun;
/// assert_eq!(Lun::from_number(1).unwrap().0, [0, 1, 0, 0, 0, 0, 0, 0]);
/// assert_eq!(Lun::from_number(300).unwrap().0, [0x41, 0x2c, 0, 0, 0, 0, 0, 0]);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lun(pub [u8; 8]);

impl Lun {
    /// Logical unit 0.
    pub const ZERO: Self = Self([0; 8]);

    /// The REPORT LUNS well known logical unit (SPC-4, 8.2): lists the logical units of a target that has no LUN 0.
    pub const REPORT_LUNS: Self = Self([0xc1, 0x01, 0, 0, 0, 0, 0, 0]);

    /// The largest number with a single-level encoding: 14 bits.
    pub const MAX_NUMBER: u16 = 0x3fff;

    /// Encodes a number: peripheral device addressing up to 255, flat space addressing above.
    ///
    /// Returns `None` above [`Self::MAX_NUMBER`].
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        let [high, low] = number.to_be_bytes();
        match number {
            0..=0xff => Some(Self([0, low, 0, 0, 0, 0, 0, 0])),
            0x100..=Self::MAX_NUMBER => Some(Self([0x40 | high, low, 0, 0, 0, 0, 0, 0])),
            _ => None,
        }
    }

    /// Parses the text of a LUN: the number of a single-level one, or all eight bytes in hexadecimal after `0x`.
    ///
    /// ```
    /// use iscsi_pdu::Lun;
    /// assert_eq!(Lun::parse("1"), Lun::from_number(1));
    /// assert_eq!(Lun::parse("0xc101000000000000"), Some(Lun::REPORT_LUNS));
    /// assert_eq!(Lun::parse("0x1"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(digits) = text.strip_prefix("0x").filter(|digits| digits.len() == 16) {
            let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let bytes = u64::from_str_radix(digits, 16).ok().filter(|_| plain);
            return bytes.map(|bytes| Self(bytes.to_be_bytes()));
        }
        let plain = text.bytes().all(|digit| digit.is_ascii_digit());
        text.parse().ok().filter(|_| plain).and_then(Self::from_number)
    }

    /// Returns the number in a single-level peripheral device (bus 0) or flat space address; `None` for any other
    /// format.
    #[must_use]
    pub const fn number(self) -> Option<u16> {
        match self.0 {
            [0, low, 0, 0, 0, 0, 0, 0] => Some(low as u16),
            [high @ 0x40..=0x7f, low, 0, 0, 0, 0, 0, 0] => Some(u16::from_be_bytes([high & 0x3f, low])),
            _ => None,
        }
    }
}

/// Displays an encoding that [`Lun::from_number`] returns as its number, and any other as eight bytes in hexadecimal.
///
/// Peripheral and flat addressing of one number can identify two logical units, so no two LUNs are displayed alike.
///
/// ```
/// use iscsi_pdu::Lun;
/// assert_eq!(Lun([0, 1, 0, 0, 0, 0, 0, 0]).to_string(), "1");
/// assert_eq!(Lun([0x40, 1, 0, 0, 0, 0, 0, 0]).to_string(), "0x4001000000000000");
/// ```
impl fmt::Display for Lun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number() {
            Some(number) if Self::from_number(number) == Some(*self) => write!(formatter, "{number}"),
            _ => write!(formatter, "0x{:016x}", u64::from_be_bytes(self.0)),
        }
    }
}

impl fmt::Debug for Lun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Lun(0x{:016x})", u64::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Lun;

    /// PDU-18: peripheral up to 255, flat above, anything else passes through.
    #[test]
    fn pdu_18_lun_formats() {
        assert_eq!(Lun::from_number(255).unwrap().0, [0, 255, 0, 0, 0, 0, 0, 0]);
        assert_eq!(Lun::from_number(256).unwrap().0, [0x41, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(Lun::from_number(0x3fff).unwrap().0, [0x7f, 0xff, 0, 0, 0, 0, 0, 0]);
        assert_eq!(Lun::from_number(0x4000), None);
        for number in [0, 1, 255, 256, 300, 0x3fff] {
            assert_eq!(Lun::from_number(number).unwrap().number(), Some(number));
        }
        assert_eq!(Lun([0x40, 1, 0, 0, 0, 0, 0, 0]).number(), Some(1));
        assert_eq!(Lun([0, 1, 0, 2, 0, 0, 0, 0]).number(), None);
        assert_eq!(std::format!("{}", Lun::REPORT_LUNS), "0xc101000000000000");
    }
}
