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
