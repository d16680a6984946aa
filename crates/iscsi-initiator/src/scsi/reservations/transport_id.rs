//! `TransportID`, the name of an initiator port (SPC-4, 7.6.4).

use bytes::Bytes;
use iscsi_pdu::{IscsiName, Isid};

/// The name of an initiator, or of one of its ports, in a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportId {
    /// An iSCSI initiator with all of its ports (protocol identifier 5, format 0).
    IscsiInitiator(IscsiName),
    /// A port of an iSCSI initiator (protocol identifier 5, format 1).
    IscsiPort {
        /// The name of the initiator.
        name: IscsiName,
        /// The session identifier, which names the port.
        isid: Isid,
    },
    /// The bytes of another one, such as that of a Fibre Channel port, or an iSCSI one whose name is not valid.
    Other(Bytes),
}

impl TransportId {
    const ISCSI_INITIATOR: u8 = 0x05;
    const ISCSI_PORT: u8 = 0x45;
    /// Text between the name and the digits of the ISID.
    const SEPARATOR: &'static str = ",i,0x";
    /// The least additional length of iSCSI in bytes.
    const LEAST_LENGTH: usize = 20;

    /// Parses one `TransportID`. Bytes behind an iSCSI name are ignored; bytes that are no iSCSI name are kept.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use iscsi_initiator::scsi::TransportId;
    /// let bytes = b"\x05\x00\x00\x14iqn.2001-04.a:b\x00\x00\x00\x00\x00";
    /// assert_eq!(
    ///     TransportId::parse(Bytes::from_static(bytes)),
    ///     TransportId::IscsiInitiator("iqn.2001-04.a:b".parse().unwrap())
    /// );
    /// ```
    #[must_use]
    pub fn parse(bytes: Bytes) -> Self {
        Self::parse_iscsi(&bytes).unwrap_or(Self::Other(bytes))
    }

    fn parse_iscsi(bytes: &[u8]) -> Option<Self> {
        let (&[kind, _, high, low], text) = bytes.split_first_chunk()?;
        let text = text.get(..usize::from(u16::from_be_bytes([high, low])))?;
        let text = text.split(|byte| *byte == 0).next().and_then(|text| str::from_utf8(text).ok())?;
        match kind {
            Self::ISCSI_INITIATOR => Some(Self::IscsiInitiator(IscsiName::new(text).ok()?)),
            Self::ISCSI_PORT => {
                let (name, digits) = text.split_once(Self::SEPARATOR)?;
                Some(Self::IscsiPort { name: IscsiName::new(name).ok()?, isid: parse_isid(digits)? })
            }
            _ => None,
        }
    }

    /// Returns its bytes, as a parameter list has them.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::IscsiInitiator(name) => with_text(Self::ISCSI_INITIATOR, name.identity().to_owned()),
            Self::IscsiPort { name, isid } => {
                with_text(Self::ISCSI_PORT, format!("{}{}{isid}", name.identity(), Self::SEPARATOR))
            }
            Self::Other(bytes) => bytes.clone(),
        }
    }
}

/// A text with its zeros: one at least, and as many as a multiple of four bytes needs.
fn with_text(kind: u8, text: String) -> Bytes {
    let mut text = text.into_bytes();
    text.resize((text.len() + 1).next_multiple_of(4).max(TransportId::LEAST_LENGTH), 0);
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [&[kind, 0][..], &length.to_be_bytes(), &text].concat().into()
}

/// Parses up to twelve hexadecimal digits.
fn parse_isid(digits: &str) -> Option<Isid> {
    let are_digits = (1..=12).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = are_digits.then(|| u64::from_str_radix(digits, 16).ok()).flatten()?;
    let [_, _, isid @ ..] = number.to_be_bytes();
    Some(Isid(isid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: &[u8] = b"\x45\0\0\x24iqn.2001-04.a:b,i,0x80123456789a\0\0\0\0";

    fn name() -> IscsiName {
        "iqn.2001-04.a:b".parse().unwrap()
    }

    fn parse(bytes: &[u8]) -> TransportId {
        TransportId::parse(Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn names_and_ports_of_iscsi_in_bytes() {
        let initiator = TransportId::IscsiInitiator(name());
        assert_eq!(initiator.to_bytes()[..], *b"\x05\0\0\x14iqn.2001-04.a:b\0\0\0\0\0");
        let port = TransportId::IscsiPort { name: name(), isid: Isid([0x80, 0x12, 0x34, 0x56, 0x78, 0x9a]) };
        assert_eq!(port.to_bytes()[..], *PORT);
        for id in [initiator, port, TransportId::Other(Bytes::from_static(b"\0\0ab"))] {
            assert_eq!(TransportId::parse(id.to_bytes()), id);
        }
    }

    #[test]
    fn a_text_has_a_zero_behind_it_at_every_length() {
        for length in 0..40 {
            let bytes = with_text(5, "x".repeat(length));
            assert_eq!((bytes.len() % 4, bytes.last()), (0, Some(&0)), "{length}");
            assert_eq!(usize::from(bytes[3]), bytes.len() - 4);
            assert!(bytes[3] >= 20);
        }
    }

    #[test]
    fn digits_of_an_isid() {
        assert_eq!(parse_isid("80123456789A"), Some(Isid([0x80, 0x12, 0x34, 0x56, 0x78, 0x9a])));
        assert_eq!(parse_isid("1"), Some(Isid([0, 0, 0, 0, 0, 1])));
        for digits in ["", "+1", "0x1", "1234567890abc", "12g", "-1", " 1"] {
            assert_eq!(parse_isid(digits), None, "{digits}");
        }
    }

    #[test]
    fn what_is_no_iscsi_name_is_kept() {
        for length in 0..PORT.len() {
            assert_eq!(parse(&PORT[..length]), TransportId::Other(Bytes::copy_from_slice(&PORT[..length])));
        }
        let others: [&[u8]; 6] = [
            b"\x45\0\0\x10iqn.2001-04.a:b\0",
            b"\x45\0\0\x14iqn.2001-04.a:b,i,0x",
            b"\x05\0\0\x04\0iqn",
            b"\x05\0\0\x04\xff\xff\xff\0",
            b"\x85\0\0\x10iqn.2001-04.a:b\0",
            b"\0\0\0\0\0\0\0\0abcdefghijklmnop",
        ];
        for bytes in others {
            assert_eq!(parse(bytes), TransportId::Other(Bytes::copy_from_slice(bytes)));
        }
    }
}
