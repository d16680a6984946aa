//! `TransportID` of an iSCSI initiator port (SPC-4, 7.6.4.6): name and ISID in text, padded with NULs.

use iscsi_pdu::{IscsiName, Isid};

use super::InitiatorPort;

/// Protocol identifier of iSCSI, and the format with an ISID.
const ISCSI_PORT: u8 = 0x45;
const SEPARATOR: &str = ",i,0x";
/// The least length of the text.
const LEAST_LENGTH: usize = 20;

impl InitiatorPort {
    /// The `TransportID` of the port.
    pub(super) fn transport_id(&self) -> Vec<u8> {
        let isid = self.isid.map(|byte| format!("{byte:02x}")).concat();
        let mut name = format!("{}{SEPARATOR}{isid}", self.initiator.identity()).into_bytes();
        name.resize((name.len() + 1).next_multiple_of(4).max(LEAST_LENGTH), 0);
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        [&[ISCSI_PORT, 0][..], &length.to_be_bytes(), &name].concat()
    }

    /// The ports of a list of `TransportID`s; `None` if one of them is no port of an iSCSI initiator, or is cut off.
    pub(super) fn parse_list(mut list: &[u8]) -> Option<Vec<Self>> {
        let mut ports = Vec::new();
        while !list.is_empty() {
            let (&[kind, _, high, low], rest) = list.split_first_chunk()?;
            let (text, behind) = rest.split_at_checked(u16::from_be_bytes([high, low]).into())?;
            ports.push(Self::parse_text(text).filter(|_| kind == ISCSI_PORT)?);
            list = behind;
        }
        Some(ports)
    }

    fn parse_text(text: &[u8]) -> Option<Self> {
        let text = text.split(|byte| *byte == 0).next()?;
        let (name, isid) = str::from_utf8(text).ok()?.split_once(SEPARATOR)?;
        let is_hex = isid.len() == 12 && isid.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_hex.then(|| u64::from_str_radix(isid, 16).ok()).flatten()?;
        let [_, _, isid @ ..] = number.to_be_bytes();
        Some(Self::new(IscsiName::new(name).ok()?, Isid(isid)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_come_back_from_their_list_and_no_part_of_it_is_one() {
        let port = |isid| {
            InitiatorPort::new(
                "iqn.2001-04.com.example:host".parse().unwrap(),
                Isid([0x80, 0, 0, 0, 0, isid]),
            )
        };
        let ports = vec![port(1), port(2)];
        let list: Vec<u8> = ports.iter().flat_map(InitiatorPort::transport_id).collect();
        assert_eq!(InitiatorPort::parse_list(&list), Some(ports));
        for length in (1..list.len()).filter(|length| *length != list.len() / 2) {
            assert_eq!(InitiatorPort::parse_list(&list[..length]), None, "{length}");
        }
        assert_eq!(InitiatorPort::parse_list(&[&[0x05], &list[1..]].concat()), None);
    }
}
