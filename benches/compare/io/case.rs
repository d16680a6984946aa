//! Cases of reads and writes: each combination of target, placement, operation, length, depth and digests.

use std::fmt;

use clap::ValueEnum;
use iscsi_benches::io::{Operation, Workload};
use serde::{Deserialize, Serialize};

use super::arguments::{IoPlan, Operations};
use crate::case::Placement;
use crate::contender::Contender;

/// The target of all initiators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TargetKind {
    /// The null unit of tgtd with its default parameters
    Tgtd,
    /// The same with large segments and bursts, and unsolicited data
    TgtdTuned,
    /// The target that answers as many operations together as are in flight
    Embedded,
}

impl TargetKind {
    pub(crate) const ALL: [Self; 3] = [Self::Tgtd, Self::TgtdTuned, Self::Embedded];

    /// The short name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tgtd => "tgtd",
            Self::TgtdTuned => "large segments",
            Self::Embedded => "embedded",
        }
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tgtd => "tgtd's null unit, default parameters",
            Self::TgtdTuned => "tgtd's null unit, large segments",
            Self::Embedded => "the embedded target",
        })
    }
}

/// Reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Direction {
    /// Reads
    Read,
    /// Writes
    Write,
}

impl Direction {
    pub(crate) const ALL: [Self; 2] = [Self::Read, Self::Write];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// One case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IoCase {
    pub(crate) target: TargetKind,
    pub(crate) placement: Placement,
    pub(crate) direction: Direction,
    /// KiB of an operation.
    pub(crate) kib: usize,
    /// Operations in flight.
    pub(crate) depth: usize,
    /// Both digests, or none.
    pub(crate) digests: bool,
}

/// The lengths of operations in KiB, with the depths at which they are measured.
const SHAPES: [(usize, usize); 8] =
    [(4, 1), (4, 32), (64, 8), (64, 32), (256, 8), (256, 32), (1024, 8), (1024, 32)];

/// The shapes that are also measured with digests.
const WITH_DIGESTS: [(usize, usize); 3] = [(4, 32), (64, 32), (256, 32)];

impl IoPlan {
    /// Reduces the plan to a quick run that shows that everything works.
    pub(crate) const fn trimmed(mut self) -> Self {
        if self.quick {
            self.rounds = 1;
        }
        self
    }

    /// The cases of the plan, in the order of the tables.
    pub(crate) fn cases(&self) -> Vec<IoCase> {
        let places = self
            .target
            .iter()
            .flat_map(|target| self.placement.iter().map(move |placement| (*target, *placement)));
        places.flat_map(|(target, placement)| self.cases_of(target, placement)).collect()
    }

    fn cases_of(&self, target: TargetKind, placement: Placement) -> impl Iterator<Item = IoCase> {
        let shapes = SHAPES.map(|shape| (shape, false)).into_iter();
        let shapes = shapes.chain(WITH_DIGESTS.map(|shape| (shape, true)));
        let wanted = shapes.filter(move |((kib, depth), digests)| {
            let is_measured = placement != Placement::Unpinned || (*kib == 4 && !digests);
            is_measured && self.kib.contains(kib) && self.depth.contains(depth)
        });
        wanted.flat_map(move |((kib, depth), digests)| {
            let case = move |direction| IoCase { target, placement, direction, kib, depth, digests };
            self.direction.iter().copied().map(case)
        })
    }
}

impl IoCase {
    /// The contenders that can run the case: libiscsi, and qemu-img with it, has no data digests.
    pub(crate) fn contenders(&self) -> &'static [Contender] {
        if self.digests { &[Contender::Ours, Contender::Bare] } else { &Contender::OF_IO }
    }

    pub(crate) const fn workload(&self) -> Workload {
        let operation = match self.direction {
            Direction::Read => Operation::Read,
            Direction::Write => Operation::Write,
        };
        Workload { operation, length: self.kib * 1024, depth: self.depth, digests: self.digests }
    }

    /// The operations that the target answers together.
    pub(crate) const fn batch(&self) -> usize {
        match self.target {
            TargetKind::Tgtd | TargetKind::TgtdTuned => 1,
            TargetKind::Embedded => self.depth,
        }
    }

    /// The operations of a sample, multiples of every depth.
    pub(crate) fn operations(&self, quick: bool) -> Operations {
        let operations: u64 = match (self.kib, self.depth) {
            (4, 1) => 8192,
            (4, _) => 32_768,
            (64, _) => 4096,
            (256, _) => 2048,
            _ => 512,
        };
        let operations = if quick { (operations / 32).max(64) } else { operations };
        Operations { unmeasured: (operations / 8).max(64), operations }
    }

    /// The length of an operation as text.
    pub(crate) fn length(&self) -> String {
        if self.kib == 1024 { "1 MiB".to_owned() } else { format!("{} KiB", self.kib) }
    }

    /// The operation as text.
    pub(crate) fn operation(&self) -> String {
        let digests = if self.digests { ", digests" } else { "" };
        format!("{} {}{digests}", self.length(), self.direction.word())
    }
}

impl fmt::Display for IoCase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, placement, depth, .. } = self;
        write!(formatter, "{target}, {placement}, {}, depth {depth}", self.operation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> IoPlan {
        IoPlan {
            libiscsi: "libiscsi_io".into(),
            from: None,
            quick: true,
            rounds: 1,
            target: TargetKind::ALL.into(),
            placement: Placement::ALL.into(),
            direction: Direction::ALL.into(),
            kib: vec![4, 64, 256, 1024],
            depth: vec![1, 8, 32],
            json: None,
            markdown: None,
            write: false,
        }
    }

    #[test]
    fn all_shapes_are_measured_pinned_and_only_small_ones_unpinned() {
        let cases = plan().cases();
        assert_eq!(cases.len(), 3 * 2 * (22 + 22 + 4) / 2);
        let unpinned = cases.iter().filter(|case| case.placement == Placement::Unpinned);
        assert!(unpinned.clone().all(|case| case.kib == 4 && !case.digests));
        assert_eq!(unpinned.count(), 3 * 4);
    }

    #[test]
    fn a_plan_chooses_lengths_depths_and_directions() {
        let plan = IoPlan { kib: vec![64], depth: vec![8], direction: vec![Direction::Write], ..plan() };
        assert!(plan.cases().iter().all(|case| case.operation() == "64 KiB write" && case.depth == 8));
        assert_eq!(plan.cases().len(), 3 * 2);
    }

    #[test]
    fn every_sample_consists_of_whole_rounds() {
        for (case, quick) in plan().cases().iter().flat_map(|case| [(case, true), (case, false)]) {
            let Operations { unmeasured, operations } = case.operations(quick);
            let depth = case.depth as u64;
            assert_eq!((unmeasured % depth, operations % depth), (0, 0), "{case}");
        }
    }
}
