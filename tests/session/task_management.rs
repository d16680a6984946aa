//! Commands without a response, task management, pings and events over sockets.

use std::time::{Duration, Instant};

use bytes::Bytes;
use iscsi_initiator::{
    Abort, AbortCause, Aborted, Error, Event, Extent, Initiator, Lun, Session, TaskManagement, scsi,
};
use iscsi_pdu::{
    AsyncEvent, AsyncMessage, InitiatorPdu, Reject, RejectReason, TargetPdu, TaskManagementFunction,
    TaskManagementResponseCode,
};
use iscsi_secrets::MemoryStore;
use iscsi_tests::ram_disk::{RamDisk, Running, Sense};
use iscsi_tests::scripted_target::{
    Moment, Reply, Script, ScriptedTarget, check_condition, management_response,
};

use crate::stage::{LIMIT, config, hurried, log_in_by, open_config};

const READ_10: u8 = 0x28;

fn read() -> scsi::RawCommand {
    scsi::read_blocks(0, 1, 512)
}

fn silent_reads() -> Script {
    Script::new().serve_but(|command, _| (command.cdb[0] == READ_10).then(Reply::default))
}

fn functions(scripted: &ScriptedTarget) -> Vec<TaskManagementFunction> {
    let pdus = scripted.received().into_iter().filter_map(|received| received.pdu());
    let function = |pdu| match pdu {
        InitiatorPdu::TaskManagementRequest(request) => Some(request.function),
        _ => None,
    };
    pdus.filter_map(function).collect()
}

/// TMF-09: a command without a response is aborted after a ping, and the session goes on.
#[tokio::test]
async fn tmf_09_a_command_without_a_response_ends_alone() {
    let (scripted, session) = hurried(silent_reads()).await;
    let error = session.execute(Lun::ZERO, read()).await.unwrap_err();
    let abort = Abort { cause: AbortCause::Timeout, extent: Extent::Unknown };
    assert_eq!(error, Error::Aborted { command: "READ (10)", abort });
    assert!(error.leaves_session_open());
    assert_eq!(functions(&scripted), [TaskManagementFunction::ABORT_TASK]);
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    session.logout().await.unwrap();
}

/// TMF-10: a target that refuses both functions, but answers pings, loses the session within the limits.
#[tokio::test]
async fn tmf_10_a_target_that_aborts_nothing() {
    let refuse = |request: &iscsi_pdu::TaskManagementRequest, moment: &Moment| {
        management_response(request, moment, TaskManagementResponseCode::FUNCTION_NOT_SUPPORTED)
    };
    let silent = |_: &iscsi_pdu::ScsiCommand, _: &Moment| Reply::default();
    let script =
        Script::new().answer_command(READ_10, silent).answer_management(refuse).answer_management(refuse);
    let (scripted, session) = hurried(script).await;
    let begin = Instant::now();
    let error = session.execute(Lun::ZERO, read()).await.unwrap_err();
    assert_eq!(error, Error::Timeout { operation: "READ (10)", limit: LIMIT });
    assert!(begin.elapsed() < 10 * LIMIT);
    let expected = [TaskManagementFunction::ABORT_TASK, TaskManagementFunction::LOGICAL_UNIT_RESET];
    assert_eq!(functions(&scripted), expected);
}

/// TMF-08: what a target answers to a function reaches the caller.
#[tokio::test]
async fn tmf_08_answers_to_functions() {
    let refuse = |request: &iscsi_pdu::TaskManagementRequest, moment: &Moment| {
        management_response(request, moment, TaskManagementResponseCode::LUN_DOES_NOT_EXIST)
    };
    let (_scripted, session) = hurried(Script::new().answer_management(refuse).serve()).await;
    let reset = TaskManagement::LogicalUnitReset(Lun::ZERO);
    let refused = session.manage_tasks(reset).await.unwrap_err();
    let response = Some(TaskManagementResponseCode::LUN_DOES_NOT_EXIST);
    assert_eq!(refused, Error::TaskManagement { function: "LOGICAL UNIT RESET", response });
    session.manage_tasks(reset).await.unwrap();
    let beyond = session.manage_tasks(TaskManagement::QueryTaskSet(Lun::ZERO)).await.unwrap_err();
    assert!(matches!(beyond, Error::InvalidArgument(_)), "{beyond:?}");
    session.logout().await.unwrap();
}

/// A session at protocol level 2, if the target agrees to that.
async fn level_2(target: u8) -> (Running, Session) {
    let mut open = open_config();
    open.offer.parameters.protocol_level = target;
    let running = RamDisk::serve(open).await.unwrap();
    let mut config = config();
    config.offer.parameters.protocol_level = 2;
    let initiator = Initiator::new(config, std::sync::Arc::new(MemoryStore::new()));
    let session = log_in_by(&initiator, running.portal()).await.unwrap();
    assert_eq!(session.details().completed.parameters.protocol_level, target);
    (running, session)
}

/// TMF-12, PL2-01: the functions of RFC 7144 leave only when both sides have agreed on level 2, and leave the tasks alone.
#[tokio::test]
async fn tmf_12_pl2_01_pl2_07_functions_of_level_2() {
    let (running, session) = level_2(2).await;
    running.with_engine(|engine| engine.set_service_time(READ_10, LIMIT));
    let slow = session.submit(Lun::ZERO, read()).await.unwrap();
    let query = TaskManagement::QueryTaskSet(Lun::ZERO);
    // It would overtake the command.
    tokio::time::sleep(LIMIT / 6).await;
    let present = session.manage_tasks(query).await.unwrap();
    assert_eq!(present.code, TaskManagementResponseCode::FUNCTION_SUCCEEDED);
    assert_eq!(slow.data().await.unwrap().len(), 512);
    let absent = session.manage_tasks(query).await.unwrap();
    assert_eq!(absent.code, TaskManagementResponseCode::FUNCTION_COMPLETE);
    let quiet = session.manage_tasks(TaskManagement::QueryAsynchronousEvent(Lun::ZERO)).await.unwrap();
    assert_eq!(quiet.code, TaskManagementResponseCode::FUNCTION_COMPLETE);
    session.logout().await.unwrap();
    let (_running, session) = level_2(1).await;
    let refused = session.manage_tasks(query).await.unwrap_err();
    assert!(matches!(refused, Error::InvalidArgument(_)), "{refused:?}");
    session.logout().await.unwrap();
}

/// A caller that gives a command up learns how far it got.
#[tokio::test]
async fn tmf_01_a_pending_command_is_aborted() {
    let (scripted, session) = hurried(silent_reads()).await;
    let pending = session.submit(Lun::ZERO, read()).await.unwrap();
    tokio::time::sleep(LIMIT / 6).await;
    assert_eq!(pending.abort().await.unwrap(), Aborted::Ended(Extent::Unknown));
    assert_eq!(functions(&scripted), [TaskManagementFunction::ABORT_TASK]);
    let done = session.submit(Lun::ZERO, scsi::TestUnitReady.into()).await.unwrap();
    tokio::time::sleep(LIMIT / 6).await;
    assert!(matches!(done.abort().await.unwrap(), Aborted::Completed(_)));
    session.logout().await.unwrap();
}

/// NOP-06: a target that has died without a word is noticed by a ping, though nobody waits for anything.
#[tokio::test]
async fn nop_06_a_silent_target_is_noticed() {
    let script = Script::new().log_in(open_config()).pause(Duration::from_mins(1));
    let scripted = ScriptedTarget::serve(script).await.unwrap();
    let mut config = config();
    (config.noop_out_interval, config.noop_out_timeout) = (Some(LIMIT), LIMIT);
    let initiator = Initiator::new(config, std::sync::Arc::new(MemoryStore::new()));
    let session = log_in_by(&initiator, scripted.portal()).await.unwrap();
    let begin = Instant::now();
    assert_eq!(session.ended().await, Error::Timeout { operation: "ping", limit: LIMIT });
    assert!((2 * LIMIT..8 * LIMIT).contains(&begin.elapsed()), "{:?}", begin.elapsed());
}

/// NOP-03: a target that answers is pinged again and again, and stays.
#[tokio::test]
async fn nop_03_a_quiet_target_is_pinged() {
    let scripted = ScriptedTarget::serve(Script::new().log_in(open_config()).serve()).await.unwrap();
    let mut config = config();
    config.noop_out_interval = Some(LIMIT / 6);
    let initiator = Initiator::new(config, std::sync::Arc::new(MemoryStore::new()));
    let session = log_in_by(&initiator, scripted.portal()).await.unwrap();
    tokio::time::sleep(2 * LIMIT).await;
    assert_eq!(session.end_reason(), None);
    let pdus = scripted.received().into_iter().filter_map(|received| received.pdu());
    let pings = pdus.filter(|pdu| matches!(pdu, InitiatorPdu::NopOut(_))).count();
    assert!((2..=12).contains(&pings), "{pings}");
    session.ping(Bytes::from_static(b"there?")).await.unwrap();
    session.logout().await.unwrap();
}

/// ASY-06: a SCSI event reaches its listener, with LUN and sense data.
#[tokio::test]
async fn asy_06_events_reach_their_listeners() {
    const SENSE: &[u8] = &[0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x2a, 0x09, 0, 0, 0, 0];
    let event = |moment: &Moment| {
        let event = AsyncMessage {
            lun: Lun([0, 1, 0, 0, 0, 0, 0, 0]),
            numbers: moment.numbers,
            event: AsyncEvent::SCSI,
            vendor_code: 0,
            parameter1: 0,
            parameter2: 0,
            parameter3: 0,
            sense: Bytes::from_static(SENSE),
            event_data: Bytes::new(),
        };
        Reply::of(&[TargetPdu::AsyncMessage(event)], moment.digests)
    };
    let (_scripted, session) = hurried(Script::new().announce(event).serve()).await;
    // It came before anybody listened.
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    let mut events = session.events();
    let Some(Event::Scsi { lun, sense, data }) = events.next().await else { panic!("no event") };
    assert_eq!((lun.0[1], &sense[..], data.len()), (1, SENSE, 0));
    session.logout().await.unwrap();
    assert_eq!(events.next().await, None);
}

/// CMD-14: a rejected command fails alone, and the next one has a number that the target expects.
#[tokio::test]
async fn cmd_14_a_rejected_command_ends_alone() {
    let reject = |command: &iscsi_pdu::ScsiCommand, moment: &Moment| {
        let mut numbers = moment.numbers;
        numbers.exp_cmd_sn = command.cmd_sn;
        let data = Bytes::copy_from_slice(command.encode().bhs.as_bytes());
        let reject = Reject { reason: RejectReason::INVALID_PDU_FIELD, numbers, data_sn: 0, data };
        Reply::of(&[TargetPdu::Reject(reject)], moment.digests)
    };
    let (_scripted, session) = hurried(Script::new().answer_command(READ_10, reject).take().serve()).await;
    let error = session.execute(Lun::ZERO, read()).await.unwrap_err();
    let reason = RejectReason::INVALID_PDU_FIELD;
    assert_eq!(error, Error::Rejected { request: "READ (10)", reason });
    assert!(error.leaves_session_open());
}

/// A unit that reports another size in the middle: its size is read anew, and the command is sent again.
#[tokio::test]
async fn a_unit_whose_size_has_changed_is_read_anew() {
    const READ_CAPACITY_10: u8 = 0x25;
    let changed = |command: &iscsi_pdu::ScsiCommand, moment: &Moment| {
        check_condition(command, moment, Sense::new(0x06, 0x2a, 0x09))
    };
    let (scripted, session) = hurried(Script::new().answer_command(READ_10, changed).serve()).await;
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    assert_eq!(session.unit_state(Lun::ZERO).capacity, None);
    session.execute(Lun::ZERO, read()).await.unwrap();
    let state = session.unit_state(Lun::ZERO);
    let attention = state.last_attention.unwrap();
    assert_eq!((attention.asc, attention.ascq), (0x2a, 0x09));
    assert_eq!(state.capacity, Some(session.read_capacity(Lun::ZERO).await.unwrap()));
    let pdus = scripted.received().into_iter().filter_map(|received| received.pdu());
    let operation = |pdu| match pdu {
        InitiatorPdu::ScsiCommand(command) => Some(command.cdb[0]).filter(|operation| *operation != 0),
        _ => None,
    };
    let sent: Vec<_> = pdus.filter_map(operation).collect();
    assert_eq!(sent, [READ_10, READ_CAPACITY_10, READ_10, READ_CAPACITY_10]);
    session.logout().await.unwrap();
}

/// A target whose unit reports a change of its size to a command, and a second event to the question for the size.
fn two_events(operation: u8, second: Sense) -> Script {
    const READ_CAPACITY_10: u8 = 0x25;
    let first = Script::new().check_condition(operation, Sense::CAPACITY_CHANGED);
    first.check_condition(READ_CAPACITY_10, second).serve()
}

/// The question for the size of a unit is asked again after an event that concerns no caller.
#[tokio::test]
async fn an_event_behind_a_change_of_size() {
    let (_scripted, session) = hurried(two_events(READ_10, Sense::INQUIRY_CHANGED)).await;
    session.test_unit_ready(Lun::ZERO).await.unwrap();
    session.execute(Lun::ZERO, read()).await.unwrap();
    let state = session.unit_state(Lun::ZERO);
    assert_eq!(state.last_attention.unwrap().asc, 0x3f);
    assert_eq!(state.capacity, Some(session.read_capacity(Lun::ZERO).await.unwrap()));
    session.logout().await.unwrap();
}

/// An event that the caller has to know ends the command, though it answered the question for the size: another medium, and
/// for a flush a reset, by which a cache may be lost.
#[tokio::test]
async fn an_event_for_the_caller_behind_a_change_of_size() {
    const SYNCHRONIZE_CACHE_10: u8 = 0x35;
    const MEDIUM_CHANGED: Sense = Sense::new(0x06, 0x28, 0x00);
    for (operation, command, second, asc) in [
        (READ_10, read(), MEDIUM_CHANGED, 0x28),
        (SYNCHRONIZE_CACHE_10, scsi::SynchronizeCache10::default().into(), Sense::DEVICE_RESET, 0x29),
    ] {
        let (_scripted, session) = hurried(two_events(operation, second)).await;
        session.test_unit_ready(Lun::ZERO).await.unwrap();
        match session.execute(Lun::ZERO, command.clone()).await {
            Err(Error::Command { sense: Some(sense), .. }) => assert_eq!(sense.asc, asc),
            other => panic!("{other:?}"),
        }
        session.execute(Lun::ZERO, command).await.unwrap();
        session.logout().await.unwrap();
    }
}
