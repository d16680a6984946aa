//! A host takes the reservation of another one over.

use bytes::Bytes;
use iscsi_initiator::Error;
use iscsi_initiator::scsi::{PersistentReserveOut, ReservationType, SenseData, SenseKey, write_blocks};
use iscsi_pdu::ScsiStatus;
use iscsi_tests::external_targets::LioTarget;
use tokio::time::sleep;

use super::hosts::{
    BLOCK, Hosts, KEY, LBA, OTHER_KEY, REGISTRATION_PREEMPTED, RESERVATION_PREEMPTED, assert_conflict,
    register, send,
};
use crate::scratch::DELAY;
use crate::scsi_quirks::lun;
use crate::stage::Daemon;

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
        hosts.end(OTHER_KEY).await;
    }
}

/// tgt does not know PREEMPT AND ABORT.
#[tokio::test]
async fn a_preemption_with_abort_removes_the_registration_of_the_other_host() {
    let hosts = Hosts::of(Daemon::Lio).await;
    preempt(&hosts, preemption_with_abort).await;
    hosts.end(OTHER_KEY).await;
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
    hosts.end(OTHER_KEY).await;
}
