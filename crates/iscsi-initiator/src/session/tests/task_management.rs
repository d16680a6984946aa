//! Task management functions and their answers (rows TMF).

use iscsi_pdu::TaskManagementFunction;

use super::unasked::goes_on;
use super::*;
use crate::session::ManagementResponse;

pub(super) const OTHER_LUN: Lun = Lun([0, 4, 0, 0, 0, 0, 0, 0]);
pub(super) const UNITS: [fn(Lun) -> TaskManagement; 3] =
    [TaskManagement::AbortTaskSet, TaskManagement::ClearTaskSet, TaskManagement::LogicalUnitReset];

/// The answer to a function that has no more to say than this code.
pub(super) const fn answered(code: u8) -> Outcome {
    let code = TaskManagementResponseCode(code);
    Outcome::Managed(Some(ManagementResponse { code, additional_information: [0; 3] }))
}

pub(super) fn by(function: TaskManagement) -> Outcome {
    aborted(AbortCause::Requested(function.name()), Extent::Aborted)
}

/// The fields of every function, those of level 2 included.
#[test]
fn tmf_01_tmf_02_tmf_03_fields_of_the_functions() {
    let none = InitiatorTaskTag::RESERVED;
    let mut target = Target::new(parameters());
    target.read(512);
    let task = target.read(512);
    let functions = [
        (TaskManagement::AbortTask(task), 1, LUN, task),
        (TaskManagement::AbortTaskSet(OTHER_LUN), 2, OTHER_LUN, none),
        (TaskManagement::ClearAca(OTHER_LUN), 3, OTHER_LUN, none),
        (TaskManagement::ClearTaskSet(OTHER_LUN), 4, OTHER_LUN, none),
        (TaskManagement::LogicalUnitReset(OTHER_LUN), 5, OTHER_LUN, none),
        (TaskManagement::TargetWarmReset, 6, Lun::ZERO, none),
        (TaskManagement::TargetColdReset, 7, Lun::ZERO, none),
        (TaskManagement::QueryTask(task), 9, LUN, task),
        (TaskManagement::QueryTaskSet(OTHER_LUN), 10, OTHER_LUN, none),
        (TaskManagement::ItNexusReset, 11, Lun::ZERO, none),
        (TaskManagement::QueryAsynchronousEvent(OTHER_LUN), 12, OTHER_LUN, none),
    ];
    for (function, code, lun, named) in functions {
        let sent = target.manage(function);
        assert_eq!((sent.function, sent.lun), (TaskManagementFunction(code), lun), "{}", function.name());
        assert_eq!(sent.referenced_task_tag, named);
        // The first command has number 100, so the second one 101.
        assert_eq!(sent.ref_cmd_sn.0, if named.is_valid() { FIRST_CMD_SN + 1 } else { 0 });
        assert_eq!((sent.immediate, sent.exp_data_sn.0), (true, 0));
        assert_eq!(function.protocol_level(), if code >= 9 { 2 } else { 1 });
        target.managed(sent.itt, 5).unwrap();
    }
}

/// A function carries the number of the next command, and leaves it to that one, even while the window is closed.
#[test]
fn num_03_num_08_functions_use_up_no_number() {
    let mut target = Target::with_window(parameters(), 1);
    target.read(512);
    target.submit(Transfer::None, true);
    target.numbers.max_cmd_sn = SerialNumber(FIRST_CMD_SN);
    for _ in 0..2 {
        let sent = target.manage(TaskManagement::LogicalUnitReset(OTHER_LUN));
        assert_eq!(sent.cmd_sn, SerialNumber(FIRST_CMD_SN + 1));
        target.managed(sent.itt, 0).unwrap();
        target.outcomes();
    }
}

/// All data are sent for the R2Ts of a task until its function is complete, one that comes after the request included.
#[test]
fn tmf_05_dat_11_pl2_09_r2ts_of_tasks_to_be_aborted_are_answered() {
    let all = [TaskManagement::TargetWarmReset, TaskManagement::ItNexusReset];
    for function in UNITS.map(|function| function(LUN)).into_iter().chain(all) {
        let mut target = Target::new(solicited_only());
        let write = target.write(100_000);
        let before = target.r2t(write, 0, 0, 70_000);
        target.receive(TargetPdu::R2t(before)).unwrap();
        target.begin(Request::management(function));
        let sent = target.sent();
        let [InitiatorPdu::TaskManagementRequest(management), data @ ..] = &sent[..] else {
            panic!("{sent:?}")
        };
        assert_eq!(data.len(), 2);
        let data = target.solicit(write, 1, 70_000, 30_000);
        assert!(data.len() == 1 && data[0].is_final && data[0].data.len() == 30_000);
        target.managed(management.itt, 0).unwrap();
        assert_eq!(target.outcomes(), [(write, by(function)), (management.itt, answered(0))]);
    }
}

/// Responses between a function and its answer count as usual, for one task and for all of a unit.
#[test]
fn tmf_05_responses_before_the_answer_count() {
    for (is_set, code) in [(false, 0), (false, 1), (true, 0)] {
        let mut target = Target::new(parameters());
        let itt = target.submit(Transfer::None, true);
        target.sent();
        let function =
            if is_set { TaskManagement::AbortTaskSet(LUN) } else { TaskManagement::AbortTask(itt) };
        let management = target.manage(function).itt;
        target.good(itt).unwrap();
        target.completion(itt);
        target.managed(management, code).unwrap();
        assert_eq!(target.outcomes(), [(management, answered(code))]);
        goes_on(&mut target);
    }
}

/// Only codes 0 and 1 end tasks.
#[test]
fn tmf_08_codes_of_the_answer() {
    for code in [0, 1, 2, 3, 4, 5, 6, 7, 8, 254, 255] {
        let mut target = Target::new(parameters());
        let itt = target.submit(Transfer::None, true);
        target.sent();
        let management = target.manage(TaskManagement::AbortTask(itt)).itt;
        target.managed(management, code).unwrap();
        let mut outcomes = target.outcomes();
        assert_eq!(outcomes.pop(), Some((management, answered(code))));
        let cause = AbortCause::Requested("ABORT TASK");
        match code {
            0 => assert_eq!(outcomes, [(itt, aborted(cause, Extent::Aborted))]),
            1 => assert_eq!(outcomes, [(itt, aborted(cause, Extent::Unknown))]),
            _ => {
                assert_eq!(outcomes, []);
                target.good(itt).unwrap();
                target.completion(itt);
            }
        }
        goes_on(&mut target);
    }
}

/// TMF-08: that a task does not exist says nothing of the tasks of a unit, which go on.
#[test]
fn tmf_08_a_function_for_many_tasks_that_finds_no_task() {
    for function in [TaskManagement::AbortTaskSet(LUN), TaskManagement::LogicalUnitReset(LUN)] {
        let mut target = Target::new(parameters());
        let itt = target.submit(Transfer::None, true);
        target.sent();
        let management = target.manage(function).itt;
        target.managed(management, 1).unwrap();
        assert_eq!(target.outcomes(), [(management, answered(1))]);
        target.good(itt).unwrap();
        target.completion(itt);
    }
}

/// Whatever comes for a concluded task uses up its status number, and reaches nobody.
#[test]
fn tmf_13_late_pdus_of_concluded_tasks() {
    for takes_outcome in [false, true] {
        let mut target = Target::new(solicited_only());
        let (read, write) = (target.read(1024), target.write(1024));
        let management = target.manage(TaskManagement::AbortTaskSet(LUN)).itt;
        target.managed(management, 0).unwrap();
        if takes_outcome {
            assert_eq!(target.outcomes().len(), 3);
        }
        let late = target.data_in(read, 0, 0, 512);
        target.receive(TargetPdu::DataIn(late)).unwrap();
        let late = target.last_data_in(read, 1, 512, 512);
        target.receive(TargetPdu::DataIn(late)).unwrap();
        assert_eq!(target.solicit(write, 0, 0, 1024), []);
        let late = target.response(write, ScsiStatus::CHECK_CONDITION);
        target.respond(late).unwrap();
        assert_eq!(target.outcomes().len(), if takes_outcome { 0 } else { 3 });
        goes_on(&mut target);
    }
}

/// The last 512 concluded tasks are known. A PDU for one before is an error of the target.
#[test]
fn tmf_13_as_many_concluded_tasks_as_are_remembered() {
    for (concluded, is_known) in [(512, true), (513, false)] {
        let mut target = Target::with_window(parameters(), 1000);
        let tasks: Vec<_> = (0..concluded).map(|_| target.read(512)).collect();
        let management = target.manage(TaskManagement::LogicalUnitReset(LUN)).itt;
        target.managed(management, 0).unwrap();
        assert_eq!(target.outcomes().len(), concluded + 1);
        assert_eq!(target.good(tasks[0]).is_ok(), is_known);
    }
}

/// A function about another function, about nothing, and about a command that has ended or was not sent: the target is not
/// bothered with it, and the functions behind it are sent.
#[test]
fn tmf_02_tmf_14_pl2_06_functions_about_no_command_of_the_target() {
    let mut target = Target::with_window(parameters(), 1);
    let ended = target.submit(Transfer::None, true);
    target.sent();
    target.good(ended).unwrap();
    target.read(512);
    let queued = target.submit(Transfer::None, true);
    let management = target.manage(TaskManagement::ClearAca(LUN)).itt;
    target.outcomes();
    let mut functions = Vec::new();
    for named in [ended, queued, management, InitiatorTaskTag(77)] {
        for function in [TaskManagement::AbortTask(named), TaskManagement::QueryTask(named)] {
            functions.push(target.begin(Request::management(function)));
        }
    }
    let last = target.begin(Request::management(TaskManagement::TargetWarmReset));
    assert_eq!(target.managements(), []);
    target.managed(management, 0).unwrap();
    assert_eq!(target.managements()[0].itt, last);
    let expected = functions.into_iter().zip([1, 0].map(answered).into_iter().cycle());
    assert_eq!(target.outcomes()[1..], expected.collect::<Vec<_>>());
}

/// One function at a time is under way, in the order of submission.
#[test]
fn num_19_one_function_at_a_time() {
    let mut target = Target::new(parameters());
    let functions = [1, 2, 3].map(|_| target.begin(Request::management(TaskManagement::ClearAca(LUN))));
    for itt in functions {
        let sent = target.managements();
        assert_eq!((sent.len(), sent[0].itt), (1, itt));
        target.managed(itt, 0).unwrap();
    }
    assert_eq!(target.managements(), []);
}

/// A function without an answer in time ends, one nanosecond before it does not; the next one is sent, and the answer that
/// comes too late ends no task.
#[test]
fn tmf_10_a_function_without_an_answer() {
    let mut target = Target::new(parameters());
    let itt = target.submit(Transfer::None, true);
    target.sent();
    let late = target.manage(TaskManagement::AbortTask(itt)).itt;
    let end = LIMITS.abort;
    target.pass(just_before(end));
    let next = target.begin(Request::management(TaskManagement::ClearAca(LUN)));
    assert_eq!((target.outcomes(), target.managements()), (Vec::new(), Vec::new()));
    target.pass(end);
    assert_eq!(target.outcomes(), [(late, Outcome::Managed(None))]);
    assert_eq!(target.managements()[0].itt, next);
    target.managed(late, 0).unwrap();
    assert_eq!(target.outcomes(), []);
    target.managed(next, 0).unwrap();
    target.good(itt).unwrap();
    assert_eq!(target.outcomes().len(), 2);
}
