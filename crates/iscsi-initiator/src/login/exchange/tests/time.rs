//! The time limit of a login, and the durations of its parts.

use iscsi_pdu::{LoginStatus, TextWriter};

use super::*;

const MOMENT: Duration = Duration::from_nanos(1);

/// LOG-33: the limit holds at the deadline and not before, and the error says how far the login has come.
fn check_limit(exchange: &Exchange<'_>, portal: &Portal, redirects: usize, step: LoginStep) {
    let deadline = BEGAN + LIMIT;
    assert_eq!(exchange.deadline(), deadline);
    assert_eq!(exchange.advance(deadline.saturating_sub(MOMENT)), Ok(()));
    let (portal, first) = (portal.clone(), self::portal(1));
    let timeout = Error::LoginTimeout { portal, redirects, first, step, limit: LIMIT };
    assert_eq!(exchange.advance(deadline), Err(timeout.clone()));
    assert_eq!(exchange.advance(Duration::MAX), Err(timeout.clone()));
    assert_eq!(exchange.timeout(), timeout);
}

#[test]
fn log_33_the_limit_before_each_byte_of_a_login() {
    let fixture = Fixture::mutual();
    let recording = record(&fixture);
    let mut exchange = fixture.exchange();
    check_limit(&exchange, &fixture.first, 0, LoginStep::Connecting);
    exchange.begin(draw(1), BEGAN).unwrap();
    check_limit(&exchange, &fixture.first, 0, LoginStep::Connecting);
    let mut replay = Replay::new(&fixture, &recording);
    loop {
        let stage = request_in(&recording.requests[replay.answered]).current_stage;
        check_limit(&replay.exchange, &fixture.first, 0, LoginStep::Negotiating(stage));
        if replay.step(1).is_some() {
            break;
        }
    }
}

/// LOG-33: one limit for all portals; the error names the current one, and the number of redirections.
#[test]
fn log_33_the_limit_after_redirections() {
    let fixture = Fixture::open();
    let mut exchange = fixture.connected();
    let request = request_in(exchange.outgoing());
    assert!(send(&mut exchange).is_ok());
    let text = TextWriter::new().pair("TargetAddress", "10.0.0.1:2").pair("TargetAddress", "10.0.0.1:3");
    let status = LoginStatus::MOVED_TEMPORARILY;
    let text = text.finish().unwrap();
    let moved = LoginResponse { status, text, ..target::answer(&request, SerialNumber(0)) };
    assert!(matches!(receive(&mut exchange, &bytes_of(&moved)), Ok(Next::Begin)));
    check_limit(&exchange, &portal(2), 1, LoginStep::Connecting);
    exchange.begin(draw(2), BEGAN + LIMIT / 2).unwrap();
    check_limit(&exchange, &portal(2), 1, LoginStep::Connecting);
    exchange.unreachable(&io::ErrorKind::ConnectionRefused.into()).unwrap();
    check_limit(&exchange, &portal(3), 1, LoginStep::Connecting);
    exchange.begin(draw(3), BEGAN + LIMIT / 2).unwrap();
    assert!(matches!(exchange.connected(BEGAN + LIMIT / 2), Next::Write));
    check_limit(&exchange, &portal(3), 1, LoginStep::Negotiating(Stage::OPERATIONAL));
}

/// A limit of any length, counted from any origin.
#[test]
fn log_33_limits_without_end_and_of_nothing() {
    let mut fixture = Fixture::open();
    fixture.config.login_timeout = Duration::MAX;
    assert_eq!(fixture.exchange().deadline(), Duration::MAX);
    assert_eq!(fixture.exchange().advance(Duration::MAX.saturating_sub(MOMENT)), Ok(()));
    fixture.config.login_timeout = Duration::ZERO;
    assert_eq!(fixture.exchange().deadline(), BEGAN);
    assert!(fixture.exchange().advance(BEGAN).is_err());
}

/// Each part is as long as the steps that belong to it, from the connection at the last portal on.
#[test]
fn the_durations_of_the_parts() {
    let fixture = Fixture::mutual();
    let recording = record(&fixture);
    let seconds = Duration::from_secs;
    let mut exchange = fixture.exchange();
    exchange.begin(draw(1), BEGAN).unwrap();
    // A first attempt, which does not count.
    exchange.begin(draw(1), BEGAN + seconds(5)).unwrap();
    let mut now = BEGAN + seconds(6);
    assert!(matches!(exchange.connected(now), Next::Write));
    for (number, response) in (1..).zip(&recording.responses) {
        now += seconds(10);
        let request = exchange.outgoing().len();
        assert!(matches!(exchange.sent(request, now), Ok(Next::Read)));
        exchange.space().extend_from_slice(&response[..20]);
        now += seconds(20);
        assert!(matches!(exchange.received(now), Ok(Next::Read)));
        exchange.space().extend_from_slice(&response[20..]);
        now += seconds(70 * number);
        if let Next::Complete(complete) = exchange.received(now).unwrap() {
            let (logged_in, _) = *complete;
            let times = logged_in.times;
            // Three exchanges of security negotiation, and one of operational negotiation.
            let (security, operational) = (seconds(3 * 30 + 70 * 6), seconds(30 + 70 * 4));
            assert_eq!(
                (times.connect, times.security, times.operational),
                (seconds(1), security, operational)
            );
            assert_eq!(BEGAN + seconds(5) + times.total(), now);
            return;
        }
    }
    panic!("not complete");
}

/// A clock that goes back makes a part short, and nothing else.
#[test]
fn a_clock_that_goes_back() {
    let fixture = Fixture::open();
    let mut exchange = fixture.exchange();
    exchange.begin(draw(1), BEGAN).unwrap();
    assert!(matches!(exchange.connected(BEGAN.saturating_sub(MOMENT)), Next::Write));
    let response = bytes_of(&accept(&fixture, &request_in(exchange.outgoing())));
    exchange.space().extend_from_slice(&response);
    let end = exchange.sent(usize::MAX, BEGAN);
    let Ok(Next::Complete(complete)) = end else { panic!("not complete") };
    let (logged_in, _) = *complete;
    assert_eq!((logged_in.times.connect, logged_in.times.operational), (Duration::ZERO, MOMENT));
}
