//! Flushes behind acknowledged writes, when the unit reports that it has lost its cache.

use bytes::BytesMut;

use super::*;

const TEST_UNIT_READY: u8 = 0x00;
const SYNCHRONIZE_CACHE: u8 = 0x35;
const WRITE_SAME: u8 = 0x41;

/// The outcomes of two flushes that were sent behind a command which reports an event.
fn flushes_behind(ascq: u8, is_abandoned: bool) -> [Outcome; 2] {
    let mut target = Target::new(parameters());
    let mut send = |operation_code| {
        let command = RawCommand::new("TEST", operation_code, Transfer::None);
        target.begin(Request::command(LUN, command))
    };
    let [write, told, first, second] =
        [WRITE_SAME, TEST_UNIT_READY, SYNCHRONIZE_CACHE, SYNCHRONIZE_CACHE].map(&mut send);
    target.sent();
    target.good(write).unwrap();
    if is_abandoned {
        target.session.abandon(told);
    }
    let mut response = target.response(told, ScsiStatus::CHECK_CONDITION);
    response.sense = Bytes::copy_from_slice(&[0x72, 0x06, 0x29, ascq]);
    target.respond(response).unwrap();
    [first, second].map(|flush| {
        target.good(flush).unwrap();
        target.session.take_outcome(flush).unwrap()
    })
}

/// The unit says it once, to whichever command comes first, even one that nobody waits for. The flush may have ended before its
/// caller looks at that command.
#[test]
fn a_reset_that_any_command_reports_fails_one_flush() {
    let good = || Outcome::Good(BytesMut::new());
    for is_abandoned in [false, true] {
        for reset in 0..=4 {
            assert_eq!(flushes_behind(reset, is_abandoned), [Outcome::WritesMayBeLost, good()], "{reset}");
        }
        assert_eq!(flushes_behind(7, is_abandoned), [good(), good()], "the nexus alone was lost");
    }
}
