//! Data-Out and R2T (rows DAT and NUM).

use iscsi_login::Strictness;
use iscsi_pdu::Opcode;

use super::*;

/// Parameters that permit 20,000 bytes of unsolicited data, 8,192 of them with the command.
fn unsolicited() -> Parameters {
    let mut parameters = parameters();
    (parameters.initial_r2t, parameters.immediate_data) = (false, true);
    (parameters.max_send_data_segment_length, parameters.first_burst_length) = (8_192, 20_000);
    parameters
}

/// Offset, length, F and `DataSN` of each.
fn shape(data_outs: &[DataOut]) -> Vec<(u32, usize, bool, u32)> {
    data_outs.iter().map(|pdu| (pdu.buffer_offset, pdu.data.len(), pdu.is_final, pdu.data_sn)).collect()
}

#[test]
fn dat_03_dat_04_dat_06_dat_07_num_14_tag_04_an_unsolicited_burst() {
    let mut target = Target::new(unsolicited());
    target.submit(Transfer::Write(pattern(100_000).into()), true);
    let sent = target.sent();
    let InitiatorPdu::ScsiCommand(command) = &sent[0] else { panic!("{sent:?}") };
    assert_eq!(command.data, pattern(8_192));
    let data: Vec<_> = sent[1..]
        .iter()
        .map(|pdu| if let InitiatorPdu::DataOut(pdu) = pdu { pdu.clone() } else { panic!("{pdu:?}") })
        .collect();
    // Exactly the first burst, from where the immediate data end.
    assert_eq!(shape(&data), [(8_192, 8_192, false, 0), (16_384, 3_616, true, 1)]);
    assert!(data.iter().all(|pdu| (pdu.ttt, pdu.lun) == (TargetTransferTag::RESERVED, Lun::ZERO)));
}

/// Segments are bounded by the target's limit, not the initiator's; all but the last are whole words.
#[test]
fn dat_02_dat_15_segments_fit_the_target_and_are_whole_words() {
    for limit in [512, 513, 514, 515, 1000] {
        let mut parameters = unsolicited();
        parameters.max_send_data_segment_length = limit;
        let mut target = Target::new(parameters);
        let itt = target.submit(Transfer::Write(pattern(30_001).into()), true);
        let sent = target.sent();
        let InitiatorPdu::ScsiCommand(command) = &sent[0] else { panic!("{sent:?}") };
        assert_eq!(command.data.len(), limit as usize & !3);
        let mut data = target.solicit(itt, 0, 20_000, 10_001);
        let last = data.pop().unwrap();
        assert!(data.iter().all(|pdu| pdu.data.len() == limit as usize & !3), "{limit}");
        assert!(last.data.len() <= limit as usize && last.is_final);
    }
}

#[test]
fn dat_05_unsolicited_bursts_leave_in_the_order_of_their_commands() {
    let mut target = Target::new(unsolicited());
    let tags = [1, 2].map(|_| target.submit(Transfer::Write(pattern(20_000).into()), true));
    let order: Vec<_> = target
        .sent()
        .iter()
        .map(|pdu| match pdu {
            InitiatorPdu::ScsiCommand(pdu) => (pdu.itt, 0),
            InitiatorPdu::DataOut(pdu) => (pdu.itt, pdu.buffer_offset),
            other => panic!("{other:?}"),
        })
        .collect();
    let burst = |itt| [(itt, 0), (itt, 8_192), (itt, 16_384)];
    assert_eq!(order, [burst(tags[0]), burst(tags[1])].concat());
}

/// An R2T is answered whole: its tag and LUN, its range, contiguous, `DataSN` from 0 again.
#[test]
fn dat_09_num_14_an_r2t_is_answered_whole() {
    let mut parameters = solicited_only();
    parameters.max_send_data_segment_length = 512;
    let mut target = Target::new(parameters);
    let itt = target.write(65_536 + 700);
    let first = target.solicit(itt, 0, 0, 65_536);
    assert_eq!(first.len(), 128);
    let second = target.solicit(itt, 1, 65_536, 700);
    assert_eq!(shape(&second), [(65_536, 512, false, 0), (66_048, 188, true, 1)]);
    for (number, data) in (0..).zip([first, second]) {
        assert!(data.iter().all(|pdu| pdu.ttt == TargetTransferTag(0x700 + number) && pdu.lun == LUN));
        assert!(data.iter().zip(0..).all(|(pdu, data_sn)| pdu.data_sn == data_sn));
        assert_eq!(data.iter().filter(|pdu| pdu.is_final).count(), 1);
        let bytes = data.iter().flat_map(|pdu| pdu.data.iter().copied());
        let begin = data[0].buffer_offset as usize;
        assert!(
            bytes.eq(pattern(70_000)[begin..]
                .iter()
                .copied()
                .take(data.iter().map(|pdu| pdu.data.len()).sum()))
        );
    }
}

#[test]
fn dat_10_dat_11_r2ts_are_served_in_the_order_they_came() {
    let mut parameters = solicited_only();
    parameters.max_outstanding_r2t = 4;
    let mut target = Target::new(parameters);
    let tags = [target.write(3000), target.write(3000)];
    for (r2t_sn, itt, offset) in
        [(0, tags[1], 0), (0, tags[0], 0), (1, tags[0], 1000), (1, tags[1], 1000), (2, tags[1], 2000)]
    {
        let r2t = target.r2t(itt, r2t_sn, offset, 1000);
        target.receive(TargetPdu::R2t(r2t)).unwrap();
    }
    let served: Vec<_> = target.data_outs().iter().map(|pdu| (pdu.itt, pdu.buffer_offset)).collect();
    assert_eq!(served, [(tags[1], 0), (tags[0], 0), (tags[0], 1000), (tags[1], 1000), (tags[1], 2000)]);
}

/// The rule that an R2T breaks, by what it carries and what would have been in place. No data leave.
fn refused(change: impl FnOnce(R2t) -> R2t) -> (u64, u64) {
    let mut parameters = solicited_only();
    parameters.max_burst_length = 2048;
    let mut target = Target::new(parameters);
    let itt = target.write(4096);
    let r2t = change(target.r2t(itt, 0, 0, 2048));
    let broken = broken_rule(target.receive(TargetPdu::R2t(r2t)));
    assert_eq!(target.sent(), []);
    broken
}

#[test]
fn dat_08_dat_12_r2ts_outside_of_the_command() {
    assert_eq!(refused(|r2t| R2t { desired_data_transfer_length: 2049, ..r2t }), (2049, 2048));
    assert_eq!(refused(|r2t| R2t { desired_data_transfer_length: 0, ..r2t }), (0, 1));
    assert_eq!(refused(|r2t| R2t { buffer_offset: 2049, ..r2t }), (4097, 4096));
    assert_eq!(refused(|r2t| R2t { buffer_offset: u32::MAX, ..r2t }), (u64::from(u32::MAX) + 2048, 4096));
    assert_eq!(refused(|r2t| R2t { itt: InitiatorTaskTag(77), ..r2t }), (77, 0));
    assert_eq!(refused(|r2t| R2t { ttt: TargetTransferTag::RESERVED, ..r2t }), (u64::from(u32::MAX), 0));
    // MaxBurstLength itself is no more than that.
    let mut parameters = solicited_only();
    parameters.max_burst_length = 2048;
    let mut target = Target::new(parameters);
    let itt = target.write(4096);
    assert_eq!(shape(&target.solicit(itt, 0, 0, 2048)), [(0, 2048, true, 0)]);
    // A read has no data to send.
    let mut target = Target::new(solicited_only());
    let itt = target.read(4096);
    let r2t = target.r2t(itt, 0, 0, 512);
    assert_eq!(broken_rule(target.receive(TargetPdu::R2t(r2t))), (512, 0));
    // The whole of a command, and its last byte, are inside.
    let mut target = Target::new(solicited_only());
    let itt = target.write(4096);
    assert_eq!(shape(&target.solicit(itt, 0, 0, 4095)), [(0, 4095, true, 0)]);
    assert_eq!(shape(&target.solicit(itt, 1, 4095, 1)), [(4095, 1, true, 0)]);
}

#[test]
fn num_13_r2t_sn_counts_from_0_and_repeats_are_dropped() {
    assert_eq!(refused(|r2t| R2t { r2t_sn: 1, ..r2t }), (1, 0));
    let mut target = Target::new(solicited_only());
    let itt = target.write(4096);
    assert_eq!(target.solicit(itt, 0, 0, 1000).len(), 1);
    assert_eq!(target.solicit(itt, 0, 0, 1000), []);
    assert_eq!(target.solicit(itt, 0, 3000, 9000), [], "whatever the repeat asks for");
    assert_eq!(target.solicit(itt, 1, 1000, 3096).len(), 1);
}

/// Consecutive R2Ts leave nothing out: what is skipped would never be asked for.
#[test]
fn dat_12_r2ts_that_skip_data() {
    assert_eq!(refused(|r2t| R2t { buffer_offset: 1, desired_data_transfer_length: 1, ..r2t }), (1, 0));
    let mut target = Target::new(unsolicited());
    let itt = target.write(100_000);
    let skipping = target.r2t(itt, 0, 20_001, 1000);
    assert_eq!(broken_rule(target.receive(TargetPdu::R2t(skipping))), (20_001, 20_000));
    // A target that ignores unsolicited data requests them again, and gets them.
    let mut target = Target::new(unsolicited());
    let itt = target.write(100_000);
    assert_eq!(target.solicit(itt, 0, 0, 100_000).len(), 13);
}

/// Data that went before may be asked for once more, and nothing that was sent is forgotten by it.
#[test]
fn dat_14_data_that_are_asked_for_again() {
    let ranges = [&[(0, 2000), (0, 1000), (2000, 1000)][..], &[(0, 2000), (2000, 1000), (0, 1000), (500, 1)]];
    for ranges in ranges {
        let mut target = Target::new(solicited_only());
        let itt = target.write(3000);
        for (r2t_sn, (offset, length)) in (0..).zip(ranges) {
            let data = target.solicit(itt, r2t_sn, *offset, *length);
            assert_eq!(shape(&data), [(*offset, *length as usize, true, 0)]);
            assert_eq!(data[0].ttt, TargetTransferTag(0x700 + r2t_sn));
        }
        target.good(itt).unwrap();
        assert_eq!(target.completion(itt).incomplete, None);
    }
}

/// An R2T names the logical unit of its command. LUN 0 is tolerated, and the Data-Out has the LUN of the command.
#[test]
fn tag_03_tag_04_the_logical_unit_of_an_r2t() {
    let (mut other, mut next) = (LUN, LUN);
    (other.0[1], next.0[7]) = (4, 1);
    for (lun, strictness, taken) in [
        (LUN, Strictness::Strict, true),
        (other, Strictness::Tolerant, false),
        (next, Strictness::Tolerant, false),
        (Lun::ZERO, Strictness::Tolerant, true),
        (Lun::ZERO, Strictness::Strict, false),
    ] {
        let mut target = Target::new(solicited_only());
        target.session.tolerance = Tolerance::new(strictness);
        let itt = target.write(512);
        let r2t = R2t { lun, ..target.r2t(itt, 0, 0, 512) };
        let outcome = target.receive(TargetPdu::R2t(r2t));
        let number = |lun: Lun| u64::from_be_bytes(lun.0);
        if !taken {
            assert_eq!(broken_rule(outcome), (number(lun), number(LUN)));
        }
        assert_eq!(target.session.deviations().len(), usize::from(taken && lun == Lun::ZERO));
        let luns: Vec<_> = target.data_outs().iter().map(|pdu| pdu.lun).collect();
        assert_eq!(luns, if taken { vec![LUN] } else { Vec::new() });
    }
}

#[test]
fn dat_13_no_more_r2ts_at_a_time_than_agreed_on() {
    for limit in [1, 2, 4] {
        let mut parameters = solicited_only();
        parameters.max_outstanding_r2t = limit;
        let mut target = Target::new(parameters);
        let itt = target.write(60_000);
        // R2Ts that are answered completely do not count.
        assert_eq!(target.solicit(itt, 0, 0, 1000).len(), 1);
        for number in 1..=u32::from(limit) {
            let r2t = target.r2t(itt, number, number * 1000, 1000);
            target.receive(TargetPdu::R2t(r2t)).unwrap();
        }
        let number = u32::from(limit) + 1;
        let r2t = target.r2t(itt, number, number * 1000, 1000);
        assert_eq!(
            broken_rule(target.receive(TargetPdu::R2t(r2t))),
            (u64::from(limit) + 1, u64::from(limit))
        );
    }
}

/// The unsolicited burst is no answer to an R2T: one may come while it is still leaving.
#[test]
fn dat_22_the_unsolicited_burst_is_not_counted() {
    let mut target = Target::new(unsolicited());
    let itt = target.submit(Transfer::Write(pattern(50_000).into()), true);
    assert!(target.session.poll_transmit().is_some(), "the command");
    target.numbers.exp_cmd_sn = target.numbers.exp_cmd_sn.next();
    let r2t = target.r2t(itt, 0, 20_000, 30_000);
    target.receive(TargetPdu::R2t(r2t)).unwrap();
    let offsets: Vec<_> = target.data_outs().iter().map(|pdu| pdu.buffer_offset).collect();
    assert_eq!(offsets, [8_192, 16_384, 20_000, 28_192, 36_384, 44_576]);
    target.good(itt).unwrap();
    assert_eq!(target.completion(itt).incomplete, None);
}

/// A response in the middle of a burst ends the task and its burst, but no burst of another task.
#[test]
fn dat_23_nothing_more_is_sent_for_a_task_that_has_ended() {
    let mut target = Target::new(unsolicited());
    let tags = [1, 2].map(|_| target.submit(Transfer::Write(pattern(20_000).into()), true));
    assert!(target.session.poll_transmit().is_some(), "the first command");
    target.numbers.exp_cmd_sn = target.numbers.exp_cmd_sn.next();
    let response = target.response(tags[0], ScsiStatus::CHECK_CONDITION);
    target.respond(response).unwrap();
    assert_eq!(target.completion(tags[0]).status, ScsiStatus::CHECK_CONDITION);
    assert!(target.data_outs().iter().all(|pdu| pdu.itt == tags[1]));
    target.good(tags[1]).unwrap();
    assert_eq!(target.completion(tags[1]).incomplete, None);
}

/// The same with solicited data, of a task whose burst is under way and of one whose burst waits.
#[test]
fn dat_23_solicited_data_of_a_task_that_has_ended() {
    for ended in [0, 1] {
        let mut target = Target::new(parameters_of_segments());
        let tags = [target.write(80_000), target.write(80_000)];
        for itt in tags {
            let r2t = target.r2t(itt, 0, 0, 80_000);
            target.receive(TargetPdu::R2t(r2t)).unwrap();
        }
        assert!(target.session.poll_transmit().is_some(), "the first data");
        let response = target.response(tags[ended], ScsiStatus::CHECK_CONDITION);
        target.respond(response).unwrap();
        let (data, left) = (target.data_outs(), tags[1 - ended]);
        assert!(data.iter().all(|pdu| pdu.itt == left));
        assert_eq!(data.len(), 10 - ended, "the first data of the first burst are sent");
    }
}

/// The opcodes of everything that the session sends.
fn opcodes(target: &mut Target) -> Vec<Opcode> {
    target.sent().into_iter().map(|pdu| pdu.encode().bhs.opcode()).collect()
}

/// Commands and solicited data take turns: a read does not wait behind a long write, nor the write behind many reads.
#[test]
fn commands_and_solicited_data_take_turns() {
    for reads in [1, 4, 20] {
        let mut target = Target::with_window(parameters_of_segments(), 100);
        let itt = target.write(80_000);
        let r2t = target.r2t(itt, 0, 0, 80_000);
        target.receive(TargetPdu::R2t(r2t)).unwrap();
        for _ in 0..reads {
            target.submit(Transfer::Read(512), true);
        }
        let sent = opcodes(&mut target);
        assert_eq!(sent.len(), 10 + reads);
        let turns = reads.min(10);
        for turn in sent[..2 * turns].chunks(2) {
            assert!(turn.contains(&Opcode::SCSI_COMMAND) && turn.contains(&Opcode::DATA_OUT), "{sent:?}");
        }
    }
}

/// All data are solicited, in segments of 8000 bytes.
fn parameters_of_segments() -> Parameters {
    let mut parameters = solicited_only();
    parameters.max_send_data_segment_length = 8000;
    parameters
}

/// DAT-05: nothing comes between a command and its unsolicited data, not even solicited data of another command.
#[test]
fn dat_05_unsolicited_data_follow_their_command_at_once() {
    let mut target = Target::new(unsolicited());
    let first = target.write(100_000);
    let r2t = target.r2t(first, 0, 20_000, 60_000);
    target.receive(TargetPdu::R2t(r2t)).unwrap();
    let second = target.submit(Transfer::Write(pattern(20_000).into()), true);
    target.submit(Transfer::Read(512), true);
    let sent = target.sent();
    let begin =
        sent.iter().position(|pdu| matches!(pdu, InitiatorPdu::ScsiCommand(pdu) if pdu.itt == second));
    let burst = &sent[begin.unwrap() + 1..][..2];
    assert!(
        burst
            .iter()
            .all(|pdu| matches!(pdu, InitiatorPdu::DataOut(pdu) if pdu.itt == second && !pdu.ttt.is_valid())),
        "{sent:?}"
    );
}

/// Data in pieces are sent as they are, in segments that end where those of one piece would.
#[test]
fn dat_06_data_in_pieces() {
    for lengths in [&[50_000][..], &[8_191, 2, 41_807], &[0, 1, 49_999], &[25_000, 25_000]] {
        let mut rest = pattern(50_000);
        let pieces: Vec<_> = lengths.iter().map(|length| rest.split_to(*length)).collect();
        let mut parameters = unsolicited();
        parameters.first_burst_length = 65_536;
        let mut target = Target::new(parameters);
        target.submit(Transfer::Write(pieces.into()), true);
        let (mut segments, mut sent) = (Vec::new(), Vec::new());
        while let Some(outgoing) = target.session.poll_transmit() {
            segments.push(outgoing.data_length());
            sent.extend([&[outgoing.data][..], &outgoing.rest.unwrap_or_default()].concat().concat());
        }
        assert_eq!(segments, [8192, 8192, 8192, 8192, 8192, 8192, 848], "{lengths:?}");
        assert!(sent == pattern(50_000), "{lengths:?}");
    }
}
