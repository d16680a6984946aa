//! Asynchronous Messages as events, and the logout that the target requests (rows ASY, LGO).

use iscsi_pdu::{AsyncEvent, AsyncMessage, TextResponse};

use super::unasked::{event, goes_on};
use super::*;
use crate::session::Event;
use crate::session::logout::LogoutState;

const SECOND: Duration = Duration::from_secs(1);

/// The target reports this event, with these parameters.
fn report(target: &mut Target, number: u8, parameters: [u16; 3]) -> Result<(), Failure> {
    let message = AsyncMessage {
        parameter1: parameters[0],
        parameter2: parameters[1],
        parameter3: parameters[2],
        ..event(target, number)
    };
    target.receive(TargetPdu::AsyncMessage(message))
}

fn events(target: &mut Target) -> Vec<Event> {
    std::iter::from_fn(|| target.session.poll_event()).collect()
}

/// The unit and its sense data, and what is behind them.
#[test]
fn asy_06_sense_data_of_a_unit() {
    let mut target = Target::new(parameters());
    report(&mut target, 0, [1, 2, 3]).unwrap();
    assert!(target.session.has_events());
    let (sense, data) = (Bytes::from_static(SENSE), Bytes::from_static(b"whatever a vendor has to say"));
    assert_eq!(events(&mut target), [Event::Scsi { lun: LUN, sense, data }]);
    assert!(!target.session.has_events() && target.sent().is_empty());
    goes_on(&mut target);
}

/// Every event is reported, those that end the session too.
#[test]
fn asy_01_asy_03_asy_07_asy_09_every_event_is_reported() {
    let (time2wait, time2retain) = (2 * SECOND, 3 * SECOND);
    let data = Bytes::from_static(b"whatever a vendor has to say");
    let vendor = |number| Event::Vendor {
        event: AsyncEvent(number),
        vendor_code: 9,
        parameters: [1, 2, 3],
        data: data.clone(),
    };
    for (number, expected) in [
        (1, Event::LogoutRequested { within: 3 * SECOND }),
        (2, Event::ConnectionDrop { cid: 1, time2wait, time2retain }),
        (3, Event::SessionDrop { time2wait, time2retain }),
        (4, Event::Negotiation { within: 3 * SECOND }),
        (5, Event::Unknown(AsyncEvent(5))),
        (6, Event::Unknown(AsyncEvent(6))),
        (247, Event::Unknown(AsyncEvent(247))),
        (248, vendor(248)),
        (255, vendor(255)),
    ] {
        let mut target = Target::new(parameters());
        let ends = report(&mut target, number, [1, 2, 3]).is_err();
        assert_eq!((ends, events(&mut target)), (matches!(number, 2 | 3), vec![expected]));
    }
}

/// The newest 64 events wait for a listener, who learns how many there were before.
#[test]
fn asy_09_as_many_events_as_wait() {
    for (reported, missed) in [(64, 0), (65, 1), (164, 100)] {
        let mut target = Target::new(parameters());
        for number in 0..reported {
            report(&mut target, 255, [number, 0, 0]).unwrap();
        }
        let waiting = events(&mut target);
        let first = u16::try_from(missed).unwrap();
        assert!(matches!(waiting[0], Event::Vendor { parameters: [number, 0, 0], .. } if number == first));
        assert_eq!((waiting.len(), target.session.take_missed_events()), (64, missed));
        assert_eq!(target.session.take_missed_events(), 0);
    }
}

/// A negotiation is begun by an empty Text Request, unless a text exchange is under way already.
#[test]
fn asy_04_an_empty_text_request() {
    let mut target = Target::new(parameters());
    report(&mut target, 4, [0, 0, 3]).unwrap();
    report(&mut target, 4, [0, 0, 3]).unwrap();
    let sent = target.sent();
    let [InitiatorPdu::TextRequest(request)] = &sent[..] else { panic!("{sent:?}") };
    assert!(request.text.is_empty() && request.is_final && request.ttt == TargetTransferTag::RESERVED);
    let answer = TextResponse {
        is_final: true,
        continues: false,
        lun: Lun::ZERO,
        itt: request.itt,
        ttt: TargetTransferTag::RESERVED,
        numbers: target.status_numbers(),
        text: Bytes::new(),
    };
    target.receive(TargetPdu::TextResponse(answer)).unwrap();
    assert_eq!((target.outcomes(), target.session.next_deadline()), (Vec::new(), None));
    target.ask(b"SendTargets=\0");
    report(&mut target, 4, [0, 0, 3]).unwrap();
    assert_eq!(target.sent().len(), 1);
}

/// No negotiation begins once the session is about to end, since the logout answers the event, too.
#[test]
fn asy_04_a_negotiation_behind_a_logout() {
    let mut target = Target::new(parameters());
    target.session.log_out(LogoutCause::Initiator, NOW);
    report(&mut target, 4, [0, 0, 3]).unwrap();
    let sent = target.sent();
    assert!(matches!(sent[..], [InitiatorPdu::LogoutRequest(_)]), "{sent:?}");
}

/// The logout waits for the commands that were sent, whose data move on, until a second before the time that the target grants,
/// but no longer than half of the limit of a logout. Queued commands are not sent any more.
#[test]
fn asy_02_lgo_09_commands_that_were_sent_may_end_before_the_logout() {
    for (seconds, until) in [(2, 1), (10, 9), (15, 14), (16, 15), (17, 15), (3600, 15)] {
        let mut target = Target::with_window(solicited_only(), 1);
        let (write, queued) = (target.write(512), target.submit(Transfer::None, true));
        report(&mut target, 1, [0, 0, seconds]).unwrap();
        target.pass(NOW);
        assert_eq!(target.solicit(write, 0, 0, 512).len(), 1);
        assert_eq!(target.session.next_deadline(), Some(until * SECOND));
        let mut patient = Target { session: target.session.clone(), ..target };
        // It ends in time.
        target.good(write).unwrap();
        target.completion(write);
        assert_eq!(target.logouts().len(), 1);
        // It does not.
        patient.pass(just_before(until * SECOND));
        assert_eq!(patient.sent(), []);
        patient.pass(until * SECOND);
        let logout = patient.logouts().remove(0).itt;
        assert_eq!(patient.session.next_deadline(), Some(LIMITS.logout));
        // LGO-09: it still may.
        patient.good(write).unwrap();
        patient.completion(write);
        let answer = patient.logout_response(logout, LogoutResponseCode::CLOSED);
        patient.receive(answer).unwrap();
        assert_eq!(patient.outcomes(), [(queued, Outcome::SessionOver)]);
    }
}

/// A target that grants no time gets its logout at once.
#[test]
fn asy_02_no_time_for_commands() {
    for seconds in [0, 1] {
        let mut target = Target::new(parameters());
        let read = target.read(512);
        report(&mut target, 1, [0, 0, seconds]).unwrap();
        assert_eq!(target.session.next_deadline(), Some(NOW));
        target.pass(NOW);
        let logout = target.logouts().remove(0).itt;
        let answer = target.logout_response(logout, LogoutResponseCode::CLOSED);
        target.receive(answer).unwrap();
        // LGO-08: it fails once.
        assert_eq!(target.outcomes(), [(read, Outcome::SessionOver)]);
    }
}

/// A second request, during the wait and after it, changes neither its end nor the logout.
#[test]
fn asy_08_a_second_request_during_the_wait() {
    let mut target = Target::new(parameters());
    target.read(512);
    report(&mut target, 1, [0, 0, 10]).unwrap();
    target.pass(SECOND);
    report(&mut target, 1, [0, 0, 100]).unwrap();
    target.session.log_out(LogoutCause::Initiator, SECOND);
    assert_eq!(target.session.next_deadline(), Some(9 * SECOND));
    target.pass(9 * SECOND);
    assert_eq!(target.logouts().len(), 1);
    report(&mut target, 1, [0, 0, 100]).unwrap();
    assert_eq!(target.sent(), []);
    assert!(matches!(target.session.logout, LogoutState::Sent(LogoutCause::Target, _)));
}

/// Functions and pings under way hold the logout up as commands do, and pings of the target are answered meanwhile.
#[test]
fn asy_02_lgo_01_functions_during_the_wait() {
    let mut target = Target::new(parameters());
    let read = target.read(512);
    report(&mut target, 1, [0, 0, 10]).unwrap();
    let management = target.session.abort(read, NOW).unwrap();
    assert_eq!(target.managements()[0].itt, management);
    let ping = super::unasked::ping(&target, 7);
    target.receive(TargetPdu::NopIn(ping)).unwrap();
    assert_eq!(target.nop_outs().len(), 1);
    target.managed(management, 0).unwrap();
    assert_eq!(target.outcomes().len(), 2);
    assert_eq!(target.logouts().len(), 1);
}

/// The session fails during the wait: nothing is due any more.
#[test]
fn lgo_08_a_session_that_fails_during_the_wait() {
    let mut target = Target::new(parameters());
    let read = target.read(512);
    report(&mut target, 1, [0, 0, 10]).unwrap();
    target.session.fail(Failure::Lost("reset".to_owned()));
    assert_eq!(target.session.next_deadline(), None);
    assert_eq!(target.outcomes(), [(read, Outcome::SessionOver)]);
}
