//! Sessions that are replaced when they are lost, over sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use iscsi_initiator::scsi::{PersistentReserveOut, ReservationType};
use iscsi_initiator::{BlockDevice, Error, Initiator, Lun, RecoveryPolicy, Session, SessionPhase};
use iscsi_pdu::{BHS_LENGTH, ScsiStatus, Stage};
use iscsi_secrets::MemoryStore;
use iscsi_tests::ram_disk::{Config, LogicalUnit, RamDisk, Running, Sense};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::stage::{config, log_in_by, open_config, target_name};

const WRITE_10: u8 = 0x2a;
const MILLISECOND: Duration = Duration::from_millis(1);

/// A session that is replaced within milliseconds.
async fn lasting(running: &Running) -> Session {
    let mut policy = RecoveryPolicy::default();
    policy.reconnect_delay = 5 * MILLISECOND;
    with_policy(running, policy).await
}

async fn with_policy(running: &Running, policy: RecoveryPolicy) -> Session {
    at_portal(running.portal(), policy).await
}

async fn at_portal(portal: SocketAddr, policy: RecoveryPolicy) -> Session {
    let mut config = config();
    config.recovery = policy;
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    log_in_by(&initiator, portal).await.unwrap()
}

/// Waits until the session is in this phase.
async fn wait_for(session: &Session, phase: SessionPhase) {
    let mut state = session.state();
    while state.phase != phase {
        state = tokio::time::timeout(Duration::from_secs(4), session.next_state(state))
            .await
            .expect("another phase");
    }
}

/// A session that rests.
async fn suspended(running: &Running) -> Session {
    let session = lasting(running).await;
    session.suspend();
    wait_for(&session, SessionPhase::Suspended).await;
    session
}

/// Reads and writes go on when the connection is lost again and again.
#[tokio::test]
async fn a_lost_connection_is_a_pause() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let session = lasting(&running).await;
    let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    for number in 0..20_u8 {
        let offset = u64::from(number) * 4096;
        let write = disk.write_at(offset, vec![number; 4096]);
        let cut = async { running.cut_sessions() };
        let (written, _) = tokio::join!(write, cut);
        written.unwrap();
        assert_eq!(disk.read_at(offset, 4096).await.unwrap(), vec![number; 4096]);
    }
    assert!(session.state().recoveries >= 10, "{:?}", session.state());
    session.logout().await.unwrap();
    assert_eq!(running.report().violations, [""; 0]);
}

/// tgt ends the session of an ISID only when the security stage of a new login ends, so a login that replaces a session has that
/// stage even without authentication.
#[tokio::test]
async fn a_login_that_recovers_passes_the_security_stage() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let (portal, mut stages) = relay(running.portal()).await;
    let mut policy = RecoveryPolicy::default();
    policy.reconnect_delay = 5 * MILLISECOND;
    let session = at_portal(portal, policy).await;
    assert_eq!(stages.recv().await, Some(Stage::OPERATIONAL));
    assert_eq!(running.cut_sessions(), 1);
    assert_eq!(stages.recv().await, Some(Stage::SECURITY));
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    assert_eq!(session.state().recoveries, 1);
    session.logout().await.unwrap();
    assert_eq!(running.report().violations, [""; 0]);
}

/// A relay to this target, and the stage with which the first request of each connection begins.
async fn relay(target: SocketAddr) -> (SocketAddr, mpsc::UnboundedReceiver<Stage>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (portal, (sender, stages)) = (listener.local_addr().unwrap(), mpsc::unbounded_channel());
    tokio::spawn(async move {
        while let Ok((mut initiator, _)) = listener.accept().await {
            let mut header = [0; BHS_LENGTH];
            initiator.read_exact(&mut header).await.unwrap();
            // CSG (RFC 7143, 11.12.3).
            sender.send(Stage(header[1] >> 2 & 3)).unwrap();
            let mut target = TcpStream::connect(target).await.unwrap();
            target.write_all(&header).await.unwrap();
            _ = copy_bidirectional(&mut initiator, &mut target).await;
        }
    });
    (portal, stages)
}

/// A unit says only once that it has lost power: if the session in which it says so is lost before the unit was looked at, the
/// next flush fails all the same.
#[tokio::test]
async fn a_power_on_is_remembered_through_another_loss() {
    const INQUIRY: u8 = 0x12;
    let mut config = Config { nexus_loss_attention: true, ..open_config() };
    config.targets[0].units[0].write_cache = true;
    let running = RamDisk::serve(config).await.unwrap();
    let session = lasting(&running).await;
    let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    disk.write_at(0, vec![1; 512]).await.unwrap();
    assert_eq!(running.cut_sessions(), 1);
    running.with_engine(|engine| {
        engine.set_service_time(INQUIRY, Duration::from_secs(5));
        engine.restart(Duration::ZERO);
    });
    // INQUIRY takes long, so the phase is seen.
    wait_for(&session, SessionPhase::Probing).await;
    tokio::time::sleep(200 * MILLISECOND).await;
    running.with_engine(|engine| engine.set_service_time(INQUIRY, Duration::ZERO));
    assert_eq!((session.state().phase, running.cut_sessions()), (SessionPhase::Probing, 1));
    let flush = disk.flush().await;
    assert_eq!(flush, Err(Error::WritesMayBeLost { lun: Lun::ZERO }));
    disk.flush().await.unwrap();
}

/// Another unit under the same number is no place for the commands of the one before.
#[tokio::test]
async fn another_unit_ends_the_session() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let session = lasting(&running).await;
    let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    let unit = LogicalUnit { blocks: 77, ..LogicalUnit::default() };
    running.with_engine(|engine| engine.replace_unit(&target_name(), unit)).unwrap();
    assert_eq!(running.cut_sessions(), 1);
    let error = disk.write_at(0, vec![1; 512]).await.unwrap_err();
    assert_eq!(error, Error::OtherUnit { lun: Lun::ZERO, property: "its size" });
    assert_eq!(session.state().phase, SessionPhase::Over);
    assert_eq!(running.report().bytes_written, 0);
}

/// A unit that has told of its new size is the same one in the next session.
#[tokio::test]
async fn a_unit_that_was_resized_is_the_same() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let session = lasting(&running).await;
    let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    running.with_engine(|engine| {
        let unit = LogicalUnit { blocks: 200_000, ..LogicalUnit::default() };
        engine.replace_unit(&target_name(), unit).unwrap();
        assert!(engine.raise_attention(&target_name(), 0, Sense::CAPACITY_CHANGED));
    });
    disk.write_at(0, vec![1; 512]).await.unwrap();
    assert_eq!(running.cut_sessions(), 1);
    disk.write_at(512, vec![2; 512]).await.unwrap();
    assert_eq!(session.state().recoveries, 1);
}

/// Nothing is sent again to a unit that another initiator has reserved meanwhile.
#[tokio::test]
async fn a_reservation_stops_the_replay() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let session = lasting(&running).await;
    let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
    let other = lasting(&running).await;
    running.with_engine(|engine| engine.set_service_time(WRITE_10, Duration::from_secs(5)));
    let write = tokio::spawn(async move { disk.write_at(0, vec![1; 512]).await });
    while running.with_engine(|engine| engine.deadline().is_none()) {
        tokio::time::sleep(MILLISECOND).await;
    }
    reserve(&other).await;
    assert_eq!(running.cut_sessions(), 2);
    let error = write.await.unwrap().unwrap_err();
    let Error::Command { status, .. } = error else { panic!("{error:?}") };
    assert_eq!(status, ScsiStatus::RESERVATION_CONFLICT);
    assert_eq!(session.ended().await, Error::ReservationConflict { lun: Lun::ZERO });
    assert_eq!(running.read_medium(&target_name(), 0, 0, 512), Some(vec![0; 512]));
}

/// Registers the session and reserves the unit for its writes.
async fn reserve(session: &Session) {
    let register = PersistentReserveOut::RegisterAndIgnoreExistingKey {
        new_key: 7,
        survives_power_loss: false,
        all_target_ports: false,
    };
    session.send(Lun::ZERO, &register).await.unwrap();
    let reservation_type = ReservationType::WRITE_EXCLUSIVE;
    session.send(Lun::ZERO, &PersistentReserveOut::Reserve { key: 7, reservation_type }).await.unwrap();
}

/// A session that the target closes right after each login belongs to somebody else.
#[tokio::test]
async fn a_session_that_is_taken_over_again_and_again() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let session = lasting(&running).await;
    assert_eq!(running.cut_sessions(), 1);
    let mut state = session.state();
    while state.phase != SessionPhase::Over {
        state = tokio::time::timeout(Duration::from_secs(10), session.next_state(state)).await.unwrap();
        if state.phase == SessionPhase::Up && state.recoveries > 0 {
            assert_eq!(running.cut_sessions(), 1);
        }
    }
    assert_eq!((session.ended().await, state.recoveries), (Error::TakenOver, 3));
}

/// A lost session is replaced at another portal of the target.
#[tokio::test]
async fn another_portal_of_the_target() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    for (redirect_to, comes_back) in [(None, true), (Some(vec![]), false)] {
        let relay = Relay::start(running.portal()).await;
        let mut config = config();
        config.redirect_to = redirect_to;
        config.recovery = RecoveryPolicy::default();
        (config.recovery.reconnect_delay, config.recovery.most_attempts) = (5 * MILLISECOND, 5);
        let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
        let session = log_in_by(&initiator, relay.portal).await.unwrap();
        let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        session.learn_portals().await.unwrap();
        drop(relay);
        let outcome = disk.read_at(0, 512).await;
        assert_eq!(outcome.is_ok(), comes_back, "{outcome:?}");
        assert_eq!(session.state().recoveries, u64::from(comes_back));
    }
}

/// A portal that passes everything on to another one, until it is dropped.
struct Relay {
    portal: SocketAddr,
    _task: JoinSet<()>,
}

impl Relay {
    async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let portal = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let (mut near, _) = listener.accept().await.unwrap();
            drop(listener);
            let mut far = TcpStream::connect(to).await.unwrap();
            let _ = copy_bidirectional(&mut near, &mut far).await;
        });
        Self { portal, _task: tasks }
    }
}

/// Without another session commands fail after their time, later ones at once, and the session after its own.
#[tokio::test]
async fn waits_are_limited() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let mut policy = RecoveryPolicy::default();
    (policy.reconnect_delay, policy.longest_reconnect_delay) = (5 * MILLISECOND, 20 * MILLISECOND);
    (policy.replacement_timeout, policy.loss_timeout) = (200 * MILLISECOND, 600 * MILLISECOND);
    let session = with_policy(&running, policy).await;
    drop(running);
    wait_for(&session, SessionPhase::Waiting).await;
    let begin = Instant::now();
    let refused = session.test_unit_ready(Lun::ZERO).await.unwrap_err();
    assert!(matches!(refused, Error::NoSession { .. }), "{refused:?}");
    assert!(begin.elapsed() < 500 * MILLISECOND);
    let begin = Instant::now();
    assert!(matches!(session.test_unit_ready(Lun::ZERO).await, Err(Error::NoSession { .. })));
    assert!(begin.elapsed() < 50 * MILLISECOND);
    let end = tokio::time::timeout(Duration::from_secs(3), session.ended()).await.unwrap();
    assert!(matches!(end, Error::ConnectionLost { .. }), "{end:?}");
}

/// A caller may have the session rest, and have it come back.
#[tokio::test]
async fn a_session_is_suspended_and_resumed() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let session = suspended(&running).await;
    let waiting = tokio::spawn({
        let session = session.clone();
        async move { session.test_unit_ready(Lun::ZERO).await }
    });
    tokio::time::sleep(50 * MILLISECOND).await;
    assert!(!waiting.is_finished() && running.report().logouts == 1);
    session.resume();
    waiting.await.unwrap().unwrap();
    wait_for(&session, SessionPhase::Up).await;
    session.logout().await.unwrap();
}

/// The drop of the last handle ends the attempts.
#[tokio::test]
async fn nobody_waits_for_the_session() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let session = suspended(&running).await;
    let ended = tokio::spawn({
        let session = session.clone();
        async move { session.ended().await }
    });
    let logout = session.logout().await;
    assert!(logout.is_ok(), "{logout:?}");
    ended.await.unwrap();
}

/// The time without recovery is the one that it was.
#[tokio::test]
async fn without_recovery_a_lost_session_is_over() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let session = with_policy(&running, RecoveryPolicy::OFF).await;
    assert_eq!(running.cut_sessions(), 1);
    let error = session.ended().await;
    assert!(matches!(error, Error::ConnectionLost { .. }), "{error:?}");
    assert_eq!(session.test_unit_ready(Lun::ZERO).await, Err(error));
}
