//! Time limits: queued calls, logouts of every kind, and the values that a limit may have.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use iscsi_initiator::{BlockDevice, Error, Fault, Initiator, Lun, Session, scsi};
use iscsi_pdu::{
    AsyncEvent, AsyncMessage, InitiatorPdu, LogoutResponse, LogoutResponseCode, Opcode, Reject, RejectReason,
    ScsiStatus, TargetPdu,
};
use iscsi_secrets::MemoryStore;
use iscsi_tests::ram_disk::RamDisk;
use iscsi_tests::scripted_target::{Moment, Reply, Script, ScriptedTarget, response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::stage::{config, log_in, log_in_by, open_config, scripted, wait_for};

const TEST_UNIT_READY: u8 = 0x00;
const READ_10: u8 = 0x28;
/// Far beyond the limits under test.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session with this time limit for commands and logouts.
async fn limited(limit: Duration, script: Script) -> (ScriptedTarget, Session) {
    let scripted = ScriptedTarget::serve(Script::new().log_in(open_config()).then(script)).await.unwrap();
    let mut config = config();
    (config.command_timeout, config.noop_out_interval) = (limit, None);
    config.noop_out_timeout = limit.min(config.noop_out_timeout);
    let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
    let session = log_in_by(&initiator, scripted.portal()).await.unwrap();
    (scripted, session)
}

const LIMIT: Duration = Duration::from_millis(300);

fn event(number: u8) -> impl Fn(&Moment) -> Reply + Send + Sync {
    move |moment| {
        let event = AsyncMessage {
            lun: Lun::ZERO,
            numbers: moment.numbers,
            event: AsyncEvent(number),
            vendor_code: 0,
            parameter1: 0,
            parameter2: 0,
            parameter3: 0,
            sense: Bytes::new(),
            event_data: Bytes::new(),
        };
        Reply::of(&[TargetPdu::AsyncMessage(event)], moment.digests)
    }
}

fn silent() -> Reply {
    Reply::default()
}

fn logouts(scripted: &ScriptedTarget) -> usize {
    scripted.received().iter().filter(|pdu| pdu.opcode() == Opcode::LOGOUT_REQUEST).count()
}

/// The socket closes in time, and not before the limit.
async fn closes(scripted: &ScriptedTarget, since: Instant) {
    timeout(PATIENCE, scripted.all_closed()).await.expect("the connection stays open");
    assert!(since.elapsed() >= LIMIT, "closed after {:?}", since.elapsed());
}

/// A logout that the target requested and does not answer: calls fail, and the connection closes.
#[tokio::test]
async fn lgo_07_asy_02_a_silent_target_that_asked_for_a_logout() {
    let begin = Instant::now();
    let (scripted, session) = limited(LIMIT, Script::new().announce(event(1))).await;
    wait_for(&scripted, Opcode::LOGOUT_REQUEST).await;
    let error = timeout(PATIENCE, session.test_unit_ready(Lun::ZERO)).await.unwrap().unwrap_err();
    let what = "the logout that the target requested";
    assert_eq!(error, Error::Timeout { operation: what, limit: LIMIT });
    closes(&scripted, begin).await;
    assert_eq!((session.end_reason(), logouts(&scripted)), (Some(error), 1));
}

/// A logout that the target asked for during a command, neither of which it answers. The limit of the command passes
/// first; the error names both.
#[tokio::test]
async fn asy_02_a_silent_target_that_asked_for_a_logout_during_a_command() {
    let asking = |_: &iscsi_pdu::ScsiCommand, moment: &Moment| event(1)(moment);
    let (scripted, session) = limited(LIMIT, Script::new().answer_command(READ_10, asking)).await;
    let error = session.execute(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap_err();
    let why = "it requested a logout, and answered neither that nor READ (10) within 300ms";
    assert_eq!(error, Error::SessionEnded(why.to_owned()));
    timeout(PATIENCE, scripted.all_closed()).await.unwrap();
}

/// The limit also holds after all handles were dropped: the session ends.
#[tokio::test]
async fn lgo_07_a_silent_target_and_nobody_who_waits() {
    let begin = Instant::now();
    let (scripted, session) = limited(LIMIT, Script::new().announce(event(1))).await;
    wait_for(&scripted, Opcode::LOGOUT_REQUEST).await;
    drop(session);
    closes(&scripted, begin).await;
    // Without any event: the logout is the session's own.
    let begin = Instant::now();
    let (scripted, session) = limited(LIMIT, Script::new()).await;
    drop(session);
    closes(&scripted, begin).await;
    assert_eq!(logouts(&scripted), 1);
}

/// Handles that are dropped while commands are under way, more than the session takes at a time.
#[tokio::test]
async fn lgo_07_handles_dropped_behind_a_full_queue() {
    let script = Script::new().answer_command(READ_10, |_, _| silent());
    let (scripted, session) = limited(Duration::MAX, script).await;
    let mut pending = Vec::new();
    while let Ok(Ok(command)) = timeout(LIMIT, session.submit(Lun::ZERO, scsi::read_blocks(0, 1, 512))).await
    {
        pending.push(command);
    }
    assert!(pending.len() >= 256, "{}", pending.len());
    drop(session);
    wait_for(&scripted, Opcode::LOGOUT_REQUEST).await;
}

#[tokio::test]
async fn lgo_07_a_logout_without_an_answer_ends_in_time() {
    let begin = Instant::now();
    let (scripted, session) = limited(LIMIT, Script::new()).await;
    let other = session.clone();
    let error = timeout(PATIENCE, session.logout()).await.unwrap().unwrap_err();
    assert_eq!(error, Error::Timeout { operation: "logout", limit: LIMIT });
    closes(&scripted, begin).await;
    // Whoever comes late learns the same.
    assert_eq!(other.end_reason(), Some(error.clone()));
    assert_eq!(other.test_unit_ready(Lun::ZERO).await, Err(error.clone()));
    assert_eq!(other.logout().await, Err(error));
}

/// A logout has at most 30 seconds, whatever a command has.
#[tokio::test(start_paused = true)]
async fn lgo_07_the_limit_of_a_logout() {
    for (command_timeout, limit) in [(10, 10), (30, 30), (31, 30), (u64::MAX, 30)] {
        let (_scripted, session) = limited(Duration::from_secs(command_timeout), Script::new()).await;
        let begin = tokio::time::Instant::now();
        let error = session.logout().await.unwrap_err();
        assert_eq!(error, Error::Timeout { operation: "logout", limit: Duration::from_secs(limit) });
        assert_eq!(begin.elapsed().as_secs(), limit);
    }
}

/// A target that takes nothing at all: what is queued, and what waits to be queued, ends in time.
#[tokio::test]
async fn calls_that_wait_for_their_turn_have_a_limit() {
    let script = Script::new().answer_command(READ_10, |_, _| silent());
    let (_scripted, session) = limited(LIMIT, script).await;
    let calls: Vec<_> = (0..400)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.execute(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await })
        })
        .collect();
    for call in calls {
        let error = timeout(PATIENCE, call).await.unwrap().unwrap().unwrap_err();
        assert_eq!(error, Error::Timeout { operation: "READ (10)", limit: LIMIT });
    }
}

/// The limit of a call counts from the call, not from its turn: here that comes after 40 of 60 seconds.
#[tokio::test(start_paused = true)]
async fn the_limit_of_a_call_covers_its_time_in_the_queue() {
    const SYNCHRONIZE_CACHE: u8 = 0x35;
    let slow =
        Script::new().pause(Duration::from_secs(40)).answer_command(SYNCHRONIZE_CACHE, |_, _| silent());
    let (_scripted, session) = limited(Duration::from_mins(1), slow).await;
    let begin = tokio::time::Instant::now();
    let mut reads = Vec::new();
    for _ in 0..256 {
        reads.push(session.submit(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap());
    }
    let waiting = session.clone();
    let waiting =
        tokio::spawn(
            async move { waiting.execute(Lun::ZERO, scsi::SynchronizeCache10::default().into()).await },
        );
    for read in reads {
        read.data().await.unwrap();
    }
    assert_eq!(begin.elapsed().as_secs(), 40);
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Timeout { operation: "SYNCHRONIZE CACHE (10)", .. }), "{error}");
    // A ping follows, which the target does not answer either.
    assert_eq!(begin.elapsed().as_secs(), 65);
}

/// The longest possible limits, which never pass.
#[tokio::test]
async fn the_longest_limits_are_no_panic() {
    for limit in [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_secs(i64::MAX as u64)] {
        let running = RamDisk::serve(open_config()).await.unwrap();
        let mut config = config();
        (config.command_timeout, config.login_timeout) = (limit, limit);
        let initiator = Initiator::new(config, Arc::new(MemoryStore::new()));
        let session = log_in_by(&initiator, running.portal()).await.unwrap();
        let disk = BlockDevice::open(&session, Lun::ZERO).await.unwrap();
        disk.write_at(0, vec![1; 512]).await.unwrap();
        session.send_targets("").await.unwrap();
        session.logout().await.unwrap();
    }
}

/// A clean end is no error for a call that waits for the end; other calls fail with the reason.
#[tokio::test]
async fn what_a_session_ended_of() {
    let (_scripted, session) = scripted(Script::serve).await;
    let other = session.clone();
    assert_eq!(other.end_reason(), None);
    session.logout().await.unwrap();
    assert_eq!(other.ended().await, Error::LoggedOut);
    let late = other.test_unit_ready(Lun::ZERO).await.unwrap_err();
    assert_eq!((late.clone(), late.fault()), (Error::LoggedOut, Fault::InvalidArgument));
    other.logout().await.unwrap();

    let (scripted, session) = scripted(|script| script.announce(event(1)).serve()).await;
    assert_eq!(session.ended().await, Error::LogoutRequested);
    let late = session.test_unit_ready(Lun::ZERO).await.unwrap_err();
    assert_eq!((late.clone(), late.fault()), (Error::LogoutRequested, Fault::Network));
    session.logout().await.unwrap();
    assert_eq!(logouts(&scripted), 1);
}

/// The end of a connection through a relay to this target, and the last PDU that the initiator sent.
async fn end_of_connection(target: SocketAddr, listener: TcpListener) -> (io::Result<usize>, Vec<u8>) {
    let (initiator, _) = listener.accept().await.unwrap();
    let (mut from_initiator, mut to_initiator) = initiator.into_split();
    let (mut from_target, mut to_target) = TcpStream::connect(target).await.unwrap().into_split();
    let answers = tokio::spawn(async move { tokio::io::copy(&mut from_target, &mut to_initiator).await });
    let (mut last, mut buffer) = (Vec::new(), [0; 1024]);
    loop {
        match from_initiator.read(&mut buffer).await {
            Ok(length) if length > 0 => {
                last = buffer[..length].to_vec();
                to_target.write_all(&last).await.unwrap();
            }
            end => {
                answers.abort();
                return (end, last);
            }
        }
    }
}

/// The last request is the logout. After its answer the connection is closed in full, by a FIN and not by a reset.
#[tokio::test]
async fn lgo_01_lgo_03_lgo_06_lgo_11_the_end_on_the_wire() {
    let running = RamDisk::serve(open_config()).await.unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let portal = listener.local_addr().unwrap();
    let relay = tokio::spawn(end_of_connection(running.portal(), listener));
    let session = log_in(portal).await.unwrap();
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    session.logout().await.unwrap();
    let (end, last) = timeout(PATIENCE, relay).await.unwrap().unwrap();
    assert_eq!(end.unwrap(), 0, "the end of the stream");
    assert_eq!((last.len(), last[0] & 0x3f), (48, Opcode::LOGOUT_REQUEST.0));
    assert_eq!(running.report().logouts, 1);
}

fn logout_response(moment: &Moment, code: LogoutResponseCode, itt: iscsi_pdu::InitiatorTaskTag) -> Reply {
    let (time2wait, time2retain) = (3600, 3600);
    let pdu = LogoutResponse { response: code, itt, numbers: moment.numbers, time2wait, time2retain };
    Reply::of(&[TargetPdu::LogoutResponse(pdu)], moment.digests)
}

/// LGO-04, LGO-05: every answer ends the session at once, and the times in it hold nothing up.
#[tokio::test]
async fn lgo_04_lgo_05_every_answer_to_a_logout() {
    for code in 0..=4 {
        let code = LogoutResponseCode(code);
        // The tag of the first request without a slot, which the logout is.
        let itt = iscsi_pdu::InitiatorTaskTag(1 << 20 | 0xf_fffe);
        let (scripted, session) = scripted(|script| {
            script
                .answer_command(TEST_UNIT_READY, |command, moment| {
                    let good = response(command, moment, ScsiStatus::GOOD, Bytes::new());
                    Reply::of(&[TargetPdu::ScsiResponse(good)], moment.digests)
                })
                .take()
                .answer_again(move |_, moment| logout_response(moment, code, itt))
        })
        .await;
        session.test_unit_ready(Lun::ZERO).await.unwrap();
        let begin = Instant::now();
        let outcome = session.logout().await;
        let granted = code == LogoutResponseCode::CLOSED;
        assert_eq!(outcome, if granted { Ok(()) } else { Err(Error::Logout(code)) });
        timeout(PATIENCE, scripted.all_closed()).await.unwrap();
        assert!(begin.elapsed() < Duration::from_secs(3));
    }
}

/// LGO-08: what is under way at the logout fails once, and what was answered before does not.
#[tokio::test]
async fn lgo_08_commands_alive_at_the_logout() {
    let (_scripted, session) =
        scripted(|script| script.answer_command(READ_10, |_, _| silent()).serve()).await;
    let alive = session.submit(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap();
    let ended = session.submit(Lun::ZERO, scsi::read_blocks(0, 1, 512)).await.unwrap();
    session.logout().await.unwrap();
    assert_eq!(alive.data().await, Err(Error::LoggedOut));
    assert_eq!(ended.data().await.unwrap().len(), 512);
}

/// CMD-14: the answer to a ping is immediate, so its Reject leaves no gap, and the next command proceeds.
#[tokio::test]
async fn cmd_14_rej_01_a_rejected_answer_to_a_ping() {
    let (scripted, session) = scripted(|script| {
        script
            .announce(|moment| Reply::of(&[crate::numbering::ping(moment)], moment.digests))
            .take()
            .announce(|moment| {
                // NOP-Out with the immediate bit.
                let mut header = vec![0; iscsi_pdu::BHS_LENGTH];
                header[0] = 0x40;
                let reject = Reject {
                    reason: RejectReason::COMMAND_NOT_SUPPORTED,
                    numbers: moment.numbers,
                    data_sn: 0,
                    data: header.into(),
                };
                Reply::of(&[TargetPdu::Reject(reject)], moment.digests)
            })
            .serve()
    })
    .await;
    wait_for(&scripted, Opcode::NOP_OUT).await;
    for _ in 0..3 {
        session.test_unit_ready(Lun::ZERO).await.unwrap();
    }
    session.logout().await.unwrap();
    let commands = scripted.received().into_iter().filter_map(|pdu| match pdu.pdu() {
        Some(InitiatorPdu::ScsiCommand(command)) => Some(command.exp_stat_sn),
        _ => None,
    });
    let acknowledged: Vec<_> = commands.collect();
    assert_eq!(acknowledged.len(), 3);
    assert_eq!(scripted.faults(), Vec::<String>::new());
}
