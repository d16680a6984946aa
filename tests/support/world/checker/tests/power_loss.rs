//! Data that may and may not be lost with power.

use super::super::WriteCache;
use super::Contents::{WrittenBy, Zeros};
use super::Reason::{NoSuchWrite, ReplacedBy};
use super::{FLUSH, Run, Violation, impossible, read, stable_write, write};

/// The writers that block 0 may have now.
fn possible(run: &Run, writers: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let can_have = |writer: &u32| {
        let mut run = Run { checker: run.checker.clone(), time: run.time };
        run.reads(99, *writer).is_ok()
    };
    writers.into_iter().filter(can_have).collect()
}

/// Every write is acknowledged, and a loss of power follows.
fn after_loss(run: &mut Run) -> Vec<u32> {
    run.checker.power_lost();
    possible(run, 0..=9)
}

#[test]
fn acknowledged_data_may_be_lost_unless_they_were_flushed() {
    let mut run = Run::new();
    run.done(1, write(0, 1));
    run.done(2, write(0, 1));
    assert_eq!(possible(&run, 0..=9), [2], "nothing is lost while there is power");
    run.done(3, FLUSH);
    run.done(4, write(0, 1));
    run.done(5, write(0, 1));
    assert_eq!(after_loss(&mut run), [2, 4, 5]);
    assert_eq!(run.reads(8, 1), impossible(8, 0, WrittenBy(1), NoSuchWrite));
}

#[test]
fn without_a_flush_everything_may_be_lost() {
    let mut run = Run::new();
    run.done(1, write(0, 1));
    assert_eq!(after_loss(&mut run), [0, 1]);
}

#[test]
fn a_flush_covers_writes_that_ended_before_it_began() {
    let mut run = Run::new();
    run.submit(2, write(0, 1));
    run.submit(1, FLUSH);
    assert_eq!((run.complete(2), run.complete(1)), (Ok(()), Ok(())));
    assert_eq!(after_loss(&mut run), [0, 2]);
    let mut run = Run::new();
    run.done(2, write(0, 1));
    run.submit(1, FLUSH);
    assert_eq!(after_loss(&mut run), [0, 2], "the flush has not ended");
}

/// A read shows that a write has taken effect, even if it is pending.
#[test]
fn a_flush_covers_data_that_were_read_before_it_began() {
    let mut run = Run::new();
    run.submit(1, write(0, 1));
    assert_eq!(run.reads(2, 1), Ok(()));
    run.done(3, FLUSH);
    assert_eq!(after_loss(&mut run), [1]);
}

#[test]
fn later_flushes_do_not_uncover_data() {
    let mut run = Run::new();
    run.submit(5, FLUSH);
    run.done(1, write(0, 1));
    run.done(2, FLUSH);
    assert_eq!(run.complete(5), Ok(()), "submitted first, ended last");
    assert_eq!(after_loss(&mut run), [1]);
}

#[test]
fn a_refused_or_failed_flush_covers_nothing() {
    for refused in [false, true] {
        let mut run = Run::new();
        run.done(1, write(0, 1));
        run.submit(2, FLUSH);
        assert_eq!(if refused { run.refuse(2) } else { run.fail(2) }, Ok(()));
        assert_eq!(after_loss(&mut run), [0, 1]);
    }
}

#[test]
fn stable_writes_cannot_be_lost() {
    let mut run = Run::new();
    run.done(1, write(0, 1));
    run.done(2, stable_write(0, 1));
    assert_eq!((run.reads(6, 2), run.reads(7, 2)), (Ok(()), Ok(())), "reads do not change that");
    run.done(3, write(0, 1));
    assert_eq!(after_loss(&mut run), [2, 3]);
    let mut run = Run::new();
    run.done(1, write(0, 1));
    run.submit(2, stable_write(0, 1));
    assert_eq!(after_loss(&mut run), [0, 1, 2], "it has not ended");
}

#[test]
fn a_stable_write_covers_writes_that_came_before_it_only() {
    let mut run = Run::new();
    run.submit(1, write(0, 1));
    run.done(2, stable_write(0, 1));
    assert_eq!(run.complete(1), Ok(()));
    assert_eq!(after_loss(&mut run), [1, 2], "1 may have come after 2");
}

#[test]
fn nothing_is_lost_without_a_write_cache() {
    let mut run = Run::with(WriteCache::WriteThrough);
    run.done(1, write(0, 1));
    run.done(2, write(0, 1));
    run.submit(3, write(0, 1));
    assert_eq!(after_loss(&mut run), [2, 3]);
}

#[test]
fn the_first_read_after_a_loss_decides() {
    let mut run = Run::new();
    run.done(1, write(0, 1));
    run.done(2, write(0, 1));
    run.checker.power_lost();
    assert_eq!(run.reads(3, 1), Ok(()));
    assert_eq!(possible(&run, 0..=9), [1]);
    run.done(4, write(0, 1));
    assert_eq!(possible(&run, 0..=9), [4]);
    assert_eq!(run.reads(5, 1), impossible(5, 0, WrittenBy(1), ReplacedBy(WrittenBy(4))));
}

#[test]
fn blocks_get_lost_one_by_one() {
    let mut run = Run::new();
    run.done(1, write(0, 3));
    run.checker.power_lost();
    run.submit(2, read(0, 3));
    assert_eq!(run.returns(2, 0, &[1, 0, 1]), Ok(()));
    run.submit(3, read(0, 3));
    assert_eq!(run.returns(3, 0, &[1, 1, 1]), impossible(3, 1, WrittenBy(1), NoSuchWrite));
}

#[test]
fn a_second_loss_takes_nothing_that_the_first_one_left() {
    let mut run = Run::new();
    run.done(1, write(0, 1));
    run.done(2, write(0, 1));
    run.checker.power_lost();
    assert_eq!(after_loss(&mut run), [0, 1, 2]);
    assert_eq!((run.reads(4, 1), run.reads(5, 1)), (Ok(()), Ok(())));
    run.done(3, write(0, 1));
    assert_eq!(after_loss(&mut run), [1, 3]);
}

/// The first loss took a write that was acknowledged only after it.
#[test]
fn contents_that_a_loss_left_are_stable() {
    let mut run = Run::new();
    run.submit(1, write(0, 1));
    run.checker.power_lost();
    assert_eq!((run.complete(1), run.reads(2, 0)), (Ok(()), Ok(())));
    assert_eq!(after_loss(&mut run), [0]);
}

#[test]
fn a_failed_write_takes_no_effect_after_a_loss() {
    let mut run = Run::new();
    run.submit(1, write(0, 1));
    assert_eq!(run.fail(1), Ok(()));
    assert_eq!(after_loss(&mut run), [0, 1]);
    assert_eq!(run.reads(2, 0), Ok(()));
    assert_eq!(possible(&run, 0..=9), [0]);
}

#[test]
fn a_pending_write_may_take_effect_after_a_loss() {
    let mut run = Run::new();
    run.submit(1, write(0, 1));
    run.checker.power_lost();
    assert_eq!((run.reads(2, 0), run.reads(3, 1)), (Ok(()), Ok(())));
    assert_eq!(run.complete(1), Ok(()));
    assert_eq!(possible(&run, 0..=9), [1]);
}

/// Its acknowledgement was on the way when power was lost.
#[test]
fn a_write_that_is_acknowledged_after_a_loss_may_be_lost() {
    let mut run = Run::new();
    run.submit(1, write(0, 1));
    run.checker.power_lost();
    assert_eq!(run.complete(1), Ok(()));
    assert_eq!(possible(&run, 0..=9), [0, 1]);
}

#[test]
fn a_refused_write_is_not_left_by_a_loss() {
    let mut run = Run::new();
    run.submit(1, write(0, 1));
    run.checker.power_lost();
    assert_eq!(run.refuse(1), Ok(()));
    assert_eq!(possible(&run, 0..=9), [0]);
}

#[test]
fn a_write_that_was_read_before_a_loss_cannot_be_refused_after_it() {
    for (is_flushed, is_known) in [(false, false), (true, false), (true, true)] {
        let mut run = Run::new();
        run.submit(1, write(0, 1));
        assert_eq!(run.reads(2, 1), Ok(()));
        if is_flushed {
            run.done(3, FLUSH);
        }
        run.checker.power_lost();
        if is_known {
            run.checker.loss_known();
        }
        assert_eq!(run.refuse(1), Err(Violation::RefusedButWritten { operation: 1, lba: 0 }));
    }
}

#[test]
fn a_failed_write_that_may_not_have_taken_effect_covers_nothing() {
    let mut run = Run::new();
    run.done(1, write(0, 1));
    run.submit(2, write(0, 1));
    assert_eq!(run.fail(2), Ok(()));
    run.checker.fenced();
    run.done(3, FLUSH);
    assert_eq!(after_loss(&mut run), [1, 2]);
}

/// The answer was on the way when power was lost.
#[test]
fn a_read_submitted_before_a_loss_may_return_lost_data() {
    let mut run = Run::new();
    run.done(1, write(0, 1));
    run.done(2, stable_write(0, 1));
    run.done(3, write(0, 1));
    run.submit(4, read(0, 1));
    run.submit(5, read(0, 1));
    run.checker.power_lost();
    assert_eq!(run.reads(6, 2), Ok(()), "3 is lost");
    assert_eq!(run.returns(4, 0, &[3]), Ok(()));
    assert_eq!(run.returns(5, 0, &[1]), impossible(5, 0, WrittenBy(1), NoSuchWrite));
    assert_eq!(run.reads(7, 3), impossible(7, 0, WrittenBy(3), NoSuchWrite));
    assert_eq!(run.reads(8, 2), Ok(()));
}

/// Its answer may arrive behind one that tells of the loss.
#[test]
fn a_read_submitted_before_a_loss_that_is_known_may_return_lost_data() {
    let mut run = Run::new();
    run.done(1, stable_write(0, 1));
    run.done(2, write(0, 1));
    run.submit(3, FLUSH);
    run.submit(4, read(0, 1));
    run.checker.power_lost();
    assert_eq!(run.refuse(3), Ok(()));
    assert_eq!(run.returns(4, 0, &[2]), Ok(()));
    assert_eq!(possible(&run, 0..=9), [1, 2]);
    assert_eq!(run.reads(5, 1), Ok(()), "2 is lost");
    assert_eq!(run.reads(6, 2), impossible(6, 0, WrittenBy(2), NoSuchWrite));
}

/// A session that recovers by itself must not hide that the target lost its cache.
#[test]
fn a_flush_that_succeeds_after_a_hidden_loss_is_false() {
    for is_pending_at_loss in [false, true] {
        let mut run = Run::new();
        run.done(1, write(0, 1));
        run.done(2, write(1, 1));
        if is_pending_at_loss {
            run.submit(3, FLUSH);
        }
        run.checker.power_lost();
        run.submit(4, read(1, 1));
        assert_eq!(run.returns(4, 1, &[0]), Ok(()), "lost, which nobody promised not to happen");
        if !is_pending_at_loss {
            run.submit(3, FLUSH);
        }
        let lost = Violation::LostBeforeFlush { flush: 3, lba: 1, contents: Zeros };
        assert_eq!(run.complete(3), Err(lost));
    }
}

#[test]
fn data_are_not_lost_any_more_when_a_flush_has_succeeded_after_a_loss() {
    let mut run = Run::new();
    run.done(1, write(0, 1));
    run.checker.power_lost();
    assert_eq!(possible(&run, 0..=9), [0, 1]);
    run.done(2, FLUSH);
    assert_eq!(possible(&run, 0..=9), [1]);
}

#[test]
fn a_flush_after_two_hidden_losses_counts_for_both() {
    let mut run = Run::new();
    run.done(1, write(0, 1));
    run.checker.power_lost();
    run.checker.power_lost();
    assert_eq!(run.reads(2, 0), Ok(()));
    run.submit(3, FLUSH);
    assert_eq!(run.complete(3), Err(Violation::LostBeforeFlush { flush: 3, lba: 0, contents: Zeros }));
}

#[test]
fn a_flush_submitted_before_a_write_ended_says_nothing_about_it() {
    let mut run = Run::new();
    run.submit(3, FLUSH);
    run.done(1, write(0, 1));
    run.checker.power_lost();
    assert_eq!(run.complete(3), Ok(()));
    assert_eq!(possible(&run, 0..=9), [0, 1]);
}

#[test]
fn a_loss_that_is_known_makes_no_later_flush_false() {
    for notice in ["the session ended", "a flush failed", "a flush was refused"] {
        let mut run = Run::new();
        run.done(1, write(0, 1));
        run.checker.power_lost();
        run.submit(2, FLUSH);
        match notice {
            "the session ended" => run.checker.loss_known(),
            "a flush failed" => assert_eq!(run.fail(2), Ok(())),
            _ => assert_eq!(run.refuse(2), Ok(())),
        }
        run.done(3, FLUSH);
        assert_eq!(possible(&run, 0..=9), [0, 1], "{notice}");
    }
}
