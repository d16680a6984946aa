//! Units that take fewer commands at a time than the window permits (row CMD-09).

use super::*;

const OTHER_LUN: Lun = Lun([0, 4, 0, 0, 0, 0, 0, 0]);

/// Submits so many commands of each unit in turn.
fn submit(target: &mut Target, luns: &[Lun], commands: usize) -> Vec<InitiatorTaskTag> {
    let luns = luns.iter().cycle().take(luns.len() * commands);
    luns.map(|lun| target.begin(Request::command(*lun, crate::scsi::TestUnitReady.into()))).collect()
}

/// Ends a command, and takes its outcome.
fn end(target: &mut Target, itt: InitiatorTaskTag, status: ScsiStatus) {
    let response = target.response(itt, status);
    target.respond(response).unwrap();
    assert_eq!(target.completion(itt).status, status);
}

fn tags(commands: &[ScsiCommand]) -> Vec<InitiatorTaskTag> {
    commands.iter().map(|command| command.itt).collect()
}

/// Every status reaches the caller as it is, and the session sends no command again by itself.
#[test]
fn cmd_09_every_status_reaches_the_caller() {
    for status in [
        ScsiStatus::BUSY,
        ScsiStatus::TASK_SET_FULL,
        ScsiStatus::RESERVATION_CONFLICT,
        ScsiStatus::ACA_ACTIVE,
        ScsiStatus::TASK_ABORTED,
        ScsiStatus(0x77),
    ] {
        let mut target = Target::new(parameters());
        let itt = submit(&mut target, &[LUN], 1)[0];
        target.sent();
        end(&mut target, itt, status);
        assert_eq!(target.sent(), []);
        let is_full = matches!(status, ScsiStatus::BUSY | ScsiStatus::TASK_SET_FULL);
        assert_eq!(target.session.queue_depth(LUN), is_full.then_some(1));
    }
}

/// A unit that refuses the fifth of five commands takes four at a time, and five after four have ended well. Another unit
/// takes as many as before, and their numbers have no gap.
#[test]
fn cmd_09_the_depth_of_a_full_unit() {
    for status in [ScsiStatus::BUSY, ScsiStatus::TASK_SET_FULL] {
        let mut target = Target::new(parameters());
        let first = submit(&mut target, &[LUN], 5);
        target.sent();
        end(&mut target, first[4], status);
        assert_eq!(target.session.queue_depth(LUN), Some(4));
        let later = submit(&mut target, &[LUN, OTHER_LUN], 6);
        let commands = target.commands();
        assert!(commands.len() == 6 && commands.iter().all(|command| command.lun == OTHER_LUN));
        let numbers = (FIRST_CMD_SN + 5..).take(6);
        assert!(commands.iter().map(|command| command.cmd_sn.0).eq(numbers));
        for done in 0..3 {
            end(&mut target, first[done], ScsiStatus::GOOD);
            assert_eq!(tags(&target.commands()), [later[2 * done]]);
        }
        end(&mut target, first[3], ScsiStatus::GOOD);
        assert_eq!(target.session.queue_depth(LUN), Some(5));
        assert_eq!(tags(&target.commands()), [later[6], later[8]]);
    }
}

/// Commands that end badly, that are aborted or whose outcome nobody wants make room, but do not raise the depth.
#[test]
fn cmd_09_commands_that_make_room() {
    let mut target = Target::new(parameters());
    let first = submit(&mut target, &[LUN], 4);
    target.sent();
    end(&mut target, first[3], ScsiStatus::TASK_SET_FULL);
    let later = submit(&mut target, &[LUN], 3);
    assert_eq!(target.sent(), []);
    end(&mut target, first[0], ScsiStatus::CHECK_CONDITION);
    assert_eq!(tags(&target.commands()), [later[0]]);
    target.session.abandon(first[1]);
    let failed = ScsiResponse {
        response: ScsiResponseCode::TARGET_FAILURE,
        ..target.response(first[1], ScsiStatus::GOOD)
    };
    target.respond(failed).unwrap();
    assert_eq!(tags(&target.commands()), [later[1]]);
    let management = target.manage(TaskManagement::AbortTask(first[2])).itt;
    target.managed(management, 0).unwrap();
    assert_eq!(tags(&target.commands()), [later[2]]);
    assert_eq!(target.session.queue_depth(LUN), Some(3));
}

/// A queued command that is aborted was none of those in flight.
#[test]
fn cmd_09_a_queued_command_that_is_aborted() {
    let mut target = Target::new(parameters());
    let first = submit(&mut target, &[LUN], 2);
    target.sent();
    end(&mut target, first[1], ScsiStatus::BUSY);
    let later = submit(&mut target, &[LUN], 2);
    assert_eq!(target.session.abort(later[0], NOW), None);
    assert_eq!(target.sent(), []);
    target.good(first[0]).unwrap();
    assert_eq!(target.outcomes().len(), 2);
    assert_eq!(tags(&target.commands()), [later[1]]);
}

/// A text request passes commands that wait for their unit.
#[test]
fn cmd_09_a_text_request_passes_a_full_unit() {
    let mut target = Target::new(parameters());
    let first = submit(&mut target, &[LUN], 2);
    target.sent();
    end(&mut target, first[1], ScsiStatus::BUSY);
    submit(&mut target, &[LUN], 1);
    target.ask(b"SendTargets=\0");
    assert!(matches!(target.sent()[..], [InitiatorPdu::TextRequest(_)]));
}

/// A command that waits for its unit beyond its limit was never sent, and the one in flight is left alone.
#[test]
fn cmd_09_tmf_09_a_command_that_waits_too_long_for_its_unit() {
    let mut target = Target::new(parameters());
    target.pass(MINUTE / 2);
    let first = submit(&mut target, &[LUN], 2);
    target.sent();
    end(&mut target, first[1], ScsiStatus::BUSY);
    let request = Request::command(LUN, crate::scsi::TestUnitReady.into());
    let waiting = target.session.submit_since(request, NOW);
    target.pass(MINUTE);
    let ping = target.nop_outs().remove(0);
    target.pong(&ping).unwrap();
    assert_eq!(target.outcomes(), [(waiting, aborted(AbortCause::Timeout, Extent::NotSent))]);
    assert_eq!(target.sent(), []);
    end(&mut target, first[0], ScsiStatus::GOOD);
}

/// A session ends with a unit that is full.
#[test]
fn cmd_09_lgo_08_the_end_of_a_session_with_a_full_unit() {
    let mut target = Target::new(parameters());
    let first = submit(&mut target, &[LUN], 2);
    target.sent();
    end(&mut target, first[1], ScsiStatus::BUSY);
    let waiting = submit(&mut target, &[LUN], 1)[0];
    target.session.fail(Failure::Lost("reset".to_owned()));
    assert_eq!(target.outcomes(), [first[0], waiting].map(|itt| (itt, Outcome::SessionOver)));
}
