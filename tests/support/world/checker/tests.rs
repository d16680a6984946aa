mod power_loss;
mod random_histories;

use std::time::Duration;

use bytes::BytesMut;
use iscsi_initiator::scsi::Capacity;

use super::{Checker, Contents, Reason, Source, Violation, WriteCache};
use crate::world::{Action, BlockStamp, Extent, Operation, StampError};

const DISK: Capacity = Capacity { blocks: 8, block_size: 64 };
const FLUSH: Action = Action::Flush;

/// A checker with a time that passes by a second at each call.
struct Run {
    checker: Checker,
    time: Duration,
}

/// Writes or reads this many blocks from `lba` on.
const fn write(lba: u64, blocks: u32) -> Action {
    Action::Write { extent: Extent { lba, blocks }, is_stable: false }
}

const fn stable_write(lba: u64, blocks: u32) -> Action {
    Action::Write { extent: Extent { lba, blocks }, is_stable: true }
}

const fn read(lba: u64, blocks: u32) -> Action {
    Action::Read(Extent { lba, blocks })
}

/// Blocks from `lba` on as these operations wrote them; 0 stands for a block of zeros.
fn data(lba: u64, writers: &[u32]) -> BytesMut {
    let mut data = BytesMut::new();
    for (lba, operation) in (lba..).zip(writers) {
        match operation {
            0 => data.resize(data.len() + 64, 0),
            operation => BlockStamp { operation: *operation, lba }.put(64, &mut data),
        }
    }
    data
}

fn impossible(from: u32, lba: u64, contents: Contents, reason: Reason) -> Result<(), Violation> {
    Err(Violation::Impossible { from: Source::Operation(from), lba, contents, reason })
}

use Contents::{WrittenBy, Zeros};
use Reason::{NoSuchWrite, ReplacedBy};

impl Run {
    fn new() -> Self {
        Self::with(WriteCache::Volatile)
    }

    fn with(cache: WriteCache) -> Self {
        Self { checker: Checker::new(DISK, cache), time: Duration::ZERO }
    }

    fn now(&mut self) -> Duration {
        self.time += Duration::from_secs(1);
        self.time
    }

    fn submit(&mut self, number: u32, action: Action) {
        let now = self.now();
        self.checker.submitted(Operation { number, action }, now).unwrap();
    }

    /// The operation succeeds without data.
    fn complete(&mut self, number: u32) -> Result<(), Violation> {
        let now = self.now();
        self.checker.completed(number, &[], now)
    }

    /// The read succeeds with blocks of these writers.
    fn returns(&mut self, number: u32, lba: u64, writers: &[u32]) -> Result<(), Violation> {
        let now = self.now();
        self.checker.completed(number, &data(lba, writers), now)
    }

    fn fail(&mut self, number: u32) -> Result<(), Violation> {
        let now = self.now();
        self.checker.failed(number, now)
    }

    fn refuse(&mut self, number: u32) -> Result<(), Violation> {
        let now = self.now();
        self.checker.refused(number, now)
    }

    /// Submits and completes an operation without data.
    fn done(&mut self, number: u32, action: Action) {
        self.submit(number, action);
        assert_eq!(self.complete(number), Ok(()));
    }

    /// Reads block 0, which one of these operations wrote.
    fn reads(&mut self, number: u32, writer: u32) -> Result<(), Violation> {
        self.submit(number, read(0, 1));
        self.returns(number, 0, &[writer])
    }
}

#[test]
fn a_disk_is_zero_until_it_is_written() {
    let mut run = Run::new();
    assert_eq!(run.reads(1, 0), Ok(()));
    run.done(2, write(0, 1));
    assert_eq!(run.reads(3, 2), Ok(()));
    assert_eq!(run.reads(4, 0), impossible(4, 0, Zeros, ReplacedBy(WrittenBy(2))));
}

#[test]
fn an_acknowledged_write_hides_older_ones() {
    let mut run = Run::new();
    run.done(1, write(0, 1));
    run.done(2, write(0, 1));
    assert_eq!(run.reads(3, 1), impossible(3, 0, WrittenBy(1), ReplacedBy(WrittenBy(2))));
    assert_eq!(run.reads(4, 2), Ok(()));
}

#[test]
fn writes_that_are_pending_together_take_any_order() {
    for last in [1, 2] {
        let mut run = Run::new();
        run.submit(1, write(0, 1));
        run.submit(2, write(0, 1));
        assert_eq!((run.complete(2), run.complete(1)), (Ok(()), Ok(())));
        assert_eq!(run.reads(3, last), Ok(()));
        let other = 3 - last;
        assert_eq!(run.reads(4, other), impossible(4, 0, WrittenBy(other), ReplacedBy(WrittenBy(last))));
        assert_eq!(run.reads(5, last), Ok(()));
    }
}

#[test]
fn a_pending_write_may_be_read_or_not_yet() {
    let mut run = Run::new();
    run.submit(1, write(0, 1));
    assert_eq!((run.reads(2, 0), run.reads(3, 1)), (Ok(()), Ok(())));
    assert_eq!(run.reads(4, 0), impossible(4, 0, Zeros, ReplacedBy(WrittenBy(1))), "it was read before");
    assert_eq!((run.complete(1), run.reads(5, 1)), (Ok(()), Ok(())));
}

#[test]
fn a_pending_read_may_return_what_was_there_at_any_moment_since() {
    for (writer, expected) in [
        (1, impossible(9, 0, WrittenBy(1), ReplacedBy(WrittenBy(2)))),
        (2, Ok(())),
        (3, Ok(())),
        (4, Ok(())),
        (5, impossible(9, 0, WrittenBy(5), NoSuchWrite)),
    ] {
        let mut run = Run::new();
        run.done(1, write(0, 1));
        run.done(2, write(0, 1));
        run.submit(9, read(0, 1));
        run.done(3, write(0, 1));
        run.submit(4, write(0, 1));
        assert_eq!(run.returns(9, 0, &[writer]), expected, "{writer}");
    }
}

#[test]
fn a_failed_write_may_take_effect_late_or_never() {
    let mut run = Run::new();
    run.submit(1, write(0, 1));
    assert_eq!(run.fail(1), Ok(()));
    run.done(2, write(0, 1));
    assert_eq!((run.reads(3, 2), run.reads(4, 1)), (Ok(()), Ok(())));
    assert_eq!(run.reads(5, 2), impossible(5, 0, WrittenBy(2), ReplacedBy(WrittenBy(1))), "only once");
}

#[test]
fn a_failed_write_has_no_effect_after_it_was_fenced() {
    for fences in [false, true] {
        let mut run = Run::new();
        run.submit(1, write(0, 1));
        assert_eq!(run.fail(1), Ok(()));
        if fences {
            run.checker.fenced();
        }
        run.done(2, write(0, 1));
        let late = impossible(3, 0, WrittenBy(1), ReplacedBy(WrittenBy(2)));
        assert_eq!(run.reads(3, 1), if fences { late } else { Ok(()) });
    }
}

#[test]
fn an_aborted_write_may_have_taken_effect_and_has_none_later() {
    for seen in [0, 1] {
        let mut run = Run::new();
        run.submit(1, write(0, 1));
        let now = run.now();
        assert_eq!(run.checker.aborted(1, now), Ok(()));
        assert_eq!(run.reads(2, seen), Ok(()));
        run.done(3, write(0, 1));
        assert_eq!(run.reads(4, 1), impossible(4, 0, WrittenBy(1), ReplacedBy(WrittenBy(3))));
        let again = run.checker.aborted(1, now);
        assert!(matches!(again, Err(Violation::EndedTwice { operation: 1, .. })), "{again:?}");
    }
}

#[test]
fn a_fence_leaves_open_whether_a_failed_write_took_effect_and_lets_pending_ones_be() {
    for (seen, other, reason) in [(0, WrittenBy(1), ReplacedBy(Zeros)), (1, Zeros, ReplacedBy(WrittenBy(1)))]
    {
        let mut run = Run::new();
        run.submit(1, write(0, 1));
        run.submit(2, write(1, 1));
        assert_eq!(run.fail(1), Ok(()));
        run.checker.fenced();
        assert_eq!((run.reads(3, seen), run.reads(4, seen)), (Ok(()), Ok(())));
        assert_eq!(run.reads(5, 1 - seen), impossible(5, 0, other, reason));
        run.done(6, write(1, 1));
        run.submit(7, read(1, 1));
        assert_eq!(run.returns(7, 1, &[2]), Ok(()), "a pending write is not fenced");
    }
}

#[test]
fn a_fence_forgets_nothing_about_a_failed_write_that_was_read() {
    let mut run = Run::new();
    run.submit(1, write(0, 1));
    assert_eq!((run.fail(1), run.reads(2, 1)), (Ok(()), Ok(())));
    run.done(3, write(0, 1));
    run.checker.fenced();
    assert_eq!(run.reads(4, 1), impossible(4, 0, WrittenBy(1), ReplacedBy(WrittenBy(3))));
    assert_eq!(run.reads(5, 3), Ok(()));
}

#[test]
fn a_refused_write_leaves_nothing() {
    let mut run = Run::new();
    run.submit(1, write(0, 1));
    assert_eq!(run.refuse(1), Ok(()));
    assert_eq!(run.reads(2, 1), impossible(2, 0, WrittenBy(1), NoSuchWrite));
    assert_eq!(run.reads(3, 0), Ok(()));
    run.submit(4, write(0, 2));
    assert_eq!(run.reads(5, 4), Ok(()));
    assert_eq!(run.refuse(4), Err(Violation::RefusedButWritten { operation: 4, lba: 0 }));
}

#[test]
fn blocks_of_a_write_take_effect_one_by_one() {
    let mut run = Run::new();
    run.done(1, write(0, 4));
    run.submit(2, write(0, 4));
    run.submit(3, read(0, 4));
    assert_eq!(run.returns(3, 0, &[1, 2, 1, 2]), Ok(()), "half of it");
    run.submit(4, read(0, 4));
    assert_eq!(run.returns(4, 0, &[2, 2, 1, 2]), Ok(()), "more of it");
    run.submit(5, read(0, 4));
    let expected = impossible(5, 1, WrittenBy(1), ReplacedBy(WrittenBy(2)));
    assert_eq!(run.returns(5, 0, &[2, 1, 1, 2]), expected, "but not less");
    assert_eq!(run.complete(2), Ok(()));
    run.submit(6, read(0, 4));
    assert_eq!(run.returns(6, 0, &[2, 2, 1, 2]), impossible(6, 2, WrittenBy(1), ReplacedBy(WrittenBy(2))));
}

#[test]
fn a_read_has_the_length_that_was_asked_for() {
    for length in [0, 63, 127, 129] {
        let mut run = Run::new();
        run.submit(1, read(0, 2));
        let now = run.now();
        let expected = Violation::Length { from: Source::Operation(1), received: length, expected: 128 };
        assert_eq!(run.checker.completed(1, &vec![0; length], now), Err(expected));
    }
}

#[test]
fn damaged_and_misplaced_blocks_are_found() {
    let mut run = Run::new();
    run.done(1, write(0, 3));
    run.submit(2, read(1, 2));
    let stamp = BlockStamp { operation: 1, lba: 1 };
    let misplaced = Violation::Misplaced { from: Source::Operation(2), lba: 2, stamp };
    let mut swapped = data(1, &[1]);
    swapped.extend_from_slice(&data(1, &[1]));
    let now = run.now();
    assert_eq!(run.checker.completed(2, &swapped, now), Err(misplaced));
    run.submit(3, read(1, 1));
    let mut changed = data(1, &[1]);
    changed[0] = b'b';
    let reason = StampError::Missing(*b"bLK1");
    let damaged = Violation::Damaged { from: Source::Operation(3), lba: 1, reason };
    assert_eq!(run.checker.completed(3, &changed, now), Err(damaged));
}

#[test]
fn the_medium_at_the_end_has_every_acknowledged_write() {
    let mut run = Run::new();
    run.done(1, write(0, 2));
    run.submit(2, write(1, 2));
    assert_eq!(run.fail(2), Ok(()));
    for (medium, is_possible) in [
        ([1, 1, 0, 0, 0, 0, 0, 0], true),
        ([1, 2, 2, 0, 0, 0, 0, 0], true),
        ([1, 2, 0, 0, 0, 0, 0, 0], true),
        ([0, 1, 0, 0, 0, 0, 0, 0], false),
        ([1, 0, 0, 0, 0, 0, 0, 0], false),
        ([1, 1, 0, 0, 0, 0, 0, 2], false),
    ] {
        let checked = run.checker.clone().final_medium(&data(0, &medium));
        assert_eq!(checked.is_ok(), is_possible, "{medium:?}");
    }
    let short = Violation::Length { from: Source::Medium, received: 64, expected: 512 };
    assert_eq!(run.checker.final_medium(&[0; 64]), Err(short));
}

#[test]
fn operations_end_exactly_once() {
    let mut run = Run::new();
    assert_eq!(run.complete(1), Err(Violation::NeverSubmitted(1)));
    run.submit(1, write(0, 1));
    let again = Operation { number: 1, action: FLUSH };
    assert_eq!(run.checker.submitted(again, run.time), Err(Violation::SubmittedTwice(1)));
    assert_eq!(run.complete(1), Ok(()));
    let (first, after) = (run.time, run.time + Duration::from_secs(1));
    let twice = |second| Err(Violation::EndedTwice { operation: 1, first, second });
    assert_eq!(run.complete(1), twice(after));
    assert_eq!(run.fail(1), twice(after + Duration::from_secs(1)));
    assert_eq!(run.refuse(1), twice(after + Duration::from_secs(2)));
}

#[test]
fn every_operation_ends() {
    let mut run = Run::new();
    for number in 1..=5 {
        run.submit(number, Action::Inquiry);
    }
    assert_eq!((run.complete(1), run.refuse(2), run.fail(4)), (Ok(()), Ok(()), Ok(())));
    assert_eq!(run.checker.pending().map(|pending| pending.number).collect::<Vec<_>>(), [3, 5]);
    let submitted = Duration::from_secs(3);
    assert_eq!(run.checker.all_ended(), Err(Violation::NeverEnded { count: 2, first: 3, submitted }));
    assert_eq!((run.complete(3), run.fail(5)), (Ok(()), Ok(())));
    assert_eq!(run.checker.all_ended(), Ok(()));
}

#[test]
fn failures_come_in_the_order_of_submission() {
    let mut run = Run::new();
    // Not the order of numbers.
    for number in [7, 3, 5, 4] {
        run.submit(number, Action::TestUnitReady);
    }
    assert_eq!((run.fail(7), run.complete(4), run.fail(5)), (Ok(()), Ok(()), Ok(())));
    assert_eq!(run.fail(3), Err(Violation::FailedOutOfOrder { operation: 3, later: 5 }));
}

#[test]
fn operations_stay_on_the_disk() {
    for action in [read, write] {
        let mut run = Run::new();
        run.submit(1, action(7, 1));
        let beyond = |operation, end| Err(Violation::BeyondDisk { operation, end, blocks: 8 });
        let mut submit = |number, action| run.checker.submitted(Operation { number, action }, Duration::ZERO);
        assert_eq!(submit(2, action(7, 2)), beyond(2, 9));
        assert_eq!(submit(3, action(u64::MAX, 1)), beyond(3, u64::MAX));
    }
}

#[test]
fn violations_name_operations_and_blocks() {
    let text = |violation: Result<(), Violation>| violation.unwrap_err().to_string();
    assert_eq!(
        text(impossible(9, 4, WrittenBy(3), ReplacedBy(WrittenBy(7)))),
        "data of operation 9: block 4 is as operation 3 wrote it, but operation 7 replaced that"
    );
    assert_eq!(
        text(impossible(9, 4, Zeros, NoSuchWrite)),
        "data of operation 9: block 4 is zero, which no write left there"
    );
    let stamp = BlockStamp { operation: 3, lba: 5 };
    assert_eq!(
        text(Err(Violation::Misplaced { from: Source::Medium, lba: 4, stamp })),
        "medium: block 4 has the data of block 5, by operation 3"
    );
    assert_eq!(
        text(Err(Violation::LostBeforeFlush { flush: 9, lba: 4, contents: WrittenBy(3) })),
        "operation 9 flushed, but block 4 has lost acknowledged data: it was as operation 3 wrote it"
    );
}
