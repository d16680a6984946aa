//! Rejects of every kind of PDU, and the gaps that they leave in the command numbers (rows REJ, CMD).

use iscsi_pdu::{Reject, RejectReason, TextRequest};

use super::unasked::{goes_on, reject};
use super::*;

/// The target rejects a command or a text request without counting it.
fn reject_uncounted(target: &mut Target, pdu: &InitiatorPdu, reason: RejectReason) -> Result<(), Failure> {
    let (InitiatorPdu::ScsiCommand(ScsiCommand { cmd_sn, .. })
    | InitiatorPdu::TextRequest(TextRequest { cmd_sn, .. })) = pdu
    else {
        panic!("{pdu:?}")
    };
    let counted = target.numbers.exp_cmd_sn;
    target.numbers.exp_cmd_sn = *cmd_sn;
    let outcome = reject(target, pdu, reason);
    target.numbers.exp_cmd_sn = counted;
    outcome
}

/// Submits a command, has it rejected uncounted, and takes the ping that closes the gap.
fn gap(target: &mut Target) -> NopOut {
    target.submit(Transfer::None, true);
    let command = target.sent().remove(0);
    reject_uncounted(target, &command, RejectReason::COMMAND_NOT_SUPPORTED).unwrap();
    target.outcomes();
    target.nop_outs().remove(0)
}

/// A rejected command ends, and a ping takes its number; the target then takes the commands behind it.
#[test]
fn cmd_14_rej_01_the_gap_of_a_rejected_command_is_closed() {
    for reason in [0x02, 0x04, 0x05, 0x06, 0x07, 0x09, 0x0a, 0x77].map(RejectReason) {
        let mut target = Target::new(parameters());
        let tags = [1, 2].map(|_| target.submit(Transfer::None, true));
        let sent = target.sent();
        reject_uncounted(&mut target, &sent[0], reason).unwrap();
        assert_eq!(target.outcomes(), [(tags[0], Outcome::Rejected(reason))]);
        let pings = target.nop_outs();
        let [ping] = &pings[..] else { panic!("{pings:?}") };
        assert_eq!((ping.immediate, ping.cmd_sn.0, ping.data.len()), (false, FIRST_CMD_SN, 0));
        assert!(ping.itt.is_valid() && !ping.ttt.is_valid());
        target.pong(ping).unwrap();
        target.good(tags[1]).unwrap();
        target.completion(tags[1]);
        goes_on(&mut target);
        assert_eq!(target.session.next_deadline(), None);
    }
}

/// A target that has counted the command needs no ping.
#[test]
fn cmd_14_a_rejected_command_that_was_counted() {
    let mut target = Target::new(parameters());
    let itt = target.submit(Transfer::None, true);
    let command = target.sent().remove(0);
    reject(&mut target, &command, RejectReason::INVALID_PDU_FIELD).unwrap();
    assert_eq!(target.outcomes(), [(itt, Outcome::Rejected(RejectReason::INVALID_PDU_FIELD))]);
    assert_eq!(target.sent(), []);
    goes_on(&mut target);
}

/// Two gaps are closed one after the other, in order.
#[test]
fn cmd_14_num_19_two_gaps() {
    let mut target = Target::new(parameters());
    target.submit(Transfer::None, true);
    target.submit(Transfer::None, true);
    let sent = target.sent();
    let counted = std::mem::replace(&mut target.numbers.exp_cmd_sn, SerialNumber(FIRST_CMD_SN));
    for command in &sent {
        reject(&mut target, command, RejectReason::COMMAND_NOT_SUPPORTED).unwrap();
    }
    for number in 0..2 {
        let pings = target.nop_outs();
        assert_eq!((pings.len(), pings[0].cmd_sn.0), (1, FIRST_CMD_SN + number));
        target.numbers.exp_cmd_sn = pings[0].cmd_sn.next();
        target.pong(&pings[0]).unwrap();
    }
    assert_eq!((target.sent(), target.numbers.exp_cmd_sn), (Vec::new(), counted));
    target.outcomes();
    goes_on(&mut target);
}

/// A ping that is rejected itself leaves the gap open, and nothing behind it is carried out.
#[test]
fn cmd_14_a_gap_that_cannot_be_closed() {
    for reason in [RejectReason::COMMAND_NOT_SUPPORTED, RejectReason::TOO_MANY_IMMEDIATE_COMMANDS] {
        let mut target = Target::new(parameters());
        let ping = InitiatorPdu::NopOut(gap(&mut target));
        assert_eq!(reject(&mut target, &ping, reason), Err(Failure::Rejected(reason)));
    }
}

/// The target counts the command after its Reject, and so ignores the ping as a duplicate. As long as it has not, it is silent.
#[test]
fn cmd_14_a_gap_that_the_target_closes_itself() {
    for is_counted in [true, false] {
        let mut target = Target::new(parameters());
        let ping = gap(&mut target);
        if !is_counted {
            target.numbers.exp_cmd_sn = ping.cmd_sn;
        }
        let event = super::unasked::event(&mut target, 255);
        target.receive(TargetPdu::AsyncMessage(event)).unwrap();
        target.pass(just_before(LIMITS.ping));
        assert!(target.session.is_open());
        target.pass(LIMITS.ping);
        assert_eq!(target.session.is_open(), is_counted);
        if is_counted {
            target.pong(&ping).unwrap();
            goes_on(&mut target);
        }
    }
}

/// A rejected Text Request ends that exchange only, whatever the reason.
#[test]
fn rej_04_a_rejected_text_request() {
    for reason in [RejectReason::COMMAND_NOT_SUPPORTED, RejectReason::NEGOTIATION_RESET] {
        let mut target = Target::new(parameters());
        let read = target.read(512);
        let text = target.ask(b"SendTargets=\0");
        let request = target.sent().remove(0);
        reject_uncounted(&mut target, &request, reason).unwrap();
        assert_eq!(target.outcomes(), [(text, Outcome::Rejected(reason))]);
        let ping = target.nop_outs().remove(0);
        assert_eq!(ping.cmd_sn.0, FIRST_CMD_SN + 1);
        target.pong(&ping).unwrap();
        let data = target.last_data_in(read, 0, 0, 512);
        target.receive(TargetPdu::DataIn(data)).unwrap();
        target.completion(read);
        goes_on(&mut target);
    }
}

/// Immediate data with a wrong digest: the command ends, and none of its other data are sent.
#[test]
fn rej_07_cmd_14_a_rejected_command_with_immediate_data() {
    let mut parameters = parameters();
    (parameters.initial_r2t, parameters.max_send_data_segment_length) = (false, 512);
    let mut target = Target::new(parameters);
    let itt = target.submit(Transfer::Write(pattern(2048).into()), true);
    let outgoing = target.session.poll_transmit().unwrap();
    let command = InitiatorPdu::decode(RawPdu::with_data(outgoing.bhs, outgoing.data)).unwrap();
    let reason = RejectReason::DATA_DIGEST_ERROR;
    reject(&mut target, &command, reason).unwrap();
    assert_eq!(target.outcomes(), [(itt, Outcome::Rejected(reason))]);
    let sent = target.sent();
    assert!(matches!(&sent[..], [InitiatorPdu::NopOut(ping)] if ping.cmd_sn.0 == FIRST_CMD_SN), "{sent:?}");
}

/// The same Reject twice closes the gap once, and one of a command that has ended closes none.
#[test]
fn rej_01_num_21_repeated_rejects() {
    let mut target = Target::new(parameters());
    target.submit(Transfer::None, true);
    let command = target.sent().remove(0);
    let reason = RejectReason::COMMAND_NOT_SUPPORTED;
    reject_uncounted(&mut target, &command, reason).unwrap();
    target.numbers.stat_sn = target.numbers.stat_sn.minus(1);
    reject_uncounted(&mut target, &command, reason).unwrap();
    reject_uncounted(&mut target, &command, reason).unwrap();
    assert_eq!((target.outcomes().len(), target.nop_outs().len()), (1, 1));
    assert_eq!(target.sent(), []);
}

/// A rejected Data-Out leaves the steps against its overdue task alone, a rejected command ends them.
#[test]
fn rej_02_rejects_during_an_escalation() {
    let mut target = Target::new(solicited_only());
    let itt = target.submit(Transfer::Write(pattern(512).into()), true);
    let command = target.sent().remove(0);
    let data = InitiatorPdu::DataOut(target.solicit(itt, 0, 0, 512).remove(0));
    target.pass(MINUTE);
    target.pass(2 * MINUTE);
    let ping = target.nop_outs().remove(0);
    reject(&mut target, &data, RejectReason::PROTOCOL_ERROR).unwrap();
    assert!(target.outcomes().is_empty() && target.session.escalation.is_some());
    reject(&mut target, &command, RejectReason::PROTOCOL_ERROR).unwrap();
    assert_eq!(target.outcomes(), [(itt, Outcome::Rejected(RejectReason::PROTOCOL_ERROR))]);
    target.pong(&ping).unwrap();
    assert!(target.session.escalation.is_none());
    goes_on(&mut target);
}

/// What is rejected behind the logout is not repeated.
#[test]
fn lgo_01_rej_06_nothing_is_repeated_behind_the_logout() {
    let mut target = Target::new(parameters());
    let management = target.manage(TaskManagement::ClearAca(LUN));
    assert_eq!(target.log_out().len(), 1);
    let full = RejectReason::TOO_MANY_IMMEDIATE_COMMANDS;
    reject(&mut target, &InitiatorPdu::TaskManagementRequest(management), full).unwrap();
    assert_eq!(target.sent(), []);
}

/// Any opcode with the tag of any request that is under way: whatever ends, the session goes on or is over, and nothing is due
/// for ever.
#[test]
fn rej_05_any_header_with_a_tag_that_is_in_use() {
    for (opcode, reason) in (0..=0x7f).flat_map(|opcode| [4, 6, 12].map(|reason| (opcode, reason))) {
        for place in 0..5 {
            let mut target = Target::new(parameters());
            target.submit(Transfer::None, true);
            target.ask(b"SendTargets=\0");
            target.pass(LIMITS.ping);
            target.begin(Request::management(TaskManagement::ClearAca(LUN)));
            target.begin(Request::ping(Bytes::new()));
            target.log_out();
            let open = target.session.requests.open_in_order();
            let tag = open.get(place).copied().unwrap_or(InitiatorTaskTag::RESERVED);
            let mut header = [0; iscsi_pdu::BHS_LENGTH];
            header[0] = opcode;
            header[16..20].copy_from_slice(&tag.0.to_be_bytes());
            let (data, numbers) = (Bytes::copy_from_slice(&header), target.status_numbers());
            let reason = RejectReason(reason);
            let _ = target.receive(TargetPdu::Reject(Reject { reason, numbers, data_sn: 0, data }));
            assert!(target.sent().len() <= 1);
            target.pass(2 * MINUTE);
            assert!(target.session.end().is_some());
        }
    }
}
