//! Goals for reads and writes.

use super::case::{Direction, IoCase, TargetKind};
use crate::case::Placement;
use crate::contender::Contender::{Libiscsi, Qemu};
use crate::goals::{Bound, CLIENT, Goal, RATE};
use crate::measurement::Measured;

/// A line for each goal.
pub(crate) fn verdicts(measured: &[Measured<IoCase>]) -> Vec<String> {
    GOALS.iter().map(|goal| goal.verdict(measured)).collect()
}

const fn client(text: &'static str, is_about: fn(IoCase) -> bool, most: f64) -> Goal<IoCase> {
    Goal { text, is_about, theirs: Libiscsi, figure: CLIENT, bound: Bound::AtMost(most) }
}

const GOALS: [Goal<IoCase>; 21] = [
    client(
        "4 KiB read, depth 1, pinned: client time at most 0.95 of libiscsi's",
        |case| is_read(case, 4, 1, PINNED),
        0.95,
    ),
    Goal {
        text: "4 KiB read, depth 1, pinned: as many per second as libiscsi",
        is_about: |case| is_read(case, 4, 1, PINNED),
        theirs: Libiscsi,
        figure: RATE,
        bound: Bound::AtLeast(1.0),
    },
    client(
        "4 KiB read, depth 32, apart: client time at most 0.70 of libiscsi's",
        |case| is_read(case, 4, 32, APART),
        0.70,
    ),
    client(
        "4 KiB read, depth 32, pinned: client time at most 0.92 of libiscsi's",
        |case| is_read(case, 4, 32, PINNED),
        0.92,
    ),
    client(
        "4 KiB write, depth 32, apart: client time at most 0.55 of libiscsi's",
        |case| is_write(case, 4, TargetKind::Tgtd) && case.placement == APART,
        0.55,
    ),
    client(
        "4 KiB write, depth 32, pinned: client time at most libiscsi's",
        |case| is_write(case, 4, TargetKind::Tgtd) && case.placement == PINNED,
        1.0,
    ),
    client(
        "64 KiB read, depth 32, apart: client time at most libiscsi's",
        |case| is_read(case, 64, 32, APART),
        1.0,
    ),
    client(
        "64 KiB read, depth 32, pinned: client time at most 1.1 of libiscsi's",
        |case| is_read(case, 64, 32, PINNED),
        1.1,
    ),
    client(
        "64 KiB write, depth 32, large segments: client time at most 0.75 of libiscsi's",
        |case| is_write(case, 64, TargetKind::TgtdTuned),
        0.75,
    ),
    client(
        "256 KiB read, depth 32, apart: client time at most 1.05 of libiscsi's",
        |case| is_read(case, 256, 32, APART),
        1.05,
    ),
    client(
        "256 KiB read, depth 32, pinned: client time at most 1.05 of libiscsi's",
        |case| is_read(case, 256, 32, PINNED),
        1.05,
    ),
    client(
        "256 KiB write, depth 32, large segments: client time at most 0.65 of libiscsi's",
        |case| is_write(case, 256, TargetKind::TgtdTuned),
        0.65,
    ),
    client(
        "256 KiB write, depth 32, default parameters: client time at most 0.75 of libiscsi's",
        |case| is_write(case, 256, TargetKind::Tgtd),
        0.75,
    ),
    client(
        "1 MiB read, depth 8, apart: client time at most 1.05 of libiscsi's",
        |case| is_read(case, 1024, 8, APART),
        1.05,
    ),
    client(
        "1 MiB read, depth 8, pinned: client time at most 1.2 of libiscsi's",
        |case| is_read(case, 1024, 8, PINNED),
        1.2,
    ),
    Goal {
        text: "every case: client time at most qemu-img's",
        is_about: |_| true,
        theirs: Qemu,
        figure: CLIENT,
        bound: Bound::AtMost(1.0),
    },
    Goal {
        text: "every case: as many per second as qemu-img",
        is_about: |_| true,
        theirs: Qemu,
        figure: RATE,
        bound: Bound::AtLeast(1.0),
    },
    rate_unpinned(
        "4 KiB read, depth 32, unpinned: at least 1.1 times as many per second as libiscsi",
        is_small_read,
        Libiscsi,
    ),
    rate_unpinned(
        "4 KiB read, depth 32, unpinned: at least 1.1 times as many per second as qemu-img",
        is_small_read,
        Qemu,
    ),
    rate_unpinned(
        "4 KiB write, depth 32, unpinned: at least 1.1 times as many per second as libiscsi",
        is_small_write,
        Libiscsi,
    ),
    rate_unpinned(
        "4 KiB write, depth 32, unpinned: at least 1.1 times as many per second as qemu-img",
        is_small_write,
        Qemu,
    ),
];

const PINNED: Placement = Placement::Pinned;
const APART: Placement = Placement::Apart;

const fn rate_unpinned(
    text: &'static str,
    is_about: fn(IoCase) -> bool,
    theirs: crate::contender::Contender,
) -> Goal<IoCase> {
    Goal { text, is_about, theirs, figure: RATE, bound: Bound::AtLeast(1.1) }
}

/// Goals for reads are about tgtd's default parameters.
fn is_read(case: IoCase, kib: usize, depth: usize, placement: Placement) -> bool {
    let is_it = (case.direction, case.kib, case.depth, case.digests) == (Direction::Read, kib, depth, false);
    is_it && case.target == TargetKind::Tgtd && case.placement == placement
}

/// Writes at depth 32, in both pinned placements.
fn is_write(case: IoCase, kib: usize, target: TargetKind) -> bool {
    let is_it = (case.direction, case.kib, case.depth, case.digests) == (Direction::Write, kib, 32, false);
    is_it && case.target == target && case.placement != Placement::Unpinned
}

fn is_small_read(case: IoCase) -> bool {
    is_read(case, 4, 32, Placement::Unpinned)
}

fn is_small_write(case: IoCase) -> bool {
    let is_it = (case.direction, case.kib, case.depth) == (Direction::Write, 4, 32);
    is_it && case.target == TargetKind::Tgtd && case.placement == Placement::Unpinned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::Contender;
    use crate::exchanges::Exchanges;
    use crate::measurement::Round;
    use crate::sample::Sample;

    /// A case in which ours takes this share of the others' time.
    fn measured(case: IoCase, share: f64) -> Measured<IoCase> {
        let sample = |client_us: f64| Sample { client_us, per_second: 1e6 / client_us, target_us: 1.0 };
        let of = |contender| (contender, sample(if contender == Contender::Ours { share } else { 1.0 }));
        Measured {
            case,
            exchanges: Exchanges::default(),
            rounds: vec![Round(case.contenders().iter().copied().map(of).collect())],
        }
    }

    fn all(share: f64) -> Vec<Measured<IoCase>> {
        let mut cases = Vec::new();
        for target in TargetKind::ALL {
            for placement in Placement::ALL {
                for (kib, depth) in [(4, 1), (4, 32), (64, 32), (256, 32), (1024, 8)] {
                    for direction in Direction::ALL {
                        let case = IoCase { target, placement, direction, kib, depth, digests: false };
                        cases.push(measured(case, share));
                    }
                }
            }
        }
        cases
    }

    #[test]
    fn every_goal_is_about_a_case_and_can_be_reached_and_missed() {
        for (share, word) in [(0.5, "reached"), (2.0, "missed")] {
            let verdicts = verdicts(&all(share));
            assert!(verdicts.iter().all(|verdict| verdict.starts_with(word)), "{verdicts:#?}");
        }
    }

    #[test]
    fn cases_with_digests_have_no_peer() {
        let case = IoCase { digests: true, ..all(1.0).remove(3).case };
        assert!(verdicts(&[measured(case, 1.0)]).iter().all(|verdict| verdict.starts_with("not measured")));
    }
}
