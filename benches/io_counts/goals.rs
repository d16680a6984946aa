//! Upper bounds, independent of the committed table.

use crate::case::PDUS_OF_READ;
use crate::counting::Counted;
use crate::counts::Counts;

/// A count with its name.
type Part = (&'static str, fn(&Counts) -> f64);

const INSTRUCTIONS: Part = ("instructions", |counts| counts.instructions);
const CALLS: Part = ("system calls", |counts| counts.calls);
const EAGAIN: Part = ("calls that fail with EAGAIN", |counts| counts.eagain);
const ALLOCATIONS: Part = ("allocations", |counts| counts.allocations);
const FAULTS: Part = ("page faults", |counts| counts.faults);

/// The most of a count in a case.
struct Goal {
    case: &'static str,
    part: Part,
    most: f64,
    /// The reason why it is not reached, if that is known.
    out_of_reach: Option<&'static str>,
}

const fn goal(case: &'static str, part: Part, most: f64) -> Goal {
    Goal { case, part, most, out_of_reach: None }
}

/// A goal that is known to be missed. The committed table keeps its count from growing.
const fn out_of_reach(case: &'static str, part: Part, most: f64, reason: &'static str) -> Goal {
    Goal { case, part, most, out_of_reach: Some(reason) }
}

/// Of an operation at depth 1.
const POLLS: &str = "three polls of tokio with its drivers take 2,400, the copy of the data 420, the session and its task the rest";
/// Of an operation at depth 32.
const LAYERS: &str = "no function of the rest takes more than a tenth: caller 800, PDUs and numbers 1,200, tokio 300, and 400 for the copy of short data";
/// Of an operation whose PDUs come one by one.
const ROUNDS: &str = "as at depth 32, and a round of the task for each PDU that comes alone, 700";

/// Of a login.
const PARTS_OF_A_LOGIN: &str = "texts and checks 13,600, MD5 1,700, tokio with its drivers 8,800, exchange and session 7,800, copies of \
     values 3,000, allocator 3,800, clock 2,000";

/// The most of what operations do only now and then. How many bursts of a write wait together depends on who is faster: the
/// lists that hold them grow when there are more than ever before.
const HARDLY_ANY: f64 = 0.05;

/// Data-In PDUs carry 64 KiB, so a read of 256 KiB has four, with 1.3 calls each. A copy of 256 KiB takes more than 8,000
/// instructions of 32 bytes: a write within its bound copies nothing.
const GOALS: [Goal; 28] = [
    goal("4 KiB read, depth 1", CALLS, 3.02),
    goal("4 KiB read, depth 1", EAGAIN, 0.0),
    out_of_reach("4 KiB read, depth 1", INSTRUCTIONS, 5000.0, POLLS),
    goal("4 KiB read, depth 1", ALLOCATIONS, 0.0),
    goal("4 KiB read, depth 1", FAULTS, 0.0),
    goal("4 KiB read, depth 32", CALLS, 0.25),
    out_of_reach("4 KiB read, depth 32", INSTRUCTIONS, 2600.0, LAYERS),
    goal("4 KiB read, depth 32", ALLOCATIONS, 0.0),
    goal("4 KiB read, depth 32", FAULTS, 0.0),
    goal("4 KiB read as Bytes, depth 32", CALLS, 0.25),
    goal("4 KiB read as Bytes, depth 32", ALLOCATIONS, 1.0),
    goal("4 KiB read as Bytes, depth 32", FAULTS, 0.0),
    goal("4 KiB write, depth 32", CALLS, 0.25),
    out_of_reach("4 KiB write, depth 32", INSTRUCTIONS, 2200.0, LAYERS),
    goal("4 KiB write, depth 32", ALLOCATIONS, 0.0),
    goal("64 KiB read, depth 32", CALLS, 1.3),
    out_of_reach("64 KiB read, depth 32", INSTRUCTIONS, 2500.0, ROUNDS),
    goal("64 KiB read, depth 32", ALLOCATIONS, 0.0),
    goal("64 KiB read, depth 32", FAULTS, HARDLY_ANY),
    goal("256 KiB read, depth 8", CALLS, 5.2),
    goal("256 KiB read, depth 8", ALLOCATIONS, 0.0),
    goal("256 KiB read, depth 8", FAULTS, HARDLY_ANY),
    goal("64 KiB write, depth 32", ALLOCATIONS, HARDLY_ANY),
    goal("64 KiB write, depth 32", FAULTS, HARDLY_ANY),
    out_of_reach("256 KiB write, depth 8", INSTRUCTIONS, 2500.0, ROUNDS),
    goal("256 KiB write, depth 8", ALLOCATIONS, HARDLY_ANY),
    goal("256 KiB write, depth 8", FAULTS, HARDLY_ANY),
    out_of_reach("mutual login", INSTRUCTIONS, 32_000.0, PARTS_OF_A_LOGIN),
];

/// Instructions of a PDU with both digests beside those of the CRC library and of the same PDU without.
const BESIDE_CRC: f64 = 300.0;

/// Reads with digests, without them, and the CRC library alone.
const WITH_DIGESTS: [[&str; 3]; 2] = [
    ["4 KiB read, depth 32, digests", "4 KiB read, depth 32", "4 KiB read, CRC alone"],
    ["64 KiB read, depth 32, digests", "64 KiB read, depth 32", "64 KiB read, CRC alone"],
];

/// One line for each bound that is exceeded, or whose case was not counted; and for each that is reached, though it was said to
/// be out of reach.
pub(crate) fn missed(counted: &[Counted]) -> Vec<String> {
    let bounds = GOALS.iter().filter_map(|goal| match (goal.out_of_reach, goal.missed(counted)) {
        (None, missed) => missed.map(|missed| format!("goal missed: {missed}")),
        (Some(_), None) => Some(format!("goal reached, no longer out of reach: {}", goal.case)),
        (Some(_), Some(_)) => None,
    });
    let digests = WITH_DIGESTS.into_iter().filter_map(|cases| beside_crc_missed(counted, cases));
    bounds.chain(digests.map(|missed| format!("goal missed: {missed}"))).collect()
}

/// One line for each bound that is known to be out of reach, with the reason.
pub(crate) fn known_misses(counted: &[Counted]) -> Vec<String> {
    let known = |goal: &Goal| Some(format!("{}: {}", goal.missed(counted)?, goal.out_of_reach?));
    GOALS.iter().filter_map(known).collect()
}

fn counts_of<'a>(counted: &'a [Counted], case: &str) -> Result<&'a Counts, String> {
    let found = counted.iter().find(|(name, _)| *name == case);
    found.map(|(_, counts)| counts).ok_or_else(|| format!("{case}: not counted"))
}

impl Goal {
    fn missed(&self, counted: &[Counted]) -> Option<String> {
        let Self { case, part: (part, of), most, .. } = self;
        let value = match counts_of(counted, case) {
            Ok(counts) => of(counts),
            Err(missing) => return Some(missing),
        };
        (value > *most).then(|| format!("{case}: {value} {part}, more than {most}"))
    }
}

fn beside_crc_missed(counted: &[Counted], [with, without, alone]: [&str; 3]) -> Option<String> {
    let of = |case| counts_of(counted, case).map(|counts| counts.instructions);
    let (with_digests, without, alone) = match (of(with), of(without), of(alone)) {
        (Ok(with), Ok(without), Ok(alone)) => (with, without, alone),
        (Err(missing), ..) | (_, Err(missing), _) | (.., Err(missing)) => return Some(missing),
    };
    let each = (with_digests - without - alone) / PDUS_OF_READ;
    (each > BESIDE_CRC).then(|| {
        format!("{with}: {each:.0} instructions per PDU beside the CRC's {alone}, more than {BESIDE_CRC}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CASES;

    /// The same counts in all cases, but where a goal is out of reach.
    fn all(counts: Counts) -> Vec<Counted> {
        let far = |name: &str| GOALS.iter().any(|goal| goal.case == name && goal.out_of_reach.is_some());
        let instructions = |name: &str| if far(name) { 99_999.0 } else { counts.instructions };
        CASES
            .iter()
            .map(|case| (case.name, Counts { instructions: instructions(case.name), ..counts }))
            .collect()
    }

    /// The row of a case on the page of the benchmarks: each count, bold if it misses its goal, and the goal in brackets.
    fn row(case: &str, counts: &Counts) -> String {
        let cell = |(part, of): Part| {
            let count = of(counts);
            match GOALS.iter().find(|goal| goal.case == case && goal.part.0 == part) {
                None => count.to_string(),
                Some(goal) if count > goal.most => format!("**{count}** ({})", goal.most),
                Some(goal) => format!("{count} ({})", goal.most),
            }
        };
        format!("| {case} | {} |", [INSTRUCTIONS, CALLS, ALLOCATIONS, FAULTS].map(cell).join(" | "))
    }

    #[test]
    fn the_page_has_the_committed_counts_beside_their_goals() {
        let page = include_str!("../README.md");
        for line in include_str!("baseline.txt").lines().skip(2) {
            let words: Vec<_> = line.split_whitespace().collect();
            let count = |index: usize| words[index].parse().unwrap();
            let (instructions, calls, eagain) = (count(0), count(1), count(2));
            let counts = Counts { instructions, calls, eagain, allocations: count(3), faults: count(4) };
            let row = row(&words[5..].join(" "), &counts);
            assert!(page.contains(&row), "benches/README.md lacks {row}");
        }
    }

    fn change(counted: &mut [Counted], case: &str, change: impl FnOnce(&mut Counts)) {
        change(&mut counted.iter_mut().find(|(name, _)| *name == case).unwrap().1);
    }

    #[test]
    fn every_goal_is_about_a_case() {
        assert_eq!(missed(&all(Counts::default())), Vec::<String>::new());
        let known = GOALS.iter().filter(|goal| goal.out_of_reach.is_some()).count();
        assert_eq!(missed(&[]).len(), GOALS.len() - known + WITH_DIGESTS.len());
    }

    #[test]
    fn a_goal_that_is_out_of_reach_is_told_with_its_reason_and_one_that_is_reached_is_a_complaint() {
        let mut counted = all(Counts::default());
        change(&mut counted, "4 KiB read, depth 1", |counts| counts.instructions = 6000.0);
        let told = known_misses(&counted);
        assert!(told[0].starts_with("4 KiB read, depth 1: 6000 instructions, more than 5000: "), "{told:?}");
        assert!(missed(&counted).is_empty());
        change(&mut counted, "4 KiB read, depth 1", |counts| counts.instructions = 5000.0);
        assert_eq!(missed(&counted), ["goal reached, no longer out of reach: 4 KiB read, depth 1"]);
        assert_eq!(known_misses(&counted).len(), told.len() - 1);
    }

    #[test]
    fn a_bound_itself_is_allowed_and_a_hundredth_more_is_not() {
        let mut counted = all(Counts::default());
        change(&mut counted, "4 KiB read, depth 1", |counts| counts.calls = 3.02);
        assert!(missed(&counted).is_empty());
        change(&mut counted, "4 KiB read, depth 1", |counts| counts.calls = 3.03);
        assert_eq!(missed(&counted), ["goal missed: 4 KiB read, depth 1: 3.03 system calls, more than 3.02"]);
    }

    #[test]
    fn digests_may_cost_the_crc_and_a_little_more_for_each_pdu() {
        let mut counted = all(Counts::default());
        change(&mut counted, "4 KiB read, depth 32", |counts| counts.instructions = 3000.0);
        change(&mut counted, "4 KiB read, CRC alone", |counts| counts.instructions = 2500.0);
        change(&mut counted, "4 KiB read, depth 32, digests", |counts| counts.instructions = 6100.0);
        assert!(missed(&counted).is_empty());
        change(&mut counted, "4 KiB read, depth 32, digests", |counts| counts.instructions = 6104.0);
        assert!(missed(&counted).concat().contains("302 instructions per PDU beside the CRC's 2500"));
    }
}
