//! Limits of commands, and the moment at which the first step against one is taken (rows TMF, LGO).

use super::escalation::TIMEOUT;
use super::*;

/// A command that was not sent is given up without any function, once the target has shown that it is there.
#[test]
fn tmf_09_an_overdue_command_that_was_not_sent() {
    let mut target = Target::with_window(parameters(), 0);
    let itt = target.submit(Transfer::None, true);
    target.pass(MINUTE);
    let ping = target.nop_outs().remove(0);
    target.pong(&ping).unwrap();
    assert_eq!(target.outcomes(), [(itt, aborted(TIMEOUT, Extent::NotSent))]);
    assert_eq!((target.sent(), target.session.next_deadline()), (Vec::new(), None));
}

/// Eight times the limit of a command whose data move begins anew, a ninth time it does not.
#[test]
fn tmf_09_limits_of_commands_whose_data_move() {
    for (pieces, is_pinged) in [(8, false), (9, true)] {
        let mut target = Target::new(parameters());
        let itt = target.read(5120);
        for piece in 0..pieces {
            assert_eq!(target.sent(), []);
            let data = target.data_in(itt, piece, piece * 512, 512);
            target.receive(TargetPdu::DataIn(data)).unwrap();
            target.pass((piece + 1) * MINUTE);
        }
        assert_eq!(target.nop_outs().len(), usize::from(is_pinged));
        // Without another byte it is overdue.
        if !is_pinged {
            target.pass(just_before(9 * MINUTE));
            assert_eq!(target.sent(), []);
            target.pass(9 * MINUTE);
            assert_eq!(target.nop_outs().len(), 1);
        }
    }
}

/// Data of a write move when the target requests them.
#[test]
fn tmf_09_limits_of_writes_whose_data_move() {
    let mut target = Target::new(solicited_only());
    let itt = target.write(1024);
    for piece in [0, 1] {
        target.solicit(itt, piece, piece * 512, 512);
        target.pass((piece + 1) * MINUTE);
        assert_eq!(target.sent(), []);
    }
    target.pass(3 * MINUTE);
    assert_eq!(target.nop_outs().len(), 1);
}

/// A command waits for an older one whose data move, but not for a function or a ping with more time.
#[test]
fn tmf_09_a_command_behind_one_whose_data_move() {
    let mut target = Target::new(parameters());
    let (older, newer) = (target.read(1024), target.submit(Transfer::None, true));
    target.sent();
    let data = target.data_in(older, 0, 0, 512);
    target.receive(TargetPdu::DataIn(data)).unwrap();
    target.pass(MINUTE);
    assert_eq!(target.sent(), []);
    let data = target.last_data_in(older, 1, 512, 512);
    target.receive(TargetPdu::DataIn(data)).unwrap();
    target.pass(2 * MINUTE);
    assert_eq!(target.nop_outs().len(), 1);
    target.good(newer).unwrap();

    let mut target = Target::new(parameters());
    target.session.limits.abort = 2 * MINUTE;
    target.manage(TaskManagement::ClearAca(LUN));
    target.submit(Transfer::None, true);
    target.sent();
    target.pass(MINUTE);
    assert_eq!(target.nop_outs().len(), 1);
}

/// Of commands that are overdue at the same time each has its turn, as soon as the one before it is dealt with.
#[test]
fn tmf_09_many_overdue_commands() {
    let mut target = Target::new(parameters());
    let tags: Vec<_> = (0..20).map(|_| target.submit(Transfer::None, true)).collect();
    target.sent();
    for itt in tags {
        target.pass(MINUTE);
        let ping = target.nop_outs().remove(0);
        target.pong(&ping).unwrap();
        let management = target.managements().remove(0);
        assert_eq!(management.referenced_task_tag, itt);
        target.managed(management.itt, 0).unwrap();
        assert_eq!(target.outcomes(), [(itt, aborted(TIMEOUT, Extent::Aborted))]);
    }
    assert_eq!(target.session.next_deadline(), None);
}

/// Commands that a closed window holds back end one after another, without waiting for each other's limits.
#[test]
fn tmf_09_num_05_many_overdue_commands_that_were_not_sent() {
    let mut target = Target::with_window(parameters(), 0);
    let tags: Vec<_> = (0..20).map(|_| target.submit(Transfer::None, true)).collect();
    for itt in tags {
        target.pass(MINUTE);
        let ping = target.nop_outs().remove(0);
        target.pong(&ping).unwrap();
        assert_eq!(target.outcomes(), [(itt, aborted(TIMEOUT, Extent::NotSent))]);
    }
    assert_eq!((target.sent(), target.session.next_deadline()), (Vec::new(), None));
}

/// A command that waits for its turn may end by itself, and a caller may abort the one before it: the next one follows.
#[test]
fn tmf_09_the_next_of_many_overdue_commands() {
    let mut target = Target::new(parameters());
    let [first, second, third] = [(); 3].map(|()| target.submit(Transfer::None, true));
    target.sent();
    target.pass(MINUTE);
    let ping = target.nop_outs().remove(0);
    target.good(second).unwrap();
    target.completion(second);
    let by_caller = target.session.abort(first, MINUTE).unwrap();
    target.pong(&ping).unwrap();
    assert_eq!(target.managements()[0].itt, by_caller);
    target.managed(by_caller, 0).unwrap();
    assert_eq!(target.outcomes().len(), 2);
    // The abort of the escalation has no command any more.
    assert_eq!(target.sent(), []);
    target.pass(MINUTE);
    let ping = target.nop_outs().remove(0);
    target.pong(&ping).unwrap();
    assert_eq!(target.managements()[0].referenced_task_tag, third);
}

/// Limits without end are as long as the longest one.
#[test]
fn lgo_07_limits_without_end() {
    let mut target = Target::new(parameters());
    let limits = Limits { ping: Duration::MAX, abort: Duration::MAX, reset: Duration::MAX, ..LIMITS };
    target.session.limits = limits;
    target.submit(Transfer::None, true);
    target.sent();
    target.pass(MINUTE);
    target.session.submit(Request::command(LUN, crate::scsi::TestUnitReady.into()));
    assert_eq!(target.session.next_deadline(), Some(MINUTE + Duration::from_hours(876_000)));
    target.pass(2 * MINUTE);
    assert_eq!(target.session.next_deadline(), Some(3 * MINUTE));
}
