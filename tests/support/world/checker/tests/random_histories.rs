//! Random histories, compared with another way to decide the same.

use std::time::Duration;

use super::super::{Checker, Violation, WriteCache};
use super::{DISK, FLUSH, data, read, stable_write, write};
use crate::world::{Action, Operation, Seed};

/// An operation on block 0, in numbers of events: it begins before it ends, or never ends.
#[derive(Clone, Copy, Debug)]
struct Event {
    start: usize,
    end: Option<usize>,
    /// The write whose data a read returns, or 0; none for a write.
    returned: Option<usize>,
}

/// A random history of up to six operations. Pending ones are writes.
fn history(seed: &mut Seed) -> Vec<Event> {
    let count = seed.length(2..=6);
    let mut moments: Vec<usize> = (0..2 * count).collect();
    seed.shuffle(&mut moments);
    let mut events: Vec<_> =
        moments.chunks(2).map(|pair| (pair[0].min(pair[1]), pair[0].max(pair[1]))).collect();
    events.sort_unstable();
    let event = |(start, end)| {
        let is_read = seed.one_in(2);
        let returned = is_read.then(|| seed.length(0..=count));
        let ends = is_read || !seed.one_in(4);
        Event { start, end: ends.then_some(end), returned }
    };
    events.into_iter().map(event).collect()
}

/// Whether the operations can be carried out one by one so that all results are as they are.
fn is_linearizable(events: &[Event], done: &mut Vec<usize>, contents: usize) -> bool {
    let open = |at: &usize| !done.contains(at);
    if (0..events.len()).filter(open).all(|at| events[at].end.is_none()) {
        return true;
    }
    let first_end = (0..events.len()).filter(open).filter_map(|at| events[at].end).min();
    let can_be_next = |at: &usize| first_end.is_none_or(|end| events[*at].start < end);
    let candidates: Vec<_> = (0..events.len()).filter(open).filter(can_be_next).collect();
    candidates.into_iter().any(|at| {
        let returned = events[at].returned;
        done.push(at);
        let fits = returned.is_none_or(|returned| returned == contents);
        let goes_on =
            fits && is_linearizable(events, done, if returned.is_none() { at + 1 } else { contents });
        done.pop();
        goes_on
    })
}

/// Whether the checker accepts the events in the order of their moments.
fn is_accepted(events: &[Event]) -> bool {
    let mut checker = Checker::new(DISK, WriteCache::Volatile);
    (0..2 * events.len()).all(|moment| {
        let numbered = (1..).zip(events);
        for (number, event) in numbered {
            let action = if event.returned.is_some() { read(0, 1) } else { write(0, 1) };
            if event.start == moment {
                return checker.submitted(Operation { number, action }, Duration::ZERO).is_ok();
            }
            if event.end == Some(moment) {
                let returned = event.returned.map(|writer| data(0, &[u32::try_from(writer).unwrap()]));
                return checker.completed(number, &returned.unwrap_or_default(), Duration::ZERO).is_ok();
            }
        }
        true
    })
}

/// A read may return the data of a write only, which the search does not know.
fn is_of_a_write(events: &[Event], returned: usize) -> bool {
    returned == 0 || events[returned - 1].returned.is_none()
}

#[test]
fn the_checker_accepts_exactly_the_linearizable_histories() {
    let mut seed = Seed::new(1);
    let (mut accepted, mut rejected) = (0, 0);
    while accepted < 2000 || rejected < 2000 {
        let events = history(&mut seed);
        if !events.iter().filter_map(|event| event.returned).all(|returned| is_of_a_write(&events, returned))
        {
            continue;
        }
        let is_possible = is_linearizable(&events, &mut Vec::new(), 0);
        assert_eq!(is_accepted(&events), is_possible, "{events:?}");
        *(if is_possible { &mut accepted } else { &mut rejected }) += 1;
    }
}

/// A block with a write cache that may be written to the medium at any moment.
#[derive(Default)]
struct CachedBlock {
    cached: u32,
    medium: u32,
}

/// A fault of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    FlushWithoutEffect,
    FuaWithoutEffect,
    /// A failed write takes effect some time after the loss of power.
    LateWrite,
    /// A read returns the contents of the medium instead of those of the cache.
    StaleRead,
}

/// An operation that is under way in the target.
struct UnderWay {
    operation: Operation,
    /// The contents of the block when it was carried out.
    result: Option<u32>,
}

/// A target that carries out operations at a moment of its own, and loses power now and then.
struct Target {
    fault: Fault,
    seed: Seed,
    block: CachedBlock,
    under_way: Vec<UnderWay>,
    checker: Checker,
    next: u32,
    /// The write that takes effect late.
    late: Option<u32>,
}

impl Target {
    fn submit(&mut self) -> Result<(), Violation> {
        let actions = [read(0, 1), read(0, 1), write(0, 1), write(0, 1), stable_write(0, 1), FLUSH];
        let action = actions[self.seed.length(0..=actions.len() - 1)];
        let operation = Operation { number: self.next, action };
        self.next += 1;
        self.under_way.push(UnderWay { operation, result: None });
        self.checker.submitted(operation, Duration::ZERO)
    }

    fn carry_out(&mut self, at: usize) {
        let Self { fault, block, .. } = self;
        let UnderWay { operation, result } = &mut self.under_way[at];
        *result = Some(if *fault == Fault::StaleRead { block.medium } else { block.cached });
        match operation.action {
            Action::Write { is_stable, .. } => {
                block.cached = operation.number;
                if is_stable && *fault != Fault::FuaWithoutEffect {
                    block.medium = block.cached;
                }
            }
            Action::Flush if *fault != Fault::FlushWithoutEffect => block.medium = block.cached,
            _ => {}
        }
    }

    fn end(&mut self, at: usize) -> Result<(), Violation> {
        if self.under_way[at].result.is_none() {
            self.carry_out(at);
        }
        let UnderWay { operation, result } = self.under_way.remove(at);
        let is_read = matches!(operation.action, Action::Read(_));
        let writer = result.filter(|_| is_read);
        let data = writer.map(|writer| data(0, &[writer])).unwrap_or_default();
        self.checker.completed(operation.number, &data, Duration::ZERO)
    }

    /// Some answers still arrive, then the session ends and all other operations fail.
    fn lose_power(&mut self) -> Result<(), Violation> {
        self.block.cached = self.block.medium;
        self.checker.power_lost();
        while let Some(at) = self.under_way.iter().position(|under_way| under_way.result.is_some()) {
            if self.seed.one_in(2) { self.end(at)? } else { self.under_way[at].result = None }
        }
        for UnderWay { operation, .. } in self.under_way.drain(..) {
            self.checker.failed(operation.number, Duration::ZERO)?;
            let is_write = matches!(operation.action, Action::Write { .. });
            if is_write && self.fault == Fault::LateWrite {
                self.late = Some(operation.number);
            }
        }
        self.checker.loss_known();
        self.checker.fenced();
        Ok(())
    }

    fn step(&mut self) -> Result<(), Violation> {
        let at = (!self.under_way.is_empty()).then(|| self.seed.length(0..=self.under_way.len() - 1));
        match (self.seed.integer(0..=9), at) {
            (0..=2, _) | (_, None) if self.under_way.len() < 4 => self.submit()?,
            (3..=5, Some(at)) if self.under_way[at].result.is_none() => self.carry_out(at),
            (6..=8, Some(at)) => self.end(at)?,
            (9, _) if self.seed.one_in(3) => self.lose_power()?,
            _ if self.seed.one_in(4) => self.block.medium = self.block.cached,
            _ => self.block.cached = self.late.take().unwrap_or(self.block.cached),
        }
        Ok(())
    }
}

/// The results of runs of 200 steps.
fn runs(fault: Fault) -> impl Iterator<Item = Result<(), Violation>> {
    (0..300).map(move |number| {
        let checker = Checker::new(DISK, WriteCache::Volatile);
        let (block, under_way, seed) = (CachedBlock::default(), Vec::new(), Seed::new(number));
        let mut target = Target { fault, seed, block, under_way, checker, next: 1, late: None };
        (0..200).try_for_each(|_| target.step())
    })
}

#[test]
fn a_correct_target_with_a_write_cache_passes() {
    runs(Fault::None).enumerate().for_each(|(number, run)| assert_eq!(run, Ok(()), "seed {number}"));
}

#[test]
fn faults_of_a_target_with_a_write_cache_are_found() {
    for fault in [Fault::FlushWithoutEffect, Fault::FuaWithoutEffect, Fault::LateWrite, Fault::StaleRead] {
        let found = runs(fault).filter(Result::is_err).count();
        assert!(found >= 30, "{fault:?} was found in {found} runs of 300");
    }
}
