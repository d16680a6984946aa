//! Writes to the same blocks across the loss of a session: no old one lands on top of a newer one.

use super::kept_requests::lasting;
use super::*;
use crate::scsi::{TestUnitReady, read_blocks, write_blocks};
use crate::session::{Fencing, OldTask, Replayed};

const COMPARE_AND_WRITE: u8 = 0x89;
const AMBIGUOUS: Outcome = Outcome::Ambiguous(OldTask::Ended);

/// Sends a write of these blocks, without waiting for its end.
fn write(target: &mut Target, lba: u64, blocks: u32) -> InitiatorTaskTag {
    write_to(target, LUN, lba, blocks)
}

fn write_to(target: &mut Target, lun: Lun, lba: u64, blocks: u32) -> InitiatorTaskTag {
    let data = pattern(512 * blocks as usize);
    let itt = target.begin(Request::command(lun, write_blocks(lba, blocks, data)));
    target.sent();
    itt
}

/// Sends a command that is never sent twice.
fn compare_and_write(target: &mut Target, lba: u8) -> InitiatorTaskTag {
    let command =
        RawCommand::new("COMPARE AND WRITE", COMPARE_AND_WRITE, Transfer::Write(pattern(1024).into()));
    let itt = target.begin(Request::command(LUN, command.with(9, &[lba]).with(13, &[1])));
    target.sent();
    itt
}

/// Another session takes the place of this one, of which everything was written.
fn replace_session(target: &mut Target) -> Replayed {
    target.lose(u64::MAX);
    target.log_in_again(parameters());
    target.session.send_kept(Fencing::Sole, |_| true, target.now)
}

/// The addresses of the commands that are sent now.
fn addresses(target: &mut Target) -> Vec<u32> {
    let commands = target.commands();
    commands.iter().map(|pdu| u32::from_be_bytes(pdu.cdb[2..6].try_into().unwrap())).collect()
}

/// The newer write has ended, with whatever status, and has one block or none in common with the older one.
#[test]
fn a_write_that_a_newer_one_has_replaced_is_not_sent_again() {
    for status in [ScsiStatus::GOOD, ScsiStatus::BUSY] {
        for (lba, blocks, is_replaced) in
            [(100, 1, true), (107, 4, true), (96, 5, true), (108, 4, false), (96, 4, false), (90, 30, true)]
        {
            let mut target = lasting(parameters());
            let older = write(&mut target, 100, 8);
            let newer = write(&mut target, lba, blocks);
            let response = target.response(newer, status);
            target.respond(response).unwrap();
            target.outcomes();
            let replayed = replace_session(&mut target);
            let expected =
                Replayed { sent_again: u64::from(!is_replaced), ambiguous: u64::from(is_replaced) };
            assert_eq!(replayed, expected, "{lba}, {blocks}");
            assert_eq!(addresses(&mut target), if is_replaced { vec![] } else { vec![100] });
            assert_eq!(target.outcomes(), if is_replaced { vec![(older, AMBIGUOUS)] } else { vec![] });
        }
    }
}

#[test]
fn an_older_write_and_one_of_another_unit_replace_nothing() {
    let mut target = lasting(parameters());
    write(&mut target, 50, 1);
    let older = write(&mut target, 100, 8);
    write(&mut target, 100, 8);
    let other = write_to(&mut target, Lun([0, 9, 0, 0, 0, 0, 0, 0]), 100, 8);
    for itt in [older, other] {
        target.good(itt).unwrap();
    }
    assert_eq!(replace_session(&mut target), Replayed { sent_again: 2, ambiguous: 0 });
}

/// Not even with the operation code of a write: it has no data for the unit.
#[test]
fn a_command_that_only_reads_replaces_nothing() {
    let mut target = lasting(parameters());
    write(&mut target, 100, 8);
    let command = RawCommand { transfer: Transfer::Read(512), ..write_blocks(100, 1, pattern(512)) };
    let itt = target.begin(Request::command(LUN, command));
    target.sent();
    target.good(itt).unwrap();
    assert_eq!(replace_session(&mut target), Replayed { sent_again: 1, ambiguous: 0 });
}

/// Over two sessions: what was sent again counts like what was sent for the first time.
#[test]
fn a_newer_write_of_a_later_session_replaces_too() {
    let mut target = lasting(parameters());
    write(&mut target, 100, 8);
    replace_session(&mut target);
    target.commands();
    write(&mut target, 300, 1);
    let again = target.session.kept_units().len();
    assert_eq!(again, 2);
    let newer = target.begin(Request::command(LUN, write_blocks(107, 1, pattern(512))));
    assert_eq!(addresses(&mut target), Vec::<u32>::new(), "it waits");
    assert_eq!(replace_session(&mut target), Replayed { sent_again: 3, ambiguous: 0 });
    assert_eq!(addresses(&mut target), [100, 300], "it waits again");
    assert!(target.outcomes().is_empty() && target.session.outcome(newer).is_none());
}

/// A newer write does not leave while one of the same blocks that was sent again has no answer. What came after it waits
/// behind it; what comes before, and what has other blocks, does not wait.
#[test]
fn a_newer_write_waits_for_one_that_was_sent_again() {
    let mut target = lasting(parameters());
    write(&mut target, 100, 8);
    write(&mut target, 107, 2);
    replace_session(&mut target);
    for (lba, blocks) in [(50, 1), (108, 1)] {
        target.begin(Request::command(LUN, write_blocks(lba, blocks, pattern(512))));
    }
    let first = target.commands();
    assert_eq!(first.len(), 1, "the second one was sent again behind it");
    target.good(first[0].itt).unwrap();
    let second = target.commands();
    assert_eq!(second.iter().map(|pdu| pdu.cdb[5]).collect::<Vec<_>>(), [107, 50]);
    target.good(second[0].itt).unwrap();
    assert_eq!(addresses(&mut target), [108]);
}

#[test]
fn other_blocks_and_other_commands_do_not_wait() {
    let mut target = lasting(parameters());
    write(&mut target, 100, 8);
    replace_session(&mut target);
    target.begin(Request::command(LUN, TestUnitReady.into()));
    for lba in [99, 108] {
        target.begin(Request::command(LUN, write_blocks(lba, 1, pattern(512))));
        target.begin(Request::command(LUN, read_blocks(lba, 1, 512)));
    }
    assert_eq!(addresses(&mut target), [100, 0, 99, 99, 108, 108]);
}

/// What was read of the newer of two writes must not be followed by what the older one wrote.
#[test]
fn a_read_waits_for_a_write_that_was_sent_again() {
    for lba in [100_u8, 107] {
        let mut target = lasting(parameters());
        write(&mut target, 100, 8);
        replace_session(&mut target);
        target.begin(Request::command(LUN, read_blocks(lba.into(), 1, 512)));
        let write = target.commands();
        assert_eq!(write.len(), 1);
        target.good(write[0].itt).unwrap();
        assert_eq!(target.commands()[0].cdb[5], lba);
    }
}

/// A command in front of it that waits for its unit, which is full, does not let it pass. Neither does a logout.
#[test]
fn a_write_behind_a_command_to_a_full_unit_waits_too() {
    let full = Lun([0, 9, 0, 0, 0, 0, 0, 0]);
    let mut target = lasting(parameters());
    write(&mut target, 100, 8);
    replace_session(&mut target);
    for _ in 0..2 {
        target.begin(Request::command(full, TestUnitReady.into()));
    }
    let [first, _, refused] = <[ScsiCommand; 3]>::try_from(target.commands()).unwrap();
    let response = target.response(refused.itt, ScsiStatus::BUSY);
    target.respond(response).unwrap();
    target.begin(Request::command(full, TestUnitReady.into()));
    target.begin(Request::command(LUN, write_blocks(107, 1, pattern(512))));
    assert_eq!((target.commands(), target.log_out()), (vec![], vec![]));
    target.good(first.itt).unwrap();
    assert_eq!(addresses(&mut target), [107]);
}

/// One that no session has sent before may be carried out once only, and holds nothing back.
#[test]
fn a_write_that_was_not_sent_before_holds_nothing_back() {
    let mut target = lasting(parameters());
    target.lose(0);
    for _ in 0..2 {
        target.begin(Request::command(LUN, write_blocks(100, 8, pattern(4096))));
    }
    target.log_in_again(parameters());
    target.session.send_kept(Fencing::Sole, |_| true, target.now);
    assert_eq!(addresses(&mut target), [100, 100]);
}

/// A logout comes behind a write that waits, as behind any other.
#[test]
fn a_logout_waits_behind_a_write_that_waits() {
    let mut target = lasting(parameters());
    write(&mut target, 100, 8);
    replace_session(&mut target);
    target.begin(Request::command(LUN, write_blocks(100, 8, pattern(4096))));
    let first = target.commands();
    assert_eq!((first.len(), target.log_out()), (1, vec![]));
    target.good(first[0].itt).unwrap();
    let sent = target.sent();
    assert!(matches!(sent[..], [InitiatorPdu::ScsiCommand(_), InitiatorPdu::LogoutRequest(_)]), "{sent:?}");
}

/// A command that is not sent twice may have been carried out, and so may one that nobody waits for: both have replaced the older
/// ones, and those have replaced what is older still.
#[test]
fn what_is_not_sent_again_has_replaced_older_writes() {
    let mut target = lasting(parameters());
    let oldest = write(&mut target, 106, 2);
    let older = write(&mut target, 100, 7);
    let other = write(&mut target, 90, 9);
    let newest = compare_and_write(&mut target, 100);
    assert_eq!(replace_session(&mut target), Replayed { sent_again: 1, ambiguous: 3 });
    let ended = [oldest, older, newest].map(|itt| (itt, AMBIGUOUS));
    assert_eq!(target.outcomes(), ended);
    assert_eq!(addresses(&mut target), [90]);
    assert!(target.session.outcome(other).is_none());

    let mut target = lasting(parameters());
    let older = write(&mut target, 100, 8);
    let abandoned = write(&mut target, 100, 8);
    target.session.abandon(abandoned);
    assert_eq!(replace_session(&mut target), Replayed { sent_again: 0, ambiguous: 1 });
    assert_eq!(target.outcomes(), [(older, AMBIGUOUS)]);
}

/// A newer one that the target never had has replaced nothing.
#[test]
fn what_was_not_written_has_replaced_nothing() {
    let mut target = lasting(parameters());
    write(&mut target, 100, 8);
    target.lose(u64::MAX);
    let abandoned = target.begin(Request::command(LUN, write_blocks(100, 8, pattern(4096))));
    target.session.abandon(abandoned);
    target.log_in_again(parameters());
    let replayed = target.session.send_kept(Fencing::Sole, |_| true, target.now);
    assert_eq!(replayed, Replayed { sent_again: 1, ambiguous: 0 });
}

/// Nor has one that was sent, but not written, and that ends between the sessions.
#[test]
fn what_was_aborted_before_it_was_written_has_replaced_nothing() {
    let mut target = lasting(parameters());
    write(&mut target, 100, 8);
    target.session.set_position(5000);
    let newer = write(&mut target, 100, 8);
    target.lose(5000);
    assert_eq!(target.session.abort(newer, target.now), None);
    assert!(matches!(target.outcomes()[..], [(itt, Outcome::Aborted(_))] if itt == newer));
    target.log_in_again(parameters());
    let replayed = target.session.send_kept(Fencing::Sole, |_| true, target.now);
    assert_eq!(replayed, Replayed { sent_again: 1, ambiguous: 0 });
}
