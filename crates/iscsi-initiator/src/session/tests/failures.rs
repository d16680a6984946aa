//! Failures as values, the limits of time, and the outcome of every request when a session ends (rows LGO, NUM).

use iscsi_pdu::{AsyncEvent, RejectReason};

use super::*;
use crate::session::Silence;

const SECOND: Duration = Duration::from_secs(1);

/// Tags of all requests that the end of the session left open, in order.
fn left_open(target: &mut Target) -> Vec<InitiatorTaskTag> {
    let mut open = Vec::new();
    while let Some((itt, outcome)) = target.session.poll_outcome() {
        assert_eq!(outcome, Outcome::SessionOver, "{itt:?}");
        open.push(itt);
    }
    open
}

#[test]
fn every_failure_ends_the_session_at_error_recovery_level_0() {
    let digest = iscsi_pdu::Error::Digest { part: iscsi_pdu::DigestPart::Data, computed: 1, received: 2 };
    let error = crate::ProtocolError::Value { pdu: "R2T", rule: "a rule", received: 1 };
    let silence = Silence { operation: None, logout_requested: false, limit: SECOND };
    for failure in [
        Failure::Lost("reset".to_owned()),
        Failure::from(digest),
        Failure::Gap(error.clone()),
        Failure::Format(error),
        Failure::Rejected(RejectReason::PROTOCOL_ERROR),
        Failure::Silent(silence),
        Failure::Announced { event: AsyncEvent::SESSION_DROP, time2wait: 2 },
    ] {
        let mut target = Target::new(parameters());
        let read = target.read(512);
        target.session.fail(failure.clone());
        assert_eq!(target.session.end(), Some(&End::Failed(failure)));
        assert_eq!(left_open(&mut target), [read]);
    }
}

/// PDUs of the decoder are sorted by what is wrong with them.
#[test]
fn dig_06_a_wrong_digest_is_told_apart_from_a_malformed_pdu() {
    let digest = iscsi_pdu::Error::Digest { part: iscsi_pdu::DigestPart::Header, computed: 1, received: 2 };
    assert_eq!(Failure::from(digest), Failure::Digest(digest));
    let long = iscsi_pdu::Error::TooLong { field: "DataSegmentLength", length: 2, limit: 1 };
    assert_eq!(Failure::from(long), Failure::Format(long.into()));
}

/// A skipped status number is a gap, whatever PDU it comes in.
#[test]
fn num_12_lost_responses_are_a_gap() {
    let mut target = Target::new(parameters());
    let itt = target.read(512);
    target.status_numbers();
    let late = target.last_data_in(itt, 0, 0, 512);
    let failure = target.receive(TargetPdu::DataIn(late)).unwrap_err();
    assert!(matches!(failure, Failure::Gap(_)), "{failure:?}");
}

/// LGO-08: sent requests and queued ones end once each, in the order of submission, whatever slots they have.
#[test]
fn lgo_08_every_request_ends_once_and_in_order() {
    for order in [&[][..], &[0, 1, 2], &[2, 0, 1], &[1, 2, 0]] {
        let mut target = Target::with_window(parameters(), 3);
        // Slots are used again in an order of their own.
        let earlier: Vec<_> = order.iter().map(|_| target.read(512)).collect();
        for place in order {
            let data = target.last_data_in(earlier[*place], 0, 0, 512);
            target.receive(TargetPdu::DataIn(data)).unwrap();
            target.completion(earlier[*place]);
        }
        let mut submitted: Vec<_> = (0..7).map(|_| target.read(512)).collect();
        // One in the middle has an outcome already.
        let ended = submitted.remove(1);
        let data = target.last_data_in(ended, 0, 0, 512);
        target.receive(TargetPdu::DataIn(data)).unwrap();
        target.completion(ended);
        target.session.fail(Failure::Lost("reset".to_owned()));
        assert_eq!(target.session.in_flight(), 0);
        assert_eq!(left_open(&mut target), submitted, "{order:?}");
    }
}

/// A text exchange that waits for its next piece keeps its place.
#[test]
fn lgo_08_a_text_exchange_between_two_of_its_pdus_ends_in_its_place() {
    let mut target = Target::new(parameters());
    let question = target.ask(b"SendTargets=All\0");
    target.sent();
    let read = target.read(512);
    let response = iscsi_pdu::TextResponse {
        is_final: false,
        continues: false,
        lun: Lun::ZERO,
        itt: question,
        ttt: TargetTransferTag(1),
        numbers: target.status_numbers(),
        text: Bytes::from_static(b"TargetName=iqn.2001-04.com.example:disk\0"),
    };
    target.receive(TargetPdu::TextResponse(response)).unwrap();
    target.session.fail(Failure::Lost("reset".to_owned()));
    assert_eq!(left_open(&mut target), [question, read]);
}

/// The request whose last PDU broke a rule ends too, and in its place.
#[test]
fn lgo_08_a_request_whose_response_is_wrong_is_not_lost() {
    let mut target = Target::new(parameters());
    let reads = [512, 512, 512].map(|length| target.read(length));
    let response =
        ScsiResponse { exp_data_sn: SerialNumber(7), ..target.response(reads[1], ScsiStatus::GOOD) };
    assert_eq!(broken_rule(target.respond(response)), (7, 0));
    assert_eq!(left_open(&mut target), reads);

    let mut target = Target::new(parameters());
    let reads = [512, 512, 512].map(|length| target.read(length));
    let data = DataIn { overflow: true, underflow: true, ..target.last_data_in(reads[1], 0, 0, 512) };
    assert_eq!(broken_rule(target.receive(TargetPdu::DataIn(data))), (3, 1));
    assert_eq!(left_open(&mut target), reads);

    let mut target = Target::new(parameters());
    let reads = [512, 512].map(|length| target.read(length));
    let response =
        ScsiResponse { response: ScsiResponseCode(0x7f), ..target.response(reads[0], ScsiStatus::GOOD) };
    assert_eq!(broken_rule(target.respond(response)), (0x7f, 0));
    assert_eq!(left_open(&mut target), reads);
}

/// After the end nothing is sent, nothing is received, and a later request ends at once.
#[test]
fn lgo_08_nothing_follows_the_end() {
    let mut target = Target::new(solicited_only());
    let write = target.write(4096);
    let r2t = target.r2t(write, 0, 0, 4096);
    target.receive(TargetPdu::R2t(r2t)).unwrap();
    let ping = NopIn {
        lun: LUN,
        itt: InitiatorTaskTag::RESERVED,
        ttt: TargetTransferTag(1),
        numbers: target.numbers,
        data: Bytes::new(),
    };
    target.receive(TargetPdu::NopIn(ping)).unwrap();
    target.submit(Transfer::None, true);
    target.session.fail(Failure::Lost("reset".to_owned()));
    let end = target.session.end().cloned();
    assert_eq!(left_open(&mut target).len(), 2);
    assert_eq!(target.sent(), []);
    assert!(!target.session.is_open() && target.session.next_deadline().is_none());
    let response = target.response(write, ScsiStatus::GOOD);
    target.session.receive(TargetPdu::ScsiResponse(response), NOW);
    target.session.fail(Failure::Lost("once more".to_owned()));
    target.session.log_out(LogoutCause::Initiator, NOW);
    assert_eq!(target.session.next_deadline(), None);
    target.session.advance(MINUTE * 60);
    assert_eq!((target.session.poll_outcome(), target.session.end().cloned()), (None, end));
    let late = target.submit(Transfer::None, true);
    assert_eq!((left_open(&mut target), target.session.in_flight()), (vec![late], 0));
}

/// LGO-08: requests that are open when the target grants the logout end with it.
#[test]
fn lgo_08_a_logout_ends_open_requests() {
    let mut target = Target::new(parameters());
    let read = target.read(512);
    target.session.log_out(LogoutCause::Initiator, NOW);
    let logout = target.logouts().remove(0);
    let response = target.logout_response(logout.itt, LogoutResponseCode::CLOSED);
    target.receive(response).unwrap();
    assert_eq!(left_open(&mut target), [read]);
}

/// LGO-07: a limit begins with the first time that the session learns after the submission, and ends within a century.
#[test]
fn lgo_07_limits_begin_with_the_next_time_and_end_within_a_century() {
    const CENTURY: Duration = Duration::from_hours(876_000);
    const NEARLY: Duration = Duration::from_secs(876_000 * 3600 - 1);
    for (command, limit) in [
        (Duration::ZERO, Duration::ZERO),
        (MINUTE, MINUTE),
        (NEARLY, NEARLY),
        (CENTURY, CENTURY),
        (CENTURY + SECOND, CENTURY),
        (Duration::MAX, CENTURY),
    ] {
        let mut target = Target::new(parameters());
        target.session.limits.command = command;
        target.session.submit(Request::command(LUN, crate::scsi::TestUnitReady.into()));
        target.sent();
        assert_eq!(target.session.next_deadline(), None);
        target.session.advance(SECOND);
        assert_eq!(target.session.escalation.is_some(), limit.is_zero());
        assert!(limit.is_zero() || target.session.next_deadline() == Some(SECOND + limit));
    }
}

/// LGO-07: a request that waited before its submission has less time left than those that were submitted before it.
#[test]
fn lgo_07_a_limit_that_began_before_the_submission() {
    let mut target = Target::new(parameters());
    let command = || Request::command(LUN, crate::scsi::TestUnitReady.into());
    for seconds in [10, 30, 50] {
        target.session.submit(command());
        target.session.advance(seconds * SECOND);
    }
    target.session.submit(command());
    for (since, next) in [(20, 10), (10, 10), (5, 5), (40, 5)] {
        target.session.submit_since(command(), since * SECOND);
        assert_eq!(target.session.next_deadline(), Some(MINUTE + next * SECOND));
    }
    target.session.advance(55 * SECOND);
    let tags = target.sent().into_iter().filter_map(|pdu| match pdu {
        InitiatorPdu::ScsiCommand(command) => Some(command.itt),
        _ => None,
    });
    let tags: Vec<_> = tags.collect();
    // The limits began after 10, 30, 50, 55, 20, 10, 5 and 40 seconds.
    for (ended, next) in [
        (6, Some(10)),
        (0, Some(10)),
        (5, Some(20)),
        (4, Some(30)),
        (1, Some(40)),
        (2, Some(40)),
        (7, Some(55)),
        (3, None),
    ] {
        target.good(tags[ended]).unwrap();
        assert_eq!(target.session.next_deadline(), next.map(|next: u32| MINUTE + next * SECOND));
    }
}

/// LGO-07, NOP-06: at the first deadline, not before, the target is pinged. If it does not answer either, the session fails, and
/// the error names the request.
#[test]
fn lgo_07_nop_06_a_target_that_answers_neither_a_request_nor_a_ping() {
    let mut target = Target::with_window(parameters(), 1);
    let first = Request::command(LUN, RawCommand::new("FIRST", 0, Transfer::None));
    let second = Request::command(LUN, RawCommand::new("SECOND", 0, Transfer::None));
    let first = target.begin(first);
    target.sent();
    assert_eq!(target.session.next_deadline(), Some(MINUTE));
    target.session.submit(second);
    target.session.advance(SECOND);
    target.good(first).unwrap();
    assert!(target.session.poll_outcome().is_some());
    assert_eq!(target.session.next_deadline(), Some(MINUTE + SECOND));
    target.session.advance(MINUTE + Duration::from_nanos(999_999_999));
    assert_eq!(target.session.end(), None);
    target.session.advance(MINUTE + SECOND);
    assert_eq!(target.session.end(), None);
    assert_eq!(target.session.next_deadline(), Some(MINUTE + 6 * SECOND));
    target.session.advance(MINUTE + 6 * SECOND);
    let silence = Silence { operation: Some("SECOND"), logout_requested: false, limit: MINUTE };
    assert_eq!(target.session.end(), Some(&End::Failed(Failure::Silent(silence))));
    assert_eq!(left_open(&mut target).len(), 1);
}

/// LGO-07: a text exchange is called by its name.
#[test]
fn lgo_07_a_text_exchange_fails_at_its_deadline() {
    let mut target = Target::new(parameters());
    target.ask(b"SendTargets=All\0");
    target.sent();
    target.session.advance(MINUTE);
    let silence = Silence { operation: Some("SendTargets"), logout_requested: false, limit: MINUTE };
    assert_eq!(target.session.end(), Some(&End::Failed(Failure::Silent(silence))));
}

/// CMD-08: the limit of a request ends with the request.
#[test]
fn cmd_08_a_request_that_was_answered_has_no_limit() {
    let mut target = Target::new(parameters());
    let first = target.read(512);
    let data = target.last_data_in(first, 0, 0, 512);
    target.receive(TargetPdu::DataIn(data)).unwrap();
    assert_eq!(target.session.next_deadline(), None);
    let command = target.submit(Transfer::None, true);
    target.sent();
    assert_eq!(target.session.next_deadline(), Some(MINUTE));
    target.good(command).unwrap();
    assert_eq!(target.session.next_deadline(), None);
}

/// LGO-07: the limit of a logout counts from its request, by whichever side, and is named with it.
#[test]
fn lgo_07_a_logout_has_a_limit_of_its_own() {
    for cause in [LogoutCause::Initiator, LogoutCause::Target] {
        let mut target = Target::new(parameters());
        target.session.log_out(cause, SECOND);
        // A second request changes nothing.
        target.session.log_out(LogoutCause::Initiator, 5 * SECOND);
        assert_eq!(target.session.next_deadline(), Some(31 * SECOND));
        target.logouts();
        target.session.advance(31 * SECOND);
        let logout_requested = cause == LogoutCause::Target;
        let silence = Silence { operation: None, logout_requested, limit: LIMITS.logout };
        assert_eq!(target.session.end(), Some(&End::Failed(Failure::Silent(silence))));
    }
}

/// A request whose deadline comes before that of a logout is the one that is named.
#[test]
fn lgo_07_the_request_that_is_due_before_a_logout() {
    let mut target = Target::new(parameters());
    target.submit(Transfer::None, true);
    target.sent();
    target.session.log_out(LogoutCause::Target, 40 * SECOND);
    target.session.advance(MINUTE);
    let silence = Silence { operation: Some("TEST"), logout_requested: true, limit: MINUTE };
    assert_eq!(target.session.end(), Some(&End::Failed(Failure::Silent(silence))));
}

/// A clone goes its own way.
#[test]
fn a_clone_of_a_session_is_another_session() {
    let mut target = Target::new(parameters());
    let read = target.read(512);
    let mut other = target.session.clone();
    target.session.fail(Failure::Lost("reset".to_owned()));
    assert_eq!((target.session.in_flight(), other.in_flight()), (0, 1));
    let data = target.last_data_in(read, 0, 0, 512);
    other.receive(TargetPdu::DataIn(data), NOW);
    assert!(matches!(other.poll_outcome(), Some((itt, Outcome::Good(_))) if itt == read));
}

/// Deadlines of requests that have ended are forgotten in time, even behind one that stays open: at most 64 are kept, and two
/// for each open request.
#[test]
fn deadlines_of_ended_requests_are_forgotten() {
    let mut target = Target::new(parameters());
    let first = target.read(8);
    let (mut tags, mut most) = (vec![format!("{first:?}")], 0);
    for _ in 0..200 {
        let itt = target.submit(Transfer::None, false);
        target.sent();
        target.good(itt).unwrap();
        target.completion(itt);
        tags.push(format!("{itt:?}"));
        let kept = format!("{:?}", target.session.deadlines);
        most = most.max(tags.iter().filter(|tag| kept.contains(*tag)).count());
    }
    assert_eq!(most, 2 + 64);
    target.good(first).unwrap();
    assert_eq!(target.session.next_deadline(), None);
}
