//! Flushes of writes that the loss of a cache may have lost.

use super::*;
use crate::scsi::{SynchronizeCache10, write_blocks};

fn write() -> RawCommand {
    write_blocks(0, 1, pattern(512))
}

/// The outcome of a command that ends in this status.
fn outcome(target: &mut Target, command: RawCommand, status: ScsiStatus) -> Outcome {
    let itt = target.begin(Request::command(LUN, command));
    target.sent();
    let response = target.response(itt, status);
    target.respond(response).unwrap();
    target.outcomes().remove(0).1
}

/// The cache is lost after two writes, and after a flush if there is one: only writes and flushes that succeeded count.
#[test]
fn the_first_flush_after_a_loss_fails_for_writes_that_no_flush_covers() {
    use ScsiStatus as Status;
    for (written, flushed, is_lost) in [
        (Status::GOOD, None, true),
        (Status::CHECK_CONDITION, None, false),
        (Status::GOOD, Some(Status::GOOD), false),
        (Status::GOOD, Some(Status::CHECK_CONDITION), true),
    ] {
        let mut target = Target::new(parameters());
        for _ in 0..2 {
            outcome(&mut target, write(), written);
        }
        if let Some(status) = flushed {
            outcome(&mut target, SynchronizeCache10::default().into(), status);
        }
        target.session.lose_cache(LUN);
        for fails in [is_lost, false] {
            let ended = outcome(&mut target, SynchronizeCache10::default().into(), Status::GOOD);
            assert_eq!(ended == Outcome::WritesMayBeLost, fails, "{written:?} {flushed:?}");
        }
    }
}

/// The outcome of a flush behind the loss of a cache which the unit had said that it does not have, before it reported an event.
fn flush_after(asc: u8, ascq: u8) -> Outcome {
    let mut target = Target::new(parameters());
    target.session.note_write_cache(LUN, Some(false));
    let told = target.read(512);
    let mut response = target.response(told, ScsiStatus::CHECK_CONDITION);
    response.sense = Bytes::copy_from_slice(&[0x72, 0x06, asc, ascq]);
    (response.underflow, response.residual_count) = (true, 512);
    target.respond(response).unwrap();
    target.outcomes();
    outcome(&mut target, write(), ScsiStatus::GOOD);
    target.session.lose_cache(LUN);
    outcome(&mut target, SynchronizeCache10::default().into(), ScsiStatus::GOOD)
}

/// A unit without a cache loses nothing. One that has started anew, or whose parameters have changed, may have one since.
#[test]
fn a_unit_has_no_cache_until_it_reports_a_change() {
    for (asc, ascq, may_have_one) in [
        (0x29, 0x00, true),
        (0x29, 0x04, true),
        (0x29, 0x07, false),
        (0x2a, 0x00, true),
        (0x2a, 0x02, true),
        (0x2a, 0x03, false),
        (0x3f, 0x0e, false),
    ] {
        let is_lost = flush_after(asc, ascq) == Outcome::WritesMayBeLost;
        assert_eq!(is_lost, may_have_one, "{asc:02x}/{ascq:02x}");
    }
}
