//! Requests that outlive their session, and are sent again in another one.

use iscsi_pdu::TextResponse;

use super::commands::text_response;
use super::*;
use crate::session::{Fencing, NextSession, OldTask};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const READ_10: u8 = 0x28;
const WRITE_10: u8 = 0x2a;
pub(super) const COMPARE_AND_WRITE: u8 = 0x89;

/// A session whose requests outlive it.
pub(super) fn lasting(parameters: Parameters) -> Target {
    let mut target = Target::new(parameters);
    target.session.make_lasting();
    target
}

impl Target {
    /// Submits a command, and takes what is sent at this place of the stream.
    pub(super) fn send(&mut self, operation_code: u8, transfer: Transfer, position: u64) -> InitiatorTaskTag {
        let itt = self.begin(Request::command(LUN, RawCommand::new("TEST", operation_code, transfer)));
        self.session.set_position(position);
        self.sent();
        itt
    }

    /// The connection is lost behind so many bytes.
    pub(super) fn lose(&mut self, written: u64) {
        self.session.set_written(written);
        self.session.fail(Failure::Lost("reset".to_owned()));
    }

    /// Another session, with other numbers.
    pub(super) fn log_in_again(&mut self, parameters: Parameters) {
        let (cmd_sn, exp_stat_sn) = (SerialNumber(7000), SerialNumber(9000));
        let max_cmd_sn = cmd_sn.plus(self.window).minus(1);
        self.numbers = SequenceNumbers { stat_sn: exp_stat_sn, exp_cmd_sn: cmd_sn, max_cmd_sn };
        let (numbers, tolerance) = (self.numbers, Tolerance::default());
        self.session.renew(NextSession { parameters, cmd_sn, exp_stat_sn, numbers, tolerance });
    }

    pub(super) fn send_kept(&mut self, fencing: Fencing) {
        self.session.send_kept(fencing, |_| true, self.now);
    }
}

fn block() -> Transfer {
    Transfer::Write(pattern(512).into())
}

/// Everything without an outcome is sent again in its order, before what came later, under new tags and numbers; the callers
/// get the outcomes by the tags that they know.
#[test]
fn requests_are_sent_again_in_their_order() {
    let mut target = lasting(parameters());
    let done = target.send(READ_10, Transfer::None, 0);
    target.good(done).unwrap();
    let touched = [target.send(WRITE_10, block(), 48), target.send(READ_10, Transfer::None, 600)];
    let unsent = target.send(READ_10, Transfer::None, 700);
    target.lose(650);
    assert!(target.session.is_between_sessions() && !target.session.is_open());
    let later = target.send(WRITE_10, block(), 0);
    target.log_in_again(solicited_only());
    let waiting = target.begin(Request::command(LUN, RawCommand::new("TEST", READ_10, Transfer::None)));
    assert_eq!((target.sent(), target.session.next_deadline()), (vec![], None));
    target.send_kept(Fencing::Sole);
    let again = target.commands();
    let first = SerialNumber(7000);
    assert_eq!(
        again.iter().map(|pdu| pdu.cmd_sn).collect::<Vec<_>>(),
        (0..5).map(|n| first.plus(n)).collect::<Vec<_>>()
    );
    let codes: Vec<_> = again.iter().map(|pdu| pdu.cdb[0]).collect();
    assert_eq!(codes, [WRITE_10, READ_10, READ_10, WRITE_10, READ_10]);
    let known = [touched[0], touched[1], unsent, later, waiting];
    assert!(again.iter().zip(known).all(|(pdu, known)| pdu.itt != known));
    assert_eq!(target.outcomes(), [(done, Outcome::Good(Bytes::new().into()))]);
    for pdu in again.iter().rev() {
        target.good(pdu.itt).unwrap();
    }
    let ended: Vec<_> = target.outcomes().into_iter().map(|(itt, _)| itt).collect();
    assert_eq!(ended, known.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(target.session.in_flight(), 0);
}

/// What happens to a command by its rule, by what is known of its old task, and by whether a byte of it was written.
#[test]
fn ambiguous_commands() {
    let mut table = Vec::new();
    for (fencing, old_task) in
        [(Fencing::Sole, OldTask::Ended), (Fencing::Shared, OldTask::Ended), (Fencing::None, OldTask::MayRun)]
    {
        for operation_code in [READ_10, WRITE_10, COMPARE_AND_WRITE] {
            let ends = [0, 1].map(|written| {
                let mut target = lasting(parameters());
                let itt = target.send(operation_code, Transfer::None, 0);
                target.lose(written);
                target.log_in_again(parameters());
                target.send_kept(fencing);
                let is_ambiguous = target.outcomes() == [(itt, Outcome::Ambiguous(old_task))];
                assert_eq!(target.commands().len(), usize::from(!is_ambiguous));
                is_ambiguous
            });
            assert!(!ends[0], "the target never had it");
            table.push(ends[1]);
        }
    }
    assert_eq!(table, [false, false, true, false, true, true, false, true, true]);
}

/// A unit that is not known to be the same gets nothing twice.
#[test]
fn another_unit() {
    let mut target = lasting(parameters());
    let itt = target.send(READ_10, Transfer::None, 0);
    target.lose(1);
    target.log_in_again(parameters());
    target.session.send_kept(Fencing::Sole, |lun| lun != LUN, NOW);
    assert_eq!((target.outcomes(), target.sent()), (vec![(itt, Outcome::Ambiguous(OldTask::Ended))], vec![]));
}

/// Nothing of the old plan of data counts: the target of another session requests and sends all of them.
#[test]
fn data_begin_anew() {
    let mut target = lasting(solicited_only());
    let write = target.send(WRITE_10, Transfer::Write(pattern(2048).into()), 0);
    let read = target.send(READ_10, Transfer::Read(1024), 48);
    assert_eq!(target.solicit(write, 0, 0, 512).len(), 1);
    let part = target.data_in(read, 0, 0, 512);
    target.receive(TargetPdu::DataIn(part)).unwrap();
    target.lose(1000);
    target.log_in_again(solicited_only());
    target.send_kept(Fencing::Sole);
    let again: Vec<_> = target.commands().iter().map(|pdu| pdu.itt).collect();
    let data = target.solicit(again[0], 0, 0, 2048);
    assert_eq!(data.iter().map(|pdu| pdu.data.clone()).collect::<Vec<_>>().concat(), pattern(2048));
    target.good(again[0]).unwrap();
    assert_eq!(target.completion(write), Completion::good());
    let all = target.last_data_in(again[1], 0, 0, 1024);
    target.receive(TargetPdu::DataIn(all)).unwrap();
    assert_eq!(target.completion(read).data, pattern(1024));
}

/// A text exchange asks its question again, though a part of the answer had come.
#[test]
fn text_exchanges_begin_anew() {
    let mut target = lasting(parameters());
    let question = target.ask(b"SendTargets=All\0");
    target.sent();
    let part = TextResponse { text: Bytes::from("TargetName="), ..text_response(&mut target, question) };
    target.receive(TargetPdu::TextResponse(part)).unwrap();
    target.lose(100);
    target.log_in_again(parameters());
    target.send_kept(Fencing::None);
    let sent = target.sent();
    let [InitiatorPdu::TextRequest(request)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((&*request.text, request.ttt), (&b"SendTargets=All\0"[..], TargetTransferTag::RESERVED));
    assert!(request.itt != question && target.outcomes().is_empty());
}

/// Task management functions and pings are about one session: they end with it, and between two none begins.
#[test]
fn immediate_requests_end_with_their_session() {
    let mut target = lasting(parameters());
    let reset = target.begin(Request::management(TaskManagement::LogicalUnitReset(LUN)));
    let ping = target.begin(Request::ping(Bytes::new()));
    target.sent();
    target.lose(100);
    assert_eq!(target.outcomes(), [(reset, Outcome::Managed(None)), (ping, Outcome::NoSession)]);
    for request in [Request::management(TaskManagement::LogicalUnitReset(LUN)), Request::ping(Bytes::new())] {
        let itt = target.begin(request);
        assert_eq!(target.outcomes(), [(itt, Outcome::NoSession)]);
    }
}

/// A command waits for a session without a limit of its own, and has its whole limit in the next one.
#[test]
fn limits_begin_anew() {
    let mut target = lasting(parameters());
    target.send(READ_10, Transfer::None, 0);
    target.lose(1);
    assert_eq!(target.session.next_deadline(), None);
    target.log_in_again(parameters());
    target.session.submit(Request::command(LUN, crate::scsi::TestUnitReady.into()));
    target.pass(10 * MINUTE);
    assert_eq!(target.session.next_deadline(), None);
    target.send_kept(Fencing::Sole);
    target.sent();
    assert_eq!(target.session.next_deadline(), Some(11 * MINUTE));
}

/// Nobody waits for it, so it is not sent again.
#[test]
fn abandoned_requests_are_not_sent_again() {
    let mut target = lasting(parameters());
    let [before, between, sent_again] = [0, 48, 96].map(|position| target.send(WRITE_10, block(), position));
    target.session.abandon(before);
    target.lose(1000);
    target.session.abandon(between);
    target.log_in_again(parameters());
    target.send_kept(Fencing::Sole);
    let again = target.commands();
    assert_eq!((again.len(), target.session.in_flight()), (1, 1));
    // One that is abandoned afterwards runs on, and leaves nothing.
    target.session.abandon(sent_again);
    target.good(again[0].itt).unwrap();
    assert_eq!((target.outcomes(), target.session.in_flight()), (vec![], 0));
}

/// A session that is lost before the kept requests were sent loses nothing of them.
#[test]
fn a_session_that_is_lost_at_once() {
    let mut target = lasting(parameters());
    let kept = target.send(WRITE_10, block(), 0);
    target.lose(1);
    for _ in 0..3 {
        target.log_in_again(parameters());
        let probe =
            target.session.submit_ahead(Request::command(LUN, crate::scsi::TestUnitReady.into()), NOW);
        assert_eq!(target.commands().len(), 1);
        target.lose(48);
        assert_eq!((target.outcomes(), target.session.take_outcome(probe)), (vec![], None));
        assert_eq!(target.session.in_flight(), 1, "nothing is left of the probe");
    }
    target.log_in_again(parameters());
    let probe = target.session.submit_ahead(Request::command(LUN, crate::scsi::TestUnitReady.into()), NOW);
    let sent = target.commands().remove(0);
    target.good(sent.itt).unwrap();
    assert_eq!(target.completion(probe), Completion::good());
    target.send_kept(Fencing::Shared);
    assert_eq!(
        target.outcomes(),
        [(kept, Outcome::Ambiguous(OldTask::Ended))],
        "touched once is touched for ever"
    );
}

/// A ping of the session itself is under way when the kept requests are sent: it stays the ping that it is.
#[test]
fn requests_of_the_new_session_are_not_sent_again() {
    let mut target = lasting(parameters());
    target.send(READ_10, Transfer::None, 0);
    target.lose(1);
    target.log_in_again(parameters());
    let ping = target.session.submit_ahead(Request::ping(Bytes::new()), NOW);
    let nop = target.nop_outs().remove(0);
    target.send_kept(Fencing::Sole);
    assert_eq!(target.commands().len(), 1);
    target.pong(&nop).unwrap();
    assert_eq!(target.outcomes(), [(ping, Outcome::Pong)]);
}

/// One that was not sent yet is sent once, and a command of the new session that was sent is not sent again.
#[test]
fn requests_ahead_of_the_kept_ones() {
    let mut target = lasting(parameters());
    target.send(READ_10, Transfer::None, 0);
    target.lose(1);
    target.log_in_again(parameters());
    let ahead = target.session.submit_ahead(Request::command(LUN, crate::scsi::TestUnitReady.into()), NOW);
    let sent = target.commands().remove(0);
    target.session.submit_own(Request::ping(Bytes::new()), NOW, LIMITS.ping);
    target.send_kept(Fencing::Sole);
    let [InitiatorPdu::NopOut(_), InitiatorPdu::ScsiCommand(again)] = &target.sent()[..] else { panic!() };
    assert_eq!(again.cdb[0], READ_10);
    target.good(sent.itt).unwrap();
    assert_eq!(target.completion(ahead), Completion::good());
}

/// When there will be no other session, everything ends, once and in order; what waits too long ends before.
#[test]
fn requests_that_are_not_sent_again() {
    let mut target = lasting(parameters());
    let touched = target.send(READ_10, Transfer::None, 0);
    let unsent = target.send(READ_10, Transfer::None, 48);
    target.lose(1);
    target.session.end_waiting();
    assert_eq!(
        target.outcomes(),
        [(touched, Outcome::Ambiguous(OldTask::MayRun)), (unsent, Outcome::NoSession)]
    );
    let later = target.send(READ_10, Transfer::None, 0);
    assert_eq!(target.outcomes(), []);
    target.session.end_kept();
    assert_eq!(target.outcomes(), [(later, Outcome::SessionOver)]);
    assert!(!target.session.is_between_sessions());
    let refused = target.send(READ_10, Transfer::None, 0);
    assert_eq!(target.outcomes(), [(refused, Outcome::SessionOver)]);
}
