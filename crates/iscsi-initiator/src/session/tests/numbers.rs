//! Numbers of commands and of answers (rows NUM).

use super::*;

fn cmd_sns(target: &mut Target) -> Vec<u32> {
    target.commands().iter().map(|command| command.cmd_sn.0 - FIRST_CMD_SN).collect()
}

/// A window of each size lets as many commands through, and further ones when the target opens it.
#[test]
fn num_04_num_05_nothing_goes_out_beyond_the_window() {
    for window in [0, 1, 64] {
        let mut target = Target::with_window(parameters(), window);
        let tags: Vec<_> = (0..100).map(|_| target.submit(Transfer::None, true)).collect();
        let sent = cmd_sns(&mut target);
        assert_eq!(sent, (0..window).collect::<Vec<_>>());
        assert_eq!(target.session.in_flight(), 100);
        if let Some(first) = tags.first().filter(|_| window > 0) {
            // The answer to the first one makes place for as many as the target has seen.
            target.good(*first).unwrap();
            let more = 2 * window;
            assert_eq!(cmd_sns(&mut target), (window..more.min(100)).collect::<Vec<_>>());
        }
    }
}

/// Every PDU of the target may open the window; here only the PDU under test does.
#[test]
fn num_07_every_pdu_of_the_target_opens_the_window() {
    type Opening = fn(&mut Target, InitiatorTaskTag) -> TargetPdu;
    let openings: [Opening; 5] = [
        |target, itt| TargetPdu::R2t(target.r2t(itt, 0, 0, 512)),
        |target, itt| TargetPdu::ScsiResponse(target.response(itt, ScsiStatus::CHECK_CONDITION)),
        |target, itt| TargetPdu::DataIn(target.data_in(itt, 0, 0, 0)),
        |target, _| {
            TargetPdu::NopIn(iscsi_pdu::NopIn {
                lun: Lun::ZERO,
                itt: InitiatorTaskTag::RESERVED,
                ttt: TargetTransferTag::RESERVED,
                numbers: target.numbers,
                data: Bytes::new(),
            })
        },
        |target, _| {
            TargetPdu::AsyncMessage(iscsi_pdu::AsyncMessage {
                lun: Lun::ZERO,
                numbers: target.status_numbers(),
                event: iscsi_pdu::AsyncEvent(250),
                vendor_code: 0,
                parameter1: 0,
                parameter2: 0,
                parameter3: 0,
                sense: Bytes::new(),
                event_data: Bytes::new(),
            })
        },
    ];
    for opening in openings {
        let mut target = Target::with_window(solicited_only(), 1);
        let first = target.write(512);
        target.submit(Transfer::None, true);
        assert_eq!(cmd_sns(&mut target), Vec::<u32>::new());
        let pdu = opening(&mut target, first);
        target.receive(pdu).unwrap();
        assert_eq!(cmd_sns(&mut target), [1]);
    }
}

/// While the window is closed commands wait, but the answer to a ping is sent.
#[test]
fn num_08_num_16_a_closed_window_holds_no_immediate_request_back() {
    let mut target = Target::with_window(parameters(), 0);
    target.submit(Transfer::None, true);
    let ping = iscsi_pdu::NopIn {
        lun: Lun::ZERO,
        itt: InitiatorTaskTag::RESERVED,
        ttt: TargetTransferTag(1),
        numbers: target.numbers,
        data: Bytes::new(),
    };
    target.receive(TargetPdu::NopIn(ping)).unwrap();
    let sent = target.sent();
    let [InitiatorPdu::NopOut(answer)] = &sent[..] else { panic!("{sent:?}") };
    assert!(answer.immediate && answer.cmd_sn == SerialNumber(FIRST_CMD_SN));
}

/// A gap in the status numbers, from 1 to 2^31, means lost responses.
#[test]
fn num_11_num_12_a_gap_in_the_status_numbers_ends_the_session() {
    for jump in [1, 2, (1 << 31) - 1, 1 << 31] {
        let mut target = Target::new(parameters());
        let itt = target.read(512);
        target.numbers.stat_sn = target.numbers.stat_sn.plus(jump);
        let expected = u64::from(FIRST_STAT_SN);
        assert_eq!(broken_rule(target.good(itt)), (expected + u64::from(jump), expected));
    }
}

/// The same response twice: delivered once, acknowledged once, but its window counts.
#[test]
fn num_21_a_repeated_status_is_not_delivered_twice() {
    let mut target = Target::with_window(parameters(), 1);
    let itt = target.submit(Transfer::None, true);
    target.sent();
    let response = target.response(itt, ScsiStatus::GOOD);
    target.respond(response.clone()).unwrap();
    target.completion(itt);
    let numbers = SequenceNumbers { max_cmd_sn: response.numbers.max_cmd_sn.plus(2), ..response.numbers };
    target.respond(ScsiResponse { numbers, ..response }).unwrap();
    assert!(target.session.poll_outcome().is_none());
    (0..5).for_each(|_| _ = target.submit(Transfer::None, true));
    let commands = target.commands();
    assert_eq!(commands.len(), 3);
    assert!(commands.iter().all(|command| command.exp_stat_sn == SerialNumber(FIRST_STAT_SN + 1)));
}

/// Every PDU that uses up a status number, with an effect that shows whether it was taken in.
#[test]
fn num_12_num_21_gaps_and_repeats_of_every_pdu_with_a_status() {
    type Pdu = fn(&mut Target, InitiatorTaskTag) -> TargetPdu;
    let (read, text, logout): (Pdu, Pdu, Pdu) = (
        |target, itt| TargetPdu::DataIn(target.last_data_in(itt, 0, 0, 512)),
        |target, itt| {
            TargetPdu::TextResponse(iscsi_pdu::TextResponse {
                is_final: true,
                continues: false,
                lun: Lun::ZERO,
                itt,
                ttt: TargetTransferTag::RESERVED,
                numbers: target.status_numbers(),
                text: Bytes::new(),
            })
        },
        |target, itt| target.logout_response(itt, LogoutResponseCode::CLOSED),
    );
    let pdus: [(&str, Pdu); 6] = [
        ("SCSI Data-In", read),
        ("SCSI Response", |target, itt| TargetPdu::ScsiResponse(target.response(itt, ScsiStatus::BUSY))),
        ("Text Response", text),
        ("Logout Response", logout),
        ("Asynchronous Message", |target, _| {
            TargetPdu::AsyncMessage(iscsi_pdu::AsyncMessage {
                lun: Lun::ZERO,
                numbers: target.status_numbers(),
                event: iscsi_pdu::AsyncEvent::LOGOUT_REQUEST,
                vendor_code: 0,
                parameter1: 0,
                parameter2: 0,
                parameter3: 0,
                sense: Bytes::new(),
                event_data: Bytes::new(),
            })
        }),
        ("Reject", |target, _| {
            let (reason, numbers) = (iscsi_pdu::RejectReason::WAITING_FOR_LOGOUT, target.status_numbers());
            let data = Bytes::from_static(&[0x01; iscsi_pdu::BHS_LENGTH]);
            TargetPdu::Reject(iscsi_pdu::Reject { reason, numbers, data_sn: 0, data })
        }),
    ];
    for (name, pdu) in pdus {
        // A response to an outstanding request counts although its number repeats.
        let answers = !["Asynchronous Message", "Reject"].contains(&name);
        // The status number, as far beyond the next one.
        for (distance, taken, fails) in
            [(0_u32, true, false), (1, false, true), (1 << 31, false, true), (u32::MAX, answers, false)]
        {
            let mut target = Target::new(parameters());
            let itt = match name {
                "Text Response" => target.ask(b""),
                _ => target.submit(Transfer::Read(512), true),
            };
            target.sent();
            let tag = if name == "Logout Response" {
                target.session.log_out(LogoutCause::Initiator, NOW);
                target.logouts().remove(0).itt
            } else {
                itt
            };
            let before = target.session.logout;
            target.numbers.stat_sn = SerialNumber(FIRST_STAT_SN).plus(distance);
            let pdu = pdu(&mut target, tag);
            let outcome = target.receive(pdu);
            assert_eq!(outcome.is_err(), fails, "{name} {distance:#x}");
            let ended = target.session.poll_outcome().filter(|ended| ended.1 != Outcome::SessionOver);
            let logged_out = matches!(target.session.end(), Some(End::LoggedOut(..)));
            let effect = ended.is_some() || logged_out || target.session.logout != before;
            assert_eq!(effect, taken, "{name} {distance:#x}");
            let deviates = taken && distance > 0;
            assert_eq!(target.session.deviations().len(), usize::from(deviates), "{name} {distance:#x}");
            // The number acknowledged next.
            let expected = SerialNumber(FIRST_STAT_SN + u32::from(distance == 0));
            assert_eq!(target.session.status.expected(), expected, "{name} {distance:#x}");
        }
    }
}

/// The tag of a command names it until its outcome is taken, and then not the next command: a late PDU meets none.
#[test]
fn tag_01_tag_05_a_late_pdu_meets_no_new_task() {
    let mut target = Target::new(parameters());
    let first = target.read(512);
    let data = target.last_data_in(first, 0, 0, 512);
    target.receive(TargetPdu::DataIn(data)).unwrap();
    assert_ne!(target.submit(Transfer::None, true), first);
    target.completion(first);
    assert_ne!(target.read(512), first);
    let late = target.last_data_in(first, 0, 0, 512);
    assert_eq!(broken_rule(target.receive(TargetPdu::DataIn(late))), (first.0.into(), 0));
}

/// No response can name a command that is queued.
#[test]
fn tag_05_a_queued_command_has_no_response() {
    let mut target = Target::with_window(parameters(), 1);
    target.read(512);
    let queued = target.read(512);
    let early = target.last_data_in(queued, 0, 0, 512);
    assert_eq!(broken_rule(target.receive(TargetPdu::DataIn(early))), (queued.0.into(), 0));
}
