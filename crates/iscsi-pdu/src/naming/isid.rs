//! The initiator part of a session identifier (RFC 7143, 11.12.5).

use core::fmt;

/// Initiator part of the session identifier (ISID): six bytes that, with the initiator name, identify an initiator port
/// ([RFC 7143, section 11.12.5](https://www.rfc-editor.org/rfc/rfc7143#section-11.12.5)).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Isid(pub [u8; 6]);

impl Isid {
    /// Creates an ISID of type 00: the low 22 bits of an IEEE OUI and a 24-bit qualifier.
    #[must_use]
    pub const fn from_oui(oui: [u8; 3], qualifier: [u8; 3]) -> Self {
        let [oui1, oui2, oui3] = oui;
        let [high, middle, low] = qualifier;
        Self([oui1 & 0x3f, oui2, oui3, high, middle, low])
    }

    /// Creates an ISID of type 01: a 24-bit IANA enterprise number and a 16-bit qualifier.
    #[must_use]
    pub const fn from_enterprise_number(number: [u8; 3], qualifier: u16) -> Self {
        let [a, b, c] = number;
        let [high, low] = qualifier.to_be_bytes();
        Self([0x40, a, b, c, high, low])
    }

    /// Creates an ISID of type 10: a 24-bit random number, which a host keeps, and a 16-bit qualifier.
    #[must_use]
    pub const fn from_random(random: [u8; 3], qualifier: u16) -> Self {
        let [a, b, c] = random;
        let [high, low] = qualifier.to_be_bytes();
        Self([0x80, a, b, c, high, low])
    }
}

impl fmt::Display for Isid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Isid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Isid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::Isid;

    /// NAM-08: layouts of the ISID types.
    #[test]
    fn nam_08_isid_layouts() {
        assert_eq!(Isid::from_oui([0xff, 1, 2], [3, 4, 5]).0, [0x3f, 1, 2, 3, 4, 5]);
        assert_eq!(
            Isid::from_enterprise_number([0, 0x12, 0x34], 0x5678).0,
            [0x40, 0, 0x12, 0x34, 0x56, 0x78]
        );
        assert_eq!(Isid::from_random([1, 2, 3], 0x0405).0, [0x80, 1, 2, 3, 4, 5]);
    }
}
