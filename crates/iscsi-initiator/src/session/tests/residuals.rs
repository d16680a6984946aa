//! Residuals (rows RES), and commands whose data did not all move.

use super::*;
use crate::scsi::Incomplete;

/// The residual fields of a response.
#[derive(Clone, Copy)]
struct Flags {
    overflow: bool,
    underflow: bool,
    count: u32,
}

const NOTHING: Flags = Flags { overflow: false, underflow: false, count: 0 };

const fn under(count: u32) -> Flags {
    Flags { overflow: false, underflow: true, count }
}

const fn over(count: u32) -> Flags {
    Flags { overflow: true, underflow: false, count }
}

/// A read of 1024 bytes of which so many come, ended by the last Data-In or by a SCSI Response.
fn read(exact: bool, in_data_in: bool, length: usize, flags: Flags) -> Result<Completion, Failure> {
    let mut target = Target::new(parameters());
    let itt = target.submit(Transfer::Read(1024), exact);
    target.sent();
    let Flags { overflow, underflow, count: residual_count } = flags;
    if in_data_in {
        let data = target.last_data_in(itt, 0, 0, length);
        target.receive(TargetPdu::DataIn(DataIn { overflow, underflow, residual_count, ..data }))?;
    } else {
        let data = target.data_in(itt, 0, 0, length);
        target.receive(TargetPdu::DataIn(data))?;
        let response = target.response(itt, ScsiStatus::GOOD);
        let exp_data_sn = SerialNumber(1);
        target.respond(ScsiResponse { overflow, underflow, residual_count, exp_data_sn, ..response })?;
    }
    Ok(target.completion(itt))
}

/// The counts that reach the caller, and why the command is not complete.
fn outcome(completion: Result<Completion, Failure>) -> (u32, u32, Option<Incomplete>) {
    let completion = completion.unwrap();
    assert_eq!(completion.status, ScsiStatus::GOOD);
    (completion.underflow, completion.overflow, completion.incomplete)
}

const EXPECTED: u32 = 1024;

#[test]
fn res_01_both_flags_at_once_are_a_protocol_error() {
    for (exact, in_data_in) in [(true, true), (true, false), (false, true), (false, false)] {
        let both = Flags { overflow: true, underflow: true, count: 1 };
        let error = read(exact, in_data_in, 1024, both).unwrap_err();
        assert!(matches!(error, Failure::Format(_)), "{error:?}");
    }
}

/// A count without a flag is ignored, as is a flag with a count of 0.
#[test]
fn res_01_a_count_needs_its_flag() {
    for in_data_in in [true, false] {
        for flags in [NOTHING, Flags { count: 512, ..NOTHING }, under(0), over(0)] {
            assert_eq!(outcome(read(true, in_data_in, 1024, flags)), (0, 0, None));
        }
    }
}

#[test]
fn res_02_res_04_what_a_read_did_not_bring_by_the_count_of_the_target() {
    for in_data_in in [true, false] {
        for (length, count) in [(512, 512), (1023, 1), (1024, 512), (0, 1024)] {
            let incomplete = Incomplete::Underflow { residual: count, expected: EXPECTED };
            let read = read(true, in_data_in, length, under(count));
            assert_eq!(outcome(read), (count, 0, Some(incomplete)));
        }
        let incomplete = Incomplete::Overflow { residual: 4096, expected: EXPECTED };
        assert_eq!(outcome(read(true, in_data_in, 1024, over(4096))), (0, 4096, Some(incomplete)));
    }
}

#[test]
fn res_02_data_that_are_missing_without_a_word() {
    for (in_data_in, length) in [(true, 1023), (false, 1023), (true, 0), (false, 0)] {
        let received = u32::try_from(length).unwrap();
        let incomplete = Incomplete::NotSent { received, expected: EXPECTED };
        assert_eq!(outcome(read(true, in_data_in, length, NOTHING)), (0, 0, Some(incomplete)));
    }
}

/// A count of 0, or without its flag, does not hide that data are missing.
#[test]
fn res_02_data_that_are_missing_beside_a_count_without_a_meaning() {
    for flags in [Flags { count: 7, ..NOTHING }, under(0), over(0)] {
        let incomplete = Incomplete::NotSent { received: 1000, expected: EXPECTED };
        assert_eq!(outcome(read(true, true, 1000, flags)), (0, 0, Some(incomplete)));
    }
}

/// A residual greater than the transfer is capped, and the command is incomplete.
#[test]
fn res_03_an_underflow_beyond_the_transfer() {
    for in_data_in in [true, false] {
        let incomplete = Incomplete::Underflow { residual: 1025, expected: EXPECTED };
        assert_eq!(outcome(read(true, in_data_in, 1024, under(1025))), (1024, 0, Some(incomplete)));
        assert_eq!(outcome(read(false, in_data_in, 36, under(u32::MAX))), (1024, 0, None));
    }
}

/// With an upper bound as length, less data is the usual case, and some targets count wrongly.
#[test]
fn res_02_an_upper_bound_is_never_missed() {
    for in_data_in in [true, false] {
        for (length, flags, counts) in [
            (36, under(988), (988, 0)),
            (36, NOTHING, (0, 0)),
            (36, under(7), (7, 0)),
            (36, over(60), (0, 60)),
            (1024, under(1024), (1024, 0)),
        ] {
            assert_eq!(outcome(read(false, in_data_in, length, flags)), (counts.0, counts.1, None));
        }
    }
}

/// The caller gets the counts of the target, not what the initiator could have counted itself.
#[test]
fn dat_20_residuals_are_those_of_the_target() {
    assert_eq!(read(false, true, 1000, under(5)).unwrap().underflow, 5);
    assert_eq!(read(false, true, 1000, NOTHING).unwrap().underflow, 0);
}

/// A write of 20,000 bytes, 8,192 of them immediate, that ends after R2Ts for so many more.
fn written(exact: bool, r2ts: &[u32], status: ScsiStatus, flags: Flags) -> Completion {
    let mut parameters = parameters();
    parameters.max_send_data_segment_length = 8_192;
    let mut target = Target::new(parameters);
    let itt = target.submit(Transfer::Write(pattern(20_000).into()), exact);
    target.sent();
    let mut offset = 8_192;
    for (r2t_sn, length) in (0..).zip(r2ts) {
        target.solicit(itt, r2t_sn, offset, *length);
        offset += length;
    }
    let Flags { overflow, underflow, count: residual_count } = flags;
    let response = target.response(itt, status);
    target.respond(ScsiResponse { overflow, underflow, residual_count, ..response }).unwrap();
    target.completion(itt)
}

#[test]
fn a_write_whose_data_were_all_taken_is_complete() {
    for r2ts in [&[11_808][..], &[1, 11_807], &[4_000, 4_000, 3_808]] {
        assert_eq!(written(true, r2ts, ScsiStatus::GOOD, NOTHING).incomplete, None);
    }
}

#[test]
fn a_write_whose_data_were_not_all_asked_for() {
    let cases = [(&[][..], 8_192), (&[1], 8_193), (&[11_807], 19_999), (&[4_000, 4_000], 16_192)];
    for (r2ts, taken) in cases {
        let incomplete = Incomplete::NotTaken { taken, expected: 20_000 };
        assert_eq!(written(true, r2ts, ScsiStatus::GOOD, NOTHING).incomplete, Some(incomplete));
        assert_eq!(written(false, r2ts, ScsiStatus::GOOD, NOTHING).incomplete, None);
    }
}

/// No immediate data, and no R2T at all.
#[test]
fn a_write_without_any_r2t() {
    let mut target = Target::new(solicited_only());
    let itt = target.write(4096);
    target.good(itt).unwrap();
    let incomplete = Incomplete::NotTaken { taken: 0, expected: 4096 };
    assert_eq!(target.completion(itt).incomplete, Some(incomplete));
}

/// GOOD before the requested data were sent.
#[test]
fn a_write_that_ends_before_its_data_were_sent() {
    for sent in 0..3 {
        let mut parameters = solicited_only();
        parameters.max_send_data_segment_length = 512;
        let mut target = Target::new(parameters);
        let itt = target.write(1024);
        let r2t = target.r2t(itt, 0, 0, 1024);
        target.receive(TargetPdu::R2t(r2t)).unwrap();
        (0..sent).for_each(|_| assert!(target.session.poll_transmit().is_some()));
        target.good(itt).unwrap();
        let incomplete = Incomplete::NotTaken { taken: 0, expected: 1024 };
        assert_eq!(target.completion(itt).incomplete, (sent < 2).then_some(incomplete));
    }
}

/// Data that were all sent do not count when the target says that it did not take them.
#[test]
fn a_write_with_a_residual_is_not_complete() {
    for (flags, incomplete) in [
        (under(20_000), Incomplete::Underflow { residual: 20_000, expected: 20_000 }),
        (under(1), Incomplete::Underflow { residual: 1, expected: 20_000 }),
        (over(512), Incomplete::Overflow { residual: 512, expected: 20_000 }),
    ] {
        let written = |exact| written(exact, &[11_808], ScsiStatus::GOOD, flags).incomplete;
        assert_eq!((written(true), written(false)), (Some(incomplete), None));
    }
}

#[test]
fn what_is_said_of_incomplete_transfers() {
    let cases = [
        (
            Incomplete::Underflow { residual: 256, expected: 512 },
            "the target reports that 256 of 512 bytes were not transferred (residual underflow)",
        ),
        (
            Incomplete::Overflow { residual: 512, expected: 4096 },
            "the target reports 512 bytes beyond the 4096 of the transfer (residual overflow)",
        ),
        (Incomplete::NotSent { received: 3, expected: 512 }, "the target sent 3 of 512 bytes"),
        (
            Incomplete::NotTaken { taken: 0, expected: 512 },
            "the target took 0 of 512 bytes and requested no more",
        ),
    ];
    for (incomplete, text) in cases {
        assert_eq!(incomplete.to_string(), text);
    }
}

/// A count that is called neither missing nor surplus means nothing, and 0 bytes are none.
#[test]
fn res_01_counts_without_a_meaning() {
    for flags in [Flags { count: 7, ..NOTHING }, under(0), over(0)] {
        let mut target = Target::new(parameters());
        let itt = target.submit(Transfer::Read(1024), true);
        target.sent();
        let Flags { overflow, underflow, count: residual_count } = flags;
        let data = target.last_data_in(itt, 0, 0, 1024);
        target.receive(TargetPdu::DataIn(DataIn { overflow, underflow, residual_count, ..data })).unwrap();
        let outcome = target.session.take_outcome(itt);
        assert!(matches!(&outcome, Some(Outcome::Good(data)) if data[..] == pattern(1024)), "{outcome:?}");
    }
}
