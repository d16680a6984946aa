//! Tasks that take time, and what ends them early: task management, reinstatement, logout. Without sockets.

use std::time::Duration;

use iscsi_login::Offer;
use iscsi_pdu::{
    InitiatorPdu, LogoutReason, LogoutRequest, Lun, ScsiCommand, TaskManagementFunction as Function,
    TaskManagementResponseCode as Code,
};

use super::by_hand::disk_name;
use super::host::{Host, SECOND, ZERO, cdb, config};
use crate::ram_disk::{Config, Engine, Transmit};

const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;
const DEVICE_RESET: Option<(u8, u8, u8)> = Some((6, 0x29, 3));

/// An engine in which reads and writes take a second.
fn slow(config: Config) -> Engine {
    let mut engine = Engine::new(config).unwrap();
    engine.set_service_time(READ_10, SECOND);
    engine.set_service_time(WRITE_10, SECOND);
    engine
}

/// Two sessions of a slow engine.
fn two_hosts() -> (Engine, Host, Host) {
    let mut engine = slow(config());
    let (first, second) = (Host::log_in(&mut engine, ZERO, 1), Host::log_in(&mut engine, ZERO, 2));
    (engine, first, second)
}

fn send(engine: &mut Engine, host: &Host, command: &ScsiCommand) {
    host.send(engine, ZERO, &InitiatorPdu::ScsiCommand(command.clone()));
}

/// A write of one block to unit 1.
fn write_to_unit_1(host: &mut Host) -> ScsiCommand {
    ScsiCommand { lun: Lun::from_number(1).unwrap(), ..host.write(0, 1) }
}

/// The tags of the commands executed.
fn executed(engine: &Engine) -> Vec<u32> {
    engine.executions().iter().map(|done| done.itt.0).collect()
}

fn is_closed(engine: &mut Engine, host: &Host) -> bool {
    matches!(engine.transmit(host.id), Transmit::Close)
}

#[test]
fn commands_end_when_their_time_is_over_in_the_order_of_arrival() {
    let (mut engine, mut host, _) = two_hosts();
    let (write, read) = (host.write(0, 7), host.read(0));
    // The tags are in the other order.
    let (write, read) = (ScsiCommand { itt: read.itt, ..write }, ScsiCommand { itt: write.itt, ..read });
    send(&mut engine, &host, &write);
    send(&mut engine, &host, &read);
    assert_eq!(engine.deadline(), Some(SECOND));
    engine.advance(Duration::from_nanos(999_999_999));
    assert_eq!((host.end(&mut engine), engine.unfinished_commands(host.id)), (None, 2));
    assert!(engine.take_ready().is_empty());
    engine.advance(SECOND);
    assert_eq!((engine.take_ready(), engine.deadline()), (vec![host.id], None));
    assert_eq!(host.end(&mut engine).unwrap().itt, write.itt);
    assert_eq!(host.end(&mut engine).unwrap().data, [7; 512]);
    assert_eq!(engine.unfinished_commands(host.id), 0);
    let times: Vec<_> =
        engine.executions().iter().map(|done| (done.time, done.connection, done.cmd_sn)).collect();
    assert_eq!(times, [(SECOND, host.id, write.cmd_sn), (SECOND, host.id, read.cmd_sn)]);
}

/// The time begins when the last data have arrived.
#[test]
fn a_write_takes_its_time_after_its_data() {
    let mut config = config();
    config.offer.parameters.initial_r2t = true;
    let mut engine = slow(config);
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let write = host.command(cdb(&[WRITE_10, 0, 0, 0, 0, 0, 0, 0, 1]), 0, 512);
    send(&mut engine, &host, &write);
    let r2t = host.r2t(&mut engine);
    assert_eq!(engine.deadline(), None);
    let data = host.data_out(&r2t, 4);
    host.send(&mut engine, SECOND, &data);
    assert_eq!(engine.deadline(), Some(SECOND * 2));
    engine.advance(SECOND * 2);
    assert!(host.end(&mut engine).unwrap().is_good());
    assert_eq!(engine.read_medium(&disk_name(), 0, 0, 512), Some(vec![4; 512]));
}

/// An unfinished command keeps its place of the window, and the window moves on when it ends.
#[test]
fn unfinished_commands_fill_the_window() {
    let mut engine = slow(Config { window: 2, ..config() });
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    assert_eq!(host.cmd_sn.distance_to(host.max_cmd_sn), 1);
    let (first, second, beyond) = (host.read(0), host.read(1), host.read(2));
    for command in [&first, &second, &beyond] {
        send(&mut engine, &host, command);
    }
    assert_eq!(engine.unfinished_commands(host.id), 2, "the third is ignored (4.2.2.1)");
    assert!(engine.report().violations[0].contains("outside the window"));
    engine.advance(SECOND);
    assert!(host.end(&mut engine).unwrap().is_good() && host.end(&mut engine).unwrap().is_good());
    assert_eq!(beyond.cmd_sn.distance_to(host.max_cmd_sn), 1);
}

/// 4.2.2.1: numbers that were allowed stay allowed; a NOP-In shows when there are more.
#[test]
fn a_closed_window_opens_by_a_nop_in() {
    let mut engine = Engine::new(Config { window: 1, ..config() }).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    engine.set_window(host.id, 0);
    let allowed = host.read(0);
    assert!(host.run(&mut engine, ZERO, allowed).is_good());
    assert!(host.cmd_sn.follows(host.max_cmd_sn), "the window is closed");
    let refused = host.read(0);
    send(&mut engine, &host, &refused);
    assert_eq!(host.end(&mut engine), None);
    engine.set_window(host.id, 3);
    engine.show_numbers(host.id);
    assert_eq!(engine.take_ready(), [host.id]);
    let shown = host.receive(&mut engine);
    assert!(
        matches!(shown, Some(iscsi_pdu::TargetPdu::NopIn(ref ping)) if !ping.itt.is_valid()),
        "{shown:?}"
    );
    assert_eq!(refused.cmd_sn.distance_to(host.max_cmd_sn), 2);
    assert!(host.run(&mut engine, ZERO, refused).is_good());
}

/// 11.6.1 a: a task that is not finished is aborted, and never answered.
#[test]
fn abort_task_ends_a_pending_task() {
    let (mut engine, mut host, _) = two_hosts();
    let (aborted, other) = (host.write(0, 7), host.write(1, 8));
    send(&mut engine, &host, &aborted);
    send(&mut engine, &host, &other);
    assert_eq!(host.manage(&mut engine, ZERO, Function::ABORT_TASK, Some(&aborted)), Code::FUNCTION_COMPLETE);
    engine.advance(SECOND);
    assert_eq!(host.end(&mut engine).unwrap().itt, other.itt);
    assert_eq!((host.end(&mut engine), executed(&engine)), (None, vec![other.itt.0]));
    assert_eq!(engine.read_medium(&disk_name(), 0, 0, 512), Some(vec![0; 512]));
}

/// 11.6.1 a: data that were not sent yet are not sent any more.
#[test]
fn abort_task_ends_a_transfer() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let read = host.read(0);
    send(&mut engine, &host, &read);
    assert_eq!(host.manage(&mut engine, ZERO, Function::ABORT_TASK, Some(&read)), Code::FUNCTION_COMPLETE);
    assert_eq!(host.end(&mut engine), None);
}

/// 11.6.1 c: a task that has ended, or that was never there, does not exist; on another unit it is another task.
#[test]
fn abort_task_of_a_finished_task() {
    let (mut engine, mut host, _) = two_hosts();
    let write = host.write(0, 7);
    send(&mut engine, &host, &write);
    engine.advance(SECOND);
    assert!(host.end(&mut engine).unwrap().is_good());
    let answer = host.manage(&mut engine, SECOND, Function::ABORT_TASK, Some(&write));
    assert_eq!(answer, Code::TASK_DOES_NOT_EXIST);
    let elsewhere = write_to_unit_1(&mut host);
    send(&mut engine, &host, &elsewhere);
    let answer = host.manage(&mut engine, SECOND, Function::ABORT_TASK, Some(&elsewhere));
    assert_eq!((answer, engine.unfinished_commands(host.id)), (Code::TASK_DOES_NOT_EXIST, 1));
}

/// 11.6.1 b: the number of a task that never came counts as received.
#[test]
fn abort_task_of_a_lost_task_takes_its_number() {
    let (mut engine, mut host, _) = two_hosts();
    let lost = host.write(0, 7);
    let answer = host.manage(&mut engine, ZERO, Function::ABORT_TASK, Some(&lost));
    assert_eq!(answer, Code::FUNCTION_COMPLETE);
    let next = host.read(0);
    send(&mut engine, &host, &next);
    assert_eq!(engine.unfinished_commands(host.id), 1);
    // Its own number and those behind it are not before the request.
    let future = ScsiCommand { cmd_sn: host.cmd_sn, ..lost };
    let answer = host.manage(&mut engine, ZERO, Function::ABORT_TASK, Some(&future));
    assert_eq!(answer, Code::TASK_DOES_NOT_EXIST);
}

#[test]
fn abort_task_set_ends_the_tasks_of_one_session_and_unit() {
    let (mut engine, mut host, mut other) = two_hosts();
    let (here, there, theirs) = (host.write(0, 1), write_to_unit_1(&mut host), other.write(1, 2));
    for (host, command) in [(&host, &here), (&host, &there), (&other, &theirs)] {
        send(&mut engine, host, command);
    }
    assert_eq!(host.manage(&mut engine, ZERO, Function::ABORT_TASK_SET, None), Code::FUNCTION_COMPLETE);
    engine.advance(SECOND);
    assert_eq!(host.end(&mut engine).unwrap().itt, there.itt);
    assert_eq!((host.end(&mut engine), other.end(&mut engine).unwrap().itt), (None, theirs.itt));
    assert_eq!(other.attention(&mut engine, SECOND), None);
}

/// SAM-5, 7.4: the tasks of other sessions end too, and those sessions are told.
#[test]
fn clear_task_set_ends_the_tasks_of_all_sessions() {
    let (mut engine, mut host, mut other) = two_hosts();
    let mut third = Host::log_in(&mut engine, ZERO, 3);
    let (mine, theirs) = (host.write(0, 1), other.write(1, 2));
    send(&mut engine, &host, &mine);
    send(&mut engine, &other, &theirs);
    assert_eq!(host.manage(&mut engine, ZERO, Function::CLEAR_TASK_SET, None), Code::FUNCTION_COMPLETE);
    engine.advance(SECOND);
    assert_eq!((host.end(&mut engine), other.end(&mut engine), executed(&engine)), (None, None, vec![]));
    assert_eq!(other.attention(&mut engine, SECOND), Some((6, 0x2f, 0)));
    assert_eq!((host.attention(&mut engine, SECOND), third.attention(&mut engine, SECOND)), (None, None));
}

#[test]
fn logical_unit_reset_ends_the_tasks_of_one_unit() {
    let (mut engine, mut host, mut other) = two_hosts();
    let (mine, theirs, elsewhere) = (host.write(0, 1), other.write(1, 2), write_to_unit_1(&mut other));
    send(&mut engine, &host, &mine);
    send(&mut engine, &other, &theirs);
    send(&mut engine, &other, &elsewhere);
    assert_eq!(host.manage(&mut engine, ZERO, Function::LOGICAL_UNIT_RESET, None), Code::FUNCTION_COMPLETE);
    engine.advance(SECOND);
    assert_eq!((executed(&engine), host.end(&mut engine)), (vec![elsewhere.itt.0], None));
    assert_eq!(other.end(&mut engine).unwrap().itt, elsewhere.itt);
    for host in [&mut host, &mut other] {
        assert_eq!(host.attention(&mut engine, SECOND), DEVICE_RESET);
    }
    let elsewhere = write_to_unit_1(&mut other);
    send(&mut engine, &other, &elsewhere);
    assert_eq!(engine.unfinished_commands(other.id), 1, "unit 1 was not reset");
}

#[test]
fn target_warm_reset_ends_all_tasks() {
    let (mut engine, mut host, mut other) = two_hosts();
    let (mine, theirs) = (host.write(0, 1), write_to_unit_1(&mut other));
    send(&mut engine, &host, &mine);
    send(&mut engine, &other, &theirs);
    assert_eq!(host.manage(&mut engine, ZERO, Function::TARGET_WARM_RESET, None), Code::FUNCTION_COMPLETE);
    engine.advance(SECOND);
    assert!(executed(&engine).is_empty());
    assert_eq!(other.attention(&mut engine, SECOND), DEVICE_RESET);
    assert_eq!(host.attention(&mut engine, SECOND), DEVICE_RESET);
}

/// 11.5.1: all connections of all sessions of the target end.
#[test]
fn target_cold_reset_ends_all_sessions() {
    let (mut engine, mut host, other) = two_hosts();
    let write = host.write(0, 1);
    send(&mut engine, &host, &write);
    let reset = host.management(Function::TARGET_COLD_RESET, None);
    host.send(&mut engine, ZERO, &InitiatorPdu::TaskManagementRequest(reset));
    assert!(is_closed(&mut engine, &host) && is_closed(&mut engine, &other));
    engine.advance(SECOND);
    assert!(executed(&engine).is_empty());
    let mut again = Host::log_in(&mut engine, SECOND, 1);
    assert_eq!(again.attention(&mut engine, SECOND), Some((6, 0x29, 0)));
}

/// RFC 7144, 6.3: only where level 2 was negotiated.
#[test]
fn query_task_looks_for_pending_tasks() {
    let mut offer = Offer::default();
    offer.parameters.protocol_level = 2;
    let mut engine = slow(Config { offer, ..config() });
    let mut host = Host::log_in_with(&mut engine, ZERO, 0, "iSCSIProtocolLevel=2\0");
    assert_eq!(host.manage(&mut engine, ZERO, Function::QUERY_TASK_SET, None), Code::FUNCTION_COMPLETE);
    let write = host.write(0, 1);
    send(&mut engine, &host, &write);
    for (function, command) in [(Function::QUERY_TASK, Some(&write)), (Function::QUERY_TASK_SET, None)] {
        assert_eq!(host.manage(&mut engine, ZERO, function, command), Code::FUNCTION_SUCCEEDED);
    }
    engine.advance(SECOND);
    assert!(host.end(&mut engine).unwrap().is_good());
    let answer = host.manage(&mut engine, SECOND, Function::QUERY_TASK, Some(&write));
    assert_eq!(answer, Code::FUNCTION_COMPLETE);
    let mut level_1 = Host::log_in(&mut engine, SECOND, 1);
    let answer = level_1.manage(&mut engine, SECOND, Function::QUERY_TASK_SET, None);
    assert_eq!(answer, Code::FUNCTION_NOT_SUPPORTED);
}

#[test]
fn other_functions_are_refused() {
    let mut engine = Engine::new(config()).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let refused = |function, code| (function, code);
    for (function, code) in [
        refused(Function::CLEAR_ACA, Code::FUNCTION_NOT_SUPPORTED),
        refused(Function::TASK_REASSIGN, Code::REASSIGNMENT_NOT_SUPPORTED),
    ] {
        assert_eq!(host.manage(&mut engine, ZERO, function, None), code);
    }
    let mut request = host.management(Function::ABORT_TASK_SET, None);
    request.lun = Lun::from_number(9).unwrap();
    host.send(&mut engine, ZERO, &InitiatorPdu::TaskManagementRequest(request));
    assert_eq!(host.managed(&mut engine), Some(Code::LUN_DOES_NOT_EXIST));
}

/// 4.2.3.3: the response waits for the data that answer R2Ts of the aborted tasks; those data do not land.
#[test]
fn abort_task_set_waits_for_data_under_way() {
    let mut config = config();
    config.offer.parameters.initial_r2t = true;
    let mut engine = Engine::new(config).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let write = host.command(cdb(&[WRITE_10, 0, 0, 0, 0, 0, 0, 0, 1]), 0, 512);
    send(&mut engine, &host, &write);
    let r2t = host.r2t(&mut engine);
    let abort = host.management(Function::ABORT_TASK_SET, None);
    host.send(&mut engine, ZERO, &InitiatorPdu::TaskManagementRequest(abort));
    assert_eq!(host.managed(&mut engine), None);
    let data = host.data_out(&r2t, 4);
    host.send(&mut engine, ZERO, &data);
    assert_eq!(host.managed(&mut engine), Some(Code::FUNCTION_COMPLETE));
    assert_eq!(engine.read_medium(&disk_name(), 0, 0, 512), Some(vec![0; 512]));
    assert!(engine.report().violations.is_empty());
    host.send(&mut engine, ZERO, &data);
    assert!(is_closed(&mut engine, &host), "no more data are accepted (7.13)");
}

/// 4.2.3.3: only the tasks that the function itself ended are waited for, and responses keep their order.
#[test]
fn abort_task_set_does_not_wait_for_tasks_ended_before() {
    let mut config = config();
    config.offer.parameters.initial_r2t = true;
    let mut engine = Engine::new(config).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let write = host.command(cdb(&[WRITE_10, 0, 0, 0, 0, 0, 0, 0, 1]), 0, 512);
    send(&mut engine, &host, &write);
    host.r2t(&mut engine);
    assert_eq!(host.manage(&mut engine, ZERO, Function::ABORT_TASK, Some(&write)), Code::FUNCTION_COMPLETE);
    assert_eq!(host.manage(&mut engine, ZERO, Function::ABORT_TASK_SET, None), Code::FUNCTION_COMPLETE);
    let write = host.command(cdb(&[WRITE_10, 0, 0, 0, 0, 0, 0, 0, 1]), 0, 512);
    send(&mut engine, &host, &write);
    let r2t = host.r2t(&mut engine);
    let first = host.management(Function::LOGICAL_UNIT_RESET, None);
    let second = host.management(Function::CLEAR_ACA, None);
    for request in [first, second] {
        host.send(&mut engine, ZERO, &InitiatorPdu::TaskManagementRequest(request));
    }
    assert_eq!(host.managed(&mut engine), None);
    let data = host.data_out(&r2t, 4);
    host.send(&mut engine, ZERO, &data);
    assert_eq!(host.managed(&mut engine), Some(Code::FUNCTION_COMPLETE));
    assert_eq!(host.managed(&mut engine), Some(Code::FUNCTION_NOT_SUPPORTED));
}

/// Late data of the last 64 aborted tasks are accepted.
#[test]
fn aborted_tasks_are_remembered_within_bounds() {
    let mut config = config();
    config.offer.parameters.initial_r2t = true;
    let mut engine = Engine::new(config).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let mut asked = Vec::new();
    for _ in 0..65 {
        let write = host.command(cdb(&[WRITE_10, 0, 0, 0, 0, 0, 0, 0, 1]), 0, 512);
        send(&mut engine, &host, &write);
        asked.push(host.r2t(&mut engine));
        host.manage(&mut engine, ZERO, Function::ABORT_TASK, Some(&write));
    }
    for (at, is_known) in [(0, false), (1, true), (64, true)] {
        let mut engine = engine.clone();
        let data = host.data_out(&asked[at], 1);
        host.send(&mut engine, ZERO, &data);
        assert_eq!(is_closed(&mut engine, &host), !is_known, "task {at}");
    }
}

#[test]
fn task_management_requests_that_wait_are_bounded() {
    let mut config = config();
    config.offer.parameters.initial_r2t = true;
    let mut engine = Engine::new(config).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let write = host.command(cdb(&[WRITE_10, 0, 0, 0, 0, 0, 0, 0, 1]), 0, 512);
    send(&mut engine, &host, &write);
    host.r2t(&mut engine);
    for count in 0..=16 {
        assert!(!is_closed(&mut engine, &host), "{count} requests");
        let request = host.management(Function::ABORT_TASK_SET, None);
        host.send(&mut engine, ZERO, &InitiatorPdu::TaskManagementRequest(request));
    }
    assert!(is_closed(&mut engine, &host));
}

/// 6.3.5: the tasks of the old session end before the new one begins; only the same port of the same target is reinstated.
#[test]
fn reinstatement_ends_the_tasks_of_the_old_session() {
    let (mut engine, mut first, mut second) = two_hosts();
    let (mine, theirs) = (first.write(0, 1), second.write(1, 2));
    send(&mut engine, &first, &mine);
    send(&mut engine, &second, &theirs);
    let mut again = Host::log_in(&mut engine, ZERO, 1);
    assert_eq!(engine.take_ready(), [first.id]);
    assert!(is_closed(&mut engine, &first));
    let write = again.write(2, 3);
    send(&mut engine, &again, &write);
    engine.advance(SECOND);
    let landed: Vec<_> = engine.executions().iter().map(|done| (done.connection, done.lba)).collect();
    assert_eq!(landed, [(second.id, 1), (again.id, 2)]);
    assert_eq!(engine.report().reinstatements, 1);
    // The end of the old connection is no end of the new session.
    engine.disconnect(first.id);
    let _third = Host::log_in(&mut engine, SECOND, 1);
    assert_eq!(engine.report().reinstatements, 2);
}

/// A lost connection ends its session with all its tasks: at recovery level 0 nothing can continue them.
#[test]
fn a_lost_connection_ends_its_tasks() {
    let (mut engine, mut host, _) = two_hosts();
    let write = host.write(0, 1);
    send(&mut engine, &host, &write);
    engine.disconnect(host.id);
    assert_eq!(engine.deadline(), None);
    engine.advance(SECOND);
    assert!(executed(&engine).is_empty());
    assert_eq!((engine.report().connections, engine.report().connections_closed), (2, 1));
    engine.receive(host.id, &[0; 48], SECOND);
    assert!(is_closed(&mut engine, &host));
}

/// After a logout the initiator has two seconds to close the connection.
#[test]
fn a_logout_ends_the_session_and_later_the_connection() {
    let (mut engine, mut host, _) = two_hosts();
    let write = host.write(0, 1);
    send(&mut engine, &host, &write);
    let logout = LogoutRequest {
        immediate: true,
        reason: LogoutReason::CLOSE_SESSION,
        itt: iscsi_pdu::InitiatorTaskTag(77),
        cid: 0,
        cmd_sn: host.cmd_sn,
        exp_stat_sn: iscsi_pdu::SerialNumber(1),
    };
    host.send(&mut engine, ZERO, &InitiatorPdu::LogoutRequest(logout));
    assert!(matches!(host.receive(&mut engine), Some(iscsi_pdu::TargetPdu::LogoutResponse(_))));
    assert!(matches!(engine.transmit(host.id), Transmit::ShutDown));
    assert_eq!(engine.deadline(), Some(SECOND * 2));
    assert_eq!(engine.end_sessions(), 1, "the other session");
    engine.advance(SECOND * 2);
    assert!(is_closed(&mut engine, &host) && executed(&engine).is_empty());
}

#[test]
fn a_login_has_thirty_seconds() {
    let mut engine = Engine::new(config()).unwrap();
    let id = engine.connect(SECOND, ([127, 0, 0, 1], 3260).into(), &[0; Engine::RANDOM_BYTES]);
    assert_eq!(engine.deadline(), Some(SECOND * 31));
    engine.advance(Duration::from_nanos(30_999_999_999));
    assert!(matches!(engine.transmit(id), Transmit::Idle));
    engine.advance(SECOND * 31);
    assert!(matches!(engine.transmit(id), Transmit::Close));
    assert_eq!((engine.take_ready(), engine.deadline()), (vec![id], None));
    let host = Host::log_in(&mut engine, SECOND * 31, 0);
    assert_eq!((engine.deadline(), is_closed(&mut engine, &host)), (None, false));
}
