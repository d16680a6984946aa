//! Requests that wait behind the unsolicited data of others.

use super::*;

/// The bytes of unsolicited data that may leave in front of a request without data.
const MOST_AHEAD: usize = 256 << 10;

/// Bursts of 64 KiB, of which this many bytes come with the command.
fn bursts(immediate: u32) -> Parameters {
    let mut parameters = parameters();
    (parameters.initial_r2t, parameters.immediate_data) = (false, immediate > 0);
    parameters.max_send_data_segment_length = immediate.max(8192);
    parameters
}

/// Submits writes of these lengths, and in the end a read. None of them is sent before.
fn submit(target: &mut Target, writes: &[usize]) {
    for length in writes {
        target.submit(Transfer::Write(pattern(*length).into()), true);
    }
    target.submit(Transfer::Read(512), true);
}

/// Of each write in the order of their commands the bytes of data that leave unasked, and the F bit of the command.
fn unasked(sent: &[InitiatorPdu]) -> Vec<(usize, bool)> {
    let mut writes = Vec::new();
    for pdu in sent {
        match pdu {
            InitiatorPdu::ScsiCommand(command) if command.write => {
                writes.push((command.itt, command.data.len(), command.is_final));
            }
            InitiatorPdu::ScsiCommand(_) => {}
            InitiatorPdu::DataOut(data) => {
                let last = writes.last_mut().unwrap();
                assert_eq!(last.0, data.itt);
                last.1 += data.data.len();
            }
            other => panic!("{other:?}"),
        }
    }
    writes.into_iter().map(|(_, bytes, is_final)| (bytes, is_final)).collect()
}

/// Unsolicited data are optional: in front of a read only 256 KiB of them leave, the others wait for an R2T.
#[test]
fn dat_04_a_read_waits_for_some_unsolicited_data_only() {
    for immediate in [0, 8192, 65_536] {
        let mut target = Target::new(bursts(immediate));
        submit(&mut target, &[100_000; 10]);
        // The read is sent, and no other waits.
        target.submit(Transfer::Write(pattern(100_000).into()), true);
        let sent = target.sent();
        let burst = (65_536, immediate == 65_536);
        let expected = [&[burst; MOST_AHEAD / 65_536][..], &[(0, true); 6], &[burst]].concat();
        assert_eq!(unasked(&sent), expected, "{immediate}");
    }
}

/// A write sends all of its unsolicited data or none, and the next one may still have its own if they are fewer.
#[test]
fn dat_04_the_last_byte_of_unsolicited_data_in_front_of_a_read() {
    let mut target = Target::new(bursts(0));
    submit(&mut target, &[65_536, 65_536, 65_536, 65_535, 2, 1, 1]);
    let bytes: Vec<_> = unasked(&target.sent()).into_iter().map(|(bytes, _)| bytes).collect();
    assert_eq!(bytes, [65_536, 65_536, 65_536, 65_535, 0, 1, 0]);
}

/// Writes wait for no writes, however many there are, and what left before a read was submitted does not count.
#[test]
fn writes_alone_send_their_bursts() {
    let mut target = Target::with_window(bursts(8192), 1000);
    for _ in 0..20 {
        target.submit(Transfer::Write(pattern(65_536).into()), true);
    }
    assert_eq!(unasked(&target.sent()), [(65_536, false); 20]);
    for _ in 0..3 {
        submit(&mut target, &[65_536; 4]);
        assert_eq!(unasked(&target.sent()), [(65_536, false); 4]);
    }
}

/// A text request waits like a read.
#[test]
fn a_text_request_waits_for_some_unsolicited_data_only() {
    let mut target = Target::new(bursts(0));
    for _ in 0..6 {
        target.submit(Transfer::Write(pattern(65_536).into()), true);
    }
    target.ask(b"SendTargets=\0");
    let (mut writes, mut sent) = (Vec::new(), target.sent());
    assert!(matches!(sent.pop(), Some(InitiatorPdu::TextRequest(_))));
    writes.extend(unasked(&sent).into_iter().map(|(bytes, _)| bytes));
    assert_eq!(writes, [65_536, 65_536, 65_536, 65_536, 0, 0]);
}
