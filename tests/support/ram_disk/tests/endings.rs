//! Ends of sessions and connections: reinstatement, loss, logout, a late login. Without sockets.

use std::time::Duration;

use iscsi_pdu::{InitiatorPdu, LogoutReason, LogoutRequest};

use super::host::{Host, SECOND, ZERO, config};
use super::tasks::{executed, is_closed, send, two_hosts};
use crate::ram_disk::{Engine, Transmit};

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
