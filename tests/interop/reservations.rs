//! Persistent reservations of a disk between two hosts.

mod hosts;
mod preemptions;

use iscsi_initiator::Session;
use iscsi_initiator::scsi::{PersistentReserveOut, ReadFullStatus, ReservationType, TransportId};

use self::hosts::{
    ALL, Hosts, KEY, OTHER_KEY, RELEASED, RESERVATION_PREEMPTED, assert_conflict, register, send,
};
use crate::stage::Daemon;

#[tokio::test]
async fn a_reservation_for_writes_keeps_the_writes_of_another_host_out() {
    for daemon in ALL {
        let hosts = Hosts::of(daemon).await;
        hosts.write(&hosts.second, 1).await.unwrap();
        hosts.first_reserves(ReservationType::WRITE_EXCLUSIVE).await;
        assert_conflict(daemon, hosts.write(&hosts.second, 2).await);
        assert_eq!(hosts.read(&hosts.second).await, Ok(1));
        hosts.write(&hosts.first, 3).await.unwrap();
        assert_eq!(hosts.read(&hosts.second).await, Ok(3));
        // A host that is registered has no part in a reservation of this type either.
        hosts.change(&hosts.second, &register(0, OTHER_KEY)).await;
        assert_conflict(daemon, hosts.write(&hosts.second, 4).await);
        let reservation_type = ReservationType::WRITE_EXCLUSIVE;
        let reserve = PersistentReserveOut::Reserve { key: OTHER_KEY, reservation_type };
        assert_conflict(daemon, send(&hosts.second, hosts.disk, &reserve).await);
        hosts.change(&hosts.first, &PersistentReserveOut::Release { key: KEY, reservation_type }).await;
        // The condition is for other hosts, and for reservations of registrants (SPC-4, 5.13.11.2.2).
        let released = if matches!(daemon, Daemon::Tgt) { vec![RELEASED] } else { vec![] };
        assert_eq!(hosts.conditions(&hosts.first).await, released, "{daemon:?}");
        assert_eq!(hosts.conditions(&hosts.second).await, []);
        assert_eq!(hosts.holder().await, None);
        hosts.write(&hosts.second, 5).await.unwrap();
        assert_eq!(hosts.read(&hosts.first).await, Ok(5));
        hosts.end(KEY).await;
    }
}

#[tokio::test]
async fn an_exclusive_reservation_keeps_reads_out_too() {
    for daemon in ALL {
        let hosts = Hosts::of(daemon).await;
        hosts.write(&hosts.first, 1).await.unwrap();
        hosts.first_reserves(ReservationType::EXCLUSIVE_ACCESS).await;
        assert_conflict(daemon, hosts.read(&hosts.second).await);
        assert_conflict(daemon, hosts.write(&hosts.second, 2).await);
        assert_eq!(hosts.read(&hosts.first).await, Ok(1));
        hosts.end(KEY).await;
    }
}

#[tokio::test]
async fn a_reservation_for_registrants_lets_another_registered_host_write() {
    for daemon in ALL {
        let hosts = Hosts::of(daemon).await;
        hosts.first_reserves(ReservationType::WRITE_EXCLUSIVE_REGISTRANTS_ONLY).await;
        assert_conflict(daemon, hosts.write(&hosts.second, 1).await);
        hosts.change(&hosts.second, &register(0, OTHER_KEY)).await;
        hosts.write(&hosts.second, 2).await.unwrap();
        assert_eq!(hosts.read(&hosts.first).await, Ok(2));
        hosts.change(&hosts.second, &register(OTHER_KEY, 0)).await;
        assert_conflict(daemon, hosts.write(&hosts.second, 3).await);
        hosts.end(KEY).await;
    }
}

/// A host that is not registered with the key it names changes nothing.
#[tokio::test]
async fn a_wrong_key_changes_nothing() {
    for daemon in ALL {
        let hosts = Hosts::of(daemon).await;
        hosts.first_reserves(ReservationType::WRITE_EXCLUSIVE).await;
        let reservation_type = ReservationType::WRITE_EXCLUSIVE;
        for command in [
            register(OTHER_KEY, KEY),
            PersistentReserveOut::Clear { key: KEY },
            PersistentReserveOut::Release { key: KEY, reservation_type },
            PersistentReserveOut::Preempt { key: OTHER_KEY, preempted_key: KEY, reservation_type },
        ] {
            assert_conflict(daemon, send(&hosts.second, hosts.disk, &command).await);
        }
        assert_eq!(hosts.keys().await, [KEY], "{daemon:?}");
        assert_eq!(hosts.holder().await, Some((KEY, reservation_type)));
        hosts.end(KEY).await;
    }
}

#[tokio::test]
async fn any_registered_host_clears_all_registrations() {
    for daemon in ALL {
        let hosts = Hosts::of(daemon).await;
        hosts.first_reserves(ReservationType::WRITE_EXCLUSIVE).await;
        hosts.change(&hosts.second, &register(0, OTHER_KEY)).await;
        assert_eq!(hosts.keys().await, [KEY, OTHER_KEY], "{daemon:?}");
        hosts.change(&hosts.second, &PersistentReserveOut::Clear { key: OTHER_KEY }).await;
        let condition = if matches!(daemon, Daemon::Istgt) { vec![] } else { vec![RESERVATION_PREEMPTED] };
        assert_eq!(hosts.conditions(&hosts.first).await, condition, "{daemon:?}");
        hosts.are_free().await;
    }
}

/// tgt does not know READ FULL STATUS, and istgt leaves the headers of the names out.
#[tokio::test]
async fn the_full_status_names_both_hosts() {
    for daemon in [Daemon::Istgt, Daemon::Lio] {
        let hosts = Hosts::of(daemon).await;
        let reservation_type = ReservationType::EXCLUSIVE_ACCESS;
        hosts.first_reserves(reservation_type).await;
        hosts.change(&hosts.second, &register(0, OTHER_KEY)).await;
        let status = send(&hosts.second, hosts.disk, &ReadFullStatus::default()).await.unwrap();
        assert!(status.is_complete, "{daemon:?}: {status:?}");
        let mut found: Vec<_> =
            status.registrations.into_iter().map(|known| (known.key, known.held, known.initiator)).collect();
        found.sort_unstable_by_key(|known| known.0);
        let port = |name: &str, session: &Session| {
            let (name, isid) = (format!("iqn.2001-04.com.example:{name}"), session.details().isid);
            match daemon {
                Daemon::Istgt => TransportId::Other(format!("{name},i,0x{isid}").into()),
                _ => TransportId::IscsiPort { name: name.parse().unwrap(), isid },
            }
        };
        let first = (KEY, Some(reservation_type), port("first", &hosts.first));
        assert_eq!(found, [first, (OTHER_KEY, None, port("second", &hosts.second))], "{daemon:?}");
        hosts.end(KEY).await;
    }
}

/// The first host registers the second one, and gives it the reservation.
#[tokio::test]
async fn a_reservation_moves_to_the_other_host() {
    let hosts = Hosts::of(Daemon::Lio).await;
    let reservation_type = ReservationType::WRITE_EXCLUSIVE;
    hosts.first_reserves(reservation_type).await;
    let status = send(&hosts.first, hosts.disk, &ReadFullStatus::default()).await.unwrap();
    let command = PersistentReserveOut::RegisterAndMove {
        key: KEY,
        new_key: OTHER_KEY,
        survives_power_loss: false,
        unregister: true,
        target_port: status.registrations[0].target_port,
        initiator: TransportId::IscsiPort {
            name: "iqn.2001-04.com.example:second".parse().unwrap(),
            isid: hosts.second.details().isid,
        },
    };
    hosts.change(&hosts.first, &command).await;
    assert_eq!(hosts.holder().await, Some((OTHER_KEY, reservation_type)));
    assert_eq!(hosts.keys().await, [OTHER_KEY]);
    assert_conflict(Daemon::Lio, hosts.write(&hosts.first, 1).await);
    hosts.write(&hosts.second, 2).await.unwrap();
    hosts.end(OTHER_KEY).await;
}
