//! Replays: requests that are sent again, and what becomes of them.

use super::kept_requests::{COMPARE_AND_WRITE, READ_10, lasting};
use super::*;
use crate::session::{Fencing, OldTask, Replayed};

/// The units that have to be compared, and whether what was sent again has ended, and well.
#[test]
fn progress_of_a_replay() {
    let mut target = lasting(parameters());
    target.send(READ_10, Transfer::None, 0);
    target.send(READ_10, Transfer::None, 48);
    target.lose(1);
    target.log_in_again(parameters());
    assert_eq!((target.session.kept_units(), target.session.has_replayed()), (vec![LUN; 2], false));
    target.send_kept(Fencing::Sole);
    let again = target.commands();
    for (pdu, status, has_ended) in
        [(&again[0], ScsiStatus::BUSY, false), (&again[1], ScsiStatus::GOOD, true)]
    {
        assert!(target.session.has_replayed() && !target.session.take_success());
        let response = target.response(pdu.itt, status);
        target.respond(response).unwrap();
        assert_eq!((!target.session.has_replayed(), target.session.take_success()), (has_ended, has_ended));
    }
}

/// A reservation is in the way of what was sent again; a new command meets it as it would at any time.
#[test]
fn the_unit_that_refuses_what_is_sent_again_for_a_reservation() {
    for (is_sent_again, status, conflict) in [
        (true, ScsiStatus::RESERVATION_CONFLICT, Some(LUN)),
        (false, ScsiStatus::RESERVATION_CONFLICT, None),
        (true, ScsiStatus::BUSY, None),
    ] {
        let mut target = lasting(parameters());
        target.send(READ_10, Transfer::None, 0);
        target.lose(1);
        target.log_in_again(parameters());
        target.send_kept(Fencing::Sole);
        target.begin(Request::command(LUN, crate::scsi::TestUnitReady.into()));
        let sent = target.commands();
        let response = target.response(sent[usize::from(!is_sent_again)].itt, status);
        target.respond(response).unwrap();
        assert_eq!(target.session.conflict(), conflict, "{is_sent_again} {status:?}");
    }
}

/// Those that were abandoned do not count, and the sums of two sessions are those of both.
#[test]
fn numbers_of_what_became_of_kept_requests() {
    let mut target = lasting(parameters());
    let codes = [READ_10, READ_10, READ_10, COMPARE_AND_WRITE, COMPARE_AND_WRITE, READ_10];
    let itts = codes.map(|operation_code| target.send(operation_code, Transfer::None, 0));
    target.session.abandon(itts[5]);
    let mut sum = Replayed::default();
    for (ambiguous, all) in [(2, (3, 2)), (0, (6, 2))] {
        target.lose(1);
        target.log_in_again(parameters());
        let replayed = target.session.send_kept(Fencing::Sole, |_| true, NOW);
        assert_eq!(replayed, Replayed { sent_again: 3, ambiguous });
        target.sent();
        sum += replayed;
        assert_eq!((sum.sent_again, sum.ambiguous), all);
    }
    sum += Replayed { sent_again: 0, ambiguous: 4 };
    assert_eq!(sum, Replayed { sent_again: 6, ambiguous: 6 });
}

/// A text exchange without an answer is not repeated: it ends with its limit, and the session after it.
#[test]
fn text_exchanges_without_an_answer() {
    let mut target = lasting(parameters());
    let text = target.ask(b"SendTargets=All\0");
    target.sent();
    target.pass(MINUTE);
    assert_eq!(target.outcomes(), [(text, Outcome::Unanswered(MINUTE))]);
    assert!(target.session.is_between_sessions());
    target.log_in_again(parameters());
    target.send_kept(Fencing::Sole);
    assert_eq!(target.sent(), []);
}

/// One that two sessions were lost with is not repeated either: some targets reset the connection when they get it.
#[test]
fn text_exchanges_that_sessions_are_lost_with() {
    let mut target = lasting(parameters());
    let text = target.ask(b"SendTargets=\0");
    for _ in 0..2 {
        assert_eq!((target.sent().len(), target.outcomes()), (1, vec![]));
        target.lose(48);
        target.log_in_again(parameters());
        target.send_kept(Fencing::Sole);
    }
    assert_eq!(target.sent(), []);
    assert_eq!(target.outcomes(), [(text, Outcome::Ambiguous(OldTask::MayRun))]);
}
