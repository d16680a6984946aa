//! A disk, and two hosts with sessions to it.

use std::fmt::Debug;

use bytes::Bytes;
use iscsi_initiator::scsi::{
    Command, PersistentReserveOut, RawCommand, ReadKeys, ReadReservation, ReservationType, SenseKey,
    TestUnitReady, read_blocks, write_blocks,
};
use iscsi_initiator::{Error, Lun, Session};
use iscsi_pdu::ScsiStatus;
use tokio::sync::{Mutex, MutexGuard};

use crate::scratch::Scratch;
use crate::stage::Daemon;

pub(super) const ALL: [Daemon; 3] = [Daemon::Tgt, Daemon::Istgt, Daemon::Lio];
pub(super) const KEY: u64 = 0x0102_0304_0506_0708;
pub(super) const OTHER_KEY: u64 = 0x1112_1314_1516_1718;
/// The block that the hosts write.
pub(super) const LBA: u64 = 8;
pub(super) const BLOCK: usize = 512;
/// The most conditions of a host at a time.
const MOST_CONDITIONS: usize = 16;

/// Conditions that a host meets.
pub(super) const RESERVATION_PREEMPTED: (u8, u8) = (0x2a, 0x03);
pub(super) const RELEASED: (u8, u8) = (0x2a, 0x04);
pub(super) const REGISTRATION_PREEMPTED: (u8, u8) = (0x2a, 0x05);

/// The tests come one after another: those of LIO share a disk.
static TURN: Mutex<()> = Mutex::const_new(());

/// A disk, and sessions of two hosts to it.
pub(super) struct Hosts {
    pub(super) daemon: Daemon,
    pub(super) disk: Lun,
    pub(super) first: Session,
    pub(super) second: Session,
    _scratch: Scratch,
    _turn: MutexGuard<'static, ()>,
}

impl Hosts {
    pub(super) async fn of(daemon: Daemon) -> Self {
        let turn = TURN.lock().await;
        let scratch = Scratch::of(daemon, "reservations");
        let (first, second) = (scratch.log_in_as("first").await, scratch.log_in_as("second").await);
        let hosts = Self { daemon, disk: scratch.disk, first, second, _scratch: scratch, _turn: turn };
        hosts.begin().await;
        hosts
    }

    /// Takes note of the conditions of new sessions, and removes what a test that failed has left.
    async fn begin(&self) {
        self.conditions(&self.first).await;
        self.conditions(&self.second).await;
        if !self.keys().await.is_empty() {
            self.change(&self.first, &register_ignoring(KEY)).await;
            self.change(&self.first, &PersistentReserveOut::Clear { key: KEY }).await;
            self.conditions(&self.second).await;
        }
    }

    pub(super) async fn keys(&self) -> Vec<u64> {
        let mut keys = send(&self.first, self.disk, &ReadKeys::default()).await.unwrap().keys;
        keys.sort_unstable();
        keys
    }

    /// The key and the type of the reservation, which both hosts are told.
    pub(super) async fn holder(&self) -> Option<(u64, ReservationType)> {
        let first = send(&self.first, self.disk, &ReadReservation).await.unwrap().reservation;
        let second = send(&self.second, self.disk, &ReadReservation).await.unwrap().reservation;
        assert_eq!(first, second, "{:?}", self.daemon);
        first.map(|held| (held.key, held.reservation_type))
    }

    /// Registers the first host, which reserves the disk.
    pub(super) async fn first_reserves(&self, reservation_type: ReservationType) {
        self.change(&self.first, &register(0, KEY)).await;
        self.change(&self.first, &PersistentReserveOut::Reserve { key: KEY, reservation_type }).await;
        assert_eq!(self.holder().await, Some((KEY, reservation_type)), "{:?}", self.daemon);
    }

    pub(super) async fn change(&self, session: &Session, command: &PersistentReserveOut) {
        let outcome = send(session, self.disk, command).await;
        outcome.unwrap_or_else(|error| panic!("{:?}: {command:?}: {error}", self.daemon));
    }

    /// The conditions that a host meets because of what the other one has done: code and qualifier of each.
    pub(super) async fn conditions(&self, session: &Session) -> Vec<(u8, u8)> {
        let mut conditions = Vec::new();
        for _ in 0..MOST_CONDITIONS {
            let test = RawCommand::from(TestUnitReady).once();
            let Err(error) = session.execute(self.disk, test).await else { return conditions };
            let Error::Command { sense: Some(sense), .. } = error else { panic!("{error:?}") };
            assert_eq!(sense.key, SenseKey::UNIT_ATTENTION, "{sense}");
            conditions.push((sense.asc, sense.ascq));
        }
        panic!("{:?} does not become ready: {conditions:02x?}", self.daemon)
    }

    pub(super) async fn write(&self, session: &Session, byte: u8) -> Result<(), Error> {
        let data = Bytes::from(vec![byte; BLOCK]);
        session.execute(self.disk, write_blocks(LBA, 1, data)).await.map(drop)
    }

    /// The byte that a host has written last, as another one reads it.
    pub(super) async fn read(&self, session: &Session) -> Result<u8, Error> {
        let data = session.execute(self.disk, read_blocks(LBA, 1, 512)).await?.data;
        assert!(data.iter().all(|byte| *byte == data[0]));
        Ok(data[0])
    }

    /// The host with this key removes all registrations, and both hosts write then.
    pub(super) async fn end(self, key: u64) {
        let session = if key == KEY { &self.first } else { &self.second };
        self.change(session, &PersistentReserveOut::Clear { key }).await;
        for session in [&self.first, &self.second] {
            self.conditions(session).await;
        }
        self.are_free().await;
    }

    /// There is no registration, and both hosts write.
    pub(super) async fn are_free(&self) {
        assert_eq!((self.keys().await, self.holder().await), (vec![], None), "{:?}", self.daemon);
        self.write(&self.first, 0xf1).await.unwrap();
        self.write(&self.second, 0xf2).await.unwrap();
        assert_eq!(self.read(&self.first).await, Ok(0xf2));
    }
}

pub(super) async fn send<C: Command>(session: &Session, disk: Lun, command: &C) -> Result<C::Answer, Error> {
    session.send(disk, command).await
}

pub(super) const fn register(key: u64, new_key: u64) -> PersistentReserveOut {
    PersistentReserveOut::Register {
        key,
        new_key,
        survives_power_loss: false,
        all_target_ports: false,
        initiators: Vec::new(),
    }
}

/// REGISTER AND IGNORE EXISTING KEY.
const fn register_ignoring(new_key: u64) -> PersistentReserveOut {
    PersistentReserveOut::RegisterAndIgnoreExistingKey {
        new_key,
        survives_power_loss: false,
        all_target_ports: false,
    }
}

/// The unit refuses the command because of another host's reservation, and says so by the status alone.
#[track_caller]
pub(super) fn assert_conflict<T: Debug>(daemon: Daemon, outcome: Result<T, Error>) {
    match outcome {
        Err(Error::Command { status: ScsiStatus::RESERVATION_CONFLICT, sense: None, .. }) => {}
        other => panic!("{daemon:?}: {other:?}"),
    }
}
