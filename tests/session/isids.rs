//! Concurrent sessions, none of which reinstates another one; the target would end a session that is reinstated.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use iscsi_initiator::{
    AuthenticationRequest, Initiator, Isid, IsidPool, Lun, Portal, Session, TargetAddress,
};
use iscsi_login::LoginError;
use iscsi_secrets::MemoryStore;
use iscsi_tests::ram_disk::{RamDisk, Running, Target};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::stage::{config, initiator, log_in_by, open_config, ram_disk, target_name};

/// An initiator as another process would have it: the pool is its own, the directory is not.
fn initiator_of(directory: &TempDir) -> Initiator {
    let mut config = config();
    config.isids = IsidPool::open(directory.path()).unwrap();
    Initiator::new(config, Arc::new(MemoryStore::new()))
}

fn portal(address: SocketAddr) -> Portal {
    address.to_string().parse().unwrap()
}

/// Logs in this many sessions of each initiator concurrently, and keeps them.
async fn sessions(initiators: &[Initiator], of_each: usize, address: SocketAddr) -> Vec<Session> {
    let mut logins = JoinSet::new();
    for initiator in initiators.iter().flat_map(|initiator| std::iter::repeat_n(initiator, of_each)) {
        let initiator = initiator.clone();
        logins.spawn(async move { log_in_by(&initiator, address).await });
    }
    logins.join_all().await.into_iter().map(Result::unwrap).collect()
}

/// Every session still answers, each has an ISID of its own, and the target has ended none.
async fn expect_all_alive(sessions: &[Session], running: &Running) {
    for session in sessions {
        session.test_unit_ready(Lun::ZERO).await.unwrap();
    }
    let isids: HashSet<Isid> = sessions.iter().map(|session| session.details().isid).collect();
    assert_eq!(isids.len(), sessions.len());
    let report = running.report();
    assert_eq!(report.reinstatements, 0);
    assert_eq!(report.violations, Vec::<String>::new());
}

/// NAM-06, without a directory: the pool of the settings serves a whole process.
#[tokio::test]
async fn nam_06_two_hundred_sessions_of_one_initiator() {
    let running = ram_disk().await;
    let sessions = sessions(&[initiator()], 200, running.portal()).await;
    expect_all_alive(&sessions, &running).await;
}

/// NAM-06, with one: ten pools on it exclude each other as ten processes do, and fill the numbers without a gap.
#[tokio::test(flavor = "multi_thread")]
async fn nam_06_ten_initiators_of_one_directory() {
    let (running, directory) = (ram_disk().await, TempDir::new().unwrap());
    let initiators: Vec<_> = (0..10).map(|_| initiator_of(&directory)).collect();
    let sessions = sessions(&initiators, 20, running.portal()).await;
    expect_all_alive(&sessions, &running).await;
    let qualifiers: HashSet<[u8; 2]> =
        sessions.iter().map(|session| [session.details().isid.0[4], session.details().isid.0[5]]).collect();
    assert_eq!(qualifiers, (0..200_u8).map(|number| [0, number]).collect());
}

/// The target does reinstate: without this, the tests above could not fail.
#[tokio::test]
async fn rec_06_equal_isids_reinstate() {
    let running = ram_disk().await;
    let [one, other] = [(); 2].map(|()| TempDir::new().unwrap());
    for directory in [&one, &other] {
        std::fs::write(directory.path().join("isid"), "123456\n").unwrap();
    }
    let first = log_in_by(&initiator_of(&one), running.portal()).await.unwrap();
    let second = log_in_by(&initiator_of(&other), running.portal()).await.unwrap();
    assert_eq!(first.details().isid, second.details().isid);
    assert!(first.test_unit_ready(Lun::ZERO).await.is_err());
    second.test_unit_ready(Lun::ZERO).await.unwrap();
    assert_eq!(running.report().reinstatements, 1);
}

/// NAM-07, LOG-11: one session after the other has the same ISID, also that of the next process.
#[tokio::test(flavor = "multi_thread")]
async fn nam_07_one_isid_again_and_again() {
    let (running, directory) = (ram_disk().await, TempDir::new().unwrap());
    let mut isids = HashSet::new();
    for _ in 0..3 {
        let initiator = initiator_of(&directory);
        for _ in 0..20 {
            let session = log_in_by(&initiator, running.portal()).await.unwrap();
            isids.insert(session.details().isid);
            session.logout().await.unwrap();
        }
    }
    let [isid] = isids.into_iter().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((isid.0[0], &isid.0[4..]), (0x80, &[0, 0][..]));
    assert_eq!(running.report().reinstatements, 0);
}

/// NAM-07: sessions to different targets have the same ISID at the same time.
#[tokio::test]
async fn nam_07_one_isid_towards_two_targets() {
    let other = "iqn.2001-04.com.example:other".parse().unwrap();
    let mut config = open_config();
    config.targets.push(Target::new(other));
    let running = RamDisk::serve(config).await.unwrap();
    let (initiator, request) = (initiator(), AuthenticationRequest::default());
    let [one, other] = [target_name(), "iqn.2001-04.com.example:other".parse().unwrap()];
    let one = initiator.login(&one, &portal(running.portal()), &request).await.unwrap();
    let other = initiator.login(&other, &portal(running.portal()), &request).await.unwrap();
    assert_eq!(one.details().isid, other.details().isid);
    one.test_unit_ready(Lun::ZERO).await.unwrap();
    other.test_unit_ready(Lun::ZERO).await.unwrap();
    assert_eq!(running.report().reinstatements, 0);
}

/// NAM-06: the ISID is free again after a session ended by itself, a login failed, or a login was cancelled.
#[tokio::test]
async fn nam_06_every_end_gives_the_isid_back() {
    let (running, directory) = (ram_disk().await, TempDir::new().unwrap());
    let initiator = initiator_of(&directory);
    let first = log_in_by(&initiator, running.portal()).await.unwrap();
    let isid = first.details().isid;
    assert_eq!(running.cut_sessions(), 1);
    assert!(first.test_unit_ready(Lun::ZERO).await.is_err());
    let nobody = "iqn.2001-04.com.example:nobody".parse().unwrap();
    let refused =
        initiator.login(&nobody, &portal(running.portal()), &AuthenticationRequest::default()).await;
    assert!(matches!(refused, Err(iscsi_initiator::Error::Login { error: LoginError::Refused { .. }, .. })));
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let given_up = log_in_by(&initiator, silent.local_addr().unwrap());
    tokio::select! {
        _ = given_up => panic!("a login without an answer ended"),
        accepted = silent.accept() => drop(accepted.unwrap()),
    }
    assert_eq!(log_in_by(&initiator, running.portal()).await.unwrap().details().isid, isid);
}

/// NAM-10: a session outlives discoveries at its portal, by its own process and by another one.
#[tokio::test]
async fn nam_10_discoveries_leave_a_session_alone() {
    let (running, directory) = (ram_disk().await, TempDir::new().unwrap());
    let initiator = initiator_of(&directory);
    let session = log_in_by(&initiator, running.portal()).await.unwrap();
    for discoverer in [&initiator, &initiator_of(&directory)] {
        let found =
            discoverer.discover(&portal(running.portal()), &AuthenticationRequest::default()).await.unwrap();
        assert_eq!(found.targets[0].name, target_name());
    }
    expect_all_alive(&[session], &running).await;
}

/// DIS-16: parallel discoveries of one portal all complete.
#[tokio::test(flavor = "multi_thread")]
async fn dis_16_parallel_discoveries_all_complete() {
    let (running, directory) = (ram_disk().await, TempDir::new().unwrap());
    let mut discoveries = JoinSet::new();
    for _ in 0..50 {
        let (initiator, portal) = (initiator_of(&directory), portal(running.portal()));
        discoveries
            .spawn(async move { initiator.discover(&portal, &AuthenticationRequest::default()).await });
    }
    for found in discoveries.join_all().await {
        let addresses: Vec<TargetAddress> = found.unwrap().targets.remove(0).addresses;
        assert_eq!(addresses.len(), 1);
    }
    let report = running.report();
    assert_eq!((report.discovery_sessions, report.reinstatements), (50, 0));
}
