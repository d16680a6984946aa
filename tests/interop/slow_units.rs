//! Commands that LIO has for seconds, since the disk behind the logical unit is slow: aborts, limits and resets.

use std::io::Read as _;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use iscsi_initiator::{
    Abort, AbortCause, Aborted, BlockDevice, Config, Error, Extent, PendingCommand, Session, TaskManagement,
    scsi,
};
use iscsi_pdu::ScsiStatus;
use iscsi_tests::external_targets::{Lio, LioTarget};
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::interruption::interrupt;
use crate::program::{Outcome, User};
use crate::scsi_quirks::{config, log_in_with, lun};

/// The time that each read and write of a slow unit takes.
const DELAY: Duration = Duration::from_secs(3);
/// The time until a command has reached the disk, in an emulated guest.
const ARRIVAL: Duration = Duration::from_millis(500);
/// The limit of a command that is too short for a slow unit.
const SHORT: Duration = Duration::from_millis(500);
/// The time within which every call has to return: that of the longest one is some delays, on a busy machine more.
const BOUND: Duration = Duration::from_mins(1);

const BLOCK: usize = 512;
const BLOCKS: u32 = 8;
const LENGTH: usize = BLOCKS as usize * BLOCK;

/// The tests of the slow unit come one after another: a reset ends the commands of all sessions, and aborts are counted.
static TURN: Mutex<()> = Mutex::const_new(());

/// The guest with units that others do not have.
pub(crate) fn lio() -> &'static Lio {
    static LIO: OnceLock<Lio> = OnceLock::new();
    LIO.get_or_init(|| {
        let slow = LioTarget::named("slow").with_slow_unit(DELAY);
        let growing = LioTarget::named("growing").with_growing_unit();
        Lio::builder().target(slow).target(growing).start()
    })
}

/// A session whose slow unit has reported its unit attentions.
async fn session_with(config: Config) -> Session {
    let session = log_in_with(config, lio().portal(), &lio().iqn("slow")).await;
    session.test_unit_ready(lun(LioTarget::SLOW_LUN)).await.unwrap();
    session
}

/// The settings with a limit for commands that the slow unit exceeds, and others for the steps that follow.
fn hurried(abort: Duration, reset: Duration) -> Config {
    let mut config = config();
    (config.command_timeout, config.abort_timeout, config.lu_reset_timeout) = (SHORT, abort, reset);
    config
}

/// A write of blocks of this byte, the `number`th range of the slow unit.
async fn slow_write(session: &Session, number: u64, byte: u8) -> PendingCommand {
    let command = scsi::write_blocks(number * u64::from(BLOCKS), BLOCKS, Bytes::from(vec![byte; LENGTH]));
    session.submit(lun(LioTarget::SLOW_LUN), command).await.unwrap()
}

/// Another unit of the session takes a write and returns it.
async fn disk_works(session: &Session) {
    let disk = BlockDevice::open(session, lun(LioTarget::LUN)).await.unwrap();
    disk.write_at(0, vec![0x5a; LENGTH]).await.unwrap();
    assert_eq!(disk.read_at(0, LENGTH).await.unwrap(), vec![0x5a; LENGTH]);
}

/// The slow unit takes a write and returns it, in two delays.
async fn slow_unit_works(session: &Session, byte: u8) {
    let slow = BlockDevice::open(session, lun(LioTarget::SLOW_LUN)).await.unwrap();
    let begin = Instant::now();
    slow.write_at(0, vec![byte; LENGTH]).await.unwrap();
    assert_eq!(slow.read_at(0, LENGTH).await.unwrap(), vec![byte; LENGTH]);
    assert!((2 * DELAY..BOUND).contains(&begin.elapsed()), "{:?}", begin.elapsed());
}

/// ABORT TASK of a command that the disk is busy with: LIO answers when the disk is done, and reports no status. Meanwhile
/// another unit of the session answers, and the aborted write does not undo a later one.
#[tokio::test]
async fn tmf_01_a_slow_command_is_aborted() {
    let _turn = TURN.lock().await;
    let session = session_with(config()).await;
    let write = slow_write(&session, 0, 1).await;
    sleep(ARRIVAL).await;
    let begin = Instant::now();
    let abort = async { (write.abort().await.unwrap(), begin.elapsed()) };
    let others = async {
        disk_works(&session).await;
        begin.elapsed()
    };
    let ((aborted, time), time_of_others) = tokio::join!(abort, others);
    assert_eq!(aborted, Aborted::Ended(Extent::Aborted));
    assert!(time_of_others < time && time < BOUND, "{time_of_others:?} {time:?}");
    slow_unit_works(&session, 2).await;
    session.logout().await.unwrap();
}

/// A command that exceeds its limit is aborted, and the session goes on. One command at a time is dealt with, so the others
/// may end by themselves before their turn.
#[tokio::test]
async fn tmf_09_slow_commands_that_exceed_their_limit() {
    let _turn = TURN.lock().await;
    let session = session_with(hurried(4 * DELAY, 4 * DELAY)).await;
    let begin = Instant::now();
    let first = slow_write(&session, 1, 1).await;
    let others = [slow_write(&session, 2, 2).await, slow_write(&session, 3, 3).await];
    let error = first.completion().await.unwrap_err();
    let abort = Abort { cause: AbortCause::Timeout, extent: Extent::Aborted };
    assert_eq!(error, Error::Aborted { command: "WRITE (10)", abort });
    assert!(error.leaves_session_open() && begin.elapsed() >= SHORT, "{:?}", begin.elapsed());
    for other in others {
        match other.completion().await {
            Ok(_) | Err(Error::Aborted { abort: Abort { cause: AbortCause::Timeout, .. }, .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(begin.elapsed() < BOUND, "{:?}", begin.elapsed());
    assert_eq!(session.end_reason(), None);
    disk_works(&session).await;
    session.test_unit_ready(lun(LioTarget::SLOW_LUN)).await.unwrap();
    session.logout().await.unwrap();
}

/// The disk is still busy when the limit of ABORT TASK has passed: a LOGICAL UNIT RESET follows, and the session goes on.
#[tokio::test]
async fn tmf_09_tmf_10_a_slow_abort_is_followed_by_a_reset() {
    let _turn = TURN.lock().await;
    let session = session_with(hurried(SHORT, 4 * DELAY)).await;
    let begin = Instant::now();
    let error = slow_write(&session, 0, 1).await.completion().await.unwrap_err();
    let Error::Aborted { abort: Abort { cause: AbortCause::Timeout, .. }, .. } = error else {
        panic!("{error:?}")
    };
    assert!((3 * SHORT..BOUND).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    assert_eq!(session.end_reason(), None);
    disk_works(&session).await;
    session.test_unit_ready(lun(LioTarget::SLOW_LUN)).await.unwrap();
    assert_reset(&session);
    session.logout().await.unwrap();
}

/// A reset of the unit ends the slow commands of its session without a status, and those of another one with TASK ABORTED.
#[tokio::test]
async fn tmf_13_a_reset_with_slow_commands_in_flight() {
    let _turn = TURN.lock().await;
    // LIO has one list of unit attentions for all sessions of an initiator.
    let mut config_of_other = config();
    config_of_other.initiator_name = "iqn.2001-04.com.example:other".parse().unwrap();
    let session = session_with(config()).await;
    let other = session_with(config_of_other).await;
    let mut pending = Vec::new();
    for number in 0..8 {
        pending.push(slow_write(&session, number, 1).await);
    }
    let write_of_other = slow_write(&other, 8, 1).await;
    sleep(ARRIVAL).await;
    let begin = Instant::now();
    let reset = TaskManagement::LogicalUnitReset(lun(LioTarget::SLOW_LUN));
    session.manage_tasks(reset).await.unwrap();
    assert!(begin.elapsed() < BOUND, "{:?}", begin.elapsed());
    let abort = Abort { cause: AbortCause::Requested("LOGICAL UNIT RESET"), extent: Extent::Aborted };
    for command in pending {
        let error = command.completion().await.unwrap_err();
        assert_eq!(error, Error::Aborted { command: "WRITE (10)", abort });
    }
    let error = write_of_other.completion().await.unwrap_err();
    let status = ScsiStatus::TASK_ABORTED;
    assert_eq!(error, Error::Command { command: "WRITE (10)", status, sense: None });
    for session in [session, other] {
        slow_unit_works(&session, 2).await;
        assert_reset(&session);
        session.logout().await.unwrap();
    }
}

/// The slow unit has reported a reset, which no caller noticed.
#[track_caller]
fn assert_reset(session: &Session) {
    let attention = session.unit_state(lun(LioTarget::SLOW_LUN)).last_attention.unwrap();
    assert_eq!(attention.asc, 0x29, "{attention:?}");
}

/// Ctrl-C while the target has commands for seconds: the program waits until they are aborted, then it logs out.
#[test]
fn ctrl_c_during_slow_commands() {
    let _turn = TURN.blocking_lock();
    let user = User::new();
    let url = format!("iscsi://{}/{}/{}", lio().portal(), lio().iqn("slow"), LioTarget::SLOW_LUN);
    let mut command = user.command();
    command.args(["-vv", "read", &url, "-o", "-"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The first reads have ended, so those that follow have begun.
    let mut bytes = child.stdout.take().unwrap();
    bytes.read_exact(&mut vec![0; 4 << 20]).unwrap();
    let before = aborts();
    interrupt(&child, "-INT");
    std::thread::spawn(move || std::io::copy(&mut bytes, &mut std::io::sink()));
    let outcome = Outcome::of(child).expect(&[1]);
    let outcome = outcome.complains("read ended early").complains("session logged out");
    assert!(!outcome.stderr.contains("has not answered all aborts"), "{}", outcome.stderr);
    assert!(aborts() > before, "LIO has aborted no command");
}

/// The number of commands that LIO was told to abort and has found, by its console.
fn aborts() -> usize {
    lio().log().matches("ABORT_TASK: Found referenced").count()
}
