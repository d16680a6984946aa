//! Tasks that a task management function covers, and the ends that it brings (rows TMF, PL2).

use iscsi_pdu::{RejectReason, TextResponse};

use super::task_management::{OTHER_LUN, UNITS, answered, by};
use super::unasked::{goes_on, reject};
use super::*;
use crate::session::ManagementResponse;

/// A command of another unit than the others.
fn command_of_other_unit(target: &mut Target) -> InitiatorTaskTag {
    let itt = target.begin(Request::command(OTHER_LUN, crate::scsi::TestUnitReady.into()));
    target.sent();
    itt
}

/// A caller aborts a command: one that was not sent ends at once and leaves no gap, another by ABORT TASK; what is no command
/// is not aborted.
#[test]
fn tmf_02_tmf_15_a_caller_aborts_a_command() {
    let mut target = Target::with_window(parameters(), 1);
    let sent = target.read(512);
    let queued = [(); 2].map(|()| target.submit(Transfer::None, true));
    assert_eq!(target.session.abort(queued[0], NOW), None);
    assert_eq!(target.sent(), []);
    let cause = AbortCause::Requested("ABORT TASK");
    assert_eq!(target.outcomes(), [(queued[0], aborted(cause, Extent::NotSent))]);
    let management = target.session.abort(sent, NOW).unwrap();
    assert_eq!(target.managements()[0].itt, management);
    assert_eq!(target.session.abort(management, NOW), None);
    // The target had not received the command. Its number counts as received, and the next command has the next number.
    target.numbers.max_cmd_sn = target.numbers.exp_cmd_sn;
    target.managed(management, 0).unwrap();
    assert_eq!(target.outcomes(), [(sent, aborted(cause, Extent::Aborted)), (management, answered(0))]);
    let commands = target.commands();
    assert_eq!((commands.len(), commands[0].itt, commands[0].cmd_sn.0), (1, queued[1], FIRST_CMD_SN + 1));
    assert_eq!([sent, queued[0]].map(|itt| target.session.abort(itt, NOW)), [None; 2], "they have ended");
}

/// All commands are aborted: those that were not sent end at once, the others by an ABORT TASK each. A text exchange goes on.
#[test]
fn a_caller_aborts_all_commands() {
    let mut target = Target::with_window(parameters(), 3);
    target.ask(b"SendTargets=\0");
    let commands = [(); 3].map(|()| target.submit(Transfer::None, true));
    assert_eq!(target.commands().len(), 2);
    let functions = target.session.abort_all(NOW);
    let not_sent = aborted(AbortCause::Requested("ABORT TASK"), Extent::NotSent);
    assert_eq!(target.outcomes(), [(commands[2], not_sent)]);
    assert_eq!(functions.len(), 2);
    for (function, task) in functions.into_iter().zip(commands) {
        let request = target.managements().remove(0);
        assert_eq!((request.itt, request.referenced_task_tag), (function, task));
        target.managed(function, 0).unwrap();
    }
    assert_eq!((target.outcomes().len(), target.session.in_flight()), (4, 1));
}

/// A function covers the commands that were sent before it, to its unit or to all units; queued ones go on.
#[test]
fn tmf_16_pl2_09_commands_that_a_function_covers() {
    let all =
        [TaskManagement::TargetWarmReset, TaskManagement::TargetColdReset, TaskManagement::ItNexusReset];
    for (function, covers_all) in
        UNITS.map(|function| (function(LUN), false)).into_iter().chain(all.map(|function| (function, true)))
    {
        let mut target = Target::with_window(parameters(), 3);
        let mut covered = vec![target.submit(Transfer::None, true)];
        target.sent();
        let other = command_of_other_unit(&mut target);
        covered.extend(covers_all.then_some(other));
        let management = target.manage(function).itt;
        let after = target.submit(Transfer::None, true);
        target.sent();
        let queued = target.submit(Transfer::None, true);
        target.numbers.max_cmd_sn = target.numbers.exp_cmd_sn.minus(1);
        target.managed(management, 0).unwrap();
        let mut expected: Vec<_> = covered.into_iter().map(|itt| (itt, by(function))).collect();
        expected.push((management, answered(0)));
        assert_eq!(target.outcomes(), expected);
        target.numbers.max_cmd_sn = target.numbers.exp_cmd_sn;
        target.good(after).unwrap();
        target.completion(after);
        assert_eq!(target.commands().len(), 1);
        target.good(queued).unwrap();
        target.completion(queued);
    }
}

/// A text exchange is no command, and CLEAR ACA and the queries end none.
#[test]
fn tmf_16_pl2_07_functions_that_end_no_command() {
    let functions = [
        TaskManagement::ClearAca,
        TaskManagement::QueryTaskSet,
        TaskManagement::QueryAsynchronousEvent,
        |_| TaskManagement::TargetWarmReset,
    ];
    for (function, code) in functions.iter().flat_map(|function| [(function, 0), (function, 7)]) {
        let mut target = Target::new(parameters());
        let text = target.ask(b"SendTargets=\0");
        target.sent();
        let management = target.manage(function(LUN)).itt;
        target.managed(management, code).unwrap();
        assert_eq!(target.outcomes(), [(management, answered(code))]);
        let answer = TextResponse {
            is_final: true,
            continues: false,
            lun: Lun::ZERO,
            itt: text,
            ttt: TargetTransferTag::RESERVED,
            numbers: target.status_numbers(),
            text: Bytes::new(),
        };
        target.receive(TargetPdu::TextResponse(answer)).unwrap();
        assert_eq!(target.outcomes(), [(text, Outcome::Text(Bytes::new()))]);
    }
}

/// Whatever a query says, with three bytes more, its tasks are answered afterwards.
#[test]
fn pl2_07_answers_to_queries() {
    for code in [0, 1, 5, 7] {
        let mut target = Target::new(parameters());
        let itt = target.submit(Transfer::None, true);
        target.sent();
        let management = target.manage(TaskManagement::QueryTask(itt)).itt;
        let response = TaskManagementResponseCode(code);
        let (additional_information, numbers) = ([3, 0, 77], target.status_numbers());
        let pdu = TaskManagementResponse { response, additional_information, itt: management, numbers };
        target.receive(TargetPdu::TaskManagementResponse(pdu)).unwrap();
        let response = ManagementResponse { code: response, additional_information };
        assert_eq!(target.outcomes(), [(management, Outcome::Managed(Some(response)))]);
        target.good(itt).unwrap();
        target.completion(itt);
    }
}

/// A function of level 2 that the target does not have, and one that it rejects although it may not.
#[test]
fn pl2_08_functions_that_the_target_does_not_have() {
    let mut target = Target::new(parameters());
    let itt = target.submit(Transfer::None, true);
    target.sent();
    let management = target.manage(TaskManagement::ItNexusReset);
    target.managed(management.itt, 5).unwrap();
    assert_eq!(target.outcomes(), [(management.itt, answered(5))]);
    let management = target.manage(TaskManagement::QueryTaskSet(LUN));
    let tag = management.itt;
    let reason = RejectReason::COMMAND_NOT_SUPPORTED;
    reject(&mut target, &InitiatorPdu::TaskManagementRequest(management), reason).unwrap();
    assert_eq!(target.outcomes(), [(tag, Outcome::Rejected(reason))]);
    target.good(itt).unwrap();
    target.completion(itt);
    goes_on(&mut target);
}

/// The connection ends without an answer to a reset of the target: the tasks and the function end with the session.
#[test]
fn tmf_18_pl2_05_a_cold_reset_ends_the_session() {
    for function in [TaskManagement::TargetColdReset, TaskManagement::ItNexusReset] {
        let mut target = Target::with_window(parameters(), 1);
        let (sent, queued) = (target.read(512), target.submit(Transfer::None, true));
        let management = target.manage(function).itt;
        let waiting = target.begin(Request::management(TaskManagement::TargetWarmReset));
        target.session.fail(Failure::Lost("reset".to_owned()));
        let tags = [sent, queued, management, waiting];
        assert_eq!(target.outcomes(), tags.map(|itt| (itt, Outcome::SessionOver)));
        assert_eq!((target.sent(), target.session.next_deadline()), (Vec::new(), None));
    }
}
