//! Keys, types and initiator ports of persistent reservations, in words.

use iscsi_initiator::scsi::{ReservationType, TransportId};
use iscsi_initiator::{IscsiName, Isid};

use super::hex_dump;

/// The types with their names on the command line and in JSON.
pub(crate) const TYPES: [(ReservationType, &str); 6] = [
    (ReservationType::WRITE_EXCLUSIVE, "write-exclusive"),
    (ReservationType::EXCLUSIVE_ACCESS, "exclusive-access"),
    (ReservationType::WRITE_EXCLUSIVE_REGISTRANTS_ONLY, "write-exclusive-registrants-only"),
    (ReservationType::EXCLUSIVE_ACCESS_REGISTRANTS_ONLY, "exclusive-access-registrants-only"),
    (ReservationType::WRITE_EXCLUSIVE_ALL_REGISTRANTS, "write-exclusive-all-registrants"),
    (ReservationType::EXCLUSIVE_ACCESS_ALL_REGISTRANTS, "exclusive-access-all-registrants"),
];

/// Returns the name of a type; a type that the standard does not define is a number.
pub(crate) fn type_name(kind: ReservationType) -> String {
    let known = TYPES.iter().find(|(known, _)| *known == kind);
    known.map_or_else(|| format!("0x{:x}", kind.0), |(_, name)| (*name).to_owned())
}

/// Formats a key.
pub(crate) fn key(key: u64) -> String {
    format!("0x{key:016x}")
}

/// Names an initiator port.
pub(crate) fn port(initiator: &TransportId) -> String {
    match initiator {
        TransportId::IscsiInitiator(name) => name.to_string(),
        TransportId::IscsiPort { name, isid } => format!("{name}, ISID 0x{isid}"),
        TransportId::Other(bytes) => format!("TransportID {}", hex_dump::digits(bytes)),
    }
}

/// Returns whether a registration is that of this initiator port.
pub(crate) fn is_port(initiator: &TransportId, own_name: &IscsiName, own_isid: Isid) -> bool {
    match initiator {
        TransportId::IscsiInitiator(name) => name.identity() == own_name.identity(),
        TransportId::IscsiPort { name, isid } => name.identity() == own_name.identity() && *isid == own_isid,
        TransportId::Other(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port_of(name: &str, isid: u8) -> TransportId {
        TransportId::IscsiPort { name: name.parse().unwrap(), isid: Isid([0x80, 0, 0, 0, 0, isid]) }
    }

    #[test]
    fn types_have_one_name_each_and_unknown_ones_a_number() {
        let names: Vec<String> = (0..=15).map(|code| type_name(ReservationType(code))).collect();
        for (at, name) in names.iter().enumerate() {
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
            assert_eq!(name.starts_with("0x"), ![1, 3, 5, 6, 7, 8].contains(&at), "{name}");
        }
    }

    #[test]
    fn an_initiator_port_is_its_name_with_its_isid() {
        let (own, isid) = ("iqn.2001-04.com.example:host".parse().unwrap(), Isid([0x80, 0, 0, 0, 0, 1]));
        assert!(is_port(&port_of("iqn.2001-04.com.example:host", 1), &own, isid));
        assert!(is_port(&port_of("iqn.2001-04.com.example:HOST", 1), &own, isid));
        assert!(!is_port(&port_of("iqn.2001-04.com.example:host", 2), &own, isid));
        assert!(!is_port(&port_of("iqn.2001-04.com.example:other", 1), &own, isid));
        assert!(is_port(&TransportId::IscsiInitiator(own.clone()), &own, isid));
        assert!(!is_port(&TransportId::Other(vec![5].into()), &own, isid));
    }

    #[test]
    fn ports_are_shown_by_name_and_isid() {
        let shown = port(&port_of("iqn.2001-04.com.example:host", 1));
        assert_eq!(shown, "iqn.2001-04.com.example:host, ISID 0x800000000001");
        assert_eq!(port(&TransportId::Other(vec![0, 0xab].into())), "TransportID 00ab");
        assert_eq!(key(0xab), "0x00000000000000ab");
    }
}
