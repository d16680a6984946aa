//! Data-In (rows DAT and NUM).

use bytes::BytesMut;

use super::*;

/// The outcome of a read of 1024 bytes that is answered by these Data-Ins: number, offset, length.
fn read(parts: &[(u32, u32, usize)]) -> (Target, InitiatorTaskTag, Result<(), Failure>) {
    let mut target = Target::new(parameters());
    let itt = target.read(1024);
    let mut outcome = Ok(());
    for (data_sn, offset, length) in parts {
        let data = target.data_in(itt, *data_sn, *offset, *length);
        outcome = outcome.and(target.receive(TargetPdu::DataIn(data)));
    }
    (target, itt, outcome)
}

/// The data of such a read that ends with GOOD in a SCSI Response.
fn completed(parts: &[(u32, u32, usize)]) -> Bytes {
    let (mut target, itt, outcome) = read(parts);
    outcome.unwrap();
    let pdus = parts.iter().map(|part| part.0 + 1).max().unwrap_or(0);
    let response = target.response(itt, ScsiStatus::GOOD);
    target.respond(ScsiResponse { exp_data_sn: SerialNumber(pdus), ..response }).unwrap();
    target.completion(itt).data
}

#[test]
fn dat_16_data_come_in_order() {
    assert_eq!(completed(&[(0, 0, 1024)]), pattern(1024));
    assert_eq!(completed(&[(0, 0, 100), (1, 100, 0), (2, 100, 923), (3, 1023, 1)]), pattern(1024));
    // A PDU without data has no place, whatever its offset.
    assert_eq!(completed(&[(0, 9, 0), (1, 0, 1024), (2, 0, 0)]), pattern(1024));
    assert_eq!(broken_rule(read(&[(0, 512, 512)]).2), (512, 0));
    assert_eq!(broken_rule(read(&[(0, 0, 512), (1, 600, 100)]).2), (600, 512));
    assert_eq!(broken_rule(read(&[(0, 0, 512), (1, 0, 512)]).2), (0, 512));
}

/// Data come into the buffer of the caller, which is as long as what was received of them.
#[test]
fn data_come_into_the_buffer_that_was_given() {
    for length in [1024, 1000] {
        let mut target = Target::new(parameters());
        let buffer = BytesMut::zeroed(1024);
        let place = buffer.as_ptr();
        let itt = target.submit(Transfer::ReadInto(buffer), false);
        assert_eq!(target.commands()[0].expected_data_transfer_length, 1024);
        let data = target.data_in(itt, 0, 0, 512);
        target.receive(TargetPdu::DataIn(data)).unwrap();
        let data = target.last_data_in(itt, 1, 512, length - 512);
        target.receive(TargetPdu::DataIn(data)).unwrap();
        let ended = target.session.poll_ended().unwrap();
        let Some(Outcome::Good(buffer)) = target.session.take_outcome(ended) else { panic!("no data") };
        assert_eq!((buffer.as_ptr(), &buffer[..]), (place, &pattern(length)[..]));
    }
}

/// A buffer for an answer of unknown length doubles as the answer comes, and never grows beyond its length.
#[test]
fn buffers_grow_with_their_data() {
    let mut target = Target::new(parameters());
    let itt = target.submit(Transfer::Read(1 << 20), false);
    target.sent();
    let mut lent = Vec::new();
    for number in 0..20 {
        let pdu = target.data_in(itt, number, number * 1000, 1000);
        let (buffer, at) = target.session.lend(&pdu, 1000).unwrap();
        assert_eq!(at, number as usize * 1000);
        lent.push(buffer.len());
        target.session.data_landed(&pdu, 1000, buffer);
    }
    let doubled = [1, 2, 4, 4, 8, 8, 8, 8, 16, 16, 16, 16, 16, 16, 16, 16, 32, 32, 32, 32];
    assert_eq!(lent, doubled.map(|thousand| thousand * 1000));
    let pdu = target.data_in(itt, 20, 20_000, (1 << 20) - 20_000);
    assert_eq!(target.session.lend(&pdu, (1 << 20) - 20_000).unwrap().0.len(), 1 << 20);
}

/// A buffer has its whole length at once if half of the data come first.
#[test]
fn the_first_data_say_how_many_are_expected() {
    for (length, expected) in [(1000, 2000), (999, 999), (2000, 2000)] {
        let mut target = Target::new(parameters());
        let itt = target.read(2000);
        let pdu = target.data_in(itt, 0, 0, length);
        assert_eq!(target.session.lend(&pdu, length).unwrap().0.len(), expected);
    }
}

/// A place is lent for data that count, and for no others.
#[test]
fn num_13_dat_17_tag_05_only_the_next_data_have_a_place() {
    let mut target = Target::new(parameters());
    let itt = target.read(1024);
    let first = target.data_in(itt, 0, 0, 512);
    target.receive(TargetPdu::DataIn(first.clone())).unwrap();
    let next = target.data_in(itt, 1, 512, 512);
    for (pdu, length) in [
        (&first, 512),
        (&DataIn { data_sn: 2, ..next.clone() }, 512),
        (&DataIn { buffer_offset: 513, ..next.clone() }, 512),
        (&next, 513),
        (&DataIn { itt: InitiatorTaskTag(itt.0 + 1), ..next.clone() }, 512),
    ] {
        assert!(target.session.lend(pdu, length).is_none(), "{pdu:?} {length}");
    }
    // A status that came before, and one before which others are missing.
    let numbers = |stat_sn| SequenceNumbers { stat_sn: SerialNumber(stat_sn), ..target.numbers };
    for (stat_sn, has_place) in
        [(FIRST_STAT_SN - 1, false), (FIRST_STAT_SN + 1, false), (FIRST_STAT_SN, true)]
    {
        let pdu = DataIn { is_final: true, has_status: true, numbers: numbers(stat_sn), ..next.clone() };
        let lent = target.session.clone().lend(&pdu, 512);
        assert_eq!(lent.is_some(), has_place, "{stat_sn}");
    }
}

/// Data with an offset outside the buffer are an error.
#[test]
fn dat_17_data_end_within_the_buffer() {
    assert_eq!(broken_rule(read(&[(0, 0, 1025)]).2), (1025, 1024));
    assert_eq!(broken_rule(read(&[(0, 0, 1024), (1, 1024, 1)]).2), (1025, 1024));
    let mut target = Target::new(parameters());
    let itt = target.read(1024);
    let outside = DataIn { buffer_offset: 0xffff_fff0, ..target.data_in(itt, 0, 0, 512) };
    assert_eq!(broken_rule(target.receive(TargetPdu::DataIn(outside))), (0xffff_fff0, 0));
    // A write and a command without data expect none at all.
    let mut target = Target::new(parameters());
    let itt = target.write(512);
    let data = target.data_in(itt, 0, 0, 1);
    assert_eq!(broken_rule(target.receive(TargetPdu::DataIn(data))), (1, 0));
}

#[test]
fn num_13_data_sn_counts_from_0_and_repeats_are_dropped() {
    assert_eq!(broken_rule(read(&[(1, 0, 512)]).2), (1, 0));
    assert_eq!(broken_rule(read(&[(0, 0, 512), (2, 512, 512)]).2), (2, 1));
    // 0, 0, 1: the second is a repetition, with any data.
    assert_eq!(completed(&[(0, 0, 512), (0, 0, 512), (1, 512, 512)]), pattern(1024));
    assert_eq!(completed(&[(0, 0, 512), (0, 77, 5), (1, 512, 512)]), pattern(1024));
    // A status that did not come before ends the command, and then the number counts.
    let (mut target, itt, outcome) = read(&[(0, 0, 512)]);
    outcome.unwrap();
    let repeat = target.last_data_in(itt, 0, 0, 512);
    assert_eq!(broken_rule(target.receive(TargetPdu::DataIn(repeat))), (0, 1));
}

/// ExpDataSN counts the Data-Ins of a successful read; with fewer of them, data are missing.
#[test]
fn num_15_exp_data_sn_is_the_number_of_data_ins() {
    for (exp_data_sn, whole) in [(1, true), (0, false), (2, false)] {
        let (mut target, itt, _) = read(&[(0, 0, 1024)]);
        let response = target.response(itt, ScsiStatus::GOOD);
        let outcome = target.respond(ScsiResponse { exp_data_sn: SerialNumber(exp_data_sn), ..response });
        assert_eq!(outcome.is_ok(), whole, "{exp_data_sn}");
        if !whole {
            assert_eq!(broken_rule(outcome), (u64::from(exp_data_sn), 1));
        }
    }
    // Targets do not count for a command that failed, and some count R2Ts for a write.
    let (mut target, itt, _) = read(&[(0, 0, 512)]);
    let response = target.response(itt, ScsiStatus::CHECK_CONDITION);
    target.respond(response).unwrap();
    assert_eq!(target.completion(itt).status, ScsiStatus::CHECK_CONDITION);
    let itt = target.write(512);
    let response = target.response(itt, ScsiStatus::GOOD);
    target.respond(ScsiResponse { exp_data_sn: SerialNumber(3), ..response }).unwrap();
    assert_eq!(target.completion(itt).status, ScsiStatus::GOOD);
}

/// A sequence longer than `MaxBurstLength` without F is the target's mistake, and harmless.
#[test]
fn dat_18_long_sequences_without_the_final_bit_are_tolerated() {
    let mut parameters = parameters();
    parameters.max_burst_length = 512;
    let mut target = Target::new(parameters);
    let itt = target.read(4096);
    for (data_sn, offset) in (0..4).zip([0, 1000, 2000, 3000]) {
        let data = target.data_in(itt, data_sn, offset, if offset == 3000 { 1096 } else { 1000 });
        target.receive(TargetPdu::DataIn(data)).unwrap();
    }
    let response = target.response(itt, ScsiStatus::GOOD);
    target.respond(ScsiResponse { exp_data_sn: SerialNumber(4), ..response }).unwrap();
    assert_eq!(target.completion(itt).data, pattern(4096));
}

/// At error recovery level 0 nothing answers the A bit.
#[test]
fn dat_19_the_acknowledge_bit_is_ignored() {
    let mut target = Target::new(parameters());
    let itt = target.read(512);
    let data = DataIn { acknowledge: true, ttt: TargetTransferTag(4), ..target.last_data_in(itt, 0, 0, 512) };
    target.receive(TargetPdu::DataIn(data)).unwrap();
    assert_eq!((target.completion(itt).data, target.sent()), (pattern(512), Vec::new()));
}
