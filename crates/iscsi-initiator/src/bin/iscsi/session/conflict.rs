//! RESERVATION CONFLICT, explained by what the logical unit reports of its persistent reservation.

use iscsi_initiator::scsi::{
    FullReservationStatus, ReadFullStatus, ReadReservation, Registration, Reservation,
};
use iscsi_initiator::{Error, IscsiName, Isid, Lun, Session};
use iscsi_pdu::ScsiStatus;

use crate::failure::Failure;
use crate::output::reservation;

/// The most holders that a message names.
const MOST_NAMED: usize = 3;

/// Adds to a failed command that ended in RESERVATION CONFLICT which initiators hold the reservation and whether this one
/// is registered. Any other outcome, and one of a unit that does not tell, is returned as it is.
///
/// # Cancel safety
/// When the future is dropped, nothing has changed.
pub(super) async fn explained<T>(
    session: &Session,
    lun: Option<Lun>,
    outcome: Result<T, Failure>,
) -> Result<T, Failure> {
    let (failure, lun) = match (outcome, lun) {
        (Err(failure), Some(lun)) if is_conflict(&failure) => (failure, lun),
        (outcome, _) => return outcome,
    };
    let reservation = session.send(lun, &ReadReservation).await;
    let status = session.send(lun, &ReadFullStatus::default()).await.ok();
    let facts = reservation.ok().and_then(|reported| {
        let details = session.details();
        let own = (&details.initiator_name, details.isid);
        words(lun, reported.reservation, status.as_ref(), own)
    });
    Err(match facts {
        Some(reservation) => Failure::Reserved { reservation, source: Box::new(failure) },
        None => failure,
    })
}

fn is_conflict(failure: &Failure) -> bool {
    let status =
        |error: &Error| matches!(error, Error::Command { status: ScsiStatus::RESERVATION_CONFLICT, .. });
    failure.of_initiator().is_some_and(status)
}

/// Describes reservation and registrations; `None` if there are neither, so that something else caused the conflict.
fn words(
    lun: Lun,
    reservation: Option<Reservation>,
    status: Option<&FullReservationStatus>,
    own: (&IscsiName, Isid),
) -> Option<String> {
    let registrations = status.map(|status| status.registrations.as_slice()).unwrap_or_default();
    if reservation.is_none() && registrations.is_empty() {
        return None;
    }
    let held = reservation.map_or_else(
        || format!("logical unit {lun} is not reserved"),
        |reservation| format!("logical unit {lun} is reserved ({})", holders(reservation, registrations)),
    );
    Some(match status {
        Some(_) => format!("{held}; {}", own_registration(registrations, own)),
        None => held,
    })
}

/// The type of a reservation and its holders: their names if the unit tells them, otherwise the key.
fn holders(held: Reservation, registrations: &[Registration]) -> String {
    let kind = held.reservation_type.name();
    let holders: Vec<_> = registrations.iter().filter(|registration| registration.held.is_some()).collect();
    if holders.is_empty() {
        return format!("{kind}, key {}", reservation::key(held.key));
    }
    let first = holders.iter().take(MOST_NAMED).map(|holder| {
        format!("{}, key {}", reservation::port(&holder.initiator), reservation::key(holder.key))
    });
    let names = first.collect::<Vec<_>>().join("; ");
    match holders.len().saturating_sub(MOST_NAMED) {
        0 => format!("{kind}, by {names}"),
        more => format!("{kind}, by {names}; and {more} more"),
    }
}

fn own_registration(registrations: &[Registration], (name, isid): (&IscsiName, Isid)) -> String {
    let own =
        registrations.iter().find(|registration| reservation::is_port(&registration.initiator, name, isid));
    match own {
        Some(own) => format!("this initiator port is registered with key {}", reservation::key(own.key)),
        None => format!("this initiator port (ISID 0x{isid}) is not registered"),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use iscsi_initiator::scsi::{Command as _, ReservationStatus, TransportId};

    use super::*;

    const ISID: Isid = Isid([0x80, 0, 0, 0, 0, 1]);

    fn own() -> IscsiName {
        "iqn.2001-04.com.example:host".parse().unwrap()
    }

    /// The answer to READ RESERVATION with this key.
    fn reserved(key: u64) -> Option<Reservation> {
        let data = [&[0, 0, 0, 1, 0, 0, 0, 16][..], &key.to_be_bytes(), &[0, 0, 0, 0, 0, 1, 0, 0]].concat();
        let ReservationStatus { reservation, .. } = ReadReservation.parse(Bytes::from(data)).unwrap();
        reservation
    }

    /// The answer to READ FULL STATUS with these registrations: name, key, and whether it holds the reservation.
    fn status(registrations: &[(&str, u64, bool)]) -> FullReservationStatus {
        let mut list = Vec::new();
        for (name, key, holds) in registrations {
            let initiator = TransportId::IscsiPort { name: name.parse().unwrap(), isid: ISID }.to_bytes();
            list.extend(key.to_be_bytes());
            list.extend([0, 0, 0, 0, u8::from(*holds), u8::from(*holds), 0, 0, 0, 0, 0, 1]);
            list.extend(u32::try_from(initiator.len()).unwrap().to_be_bytes());
            list.extend(initiator);
        }
        let length = u32::try_from(list.len()).unwrap().to_be_bytes();
        let data = [&[0, 0, 0, 1][..], &length, &list].concat();
        ReadFullStatus::default().parse(Bytes::from(data)).unwrap()
    }

    fn told(reservation: Option<Reservation>, status: Option<&FullReservationStatus>) -> Option<String> {
        words(Lun::ZERO, reservation, status, (&own(), ISID))
    }

    #[test]
    fn the_holder_is_named_and_so_is_the_own_registration() {
        let other = status(&[("iqn.2001-04.com.example:other", 0xb, true)]);
        let expected = "logical unit 0 is reserved (Write Exclusive, by iqn.2001-04.com.example:other, ISID \
                        0x800000000001, key 0x000000000000000b); this initiator port (ISID 0x800000000001) is not \
                        registered";
        assert_eq!(told(reserved(0xb), Some(&other)).unwrap(), expected);
        let both = status(&[("iqn.2001-04.com.example:host", 0xa, false)]);
        let expected =
            "logical unit 0 is not reserved; this initiator port is registered with key 0x000000000000000a";
        assert_eq!(told(None, Some(&both)).unwrap(), expected);
    }

    #[test]
    fn a_unit_that_names_no_initiators_tells_the_key() {
        let expected = "logical unit 0 is reserved (Write Exclusive, key 0x000000000000000b)";
        assert_eq!(told(reserved(0xb), None).unwrap(), expected);
    }

    #[test]
    fn a_conflict_without_a_persistent_reservation_is_not_explained_by_one() {
        assert_eq!(told(None, Some(&status(&[]))), None);
        assert_eq!(told(None, None), None);
    }

    #[test]
    fn three_holders_are_named_and_the_others_counted() {
        let names: Vec<String> = (0..5).map(|n| format!("iqn.2001-04.com.example:h{n}")).collect();
        for (count, rest) in [(3, None), (4, Some("and 1 more")), (5, Some("and 2 more"))] {
            let all: Vec<_> = names.iter().take(count).map(|name| (name.as_str(), 1, true)).collect();
            let text = told(reserved(0), Some(&status(&all))).unwrap();
            assert_eq!((text.matches("iqn.").count(), text.contains(" more")), (3, rest.is_some()), "{text}");
            assert!(rest.is_none_or(|rest| text.contains(rest)), "{text}");
        }
    }

    #[test]
    fn only_reservation_conflict_is_explained() {
        let failed = |status| Failure::from(Error::Command { command: "READ (10)", status, sense: None });
        let conflict = failed(ScsiStatus::RESERVATION_CONFLICT);
        assert!(is_conflict(&Failure::Unfinished { done: String::new(), source: Box::new(conflict) }));
        assert!(!is_conflict(&failed(ScsiStatus::BUSY)) && !is_conflict(&Failure::Interrupted));
    }
}
