//! Persistent reservations of two initiator ports, without sockets (SPC-4, 5.12).

use iscsi_pdu::{InitiatorPdu, ScsiStatus, TaskManagementFunction};

use super::host::{Ended, Host, SECOND, ZERO, cdb, config};
use crate::ram_disk::Engine;

const REGISTER: u8 = 0;
const RESERVE: u8 = 1;
const RELEASE: u8 = 2;
const CLEAR: u8 = 3;
const PREEMPT: u8 = 4;
const PREEMPT_AND_ABORT: u8 = 5;
const REGISTER_AND_IGNORE: u8 = 6;
const REGISTER_AND_MOVE: u8 = 7;
const WRITE_EXCLUSIVE: u8 = 1;
const EXCLUSIVE_ACCESS: u8 = 3;
const WRITE_EXCLUSIVE_REGISTRANTS: u8 = 5;
const EXCLUSIVE_ACCESS_ALL: u8 = 8;

const READ_10: u8 = 0x28;

/// The engine, and two hosts, which are registered with keys 1 and 2 if asked for.
fn stage(registered: bool) -> (Engine, Host, Host) {
    let mut engine = Engine::new(config()).unwrap();
    let (mut first, mut second) = (Host::log_in(&mut engine, ZERO, 1), Host::log_in(&mut engine, ZERO, 2));
    if registered {
        assert!(out(&mut engine, &mut first, REGISTER, 0, 0, 1).is_good());
        assert!(out(&mut engine, &mut second, REGISTER, 0, 0, 2).is_good());
    }
    (engine, first, second)
}

/// PERSISTENT RESERVE OUT with a service action, a type, the own key and the key of the service action.
fn out(engine: &mut Engine, host: &mut Host, action: u8, kind: u8, key: u64, other: u64) -> Ended {
    out_with(engine, host, action, kind, [key, other], 0)
}

fn out_with(engine: &mut Engine, host: &mut Host, action: u8, kind: u8, keys: [u64; 2], flags: u8) -> Ended {
    let list = [&keys[0].to_be_bytes()[..], &keys[1].to_be_bytes(), &[0, 0, 0, 0, flags, 0, 0, 0]].concat();
    let command = host.with_list(cdb(&[0x5f, action, kind, 0, 0, 0, 0, 0, 24]), &list);
    host.run(engine, ZERO, command)
}

fn report(engine: &mut Engine, host: &mut Host, action: u8) -> Vec<u8> {
    let command = host.command(cdb(&[0x5e, action, 0, 0, 0, 0, 0, 1, 0]), 256, 0);
    host.run(engine, ZERO, command).data
}

/// The registered keys.
fn keys(engine: &mut Engine, host: &mut Host) -> Vec<u64> {
    let data = report(engine, host, 0);
    data[8..].chunks(8).map(|key| u64::from_be_bytes(key.try_into().unwrap())).collect()
}

/// Whether a host may read and write.
fn access(engine: &mut Engine, host: &mut Host) -> (bool, bool) {
    let (read, write) = (host.read(0), host.write(0, 1));
    let mut run = |command| {
        let ended = host.run(engine, ZERO, command);
        assert!(ended.is_good() || ended.status == ScsiStatus::RESERVATION_CONFLICT, "{ended:?}");
        ended.is_good()
    };
    (run(read), run(write))
}

fn is_conflict(ended: &Ended) -> bool {
    ended.status == ScsiStatus::RESERVATION_CONFLICT
}

#[test]
fn each_type_keeps_out_what_it_says() {
    for (kind, stranger, registrant) in [
        (1, (true, false), (true, false)),
        (3, (false, false), (false, false)),
        (5, (true, false), (true, true)),
        (6, (false, false), (true, true)),
        (7, (true, false), (true, true)),
        (8, (false, false), (true, true)),
    ] {
        let (mut engine, mut holder, mut other) = stage(true);
        let mut third = Host::log_in(&mut engine, ZERO, 3);
        assert!(out(&mut engine, &mut holder, RESERVE, kind, 1, 0).is_good());
        assert_eq!(access(&mut engine, &mut holder), (true, true), "type {kind}");
        assert_eq!(access(&mut engine, &mut other), registrant, "type {kind}");
        assert_eq!(access(&mut engine, &mut third), stranger, "type {kind}");
        assert_eq!(third.attention(&mut engine, ZERO), None, "TEST UNIT READY is always allowed");
        assert!(out(&mut engine, &mut holder, RELEASE, kind, 1, 0).is_good());
        assert_eq!(access(&mut engine, &mut third), (true, true), "type {kind}");
    }
}

#[test]
fn registrations_need_the_right_key() {
    let (mut engine, mut first, mut second) = stage(false);
    assert!(is_conflict(&out(&mut engine, &mut first, REGISTER, 0, 5, 1)));
    assert!(is_conflict(&out(&mut engine, &mut first, RESERVE, WRITE_EXCLUSIVE, 0, 0)));
    assert!(out(&mut engine, &mut first, REGISTER, 0, 0, 1).is_good());
    assert!(is_conflict(&out(&mut engine, &mut first, REGISTER, 0, 0, 3)));
    assert!(out(&mut engine, &mut first, REGISTER, 0, 1, 3).is_good());
    assert!(out(&mut engine, &mut second, REGISTER_AND_IGNORE, 0, 77, 4).is_good());
    assert_eq!(keys(&mut engine, &mut first), [3, 4]);
    assert!(is_conflict(&out(&mut engine, &mut first, RESERVE, WRITE_EXCLUSIVE, 1, 0)));
    assert!(out(&mut engine, &mut second, REGISTER, 0, 4, 0).is_good());
    assert_eq!(keys(&mut engine, &mut first), [3]);
    let generation = report(&mut engine, &mut first, 0)[3];
    assert_eq!(generation, 4, "each change of registrations counts");
}

#[test]
fn a_second_reservation_conflicts() {
    let (mut engine, mut first, mut second) = stage(true);
    assert!(out(&mut engine, &mut first, RESERVE, WRITE_EXCLUSIVE, 1, 0).is_good());
    assert!(out(&mut engine, &mut first, RESERVE, WRITE_EXCLUSIVE, 1, 0).is_good(), "the same again");
    assert!(is_conflict(&out(&mut engine, &mut first, RESERVE, EXCLUSIVE_ACCESS, 1, 0)));
    assert!(is_conflict(&out(&mut engine, &mut second, RESERVE, WRITE_EXCLUSIVE, 2, 0)));
    assert!(
        out(&mut engine, &mut second, RELEASE, WRITE_EXCLUSIVE, 2, 0).is_good(),
        "not its own: nothing happens"
    );
    assert_eq!(report(&mut engine, &mut second, 1)[8..], [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]);
    let wrong = out(&mut engine, &mut first, RELEASE, EXCLUSIVE_ACCESS, 1, 0);
    assert_eq!(wrong.sense, Some((5, 0x26, 4)));
}

#[test]
fn invalid_requests_are_refused() {
    let (mut engine, mut first, _) = stage(true);
    for (action, kind) in [(RESERVE, 0), (RESERVE, 2), (RESERVE, 0x11), (PREEMPT, 9), (7, 1)] {
        assert_eq!(out(&mut engine, &mut first, action, kind, 1, 2).sense, Some((5, 0x24, 0)));
    }
    assert_eq!(out(&mut engine, &mut first, PREEMPT, 1, 1, 0).sense, Some((5, 0x26, 0)));
    assert_eq!(out_with(&mut engine, &mut first, REGISTER, 0, [1, 1], 0x08).sense, Some((5, 0x26, 0)));
    for length in [23, 25] {
        let command = first.with_list(cdb(&[0x5f, 0, 0, 0, 0, 0, 0, 0, length]), &[0; 24]);
        assert_eq!(first.run(&mut engine, ZERO, command).sense, Some((5, 0x1a, 0)));
    }
    let cut_off = first.with_list(cdb(&[0x5f, 0, 0, 0, 0, 0, 0, 0, 24]), &[0; 20]);
    assert_eq!(first.run(&mut engine, ZERO, cut_off).sense, Some((5, 0x1a, 0)));
    let unknown = first.command(cdb(&[0x5e, 4, 0, 0, 0, 0, 0, 1, 0]), 256, 0);
    assert_eq!(first.run(&mut engine, ZERO, unknown).sense, Some((5, 0x24, 0)));
    assert_eq!(report(&mut engine, &mut first, 2), [0, 8, 0x0d, 0x80, 0xea, 1, 0, 0]);
}

#[test]
fn the_full_status_names_each_port() {
    let (mut engine, mut first, mut second) = stage(true);
    assert!(out(&mut engine, &mut second, RESERVE, WRITE_EXCLUSIVE, 2, 0).is_good());
    let status = report(&mut engine, &mut first, 3);
    let (first, second) = status[8..].split_at((status.len() - 8) / 2);
    assert_eq!((first[7], first[12], first[13]), (1, 0, 0));
    assert_eq!((second[7], second[12], second[13]), (2, 1, WRITE_EXCLUSIVE));
    let name = b"iqn.2001-04.com.example:host,i,0x800102030002\0\0\0";
    assert_eq!(second[20..], [&[0, 0, 0, 52, 0x45, 0, 0, 48][..], name].concat());
}

#[test]
fn registrations_are_bounded() {
    let mut engine = Engine::new(config()).unwrap();
    for isid in 0..64 {
        let mut host = Host::log_in(&mut engine, ZERO, isid);
        assert!(out(&mut engine, &mut host, REGISTER, 0, 0, 1).is_good());
    }
    let mut last = Host::log_in(&mut engine, ZERO, 64);
    assert_eq!(out(&mut engine, &mut last, REGISTER, 0, 0, 1).sense, Some((5, 0x55, 4)));
}

/// SPC-4, 5.12.11: registrants are told when a reservation that admitted them is gone.
#[test]
fn release_and_clear_tell_the_others() {
    let (mut engine, mut first, mut second) = stage(true);
    for (kind, told) in [(WRITE_EXCLUSIVE, None), (WRITE_EXCLUSIVE_REGISTRANTS, Some((6, 0x2a, 4)))] {
        assert!(out(&mut engine, &mut first, RESERVE, kind, 1, 0).is_good());
        assert!(out(&mut engine, &mut first, RELEASE, kind, 1, 0).is_good());
        assert_eq!(second.attention(&mut engine, ZERO), told);
        assert_eq!(first.attention(&mut engine, ZERO), None);
    }
    assert!(out(&mut engine, &mut second, CLEAR, 0, 2, 0).is_good());
    assert_eq!(
        (first.attention(&mut engine, ZERO), keys(&mut engine, &mut first)),
        (Some((6, 0x2a, 3)), vec![])
    );
    assert_eq!(second.attention(&mut engine, ZERO), None);
}

#[test]
fn unregistering_releases_a_reservation() {
    let (mut engine, mut first, mut second) = stage(true);
    assert!(out(&mut engine, &mut first, RESERVE, EXCLUSIVE_ACCESS, 1, 0).is_good());
    assert!(out(&mut engine, &mut second, REGISTER, 0, 2, 0).is_good());
    assert_eq!(access(&mut engine, &mut second), (false, false));
    assert!(out(&mut engine, &mut first, REGISTER, 0, 1, 0).is_good());
    assert_eq!(access(&mut engine, &mut second), (true, true));
    let (mut engine, mut first, mut second) = stage(true);
    assert!(out(&mut engine, &mut first, RESERVE, EXCLUSIVE_ACCESS_ALL, 1, 0).is_good());
    assert!(out(&mut engine, &mut first, REGISTER, 0, 1, 0).is_good());
    assert_eq!(access(&mut engine, &mut first), (false, false), "the second holds it still");
    assert!(out(&mut engine, &mut second, REGISTER, 0, 2, 0).is_good());
    assert_eq!(access(&mut engine, &mut first), (true, true));
}

#[test]
fn preemption_takes_a_reservation_over() {
    let (mut engine, mut first, mut second) = stage(true);
    assert!(out(&mut engine, &mut first, RESERVE, WRITE_EXCLUSIVE, 1, 0).is_good());
    assert!(
        is_conflict(&out(&mut engine, &mut second, PREEMPT, WRITE_EXCLUSIVE, 2, 9)),
        "nobody has the key"
    );
    assert!(out(&mut engine, &mut second, PREEMPT, EXCLUSIVE_ACCESS, 2, 1).is_good());
    assert_eq!(first.attention(&mut engine, ZERO), Some((6, 0x2a, 5)));
    assert_eq!(
        (access(&mut engine, &mut first), access(&mut engine, &mut second)),
        ((false, false), (true, true))
    );
    assert_eq!(keys(&mut engine, &mut first), [2]);
    assert!(is_conflict(&out(&mut engine, &mut first, RELEASE, WRITE_EXCLUSIVE, 1, 0)));
}

#[test]
fn preemption_of_a_registrant_leaves_the_reservation_alone() {
    let (mut engine, mut first, mut second) = stage(true);
    assert!(out(&mut engine, &mut first, RESERVE, WRITE_EXCLUSIVE, 1, 0).is_good());
    assert!(out(&mut engine, &mut first, PREEMPT, WRITE_EXCLUSIVE, 1, 2).is_good());
    assert_eq!(
        (keys(&mut engine, &mut first), second.attention(&mut engine, ZERO)),
        (vec![1], Some((6, 0x2a, 5)))
    );
    assert_eq!(access(&mut engine, &mut second), (true, false));
    let (mut engine, mut first, mut second) = stage(true);
    assert!(out(&mut engine, &mut first, RESERVE, EXCLUSIVE_ACCESS_ALL, 1, 0).is_good());
    assert!(out(&mut engine, &mut second, PREEMPT, WRITE_EXCLUSIVE, 2, 0).is_good(), "key 0: everybody");
    assert_eq!((keys(&mut engine, &mut second), access(&mut engine, &mut second)), (vec![2], (true, true)));
    assert_eq!(first.attention(&mut engine, ZERO), Some((6, 0x2a, 5)));
    assert_eq!(access(&mut engine, &mut first), (true, false));
}

#[test]
fn preempt_and_abort_ends_the_tasks_of_the_victim() {
    for (action, executions) in [(PREEMPT, 1), (PREEMPT_AND_ABORT, 0)] {
        let (mut engine, mut first, mut second) = stage(true);
        assert!(out(&mut engine, &mut first, RESERVE, WRITE_EXCLUSIVE, 1, 0).is_good());
        engine.set_service_time(READ_10, SECOND);
        let read = first.read(0);
        first.send(&mut engine, ZERO, &InitiatorPdu::ScsiCommand(read));
        assert!(out(&mut engine, &mut second, action, WRITE_EXCLUSIVE, 2, 1).is_good());
        engine.advance(SECOND);
        let reads = engine.executions().iter().filter(|done| done.operation == READ_10);
        assert_eq!(reads.count(), executions);
    }
}

/// `APTPL`: reservations survive a loss of power if the last registration asked for it.
#[test]
fn reservations_survive_a_restart_only_if_asked_to() {
    for (flags, kept) in [(0, vec![]), (1, vec![5])] {
        let (mut engine, mut first, _) = stage(false);
        assert!(out_with(&mut engine, &mut first, REGISTER, 0, [0, 5], flags).is_good());
        assert!(out(&mut engine, &mut first, RESERVE, WRITE_EXCLUSIVE, 5, 0).is_good());
        engine.restart(ZERO);
        let mut other = Host::log_in(&mut engine, ZERO, 2);
        assert_eq!(other.attention(&mut engine, ZERO), Some((6, 0x29, 0)));
        assert_eq!(keys(&mut engine, &mut other), kept);
        assert_eq!(access(&mut engine, &mut other), (true, flags == 0));
        let mut again = Host::log_in(&mut engine, ZERO, 1);
        assert_eq!(again.attention(&mut engine, ZERO), Some((6, 0x29, 0)));
        assert_eq!(access(&mut engine, &mut again), (true, true), "the same port holds it");
    }
}

/// The `TransportID` of the host with this number.
fn port(isid: u8) -> Vec<u8> {
    let name = format!("iqn.2001-04.com.example:host,i,0x8001020300{isid:02x}\0\0\0");
    [&[0x45, 0, 0, 48][..], name.as_bytes()].concat()
}

/// A list of REGISTER with other ports behind it.
fn register_with(engine: &mut Engine, host: &mut Host, keys: [u64; 2], ports: &[u8]) -> Ended {
    const SPEC_I_PT: u8 = 0x08;
    let length = u32::try_from(ports.len()).unwrap().to_be_bytes();
    let list = [
        &keys[0].to_be_bytes()[..],
        &keys[1].to_be_bytes(),
        &[0, 0, 0, 0, SPEC_I_PT, 0, 0, 0],
        &length,
        ports,
    ];
    let list = list.concat();
    let command =
        host.with_list(cdb(&[0x5f, REGISTER, 0, 0, 0, 0, 0, 0, u8::try_from(list.len()).unwrap()]), &list);
    host.run(engine, ZERO, command)
}

fn move_to(engine: &mut Engine, host: &mut Host, keys: [u64; 2], flags: u8, id: &[u8]) -> Ended {
    let length = u32::try_from(id.len()).unwrap().to_be_bytes();
    let list = [&keys[0].to_be_bytes()[..], &keys[1].to_be_bytes(), &[0, flags, 0, 1], &length, id].concat();
    let length = u8::try_from(list.len()).unwrap();
    let command = host.with_list(cdb(&[0x5f, REGISTER_AND_MOVE, 0, 0, 0, 0, 0, 0, length]), &list);
    host.run(engine, ZERO, command)
}

#[test]
fn a_registration_with_other_ports_is_all_or_nothing() {
    let (mut engine, mut first, _) = stage(false);
    let ports = [port(2), port(3)].concat();
    for length in 1..ports.len() {
        let ended = register_with(&mut engine, &mut first, [0, 5], &ports[..length]);
        assert_eq!(ended.is_good(), length == ports.len() / 2, "{length}");
        if ended.is_good() {
            assert!(out(&mut engine, &mut first, CLEAR, 0, 5, 0).is_good());
        }
        assert_eq!(keys(&mut engine, &mut first), []);
    }
    assert!(register_with(&mut engine, &mut first, [0, 5], &ports).is_good());
    assert_eq!(keys(&mut engine, &mut first), [5, 5, 5]);
    let again = register_with(&mut engine, &mut first, [5, 6], &ports);
    assert_eq!(again.sense, Some((5, 0x26, 0)), "the port is registered");
}

#[test]
fn a_reservation_moves_with_its_type() {
    const UNREG: u8 = 0x02;
    let (mut engine, mut first, mut second) = stage(true);
    assert_eq!(
        move_to(&mut engine, &mut first, [1, 9], 0, &port(2)).sense,
        Some((5, 0x24, 0)),
        "nothing to move"
    );
    assert!(out(&mut engine, &mut first, RESERVE, EXCLUSIVE_ACCESS, 1, 0).is_good());
    assert!(is_conflict(&move_to(&mut engine, &mut second, [2, 9], 0, &port(1))), "not the holder");
    for (keys, id) in [([1, 9], port(1)), ([1, 0], port(2)), ([1, 9], port(2)[..48].to_vec())] {
        assert_eq!(move_to(&mut engine, &mut first, keys, 0, &id).sense, Some((5, 0x26, 0)));
    }
    assert!(move_to(&mut engine, &mut first, [1, 9], 0, &port(2)).is_good());
    assert_eq!(keys(&mut engine, &mut first), [1, 9]);
    assert_eq!(
        (access(&mut engine, &mut first), access(&mut engine, &mut second)),
        ((false, false), (true, true))
    );
    assert!(move_to(&mut engine, &mut second, [9, 7], UNREG, &port(1)).is_good());
    assert_eq!(keys(&mut engine, &mut first), [7]);
    assert_eq!(
        (access(&mut engine, &mut first), access(&mut engine, &mut second)),
        ((true, true), (false, false))
    );
}

/// RESERVE (6) and RELEASE (6).
fn reserve_unit(engine: &mut Engine, host: &mut Host, operation: u8) -> Ended {
    let command = host.command(cdb(&[operation]), 0, 0);
    host.run(engine, ZERO, command)
}

#[test]
fn a_reset_or_a_restart_ends_the_reservation_of_a_whole_unit() {
    let (mut engine, mut first, mut second) = stage(false);
    assert!(reserve_unit(&mut engine, &mut first, 0x16).is_good());
    assert_eq!(access(&mut engine, &mut second), (false, false));
    assert!(is_conflict(&out(&mut engine, &mut second, REGISTER, 0, 0, 2)));
    assert!(reserve_unit(&mut engine, &mut second, 0x17).is_good(), "it holds nothing");
    assert_eq!(access(&mut engine, &mut second), (false, false));
    let reset = second.management(TaskManagementFunction::LOGICAL_UNIT_RESET, None);
    second.send(&mut engine, ZERO, &InitiatorPdu::TaskManagementRequest(reset));
    second.receive(&mut engine);
    assert_eq!(second.attention(&mut engine, ZERO), Some((6, 0x29, 3)));
    assert_eq!(access(&mut engine, &mut second), (true, true));
    assert!(reserve_unit(&mut engine, &mut second, 0x16).is_good());
    let mut again = Host::log_in(&mut engine, ZERO, 2);
    assert_eq!(first.attention(&mut engine, ZERO), Some((6, 0x29, 3)));
    assert_eq!(access(&mut engine, &mut first), (true, true), "reinstatement has ended it");
    assert!(reserve_unit(&mut engine, &mut again, 0x16).is_good());
    engine.restart(ZERO);
    let mut last = Host::log_in(&mut engine, ZERO, 1);
    assert_eq!(last.attention(&mut engine, ZERO), Some((6, 0x29, 0)));
    assert_eq!(access(&mut engine, &mut last), (true, true));
}
