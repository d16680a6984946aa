//! Pings of the initiator (rows NOP, NUM).

use iscsi_pdu::RejectReason;

use super::unasked::{goes_on, ping as ping_of_target, reject};
use super::*;
use crate::session::Silence;

const INTERVAL: Duration = Duration::from_secs(30);
const NANOSECOND: Duration = Duration::from_nanos(1);

/// A session that pings a quiet target.
fn watchful() -> Target {
    let mut target = Target::new(parameters());
    target.session.limits.ping_interval = Some(INTERVAL);
    target
}

/// Submits a ping with these data, and takes it.
fn ping(target: &mut Target, data: Bytes) -> NopOut {
    target.begin(Request::ping(data));
    target.nop_outs().remove(0)
}

#[test]
fn nop_03_num_03_fields_of_a_ping_and_its_answer() {
    let mut target = Target::with_window(parameters(), 0);
    for length in [0, 1, 4096] {
        let ping = ping(&mut target, pattern(length));
        assert!(ping.itt.is_valid() && ping.immediate);
        assert_eq!(
            (ping.ttt, ping.lun, ping.cmd_sn.0),
            (TargetTransferTag::RESERVED, Lun::ZERO, FIRST_CMD_SN)
        );
        assert_eq!(ping.data, pattern(length));
        target.pong(&ping).unwrap();
        assert_eq!(target.outcomes(), [(ping.itt, Outcome::Pong)]);
    }
    target.window = 32;
    target.numbers.max_cmd_sn = target.numbers.exp_cmd_sn.plus(31);
    let ping = ping(&mut target, Bytes::new());
    target.pong(&ping).unwrap();
    target.outcomes();
    goes_on(&mut target);
}

/// Other data than those of the ping, fewer, and more.
#[test]
fn nop_03_other_data_than_those_of_the_ping() {
    for data in [&b"ping"[..], b"pin", b"pings", b"pint", b""] {
        let mut target = Target::new(parameters());
        let ping = ping(&mut target, Bytes::from_static(b"ping"));
        let data = Bytes::from_static(data);
        let is_right = data == ping.data;
        assert_eq!(target.pong(&NopOut { data, ..ping }).is_ok(), is_right);
    }
}

/// The data of a ping fit both sides.
#[test]
fn nop_08_data_of_a_ping() {
    for (send, receive, length) in [(512, 1024, 512), (1024, 512, 512), (1024, 1024, 600), (600, 600, 600)] {
        let mut parameters = parameters();
        (parameters.max_send_data_segment_length, parameters.max_recv_data_segment_length) = (send, receive);
        let mut target = Target::new(parameters);
        let ping = ping(&mut target, pattern(600));
        assert_eq!(ping.data, pattern(length));
        target.pong(&ping).unwrap();
        assert_eq!(target.outcomes(), [(ping.itt, Outcome::Pong)]);
    }
}

/// A quiet target is pinged after the interval, not before, and only once at a time.
#[test]
fn nop_06_a_quiet_target_is_pinged() {
    let mut target = watchful();
    target.session.heard(INTERVAL / 2);
    assert_eq!(target.session.next_deadline(), Some(INTERVAL / 2 * 3));
    target.pass(just_before(INTERVAL / 2 * 3));
    assert_eq!(target.sent(), []);
    target.pass(INTERVAL / 2 * 3);
    let ping = target.nop_outs().remove(0);
    target.session.heard(target.now + NANOSECOND);
    target.pong(&ping).unwrap();
    assert_eq!(target.outcomes(), [], "nobody waits for it");
    assert_eq!(target.session.next_deadline(), Some(target.now + NANOSECOND + INTERVAL));
}

/// A ping without an answer is a lost connection, whoever submitted it.
#[test]
fn nop_06_a_ping_without_an_answer() {
    let limit = LIMITS.ping;
    let mut target = watchful();
    target.pass(INTERVAL);
    assert_eq!(target.nop_outs().len(), 1);
    target.pass(just_before(INTERVAL + limit));
    assert!(target.session.is_open());
    target.pass(INTERVAL + limit);
    let silence = Silence { operation: Some("ping"), logout_requested: false, limit };
    assert_eq!(target.session.end(), Some(&End::Failed(Failure::Silent(silence.clone()))));

    let mut target = Target::new(parameters());
    let ping = ping(&mut target, Bytes::new());
    let read = target.read(512);
    target.pass(limit);
    assert_eq!(target.session.end(), Some(&End::Failed(Failure::Silent(silence))));
    assert_eq!(target.outcomes(), [ping.itt, read].map(|itt| (itt, Outcome::SessionOver)));
}

/// Nothing pings a target during the logout, or after the end.
#[test]
fn nop_06_lgo_01_no_ping_behind_the_logout() {
    let mut target = watchful();
    target.log_out();
    target.pass(just_before(LIMITS.logout));
    assert_eq!(target.sent(), []);
    target.pass(LIMITS.logout);
    assert_eq!((target.session.next_deadline(), target.sent()), (None, Vec::new()));
}

/// A ping or a function that waits for another one when the logout is sent is not sent, and its limit does not end the session.
#[test]
fn lgo_01_immediate_requests_behind_the_logout() {
    let mut target = Target::new(parameters());
    let first = ping(&mut target, Bytes::new());
    let waiting = target.begin(Request::ping(Bytes::new()));
    let logout = target.log_out();
    assert!(matches!(logout[..], [InitiatorPdu::LogoutRequest(_)]), "{logout:?}");
    target.pong(&first).unwrap();
    assert_eq!(target.outcomes(), [(first.itt, Outcome::Pong)]);
    let function = target.begin(Request::management(TaskManagement::TargetWarmReset));
    target.pass(LIMITS.abort);
    assert!(target.sent().is_empty() && target.session.end().is_none());
    assert_eq!(target.outcomes(), [(function, Outcome::Managed(None))]);
    target.pass(LIMITS.logout);
    assert_eq!(target.outcomes(), [(waiting, Outcome::SessionOver)]);
}

/// One ping at a time is under way, beside one function.
#[test]
fn num_19_one_ping_at_a_time() {
    let mut target = Target::new(parameters());
    let tags = [1, 2, 3].map(|_| target.begin(Request::ping(Bytes::new())));
    target.begin(Request::management(TaskManagement::ClearAca(LUN)));
    let mut sent = target.sent();
    assert!(matches!(sent[..], [InitiatorPdu::TaskManagementRequest(_), InitiatorPdu::NopOut(_)]));
    for itt in tags {
        let Some(InitiatorPdu::NopOut(ping)) = sent.pop() else { panic!("no ping") };
        assert_eq!(ping.itt, itt);
        target.pong(&ping).unwrap();
        sent = target.sent();
    }
    assert_eq!(sent, []);
}

/// Requests of either kind are repeated 16 times in a row, and 16 times again after an answer.
#[test]
fn num_19_rej_06_repeated_immediate_requests() {
    let reason = RejectReason::TOO_MANY_IMMEDIATE_COMMANDS;
    for is_ping in [false, true] {
        let mut target = Target::new(parameters());
        for repeats in [16, 16, 17] {
            let function = Request::management(TaskManagement::ClearAca(LUN));
            let itt = target.begin(if is_ping { Request::ping(Bytes::new()) } else { function });
            for _ in 0..repeats {
                let sent = target.sent();
                assert_eq!(sent.len(), 1);
                reject(&mut target, &sent[0], reason).unwrap();
            }
            if repeats == 17 {
                assert_eq!(target.outcomes(), [(itt, Outcome::Rejected(reason))]);
                continue;
            }
            match target.sent().remove(0) {
                InitiatorPdu::NopOut(ping) => target.pong(&ping).unwrap(),
                other => {
                    assert!(matches!(other, InitiatorPdu::TaskManagementRequest(_)));
                    target.managed(itt, 0).unwrap();
                }
            }
            assert_eq!(target.outcomes().len(), 1);
        }
        goes_on(&mut target);
    }
}

/// An R2T or a ping of the target with a status number ahead tells of lost responses; one of before is taken.
#[test]
fn num_11_num_12_status_numbers_of_pdus_that_use_none_up() {
    const FAR: u32 = 1 << 31;
    for (ahead, is_lost) in
        [(0, false), (1, true), (2, true), (FAR - 1, true), (FAR, true), (u32::MAX, false)]
    {
        let mut target = Target::new(solicited_only());
        let itt = target.write(512);
        target.numbers.stat_sn = target.numbers.stat_sn.plus(ahead);
        let r2t = target.r2t(itt, 0, 0, 512);
        let nop_in = ping_of_target(&target, 7);
        for pdu in [TargetPdu::NopIn(nop_in), TargetPdu::R2t(r2t)] {
            let mut target = Target { session: target.session.clone(), ..target };
            let outcome = target.receive(pdu);
            assert_eq!(matches!(outcome, Err(Failure::Gap(_))), is_lost, "{ahead:#x}");
            assert_eq!(target.sent().len(), usize::from(!is_lost));
        }
    }
}

/// The sixteenth ping of the target that waits is answered, and the seventeenth is not; all others later are.
#[test]
fn nop_01_as_many_pings_of_the_target_as_wait() {
    for (pings, answers) in [(16, 16), (17, 16), (1, 1)] {
        let mut target = Target::new(parameters());
        for ttt in 0..pings {
            let ping = ping_of_target(&target, ttt);
            target.receive(TargetPdu::NopIn(ping)).unwrap();
        }
        let tags: Vec<_> = target.nop_outs().iter().map(|answer| answer.ttt.0).collect();
        assert_eq!(tags, (0..answers).collect::<Vec<_>>());
    }
}
