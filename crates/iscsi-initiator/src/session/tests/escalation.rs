//! Steps against a command that has no response within its limit (rows TMF).

use iscsi_pdu::{RejectReason, TaskManagementFunction};

use super::unasked::{goes_on, reject};
use super::*;
use crate::session::Silence;

const ONE_COMMAND: Silence = Silence { operation: Some("TEST"), logout_requested: false, limit: MINUTE };
pub(super) const TIMEOUT: AbortCause = AbortCause::Timeout;

impl Target {
    /// Lets it be this time, and takes the only function that is sent then: its tag, and its code.
    fn next_function(&mut self, now: Duration) -> (InitiatorTaskTag, u8) {
        self.pass(now);
        let sent = self.managements();
        let [management] = &sent[..] else { panic!("{sent:?}") };
        (management.itt, management.function.0)
    }

    /// A command that was sent and has reached its limit, and the ping of the first step.
    fn overdue(parameters: Parameters) -> (Self, InitiatorTaskTag, NopOut) {
        let mut target = Self::new(parameters);
        let itt = target.submit(Transfer::None, true);
        target.sent();
        target.pass(just_before(MINUTE));
        assert_eq!(target.sent(), []);
        target.pass(MINUTE);
        let pings = target.nop_outs();
        let [ping] = &pings[..] else { panic!("{pings:?}") };
        (target, itt, ping.clone())
    }

    /// An overdue command whose ABORT TASK was sent, with the tag of that.
    fn aborting() -> (Self, InitiatorTaskTag, InitiatorTaskTag) {
        let (mut target, itt, ping) = Self::overdue(parameters());
        target.pong(&ping).unwrap();
        let (management, code) = target.next_function(MINUTE);
        assert_eq!(code, 1);
        (target, itt, management)
    }

    /// An overdue command of whose unit the reset was sent, with the tag of that.
    fn resetting() -> (Self, InitiatorTaskTag, InitiatorTaskTag) {
        let (mut target, itt, management) = Self::aborting();
        target.managed(management, 255).unwrap();
        let (management, code) = target.next_function(MINUTE);
        assert_eq!(code, 5);
        (target, itt, management)
    }

    #[track_caller]
    fn has_failed_by(&self, silence: Silence) {
        assert_eq!(self.session.end(), Some(&End::Failed(Failure::Silent(silence))));
        assert_eq!(self.session.next_deadline(), None);
    }
}

/// The target answers the ping, and aborts the command.
#[test]
fn tmf_09_an_overdue_command_is_aborted() {
    for (code, extent) in [(0, Extent::Aborted), (1, Extent::Unknown)] {
        let (mut target, itt, management) = Target::aborting();
        target.managed(management, code).unwrap();
        assert_eq!(target.outcomes(), [(itt, aborted(TIMEOUT, extent))]);
        assert_eq!((target.session.next_deadline(), target.sent()), (None, Vec::new()));
        target.good(itt).unwrap();
        goes_on(&mut target);
    }
}

/// Each step has its own limit. The last one ends the session.
#[test]
fn tmf_09_tmf_10_a_target_that_answers_only_the_ping() {
    let (mut target, itt, _) = Target::aborting();
    let reset = MINUTE + LIMITS.abort;
    target.pass(just_before(reset));
    assert_eq!(target.sent(), []);
    assert_eq!(target.next_function(reset).1, 5);
    target.pass(just_before(reset + LIMITS.reset));
    assert_eq!((target.session.is_open(), target.outcomes()), (true, Vec::new()));
    target.pass(reset + LIMITS.reset);
    target.has_failed_by(ONE_COMMAND);
    assert_eq!(target.outcomes(), [(itt, Outcome::SessionOver)]);
}

/// A refused reset ends the session at once, a granted one all commands of the unit, which were not all overdue.
#[test]
fn tmf_10_tmf_16_the_answer_to_the_reset() {
    let (mut target, _, management) = Target::resetting();
    target.managed(management, 5).unwrap_err();
    target.has_failed_by(ONE_COMMAND);

    let (mut target, itt, abort) = Target::aborting();
    let other = target.submit(Transfer::None, true);
    target.sent();
    target.managed(abort, 6).unwrap();
    let management = target.managements().remove(0);
    assert_eq!((management.function, management.lun), (TaskManagementFunction::LOGICAL_UNIT_RESET, LUN));
    target.managed(management.itt, 0).unwrap();
    let by_reset = AbortCause::Requested("LOGICAL UNIT RESET");
    let causes = [(itt, TIMEOUT), (other, by_reset)];
    assert_eq!(target.outcomes(), causes.map(|(itt, cause)| (itt, aborted(cause, Extent::Aborted))));
    goes_on(&mut target);
}

/// The command ends by itself during each step, and no other step follows the answer.
#[test]
fn tmf_09_a_command_that_ends_during_a_step() {
    let (mut target, itt, ping) = Target::overdue(parameters());
    target.good(itt).unwrap();
    target.completion(itt);
    target.pong(&ping).unwrap();
    assert!(target.session.escalation.is_none());
    goes_on(&mut target);
    for begin in [Target::aborting, Target::resetting] {
        for code in [0, 1, 5, 255] {
            let (mut target, itt, management) = begin();
            target.good(itt).unwrap();
            target.completion(itt);
            target.managed(management, code).unwrap();
            assert_eq!((target.outcomes(), target.sent()), (Vec::new(), Vec::new()));
            assert!(target.session.escalation.is_none() && target.session.next_deadline().is_none());
            goes_on(&mut target);
        }
    }
}

/// Neither does one follow the end of its limit.
#[test]
fn tmf_09_a_command_that_ends_during_a_step_without_an_answer() {
    for (begin, limit) in [(Target::aborting as fn() -> _, LIMITS.abort), (Target::resetting, LIMITS.reset)] {
        let (mut target, itt, management) = begin();
        target.good(itt).unwrap();
        target.completion(itt);
        target.now = MINUTE + LIMITS.abort;
        target.pass(MINUTE + limit.max(LIMITS.abort));
        assert_eq!((target.session.is_open(), target.sent()), (true, Vec::new()));
        assert!(target.session.escalation.is_none());
        target.managed(management, 0).unwrap();
        goes_on(&mut target);
    }
    // A ping without an answer is a lost connection all the same, and the error names it.
    let (mut target, itt, _) = Target::overdue(parameters());
    target.good(itt).unwrap();
    target.pass(MINUTE + LIMITS.ping);
    let limit = LIMITS.ping;
    target.has_failed_by(Silence { operation: Some("ping"), logout_requested: false, limit });
}

/// A rejected function is answered: the reset follows an abort, and the end of the session a reset. A rejected ping shows that
/// the target is there.
#[test]
fn tmf_10_rejected_steps() {
    let reason = RejectReason::COMMAND_NOT_SUPPORTED;
    let (mut target, _, ping) = Target::overdue(parameters());
    reject(&mut target, &InitiatorPdu::NopOut(ping), reason).unwrap();
    for code in [1, 5] {
        let sent = target.managements().remove(0);
        assert_eq!(sent.function.0, code);
        assert!(target.session.end().is_none());
        let refused = reject(&mut target, &InitiatorPdu::TaskManagementRequest(sent), reason);
        assert_eq!(refused.is_err(), code == 5);
    }
    target.has_failed_by(ONE_COMMAND);
}

/// A Reject whose header does not fit the request that its tag names ends nothing, and the escalation goes on.
#[test]
fn tmf_10_rej_05_a_reject_with_the_tag_of_a_step() {
    let (mut target, itt, management) = Target::aborting();
    let command = target.submit(Transfer::None, true);
    let sent = InitiatorPdu::ScsiCommand(target.commands().remove(0)).encode().bhs;
    for (tag, opcode) in [(management, 0x01), (itt, 0x42)] {
        let mut header = *sent.as_bytes();
        header[0] = opcode;
        header[16..20].copy_from_slice(&tag.0.to_be_bytes());
        let data = Bytes::copy_from_slice(&header);
        let (reason, numbers) = (RejectReason::PROTOCOL_ERROR, target.status_numbers());
        target.receive(TargetPdu::Reject(iscsi_pdu::Reject { reason, numbers, data_sn: 0, data })).unwrap();
    }
    assert_eq!((target.outcomes(), target.sent()), (Vec::new(), Vec::new()));
    target.managed(management, 0).unwrap();
    assert_eq!(target.outcomes(), [(itt, aborted(TIMEOUT, Extent::Aborted))]);
    target.good(command).unwrap();
}

/// Nobody waits for the command any more. It is aborted all the same, and its tag is free afterwards.
#[test]
fn tmf_09_an_abandoned_command() {
    let (mut target, itt, ping) = Target::overdue(parameters());
    target.session.abandon(itt);
    target.pong(&ping).unwrap();
    let management = target.managements().remove(0);
    assert_eq!(management.referenced_task_tag, itt);
    target.managed(management.itt, 0).unwrap();
    assert_eq!((target.outcomes(), target.session.in_flight()), (Vec::new(), 0));
    target.good(itt).unwrap();
    goes_on(&mut target);
}

/// The abort of a caller ends the command before the step is sent, which then is not.
#[test]
fn tmf_09_a_command_that_a_caller_aborts_meanwhile() {
    let (mut target, itt, ping) = Target::overdue(parameters());
    let management = target.session.abort(itt, MINUTE).unwrap();
    target.pong(&ping).unwrap();
    assert_eq!(target.managements()[0].itt, management);
    target.managed(management, 0).unwrap();
    assert_eq!(target.outcomes().len(), 2);
    assert_eq!((target.sent(), target.session.next_deadline()), (Vec::new(), None));
    assert!(target.session.escalation.is_none());
}
