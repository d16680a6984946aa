//! SCSI commands and their responses (rows CMD).

use iscsi_pdu::TextResponse;

use super::*;

/// R for a read, W for a write, F whenever no unsolicited data follow, and the length in bytes.
#[test]
fn cmd_01_cmd_03_cmd_04_flags_length_and_attribute() {
    let mut target = Target::new(parameters());
    for (transfer, read, write, length) in [
        (Transfer::None, false, false, 0),
        (Transfer::Read(0), true, false, 0),
        (Transfer::Read(5000), true, false, 5000),
        (Transfer::Write(pattern(5000).into()), false, true, 5000),
        (Transfer::Write(Bytes::new().into()), false, true, 0),
    ] {
        target.submit(transfer, true);
        let commands = target.commands();
        let [command] = &commands[..] else { panic!("{commands:?}") };
        assert_eq!((command.read, command.write, command.is_final), (read, write, true));
        assert_eq!(command.expected_data_transfer_length, length);
        assert_eq!((command.attribute, command.lun), (iscsi_pdu::TaskAttribute::SIMPLE, LUN));
    }
}

/// F is clear exactly when an unsolicited burst follows, in all four combinations and for each size.
#[test]
fn cmd_02_the_final_bit_says_whether_unsolicited_data_follow() {
    let sizes = [0, 512, 8_191, 8_192, 8_193, 16_383, 16_384, 16_385, 100_000];
    for (initial_r2t, immediate_data) in [(true, true), (true, false), (false, true), (false, false)] {
        for size in sizes {
            let mut parameters = parameters();
            (parameters.initial_r2t, parameters.immediate_data) = (initial_r2t, immediate_data);
            (parameters.max_send_data_segment_length, parameters.first_burst_length) = (8_192, 16_384);
            let mut target = Target::new(parameters);
            target.submit(Transfer::Write(pattern(size).into()), true);
            let mut sent = target.sent().into_iter();
            let Some(InitiatorPdu::ScsiCommand(command)) = sent.next() else { panic!("no command first") };
            assert_eq!(command.is_final, sent.len() == 0, "{initial_r2t} {immediate_data} {size}");
            let follows = !initial_r2t && size > if immediate_data { 8_192 } else { 0 };
            assert_eq!(sent.len() > 0, follows, "{initial_r2t} {immediate_data} {size}");
        }
    }
}

/// A response other than 0 is a failure of the target, with any other fields.
#[test]
fn cmd_05_res_05_nothing_else_counts_in_a_failure_of_the_target() {
    let mut target = Target::new(parameters());
    let itt = target.read(512);
    let response = target.response(itt, ScsiStatus::GOOD);
    let response = ScsiResponse {
        response: ScsiResponseCode::TARGET_FAILURE,
        underflow: true,
        overflow: true,
        residual_count: 4000,
        exp_data_sn: SerialNumber(9),
        ..response
    };
    target.respond(response).unwrap();
    let finished = target.session.poll_outcome();
    let Some((_, Outcome::TargetFailure(code))) = finished else { panic!("{finished:?}") };
    assert_eq!(code, ScsiResponseCode::TARGET_FAILURE);
}

/// Codes from 0x80 on are vendor-specific failures; those from 0x02 to 0x7f are reserved.
#[test]
fn pdu_04_response_codes() {
    for (code, reserved) in [(0x02, true), (0x7f, true), (0x01, false), (0x80, false), (0xff, false)] {
        let mut target = Target::new(parameters());
        let itt = target.read(512);
        let response = target.response(itt, ScsiStatus::GOOD);
        let outcome = target.respond(ScsiResponse { response: ScsiResponseCode(code), ..response });
        assert_eq!(outcome.is_err(), reserved, "{code:#x}");
        let failed = matches!(target.session.poll_outcome(), Some((_, Outcome::TargetFailure(_))));
        assert_eq!(failed, !reserved, "{code:#x}");
    }
}

#[test]
fn cmd_06_sense_data_come_with_check_condition() {
    let mut target = Target::new(parameters());
    let itt = target.read(512);
    let response = target.response(itt, ScsiStatus::CHECK_CONDITION);
    target.respond(response).unwrap();
    assert_eq!(target.completion(itt).sense, SENSE);

    let itt = target.read(512);
    let bare = ScsiResponse { sense: Bytes::new(), ..target.response(itt, ScsiStatus::CHECK_CONDITION) };
    assert_eq!(broken_rule(target.respond(bare)), (0, 1));
}

/// Sense data reach the caller whatever the status, at any protocol level.
#[test]
fn pl2_04_sense_data_with_any_status() {
    for status in [ScsiStatus::GOOD, ScsiStatus::BUSY, ScsiStatus::TASK_ABORTED] {
        let mut target = Target::new(parameters());
        let itt = target.submit(Transfer::None, true);
        target.sent();
        let sense = Bytes::from_static(SENSE);
        let response = ScsiResponse { sense: sense.clone(), ..target.response(itt, status) };
        target.respond(response).unwrap();
        let completion = target.completion(itt);
        assert_eq!((completion.status, completion.sense), (status, sense));
    }
}

#[test]
fn cmd_08_good_status_in_the_last_data_in_ends_the_command() {
    let mut target = Target::new(parameters());
    let itt = target.read(1024);
    let first = target.data_in(itt, 0, 0, 512);
    target.receive(TargetPdu::DataIn(first)).unwrap();
    assert!(target.session.poll_outcome().is_none());
    let last = target.last_data_in(itt, 1, 512, 512);
    target.receive(TargetPdu::DataIn(last)).unwrap();
    let completion = target.completion(itt);
    assert_eq!((completion.status, completion.data), (ScsiStatus::GOOD, pattern(1024)));
    // The task has ended: a SCSI Response would be for an unknown task.
    assert!(target.good(itt).is_err());
}

/// Each status reaches the caller unchanged, and no command is repeated.
#[test]
fn cmd_09_statuses_stay_distinct_and_nothing_is_repeated() {
    let mut target = Target::new(parameters());
    let statuses = [
        ScsiStatus::BUSY,
        ScsiStatus::RESERVATION_CONFLICT,
        ScsiStatus::TASK_SET_FULL,
        ScsiStatus::ACA_ACTIVE,
        ScsiStatus::TASK_ABORTED,
        ScsiStatus(0x77),
    ];
    for status in statuses {
        let itt = target.read(512);
        let response = target.response(itt, status);
        target.respond(response).unwrap();
        assert_eq!(target.completion(itt).status, status);
        assert_eq!(target.sent(), []);
    }
}

#[test]
fn cmd_15_status_in_a_data_in_is_a_good_one_and_comes_with_the_final_bit() {
    for (status, is_final, allowed) in [
        (ScsiStatus::GOOD, true, true),
        (ScsiStatus::CONDITION_MET, true, true),
        (ScsiStatus::INTERMEDIATE, true, true),
        (ScsiStatus::INTERMEDIATE_CONDITION_MET, true, true),
        (ScsiStatus::CHECK_CONDITION, true, false),
        (ScsiStatus::BUSY, true, false),
        (ScsiStatus::GOOD, false, false),
    ] {
        let mut target = Target::new(parameters());
        let itt = target.read(512);
        let data = DataIn { status, is_final, ..target.last_data_in(itt, 0, 0, 512) };
        assert_eq!(target.receive(TargetPdu::DataIn(data)).is_ok(), allowed, "{status} {is_final}");
    }
}

#[test]
fn cmd_16_no_command_is_immediate() {
    let mut target = Target::new(parameters());
    for transfer in [Transfer::None, Transfer::Read(1), Transfer::Write(pattern(1).into())] {
        target.submit(transfer, false);
    }
    assert!(target.commands().iter().all(|command| !command.immediate));
}

/// A queued command was never sent: no PDU of the target can answer it, and no data are sent for it.
#[test]
fn tag_05_num_05_commands_that_were_not_sent_cannot_be_answered() {
    type Answer = fn(&mut Target, InitiatorTaskTag) -> TargetPdu;
    let answers: [Answer; 4] = [
        |target, itt| TargetPdu::ScsiResponse(target.response(itt, ScsiStatus::GOOD)),
        |target, itt| TargetPdu::DataIn(target.last_data_in(itt, 0, 0, 512)),
        |target, itt| TargetPdu::DataIn(target.data_in(itt, 0, 0, 512)),
        |target, itt| TargetPdu::R2t(target.r2t(itt, 0, 0, 512)),
    ];
    for answer in answers {
        for transfer in [Transfer::Read(512), Transfer::Write(pattern(512).into()), Transfer::None] {
            let mut target = Target::with_window(solicited_only(), 1);
            let first = target.read(512);
            // The target keeps the place that it has.
            target.numbers.max_cmd_sn = SerialNumber(FIRST_CMD_SN);
            let queued = [1, 2].map(|_| target.submit(transfer.clone(), true));
            assert_eq!(target.sent(), []);
            let before = (target.session.clone(), target.numbers);
            let pdu = answer(&mut target, queued[1]);
            assert_eq!(broken_rule(target.receive(pdu)).0, u64::from(queued[1].0));
            assert_eq!(target.sent(), []);
            assert_eq!(target.session.poll_outcome(), Some((first, Outcome::SessionOver)));
            // Without that PDU the commands wait.
            (target.session, target.numbers) = before;
            assert!(target.sent().is_empty() && target.session.poll_outcome().is_none());
            assert_eq!(target.session.in_flight(), 3);
            // The numbers go on without a gap.
            target.numbers.max_cmd_sn = SerialNumber(FIRST_CMD_SN + 2);
            let response = target.response(first, ScsiStatus::CHECK_CONDITION);
            target.respond(response).unwrap();
            let numbers = target.commands().into_iter().map(|command| (command.itt, command.cmd_sn.0));
            let expected = [(queued[0], FIRST_CMD_SN + 1), (queued[1], FIRST_CMD_SN + 2)];
            assert_eq!(numbers.collect::<Vec<_>>(), expected);
        }
    }
}

/// A text exchange in two pieces: the second request has the tag of the first and the next number.
#[test]
fn neg_19_a_text_exchange_goes_on_until_it_is_whole() {
    let mut target = Target::new(parameters());
    let itt = target.ask(b"SendTargets=All\0");
    let mut requests = Vec::new();
    for (is_final, text) in [(false, "TargetName="), (true, "x\0")] {
        for pdu in target.sent() {
            let InitiatorPdu::TextRequest(request) = pdu else { panic!("{pdu:?}") };
            requests.push((request.itt, request.cmd_sn.0));
        }
        let response = TextResponse { is_final, text: Bytes::from(text), ..text_response(&mut target, itt) };
        assert!(target.session.poll_outcome().is_none());
        target.receive(TargetPdu::TextResponse(response)).unwrap();
    }
    assert_eq!(requests, [(itt, FIRST_CMD_SN), (itt, FIRST_CMD_SN + 1)]);
    let finished = target.session.poll_outcome();
    assert!(
        matches!(&finished, Some((tag, Outcome::Text(answer))) if *tag == itt && answer == "TargetName=x\0")
    );
    assert_eq!(target.session.in_flight(), 0);
}

pub(super) fn text_response(target: &mut Target, itt: InitiatorTaskTag) -> TextResponse {
    TextResponse {
        is_final: false,
        continues: false,
        lun: Lun::ZERO,
        itt,
        ttt: TargetTransferTag(1),
        numbers: target.status_numbers(),
        text: Bytes::new(),
    }
}

/// The same for the rest of a text exchange, which has to be asked for.
#[test]
fn tag_05_a_text_response_that_nobody_asked_for() {
    let mut target = Target::with_window(parameters(), 1);
    let itt = target.ask(b"SendTargets=All\0");
    let early = text_response(&mut target, itt);
    assert!(target.receive(TargetPdu::TextResponse(early)).is_err(), "before the question");

    let mut target = Target::with_window(parameters(), 1);
    target.ask(b"SendTargets=All\0");
    assert_eq!(target.sent().len(), 1);
    let first = text_response(&mut target, itt);
    target.receive(TargetPdu::TextResponse(first)).unwrap();
    let second = text_response(&mut target, itt);
    assert!(target.receive(TargetPdu::TextResponse(second)).is_err(), "before the next request");
}

/// A command that nobody waits for any more is carried out, and leaves nothing behind: whenever it is abandoned.
#[test]
fn an_abandoned_command_leaves_nothing_behind() {
    for moment in 0..4 {
        let mut target = Target::new(parameters());
        let itt = target.submit(Transfer::Read(512), true);
        for now in 0..4 {
            if now == moment {
                target.session.abandon(itt);
            }
            match now {
                0 => assert_eq!(target.commands().len(), 1),
                1 => target.receive(TargetPdu::DataIn(target.data_in(itt, 0, 0, 256))).unwrap(),
                2 => {
                    let last = target.last_data_in(itt, 1, 256, 256);
                    target.receive(TargetPdu::DataIn(last)).unwrap();
                }
                _ => {}
            }
        }
        assert_eq!(target.session.in_flight(), 0);
        assert!(target.session.poll_outcome().is_none(), "{moment}");
        assert_eq!(target.session.next_deadline(), None);
        target.session.release();
        assert!(!target.session.has_buffers(), "{moment}");
    }
}

/// The window counts what is queued: a caller that adds a command to a closed one only makes the queue longer.
#[test]
fn num_05_a_window_that_is_open_for_one_more() {
    for window in [0, 1, 3] {
        let mut target = Target::with_window(parameters(), window);
        for queued in 0..5 {
            assert_eq!(target.session.is_window_open(), queued < window, "{queued} of {window}");
            assert!(!target.session.awaits_responses());
            target.submit(Transfer::None, true);
        }
        target.session.poll_transmit();
        assert_eq!(target.session.awaits_responses(), window > 0);
    }
}

/// Nothing is awaited as long as nothing is sent, be it for commands or for immediate requests of either kind.
#[test]
fn requests_that_are_not_sent_await_no_response() {
    let reset = Request::management(TaskManagement::LogicalUnitReset(LUN));
    for requests in [vec![reset.clone()], vec![reset.clone(), reset]] {
        let mut target = Target::new(parameters());
        for request in requests {
            target.begin(request);
            target.begin(Request::ping(Bytes::new()));
            target.submit(Transfer::None, true);
            assert!(!target.session.awaits_responses());
        }
        target.session.poll_transmit();
        assert!(target.session.awaits_responses());
    }
}

/// The deadline is that of the oldest open command, in whatever order they end, and however many have ended.
#[test]
fn cmd_08_the_next_deadline_is_that_of_an_open_command() {
    let mut target = Target::with_window(parameters(), 1000);
    let at = |seconds| MINUTE + Duration::from_secs(seconds);
    let submit = |target: &mut Target, seconds| {
        let itt = target.session.submit(Request::command(LUN, crate::scsi::TestUnitReady.into()));
        target.session.advance(Duration::from_secs(seconds));
        target.sent();
        itt
    };
    let [first, second, third] = [10, 20, 30].map(|seconds| submit(&mut target, seconds));
    assert_eq!(target.session.next_deadline(), Some(at(10)));
    target.good(second).unwrap();
    for _ in 0..300 {
        let itt = submit(&mut target, 40);
        target.good(itt).unwrap();
    }
    let last = submit(&mut target, 50);
    assert_eq!(target.session.next_deadline(), Some(at(10)));
    for (itt, next) in [(first, Some(30)), (third, Some(50)), (last, None)] {
        target.good(itt).unwrap();
        assert_eq!(target.session.next_deadline(), next.map(at));
    }
}
