//! Aborts of commands that outlive their session.

use super::kept_requests::{READ_10, SECOND, lasting};
use super::*;
use crate::session::{Fencing, OldTask};

/// A command for which ABORT TASK was sent is not sent again, unless the target answered that it goes on.
#[test]
fn a_command_whose_abort_was_not_answered_is_not_sent_again() {
    const REFUSED: u8 = 5;
    for is_answered in [false, true] {
        let mut target = lasting(parameters());
        let read = target.send(READ_10, Transfer::None, 0);
        let function = target.session.abort(read, SECOND).unwrap();
        let request = target.managements().remove(0);
        if is_answered {
            target.managed(request.itt, REFUSED).unwrap();
        }
        target.lose(48);
        assert!(matches!(target.outcomes()[..], [(ended, Outcome::Managed(_))] if ended == function));
        target.log_in_again(parameters());
        target.send_kept(Fencing::Sole);
        assert_eq!(target.commands().len(), usize::from(is_answered));
        let ambiguous = (read, Outcome::Ambiguous(OldTask::Ended));
        assert_eq!(target.outcomes(), Vec::from_iter((!is_answered).then_some(ambiguous)));
    }
}

/// A caller who gives up a command that was never sent knows that; one that may run still cannot be aborted without a session.
#[test]
fn aborts_between_sessions() {
    let mut target = lasting(parameters());
    let touched = target.send(READ_10, Transfer::None, 0);
    target.lose(1);
    let unsent = target.send(READ_10, Transfer::None, 0);
    assert_eq!(target.session.abort(unsent, SECOND), None);
    let not_sent = aborted(AbortCause::Requested("ABORT TASK"), Extent::NotSent);
    assert_eq!(target.outcomes(), [(unsent, not_sent)]);
    let function = target.session.abort(touched, SECOND).unwrap();
    assert_eq!(target.outcomes(), [(function, Outcome::NoSession)]);
    // Nothing was said about its end, so nothing may begin anew.
    target.log_in_again(parameters());
    target.send_kept(Fencing::Sole);
    assert_eq!(
        (target.outcomes(), target.sent()),
        (vec![(touched, Outcome::Ambiguous(OldTask::Ended))], vec![])
    );
}

/// While a command waits to be sent again, it cannot be told that it was never sent. After it was sent again it can be aborted.
#[test]
fn aborts_of_commands_that_are_sent_again() {
    let mut target = lasting(parameters());
    let touched = target.send(READ_10, Transfer::None, 0);
    target.lose(1);
    target.log_in_again(parameters());
    target.send_kept(Fencing::Sole);
    let mut waiting = target.clone();
    assert_eq!(waiting.session.abort(touched, SECOND), None);
    let unknown = aborted(AbortCause::Requested("ABORT TASK"), Extent::Unknown);
    assert_eq!((waiting.commands(), waiting.outcomes()), (vec![], vec![(touched, unknown)]));
    let again = target.commands().remove(0);
    target.session.abort(touched, SECOND).unwrap();
    assert_eq!(target.managements().remove(0).referenced_task_tag, again.itt);
}

/// A command whose abort has no answer when the session is lost is not sent again, whether the abort was sent or not, and
/// whatever function it was; one that the function does not cover is.
#[test]
fn aborts_without_an_answer() {
    let functions: [fn(InitiatorTaskTag) -> TaskManagement; 5] = [
        TaskManagement::AbortTask,
        |_| TaskManagement::AbortTaskSet(LUN),
        |_| TaskManagement::TargetWarmReset,
        |_| TaskManagement::LogicalUnitReset(Lun::ZERO),
        TaskManagement::QueryTask,
    ];
    for (function, is_covered) in functions.into_iter().zip([true, true, true, false, false]) {
        for is_sent in [false, true] {
            let mut target = lasting(parameters());
            let touched = target.send(READ_10, Transfer::None, 0);
            let management = target.begin(Request::management(function(touched)));
            if is_sent {
                target.sent();
            }
            target.lose(1);
            let later = target.send(READ_10, Transfer::None, 0);
            target.log_in_again(parameters());
            target.send_kept(Fencing::Sole);
            let mut outcomes = vec![(management, Outcome::Managed(None))];
            if is_covered {
                outcomes.push((touched, Outcome::Ambiguous(OldTask::Ended)));
            }
            assert_eq!(target.outcomes(), outcomes, "{}", function(later).name());
            assert_eq!(target.commands().len(), 2 - usize::from(is_covered));
        }
    }
}

/// A command that hangs is not sent to another session when nothing ended it in this one: it would hang there, too. Others are,
/// and so is one whose connection is dead.
#[test]
fn a_command_that_hangs() {
    for is_dead in [false, true] {
        let mut target = lasting(parameters());
        let hanging = target.send(READ_10, Transfer::None, 0);
        target.pass(SECOND);
        let other = target.send(READ_10, Transfer::None, 48);
        target.pass(MINUTE);
        if !is_dead {
            let InitiatorPdu::NopOut(ping) = target.sent().remove(0) else { panic!("a ping comes first") };
            target.pong(&ping).unwrap();
        }
        while target.session.end().is_none() {
            target.sent();
            target.pass(target.session.next_deadline().unwrap());
        }
        target.session.set_written(1000);
        target.log_in_again(parameters());
        target.outcomes();
        target.send_kept(Fencing::Sole);
        let ended = if is_dead { vec![] } else { vec![(hanging, Outcome::Ambiguous(OldTask::Ended))] };
        assert_eq!((target.outcomes(), target.commands().len()), (ended, 1 + usize::from(is_dead)));
        assert_eq!(target.session.outcome(other), None);
    }
}
