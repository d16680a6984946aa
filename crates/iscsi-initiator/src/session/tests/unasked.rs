//! Unsolicited PDUs of the target: pings, asynchronous messages, rejects (rows NOP, ASY, REJ).

use iscsi_pdu::{AsyncEvent, AsyncMessage, Reject, RejectReason};

use super::*;
use crate::session::logout::LogoutState;

pub(super) fn ping(target: &Target, ttt: u32) -> NopIn {
    let (itt, data) = (InitiatorTaskTag::RESERVED, Bytes::new());
    NopIn { lun: LUN, itt, ttt: TargetTransferTag(ttt), numbers: target.numbers, data }
}

pub(super) fn event(target: &mut Target, event: u8) -> AsyncMessage {
    AsyncMessage {
        lun: LUN,
        numbers: target.status_numbers(),
        event: AsyncEvent(event),
        vendor_code: 9,
        parameter1: 0,
        parameter2: 0,
        parameter3: 0,
        sense: Bytes::from_static(if event == 0 { SENSE } else { &[] }),
        event_data: Bytes::from_static(b"whatever a vendor has to say"),
    }
}

/// The target refuses this PDU.
pub(super) fn reject(target: &mut Target, pdu: &InitiatorPdu, reason: RejectReason) -> Result<(), Failure> {
    let data = Bytes::copy_from_slice(pdu.encode().bhs.as_bytes());
    reject_data(target, data, reason)
}

fn reject_data(target: &mut Target, data: Bytes, reason: RejectReason) -> Result<(), Failure> {
    let numbers = target.status_numbers();
    target.receive(TargetPdu::Reject(Reject { reason, numbers, data_sn: 0, data }))
}

/// The session goes on: a command is sent with the next number, and answered.
#[track_caller]
pub(super) fn goes_on(target: &mut Target) {
    let itt = target.submit(Transfer::None, true);
    let expected = target.numbers;
    let commands = target.commands();
    let [command] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!((command.cmd_sn, command.exp_stat_sn), (expected.exp_cmd_sn, expected.stat_sn));
    target.good(itt).unwrap();
    target.completion(itt);
}

#[test]
fn nop_01_nop_04_nop_08_the_answer_to_a_ping() {
    let mut target = Target::new(parameters());
    for ttt in [0, 1, 0xffff_fffe] {
        let ping = ping(&target, ttt);
        target.receive(TargetPdu::NopIn(ping)).unwrap();
        let answers = target.nop_outs();
        let [answer] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!(
            (answer.itt, answer.ttt, answer.lun),
            (InitiatorTaskTag::RESERVED, TargetTransferTag(ttt), LUN)
        );
        assert_eq!((answer.immediate, answer.data.len()), (true, 0));
        goes_on(&mut target);
    }
}

/// An update of the window is not answered.
#[test]
fn nop_02_other_nop_ins_are_not_answered() {
    let mut target = Target::new(parameters());
    let news = ping(&target, u32::MAX);
    target.receive(TargetPdu::NopIn(news)).unwrap();
    assert_eq!(target.sent(), []);
}

/// Two with the same status number, and then a response with it.
#[test]
fn nop_05_an_unsolicited_nop_in_uses_up_no_status_number() {
    let mut target = Target::new(parameters());
    for ttt in [7, u32::MAX] {
        let ping = ping(&target, ttt);
        target.receive(TargetPdu::NopIn(ping)).unwrap();
    }
    target.sent();
    goes_on(&mut target);
}

/// The data of a ping are sent back, as far as a segment of the target takes them. An update of the window is not answered.
#[test]
fn nop_09_data_of_unsolicited_nop_ins() {
    for (length, echoed) in [(0, 0), (4, 4), (512, 512), (513, 512)] {
        let mut parameters = parameters();
        parameters.max_send_data_segment_length = 512;
        let mut target = Target::new(parameters);
        let loaded = NopIn { data: pattern(length), ..ping(&target, 1) };
        target.receive(TargetPdu::NopIn(loaded.clone())).unwrap();
        assert_eq!(target.nop_outs().remove(0).data, pattern(echoed));
        assert_eq!(target.session.deviations().len(), usize::from(length > 0));
        let update = NopIn { ttt: TargetTransferTag::RESERVED, ..loaded };
        target.receive(TargetPdu::NopIn(update)).unwrap();
        assert_eq!(target.nop_outs(), []);
    }
    let mut target = Target::strict(parameters());
    let loaded = NopIn { data: pattern(4), ..ping(&target, 1) };
    assert_eq!(broken_rule(target.receive(TargetPdu::NopIn(loaded))), (4, 0));
}

#[test]
fn tag_05_an_answer_to_a_ping_that_was_never_sent() {
    // An answer to a ping that was never sent.
    let mut target = Target::new(parameters());
    let answer = NopIn { itt: InitiatorTaskTag(5), ..ping(&target, u32::MAX) };
    assert_eq!(broken_rule(target.receive(TargetPdu::NopIn(answer))), (5, 0));
}

/// At most sixteen pings wait for their answer.
#[test]
fn pings_are_bounded() {
    let mut target = Target::new(parameters());
    for ttt in 0..100 {
        let ping = ping(&target, ttt);
        target.receive(TargetPdu::NopIn(ping)).unwrap();
    }
    assert_eq!(target.nop_outs().len(), 16);
}

#[test]
fn asy_01_events_use_up_a_status_number() {
    let mut target = Target::new(parameters());
    let event = event(&mut target, 255);
    target.receive(TargetPdu::AsyncMessage(event)).unwrap();
    goes_on(&mut target);
}

/// The logout is sent at once, before queued requests, and no command after it, whatever time the target grants.
#[test]
fn asy_02_the_target_asks_for_a_logout() {
    for seconds in [0, 1, 3600] {
        let mut target = Target::new(parameters());
        let waiting = target.submit(Transfer::None, true);
        let event = AsyncMessage { parameter3: seconds, ..event(&mut target, 1) };
        target.receive(TargetPdu::AsyncMessage(event)).unwrap();
        let sent = target.sent();
        let [InitiatorPdu::LogoutRequest(logout)] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!(target.session.logout, LogoutState::Sent(LogoutCause::Target, logout.itt));
        assert_ne!(logout.itt, waiting);
    }
}

#[test]
fn asy_03_a_drop_of_the_connection_that_was_announced() {
    for number in [2, 3] {
        let mut target = Target::new(parameters());
        let event = AsyncMessage { parameter2: 17, ..event(&mut target, number) };
        let error = target.receive(TargetPdu::AsyncMessage(event)).unwrap_err();
        assert!(matches!(error, Failure::Announced { time2wait: 17, .. }), "{error:?}");
    }
}

/// Event 5 without `FastAbort`, vendors' events, and events that nobody has assigned.
#[test]
fn asy_07_asy_09_other_events_change_nothing() {
    for number in [5, 6, 100, 247, 248, 250, 255] {
        let mut target = Target::new(parameters());
        let itt = target.read(512);
        let event = event(&mut target, number);
        target.receive(TargetPdu::AsyncMessage(event)).unwrap();
        assert_eq!(target.sent(), []);
        let data = target.last_data_in(itt, 0, 0, 512);
        target.receive(TargetPdu::DataIn(data)).unwrap();
        assert_eq!(target.completion(itt).data, pattern(512));
        goes_on(&mut target);
    }
}

/// A second request, before or after the logout, changes nothing.
#[test]
fn asy_08_one_logout_however_often_it_is_asked_for() {
    let mut target = Target::new(parameters());
    let mut logouts = Vec::new();
    for number in [1, 1, 4] {
        let event = event(&mut target, number);
        target.receive(TargetPdu::AsyncMessage(event)).unwrap();
    }
    logouts.extend(target.logouts());
    let event = event(&mut target, 1);
    target.receive(TargetPdu::AsyncMessage(event)).unwrap();
    target.session.log_out(LogoutCause::Initiator, NOW);
    logouts.extend(target.logouts());
    assert_eq!(logouts.len(), 1);
    let answer = target.logout_response(logouts[0].itt, LogoutResponseCode::CLOSED);
    target.receive(answer).unwrap();
    let over = End::LoggedOut(LogoutCause::Target, LogoutResponseCode::CLOSED);
    assert_eq!(target.session.end(), Some(&over));
}

/// The task waits for its response as before.
#[test]
fn rej_01_rej_02_rej_07_a_rejected_data_out_leaves_its_task_alone() {
    for reason in [RejectReason::DATA_DIGEST_ERROR, RejectReason::PROTOCOL_ERROR] {
        let mut target = Target::new(solicited_only());
        let itt = target.write(512);
        let data = target.solicit(itt, 0, 0, 512).remove(0);
        reject(&mut target, &InitiatorPdu::DataOut(data), reason).unwrap();
        assert_eq!(target.sent(), [], "nothing is sent again unasked");
        let response = target.response(itt, ScsiStatus::CHECK_CONDITION);
        target.respond(response).unwrap();
        assert_eq!(target.completion(itt).status, ScsiStatus::CHECK_CONDITION);
        goes_on(&mut target);
    }
}

/// An immediate request leaves no gap in the command numbers.
#[test]
fn cmd_14_rej_01_a_rejected_answer_to_a_ping_ends_nothing() {
    for reason in [RejectReason::COMMAND_NOT_SUPPORTED, RejectReason::PROTOCOL_ERROR, RejectReason(0x77)] {
        let mut target = Target::new(parameters());
        let ping = ping(&target, 3);
        target.receive(TargetPdu::NopIn(ping)).unwrap();
        let answer = target.nop_outs().remove(0);
        reject(&mut target, &InitiatorPdu::NopOut(answer), reason).unwrap();
        assert_eq!(target.sent(), []);
        goes_on(&mut target);
    }
}

/// Requests for which the target had no resources are repeated, up to a limit.
#[test]
fn num_19_rej_06_immediate_requests_that_may_be_sent_again() {
    for reason in [RejectReason::TOO_MANY_IMMEDIATE_COMMANDS, RejectReason::LONG_OPERATION] {
        let mut target = Target::new(parameters());
        for _ in 0..2 {
            let ping = ping(&target, 3);
            target.receive(TargetPdu::NopIn(ping)).unwrap();
            let mut answers = 0;
            while let Some(answer) = target.nop_outs().pop() {
                assert_eq!((answer.ttt, answer.lun, answer.immediate), (TargetTransferTag(3), LUN, true));
                reject(&mut target, &InitiatorPdu::NopOut(answer), reason).unwrap();
                answers += 1;
            }
            assert_eq!(answers, 17);
        }
        goes_on(&mut target);

        let mut target = Target::new(parameters());
        target.session.log_out(LogoutCause::Initiator, NOW);
        let (mut outcome, mut logouts) = (Ok(()), 0);
        while let (Ok(()), Some(logout)) = (&outcome, target.logouts().pop()) {
            outcome = reject(&mut target, &InitiatorPdu::LogoutRequest(logout), reason);
            logouts += 1;
        }
        assert_eq!((outcome, logouts), (Err(Failure::Rejected(reason)), 17));
    }
}

/// A logout for which the target had no resources is repeated with a new tag, and then granted.
#[test]
fn rej_06_a_rejected_logout_is_sent_again() {
    let mut target = Target::new(parameters());
    target.session.log_out(LogoutCause::Initiator, NOW);
    let first = target.logouts().remove(0);
    let full = RejectReason::TOO_MANY_IMMEDIATE_COMMANDS;
    reject(&mut target, &InitiatorPdu::LogoutRequest(first.clone()), full).unwrap();
    let second = target.logouts().remove(0);
    assert_ne!(first.itt, second.itt);
    let late = target.logout_response(first.itt, LogoutResponseCode::CLOSED);
    assert!(target.receive(late).is_err(), "no answer to the first is due");

    let mut target = Target::new(parameters());
    target.session.log_out(LogoutCause::Initiator, NOW);
    let logout = target.logouts().remove(0);
    let refused = reject(&mut target, &InitiatorPdu::LogoutRequest(logout), RejectReason::PROTOCOL_ERROR);
    assert_eq!(refused, Err(Failure::Rejected(RejectReason::PROTOCOL_ERROR)));
}

/// Only what was sent is sent again: no logout that would not be immediate, and no answer to a ping without its tag.
#[test]
fn rej_06_rejected_requests_that_were_never_sent() {
    let full = RejectReason::TOO_MANY_IMMEDIATE_COMMANDS;
    let mut target = Target::new(parameters());
    target.session.log_out(LogoutCause::Initiator, NOW);
    let logout = LogoutRequest { immediate: false, ..target.logouts().remove(0) };
    let refused = reject(&mut target, &InitiatorPdu::LogoutRequest(logout.clone()), full);
    assert_eq!(refused, Err(Failure::Rejected(full)));
    // Before any logout was sent.
    let mut target = Target::new(parameters());
    let logout = InitiatorPdu::LogoutRequest(LogoutRequest { immediate: true, ..logout });
    assert!(reject(&mut target, &logout, full).is_err());

    let mut target = Target::new(parameters());
    let ping = ping(&target, 3);
    target.receive(TargetPdu::NopIn(ping)).unwrap();
    let answer = NopOut { ttt: TargetTransferTag::RESERVED, ..target.nop_outs().remove(0) };
    reject(&mut target, &InitiatorPdu::NopOut(answer), full).unwrap();
    assert_eq!(target.sent(), []);
}

/// Reason 0x0c: the target takes nothing but a logout.
#[test]
fn rej_06_the_target_waits_for_a_logout() {
    let mut target = Target::new(parameters());
    target.submit(Transfer::None, true);
    let command = target.sent().remove(0);
    reject(&mut target, &command, RejectReason::WAITING_FOR_LOGOUT).unwrap();
    assert_eq!(target.logouts().len(), 1);
    assert!(matches!(target.session.logout, LogoutState::Sent(LogoutCause::Target, _)));
}

/// Answers to requests that this session never sends, and PDUs of a vendor.
#[test]
fn tag_05_log_34_pdu_05_pdus_that_have_no_place() {
    let mut target = Target::new(parameters());
    let management = iscsi_pdu::TaskManagementResponse {
        response: iscsi_pdu::TaskManagementResponseCode::FUNCTION_COMPLETE,
        additional_information: [0; 3],
        itt: InitiatorTaskTag(9),
        numbers: target.status_numbers(),
    };
    assert_eq!(broken_rule(target.receive(TargetPdu::TaskManagementResponse(management))), (9, 0));
    // A Login Response, and the first and last opcode of vendors, by their headers.
    for opcode in [0x23, 0x3c, 0x3e] {
        let mut header = [0; iscsi_pdu::BHS_LENGTH];
        (header[0], header[1]) = (opcode, 0x87);
        let raw = iscsi_pdu::RawPdu::header(iscsi_pdu::Bhs::from_bytes(header));
        let outcome = Target::new(parameters()).receive(TargetPdu::decode(raw).unwrap());
        assert!(matches!(outcome, Err(Failure::Format(_))), "{opcode:#x}: {outcome:?}");
    }
}

/// Any bytes as the rejected header are either an error or ignored.
#[test]
fn rej_05_strange_headers_of_rejected_pdus() {
    for length in [0, 1, 47, 48, 49, 300] {
        for fill in 0..=u8::MAX {
            for reason in [0x00, 0x04, 0x06, 0x0a, 0x0b, 0x0c, 0xff] {
                let mut target = Target::new(parameters());
                let outcome = reject_data(&mut target, vec![fill; length].into(), RejectReason(reason));
                // Only a rejected logout ends the session.
                let is_logout = length >= 48 && fill & 0x3f == 0x06;
                assert!(is_logout || outcome.is_ok(), "{length} {fill:#x} {reason:#x}");
                assert!(target.sent().len() <= 1);
            }
        }
    }
}
