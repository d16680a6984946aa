//! Descriptor blocks of more than 16 bytes, and commands that move data in both directions.

use super::*;
use crate::scsi::Cdb;

/// XDWRITEREAD (10), which writes and reads as many bytes.
const XDWRITEREAD_10: u8 = 0x53;

fn both(target: &mut Target, write: usize, read: u32) -> InitiatorTaskTag {
    let transfer = Transfer::Both { write: pattern(write).into(), read };
    target.begin(Request::command(LUN, RawCommand::new("XDWRITEREAD (10)", XDWRITEREAD_10, transfer)))
}

/// The bytes behind the first 16 travel in an additional header (PDU-14).
#[test]
fn pdu_14_long_descriptor_blocks() {
    let bytes: Vec<u8> = (0x7f..).take(1).chain((1..=250).cycle()).take(260).collect();
    for length in [16, 17, 32, 260] {
        let cdb = Cdb::from_bytes(&bytes[..length]).unwrap();
        let mut target = Target::new(parameters());
        let command = RawCommand::from_cdb("TEST", cdb, Transfer::Write(pattern(4).into()));
        let itt = target.begin(Request::command(LUN, command));
        let [sent] = <[_; 1]>::try_from(target.commands()).unwrap();
        assert_eq!(sent.cdb, bytes[..16]);
        let rest = sent.additional_headers.cdb_rest();
        assert_eq!(rest.as_deref(), Some(&bytes[16..length]).filter(|rest| !rest.is_empty()));
        assert_eq!((sent.additional_headers.bidirectional_read_length(), sent.data), (None, pattern(4)));
        target.good(itt).unwrap();
        assert_eq!(target.outcomes().len(), 1);
    }
}

/// Both lengths are stated (PDU-15), and data move both ways; Data-In PDUs and R2Ts share their numbers (RFC 7143, 4.2.2.4).
#[test]
fn pdu_15_data_in_both_directions() {
    let mut target = Target::new(solicited_only());
    let itt = both(&mut target, 1024, 700);
    let [sent] = <[_; 1]>::try_from(target.commands()).unwrap();
    assert!(sent.read && sent.write);
    assert_eq!(sent.expected_data_transfer_length, 1024);
    assert_eq!(sent.additional_headers.bidirectional_read_length(), Some(700));
    let first = target.data_in(itt, 0, 0, 300);
    target.receive(TargetPdu::DataIn(first)).unwrap();
    assert_eq!(target.solicit(itt, 1, 0, 1024).len(), 1);
    let second = target.data_in(itt, 2, 300, 400);
    target.receive(TargetPdu::DataIn(second)).unwrap();
    let response = ScsiResponse { exp_data_sn: SerialNumber(3), ..target.response(itt, ScsiStatus::GOOD) };
    target.respond(response).unwrap();
    assert_eq!(target.outcomes(), [(itt, Outcome::Good(pattern(700).as_ref().into()))]);
}

/// ExpDataSN counts Data-In PDUs (11.4.8), so it is 0 where there are none; RFC 3720 counted R2Ts too.
#[test]
fn num_15_r2ts_count_in_exp_data_sn_or_not() {
    for (data_ins, accepted) in [(0, [0, 2]), (1, [1, 3])] {
        for exp_data_sn in 0..=4 {
            let mut target = Target::new(solicited_only());
            let itt = both(&mut target, 1024, 700);
            target.sent();
            target.solicit(itt, 0, 0, 512);
            target.solicit(itt, 1, 512, 512);
            for _ in 0..data_ins {
                let data = target.data_in(itt, 2, 0, 300);
                target.receive(TargetPdu::DataIn(data)).unwrap();
            }
            let response = target.response(itt, ScsiStatus::GOOD);
            let response = ScsiResponse { exp_data_sn: SerialNumber(exp_data_sn), ..response };
            let outcome = target.respond(response);
            assert_eq!(outcome.is_ok(), accepted.contains(&exp_data_sn), "{data_ins}: {exp_data_sn}");
        }
    }
}

/// Numbers that each direction would count by itself are wrong.
#[test]
fn num_13_numbers_of_one_direction_alone() {
    let mut target = Target::new(solicited_only());
    let itt = both(&mut target, 1024, 700);
    target.sent();
    let first = target.data_in(itt, 0, 0, 300);
    target.receive(TargetPdu::DataIn(first)).unwrap();
    // R2TSN 0 looks repeated, and is dropped.
    let repeated = target.r2t(itt, 0, 0, 512);
    target.receive(TargetPdu::R2t(repeated)).unwrap();
    assert!(target.sent().is_empty());
    let ahead = target.r2t(itt, 2, 0, 512);
    assert_eq!(broken_rule(target.receive(TargetPdu::R2t(ahead))), (2, 1));

    let mut target = Target::new(solicited_only());
    let itt = both(&mut target, 1024, 700);
    target.sent();
    target.solicit(itt, 0, 0, 1024);
    let wrong = target.data_in(itt, 2, 0, 300);
    assert_eq!(broken_rule(target.receive(TargetPdu::DataIn(wrong))), (2, 1));
}

/// The target counts missing and surplus bytes of both directions apart (RES-01).
#[test]
fn res_01_residuals_of_both_directions() {
    let mut target = Target::new(parameters());
    let itt = both(&mut target, 512, 512);
    target.sent();
    let data = target.data_in(itt, 0, 0, 100);
    target.receive(TargetPdu::DataIn(data)).unwrap();
    let response = ScsiResponse {
        overflow: true,
        residual_count: 7,
        read_underflow: true,
        bidirectional_read_residual_count: 412,
        exp_data_sn: SerialNumber(1),
        ..target.response(itt, ScsiStatus::GOOD)
    };
    target.respond(response).unwrap();
    let completion = target.completion(itt);
    assert_eq!((completion.overflow, completion.underflow), (7, 0));
    assert_eq!((completion.read_overflow, completion.read_underflow), (0, 412));
    assert_eq!(completion.data, pattern(100));

    // No more than was to be read can be missing, and only a bidirectional command reads beside what it writes.
    for (transfer, most) in
        [(Transfer::Both { write: pattern(4).into(), read: 9 }, 9), (Transfer::Read(4), 0)]
    {
        let mut target = Target::new(parameters());
        let itt = target.submit(transfer, false);
        target.sent();
        let response = ScsiResponse {
            read_underflow: true,
            bidirectional_read_residual_count: 5000,
            ..target.response(itt, ScsiStatus::GOOD)
        };
        target.respond(response).unwrap();
        assert_eq!(target.completion(itt).read_underflow, most);
    }

    let mut target = Target::new(parameters());
    let itt = both(&mut target, 512, 512);
    target.sent();
    let response = target.response(itt, ScsiStatus::GOOD);
    let contradiction = ScsiResponse { read_underflow: true, read_overflow: true, ..response };
    assert_eq!(broken_rule(target.respond(contradiction)), (3, 1));
}

/// Data beyond what was to be read have no place, whatever is written.
#[test]
fn dat_16_more_than_was_to_be_read() {
    let mut target = Target::new(parameters());
    let itt = both(&mut target, 1024, 100);
    target.sent();
    let data = target.data_in(itt, 0, 0, 101);
    assert_eq!(broken_rule(target.receive(TargetPdu::DataIn(data))), (101, 100));
}

/// In another session both directions begin anew.
#[test]
fn both_directions_begin_anew() {
    let mut target = Target::new(solicited_only());
    target.session.make_lasting();
    let transfer = Transfer::Both { write: pattern(512).into(), read: 300 };
    let command =
        RawCommand { replay: crate::scsi::Replay::Repeat, ..RawCommand::new("TEST", 0xc0, transfer) };
    let itt = target.begin(Request::command(LUN, command));
    target.sent();
    let data = target.data_in(itt, 0, 0, 300);
    target.receive(TargetPdu::DataIn(data)).unwrap();
    target.solicit(itt, 1, 0, 512);
    target.lose(u64::MAX);
    target.log_in_again(solicited_only());
    target.send_kept(crate::session::Fencing::Sole);
    let again = target.commands()[0].itt;
    assert_eq!(target.solicit(again, 0, 0, 512).len(), 1);
    let data = target.data_in(again, 1, 0, 300);
    target.receive(TargetPdu::DataIn(data)).unwrap();
    let response = ScsiResponse { exp_data_sn: SerialNumber(2), ..target.response(again, ScsiStatus::GOOD) };
    target.respond(response).unwrap();
    assert_eq!(target.outcomes(), [(itt, Outcome::Good(pattern(300).as_ref().into()))]);
}
