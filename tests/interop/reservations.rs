//! Persistent reservations of a disk between two hosts.

use std::fmt::Debug;

use bytes::Bytes;
use iscsi_initiator::scsi::{
    Command, PersistentReserveOut, RawCommand, ReadFullStatus, ReadKeys, ReadReservation, ReservationType,
    SenseData, SenseKey, TestUnitReady, TransportId, read_blocks, write_blocks,
};
use iscsi_initiator::{Error, Lun, Session};
use iscsi_pdu::ScsiStatus;
use iscsi_tests::external_targets::LioTarget;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::sleep;

use crate::scratch::{DELAY, Scratch};
use crate::scsi_quirks::lun;
use crate::stage::Daemon;

const ALL: [Daemon; 3] = [Daemon::Tgt, Daemon::Istgt, Daemon::Lio];
const KEY: u64 = 0x0102_0304_0506_0708;
const OTHER_KEY: u64 = 0x1112_1314_1516_1718;
const LBA: u64 = 8;
const BLOCK: usize = 512;

/// Conditions that a host meets.
const RESERVATION_PREEMPTED: (u8, u8) = (0x2a, 0x03);
const RELEASED: (u8, u8) = (0x2a, 0x04);
const REGISTRATION_PREEMPTED: (u8, u8) = (0x2a, 0x05);

/// The tests come one after another: those of LIO share a disk.
static TURN: Mutex<()> = Mutex::const_new(());

/// A disk, and sessions of two hosts to it.
struct Hosts {
    daemon: Daemon,
    disk: Lun,
    first: Session,
    second: Session,
    _scratch: Scratch,
    _turn: MutexGuard<'static, ()>,
}

impl Hosts {
    async fn of(daemon: Daemon) -> Self {
        let turn = TURN.lock().await;
        let scratch = Scratch::of(daemon, "reservations");
        let (first, second) = (scratch.log_in_as("first").await, scratch.log_in_as("second").await);
        let hosts = Self { daemon, disk: scratch.disk, first, second, _scratch: scratch, _turn: turn };
        for session in [&hosts.first, &hosts.second] {
            hosts.conditions(session).await;
        }
        assert!(hosts.keys().await.is_empty());
        hosts
    }

    async fn keys(&self) -> Vec<u64> {
        let mut keys = send(&self.first, self.disk, &ReadKeys::default()).await.unwrap().keys;
        keys.sort_unstable();
        keys
    }

    /// The key and the type of the reservation, which both hosts are told.
    async fn holder(&self) -> Option<(u64, ReservationType)> {
        let first = send(&self.first, self.disk, &ReadReservation).await.unwrap().reservation;
        let second = send(&self.second, self.disk, &ReadReservation).await.unwrap().reservation;
        assert_eq!(first, second, "{:?}", self.daemon);
        first.map(|held| (held.key, held.reservation_type))
    }

    /// Registers the first host, which reserves the disk.
    async fn first_reserves(&self, reservation_type: ReservationType) {
        self.change(&self.first, &register(0, KEY)).await;
        self.change(&self.first, &PersistentReserveOut::Reserve { key: KEY, reservation_type }).await;
        assert_eq!(self.holder().await, Some((KEY, reservation_type)), "{:?}", self.daemon);
    }

    async fn change(&self, session: &Session, command: &PersistentReserveOut) {
        let outcome = send(session, self.disk, command).await;
        outcome.unwrap_or_else(|error| panic!("{:?}: {command:?}: {error}", self.daemon));
    }

    /// The conditions that a host meets because of what the other one has done: code and qualifier of each.
    async fn conditions(&self, session: &Session) -> Vec<(u8, u8)> {
        let mut conditions = Vec::new();
        while let Err(error) = session.execute(self.disk, RawCommand::from(TestUnitReady).once()).await {
            let Error::Command { sense: Some(sense), .. } = error else { panic!("{error:?}") };
            assert_eq!(sense.key, SenseKey::UNIT_ATTENTION, "{sense}");
            conditions.push((sense.asc, sense.ascq));
        }
        conditions
    }

    async fn write(&self, session: &Session, byte: u8) -> Result<(), Error> {
        let data = Bytes::from(vec![byte; BLOCK]);
        session.execute(self.disk, write_blocks(LBA, 1, data)).await.map(drop)
    }

    /// The byte that a host has written last, as another one reads it.
    async fn read(&self, session: &Session) -> Result<u8, Error> {
        let data = session.execute(self.disk, read_blocks(LBA, 1, 512)).await?.data;
        assert!(data.iter().all(|byte| *byte == data[0]));
        Ok(data[0])
    }

    /// A host takes part again after all registrations are gone, and so does the other one.
    async fn end(self, key: u64, session: &Session) {
        self.change(session, &PersistentReserveOut::Clear { key }).await;
        for session in [&self.first, &self.second] {
            self.conditions(session).await;
        }
        assert_eq!((self.keys().await, self.holder().await), (vec![], None));
        self.write(&self.first, 0xf1).await.unwrap();
        self.write(&self.second, 0xf2).await.unwrap();
        assert_eq!(self.read(&self.first).await, Ok(0xf2));
    }
}

async fn send<C: Command>(session: &Session, disk: Lun, command: &C) -> Result<C::Answer, Error> {
    session.send(disk, command).await
}

const fn register(key: u64, new_key: u64) -> PersistentReserveOut {
    PersistentReserveOut::Register {
        key,
        new_key,
        survives_power_loss: false,
        all_target_ports: false,
        initiators: Vec::new(),
    }
}

/// The unit refuses the command because of another host's reservation, and says so by the status alone.
#[track_caller]
fn assert_conflict<T: Debug>(daemon: Daemon, outcome: Result<T, Error>) {
    match outcome {
        Err(Error::Command { status: ScsiStatus::RESERVATION_CONFLICT, sense: None, .. }) => {}
        other => panic!("{daemon:?}: {other:?}"),
    }
}

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
        let session = hosts.first.clone();
        hosts.end(KEY, &session).await;
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
        let session = hosts.first.clone();
        hosts.end(KEY, &session).await;
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
        let session = hosts.first.clone();
        hosts.end(KEY, &session).await;
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
        let session = hosts.first.clone();
        hosts.end(KEY, &session).await;
    }
}

/// The second host takes the reservation over: the registration of the first one is removed, and its writes are kept out.
async fn preempt(hosts: &Hosts, command: fn(u64, u64, ReservationType) -> PersistentReserveOut) {
    let (daemon, reservation_type) = (hosts.daemon, ReservationType::WRITE_EXCLUSIVE);
    hosts.first_reserves(reservation_type).await;
    hosts.change(&hosts.second, &register(0, OTHER_KEY)).await;
    hosts.change(&hosts.second, &command(OTHER_KEY, KEY, reservation_type)).await;
    let condition =
        if matches!(daemon, Daemon::Tgt) { RESERVATION_PREEMPTED } else { REGISTRATION_PREEMPTED };
    assert_eq!(hosts.conditions(&hosts.first).await, [condition], "{daemon:?}");
    assert_eq!(hosts.keys().await, [OTHER_KEY], "{daemon:?}");
    assert_eq!(hosts.holder().await, Some((OTHER_KEY, reservation_type)));
    assert_conflict(daemon, hosts.write(&hosts.first, 1).await);
    let release = PersistentReserveOut::Release { key: KEY, reservation_type };
    assert_conflict(daemon, send(&hosts.first, hosts.disk, &release).await);
    hosts.write(&hosts.second, 2).await.unwrap();
    assert_eq!(hosts.read(&hosts.first).await, Ok(2));
}

const fn plain_preemption(
    key: u64,
    preempted_key: u64,
    reservation_type: ReservationType,
) -> PersistentReserveOut {
    PersistentReserveOut::Preempt { key, preempted_key, reservation_type }
}

const fn preemption_with_abort(
    key: u64,
    preempted_key: u64,
    reservation_type: ReservationType,
) -> PersistentReserveOut {
    PersistentReserveOut::PreemptAndAbort { key, preempted_key, reservation_type }
}

#[tokio::test]
async fn a_preemption_removes_the_registration_of_the_other_host() {
    for daemon in [Daemon::Tgt, Daemon::Lio] {
        let hosts = Hosts::of(daemon).await;
        preempt(&hosts, plain_preemption).await;
        let session = hosts.second.clone();
        hosts.end(OTHER_KEY, &session).await;
    }
}

/// tgt does not know PREEMPT AND ABORT.
#[tokio::test]
async fn a_preemption_with_abort_removes_the_registration_of_the_other_host() {
    let hosts = Hosts::of(Daemon::Lio).await;
    preempt(&hosts, preemption_with_abort).await;
    let session = hosts.second.clone();
    hosts.end(OTHER_KEY, &session).await;
    let hosts = Hosts::of(Daemon::Tgt).await;
    hosts.first_reserves(ReservationType::WRITE_EXCLUSIVE).await;
    hosts.change(&hosts.second, &register(0, OTHER_KEY)).await;
    let command = preemption_with_abort(OTHER_KEY, KEY, ReservationType::WRITE_EXCLUSIVE);
    let outcome = send(&hosts.second, hosts.disk, &command).await;
    let Err(Error::Command { sense: Some(SenseData { key, asc, .. }), .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((key, asc), (SenseKey::ILLEGAL_REQUEST, 0x24));
    assert_eq!(hosts.holder().await, Some((KEY, ReservationType::WRITE_EXCLUSIVE)));
}

/// istgt keeps the registration of the host that is preempted, and removes that of the other one, which has the reservation
/// then: neither of them can write.
#[tokio::test]
async fn istgt_removes_the_registration_of_the_host_that_preempts() {
    for command in [plain_preemption, preemption_with_abort] {
        let hosts = Hosts::of(Daemon::Istgt).await;
        let reservation_type = ReservationType::WRITE_EXCLUSIVE;
        hosts.first_reserves(reservation_type).await;
        hosts.change(&hosts.second, &register(0, OTHER_KEY)).await;
        hosts.change(&hosts.second, &command(OTHER_KEY, KEY, reservation_type)).await;
        assert_eq!(hosts.keys().await, [KEY]);
        assert_eq!(hosts.holder().await, Some((OTHER_KEY, reservation_type)));
        for session in [&hosts.first, &hosts.second] {
            assert_eq!(hosts.conditions(session).await, []);
            assert_conflict(Daemon::Istgt, hosts.write(session, 1).await);
        }
    }
}

/// LIO aborts a write of the host that is preempted, which waits for a slow disk.
#[tokio::test]
async fn lio_aborts_the_commands_of_a_host_that_is_preempted() {
    let mut hosts = Hosts::of(Daemon::Lio).await;
    hosts.disk = lun(LioTarget::SLOW_LUN);
    let reservation_type = ReservationType::WRITE_EXCLUSIVE;
    hosts.first_reserves(reservation_type).await;
    hosts.change(&hosts.second, &register(0, OTHER_KEY)).await;
    let write = write_blocks(LBA, 1, Bytes::from(vec![1; BLOCK]));
    let write = hosts.first.submit(hosts.disk, write).await.unwrap();
    sleep(DELAY / 6).await;
    let command = preemption_with_abort(OTHER_KEY, KEY, reservation_type);
    hosts.change(&hosts.second, &command).await;
    let error = write.completion().await.unwrap_err();
    assert_eq!(hosts.conditions(&hosts.first).await, [REGISTRATION_PREEMPTED]);
    let status = ScsiStatus::TASK_ABORTED;
    assert_eq!(error, Error::Command { command: "WRITE (10)", status, sense: None });
    assert_eq!(hosts.holder().await, Some((OTHER_KEY, reservation_type)));
    let session = hosts.second.clone();
    hosts.end(OTHER_KEY, &session).await;
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
        assert_eq!((hosts.keys().await, hosts.holder().await), (vec![], None));
        hosts.write(&hosts.first, 1).await.unwrap();
        hosts.write(&hosts.second, 2).await.unwrap();
        assert_eq!(hosts.read(&hosts.first).await, Ok(2));
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
        let session = hosts.first.clone();
        hosts.end(KEY, &session).await;
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
    let session = hosts.second.clone();
    hosts.end(OTHER_KEY, &session).await;
}
