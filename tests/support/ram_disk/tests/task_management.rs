//! Functions of task management that concern more than one session, that query, or that are refused. Without sockets.

use iscsi_pdu::{
    InitiatorPdu, Lun, ScsiCommand, TargetPdu, TaskManagementFunction as Function, TaskManagementRequest,
    TaskManagementResponseCode as Code,
};

use super::by_hand::disk_name;
use super::host::{Host, SECOND, ZERO, cdb, config};
use super::tasks::{WRITE_10, executed, is_closed, send, slow, two_hosts, write_to_unit_1};
use crate::ram_disk::{Config, Engine, Sense};

const DEVICE_RESET: Option<(u8, u8, u8)> = Some((6, 0x29, 3));
const NEXUS_LOSS: Option<(u8, u8, u8)> = Some((6, 0x29, 7));

/// An engine that agrees on level 2 of the protocol.
fn level_2(mut config: Config) -> Engine {
    config.offer.parameters.protocol_level = 2;
    slow(config)
}

fn log_in_at_level_2(engine: &mut Engine, isid: u16) -> Host {
    Host::log_in_with(engine, ZERO, isid, "iSCSIProtocolLevel=2\0")
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

#[test]
fn query_task_looks_for_pending_tasks() {
    let mut engine = level_2(config());
    let mut host = log_in_at_level_2(&mut engine, 0);
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
}

/// RFC 7144, 6.3: only where level 2 was negotiated.
#[test]
fn functions_of_level_2_are_refused_at_level_1() {
    let mut engine = level_2(config());
    let mut host = Host::log_in(&mut engine, ZERO, 1);
    for function in [
        Function::QUERY_TASK,
        Function::QUERY_TASK_SET,
        Function::I_T_NEXUS_RESET,
        Function::QUERY_ASYNCHRONOUS_EVENT,
    ] {
        let answer = host.manage(&mut engine, ZERO, function, None);
        assert_eq!(answer, Code::FUNCTION_NOT_SUPPORTED, "{function:?}");
    }
    assert!(!is_closed(&mut engine, &host));
}

/// RFC 7144, 6.4.2: the answer tells of the first condition and whether there are more. They stay for the next commands.
#[test]
fn query_asynchronous_event_tells_of_conditions() {
    let mut engine = level_2(config());
    let mut host = log_in_at_level_2(&mut engine, 0);
    let query = |engine: &mut Engine, host: &mut Host, lun| {
        let query = host.management(Function::QUERY_ASYNCHRONOUS_EVENT, None);
        let query = TaskManagementRequest { lun: Lun::from_number(lun).unwrap(), ..query };
        host.send(engine, ZERO, &InitiatorPdu::TaskManagementRequest(query));
        match host.receive(engine) {
            Some(TargetPdu::TaskManagementResponse(answer)) => {
                (answer.response, answer.additional_information)
            }
            other => panic!("{other:?}"),
        }
    };
    let nothing = (Code::FUNCTION_COMPLETE, [0; 3]);
    assert_eq!(query(&mut engine, &mut host, 0), nothing);
    engine.raise_attention(&disk_name(), 0, Sense::CAPACITY_CHANGED);
    assert_eq!(query(&mut engine, &mut host, 0), (Code::FUNCTION_SUCCEEDED, [0x16, 0x2a, 0x09]));
    engine.raise_attention(&disk_name(), 0, Sense::INQUIRY_CHANGED);
    assert_eq!(query(&mut engine, &mut host, 0), (Code::FUNCTION_SUCCEEDED, [0x26, 0x2a, 0x09]));
    assert_eq!(query(&mut engine, &mut host, 1), nothing, "another unit");
    assert_eq!(query(&mut engine, &mut host, 9), (Code::LUN_DOES_NOT_EXIST, [0; 3]));
    assert_eq!(host.attention(&mut engine, ZERO), Some((6, 0x2a, 0x09)));
    assert_eq!(query(&mut engine, &mut host, 0), (Code::FUNCTION_SUCCEEDED, [0x16, 0x3f, 0x03]));
    assert_eq!(host.attention(&mut engine, ZERO), Some((6, 0x3f, 0x03)));
    assert_eq!(query(&mut engine, &mut host, 0), nothing);
    // A successful QUERY TASK returns no such information.
    let write = host.write(0, 1);
    send(&mut engine, &host, &write);
    engine.raise_attention(&disk_name(), 0, Sense::CAPACITY_CHANGED);
    let pending = host.management(Function::QUERY_TASK_SET, None);
    host.send(&mut engine, ZERO, &InitiatorPdu::TaskManagementRequest(pending));
    let answer = host.receive(&mut engine);
    let Some(TargetPdu::TaskManagementResponse(answer)) = answer else { panic!("{answer:?}") };
    assert_eq!((answer.response, answer.additional_information), (Code::FUNCTION_SUCCEEDED, [0; 3]));
}

/// RFC 7144, 6.3: the tasks and the session of the port end at once. It finds the condition in every unit when it is back,
/// once; nobody else does.
#[test]
fn i_t_nexus_reset_ends_the_session() {
    let mut engine = level_2(config());
    let (mut host, mut other) = (log_in_at_level_2(&mut engine, 1), log_in_at_level_2(&mut engine, 2));
    let (mine, elsewhere, theirs) = (host.write(0, 1), write_to_unit_1(&mut host), other.write(1, 2));
    for (host, command) in [(&host, &mine), (&host, &elsewhere), (&other, &theirs)] {
        send(&mut engine, host, command);
    }
    let answer = host.manage(&mut engine, ZERO, Function::I_T_NEXUS_RESET, None);
    assert_eq!(answer, Code::FUNCTION_COMPLETE);
    assert!(is_closed(&mut engine, &host) && !is_closed(&mut engine, &other));
    let late = host.read(0);
    send(&mut engine, &host, &late);
    engine.advance(SECOND);
    assert_eq!((executed(&engine), host.end(&mut engine)), (vec![theirs.itt.0], None));
    assert_eq!((engine.report().reinstatements, engine.report().violations.len()), (0, 0));
    assert!(other.end(&mut engine).unwrap().is_good());
    let mut again = Host::log_in(&mut engine, SECOND, 1);
    assert_eq!(engine.report().reinstatements, 0, "the session had ended");
    assert_eq!(again.attention(&mut engine, SECOND), NEXUS_LOSS);
    assert_eq!(again.attention(&mut engine, SECOND), None);
    let test = again.command(cdb(&[0]), 0, 0);
    let test = ScsiCommand { lun: Lun::from_number(1).unwrap(), ..test };
    assert_eq!(again.run(&mut engine, SECOND, test).sense, NEXUS_LOSS);
    assert_eq!(other.attention(&mut engine, SECOND), None);
    engine.disconnect(again.id);
    let mut once_more = Host::log_in(&mut engine, SECOND, 1);
    assert_eq!(once_more.attention(&mut engine, SECOND), None);
}

/// No data come through a closed connection, so the answer does not wait for them; a restart is more than a lost nexus.
#[test]
fn i_t_nexus_reset_does_not_wait_for_data() {
    let mut config = config();
    config.offer.parameters.initial_r2t = true;
    let mut engine = level_2(config);
    let mut host = log_in_at_level_2(&mut engine, 1);
    let write = host.command(cdb(&[WRITE_10, 0, 0, 0, 0, 0, 0, 0, 1]), 0, 512);
    send(&mut engine, &host, &write);
    host.r2t(&mut engine);
    let answer = host.manage(&mut engine, ZERO, Function::I_T_NEXUS_RESET, None);
    assert_eq!(answer, Code::FUNCTION_COMPLETE);
    assert!(is_closed(&mut engine, &host));
    engine.restart(SECOND);
    let mut again = Host::log_in(&mut engine, SECOND, 1);
    assert_eq!(again.attention(&mut engine, SECOND), Some((6, 0x29, 0)));
    assert_eq!(again.attention(&mut engine, SECOND), None);
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
