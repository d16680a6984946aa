//! ABORT TASK and ABORT TASK SET, and data that are under way to tasks that have ended. Without sockets.

use iscsi_pdu::{
    InitiatorPdu, ScsiCommand, TaskManagementFunction as Function, TaskManagementResponseCode as Code,
};

use super::by_hand::disk_name;
use super::host::{Host, SECOND, ZERO, cdb, config};
use super::tasks::{WRITE_10, executed, is_closed, send, slow, two_hosts, write_to_unit_1};
use crate::ram_disk::{Engine, LogicalUnit};

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

/// The initiator may answer an R2T before it receives the status: those data do not land on the unit in the place of the old one.
#[test]
fn data_under_way_to_a_replaced_unit_are_discarded() {
    let mut config = config();
    config.offer.parameters.initial_r2t = true;
    let mut engine = Engine::new(config).unwrap();
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let write = host.command(cdb(&[WRITE_10, 0, 0, 0, 0, 0, 0, 0, 1]), 0, 512);
    send(&mut engine, &host, &write);
    let r2t = host.r2t(&mut engine);
    engine.replace_unit(&disk_name(), LogicalUnit { edition: 1, ..LogicalUnit::default() }).unwrap();
    let data = host.data_out(&r2t, 4);
    host.send(&mut engine, ZERO, &data);
    assert_eq!(host.end(&mut engine).unwrap().sense, Some((5, 0x25, 0)));
    assert!(!is_closed(&mut engine, &host) && engine.report().violations.is_empty());
    assert_eq!(engine.read_medium(&disk_name(), 0, 0, 512), Some(vec![0; 512]));
    let read = host.read(0);
    assert_eq!(host.run(&mut engine, ZERO, read).data, [0; 512]);
    host.send(&mut engine, ZERO, &data);
    assert!(is_closed(&mut engine, &host), "no more data are accepted (7.13)");
}

/// A write whose data were complete has none under way.
#[test]
fn data_after_the_last_to_a_replaced_unit_are_a_violation() {
    let mut config = config();
    config.offer.parameters.initial_r2t = true;
    let mut engine = slow(config);
    let mut host = Host::log_in(&mut engine, ZERO, 0);
    let write = host.command(cdb(&[WRITE_10, 0, 0, 0, 0, 0, 0, 0, 1]), 0, 512);
    send(&mut engine, &host, &write);
    let r2t = host.r2t(&mut engine);
    let data = host.data_out(&r2t, 4);
    host.send(&mut engine, ZERO, &data);
    engine.replace_unit(&disk_name(), LogicalUnit { edition: 1, ..LogicalUnit::default() }).unwrap();
    assert_eq!(host.end(&mut engine).unwrap().sense, Some((5, 0x25, 0)));
    host.send(&mut engine, ZERO, &data);
    assert!(is_closed(&mut engine, &host));
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
