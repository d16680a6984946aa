//! Ctrl-C while commands are under way: they are aborted before the logout, in a limited time.

use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use iscsi_pdu::{InitiatorPdu, Opcode, TaskManagementFunction};
use iscsi_tests::scripted_target::{Received, Reply, Script};

use crate::measured::{end, interrupt, start};
use crate::program::Outcome;
use crate::scripted::Scripted;

const READ_10: u8 = 0x28;

/// Answers no read.
fn hanging(script: Script) -> Script {
    script.serve_but(|command, _| (command.cdb.first() == Some(&READ_10)).then(Reply::default))
}

/// A read of several commands.
fn begin(target: &Scripted, options: &[&str]) -> Child {
    let unit = format!("{}/0", target.url());
    let read = ["read", &unit, "--length", "4M", "-o", "data", "--auth", "none"];
    let child = start(&mut target.place.command(&[&read, options].concat()));
    wait_for(
        target,
        Opcode::SCSI_COMMAND,
        |pdu| matches!(pdu, InitiatorPdu::ScsiCommand(command) if command.cdb.first() == Some(&READ_10)),
    );
    child
}

/// Waits until the target has received such a PDU.
#[track_caller]
fn wait_for(target: &Scripted, opcode: Opcode, is_it: impl Fn(&InitiatorPdu) -> bool) {
    for _ in 0..2000 {
        let received = target.peer.received();
        if received
            .iter()
            .any(|received| received.opcode() == opcode && received.pdu().is_some_and(|pdu| is_it(&pdu)))
        {
            return;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("no such PDU came");
}

/// Tags of the reads, tags that were aborted, and whether a logout followed.
fn aborts(target: &Scripted) -> (Vec<u32>, Vec<u32>, bool) {
    let (mut reads, mut aborted, mut logged_out) = (Vec::new(), Vec::new(), false);
    for pdu in target.peer.received().iter().filter_map(Received::pdu) {
        match pdu {
            InitiatorPdu::ScsiCommand(command) if command.cdb.first() == Some(&READ_10) => {
                reads.push(command.itt.0);
            }
            InitiatorPdu::TaskManagementRequest(request) => {
                assert_eq!((request.function, logged_out), (TaskManagementFunction::ABORT_TASK, false));
                aborted.push(request.referenced_task_tag.0);
            }
            InitiatorPdu::LogoutRequest(_) => logged_out = true,
            _ => {}
        }
    }
    (reads, aborted, logged_out)
}

#[track_caller]
fn expect_early_end(outcome: Outcome) {
    outcome.expect(1).complains("read ended early: ").complains("interrupted");
}

#[test]
fn ctrl_c_aborts_the_commands_under_way_and_logs_out() {
    let target = Scripted::after_login(hanging);
    let child = begin(&target, &[]);
    interrupt(&child);
    expect_early_end(end(child));
    let (reads, aborted, logged_out) = aborts(&target);
    assert!(!reads.is_empty() && logged_out, "{reads:?}");
    assert_eq!(reads, aborted);
}

/// The aborts have no answer either.
#[test]
fn aborts_do_not_keep_the_logout_waiting() {
    let target = Scripted::after_login(|script| {
        let script = script.answer_command(READ_10, |_, _| Reply::default());
        hanging(script.answer_management(|_, _| Reply::default()))
    });
    let child = begin(&target, &["--timeout", "2"]);
    let begin = Instant::now();
    interrupt(&child);
    expect_early_end(end(child));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

/// A second Ctrl-C waits for nothing.
#[test]
fn a_second_ctrl_c_ends_the_aborts() {
    let target = Scripted::after_login(|script| {
        script.answer_command(READ_10, |_, _| Reply::default()).answer_management(|_, _| Reply::default())
    });
    let child = begin(&target, &["--timeout", "60"]);
    interrupt(&child);
    wait_for(&target, Opcode::TASK_MANAGEMENT_REQUEST, |_| true);
    let begin = Instant::now();
    interrupt(&child);
    expect_early_end(end(child));
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}
