//! The outcome of `--verify`: what was read back, and where it was not what had been written.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ledger::Counts;
use super::stamp::{Found, MismatchKind, Stamp};
use crate::bench::attempt::FailedAttempt;
use crate::failure::Failure;

/// The verification of a run.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Verification {
    /// Whether everything was read back at the end, and once more after another login.
    pub(crate) complete: bool,
    /// Blocks that have been written at least once.
    pub(crate) blocks_written: u64,
    /// Blocks read back during the run, warm-up included, whose data were right.
    pub(crate) right_during_run: u64,
    /// Blocks read back at the end of the run, in its sessions, whose data were right.
    pub(crate) right_at_end: u64,
    /// Blocks read back after another login whose data were right.
    pub(crate) right_after_login: u64,
    /// Blocks that could not be read back at the end or after another login.
    pub(crate) unreadable: u64,
    /// Blocks that were not read back any more, because a write of them failed or their data were wrong.
    pub(crate) unknown_blocks: u64,
    /// Blocks with wrong data.
    pub(crate) mismatches: u64,
    /// The first of them.
    pub(crate) first_mismatches: Vec<Mismatch>,
}

/// A block that does not hold what was written.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Mismatch {
    /// Where it was read, in bytes from the beginning of the logical unit.
    pub(crate) offset: u64,
    /// The kind of data found.
    pub(crate) kind: MismatchKind,
    /// What was written.
    pub(crate) expected: BlockContent,
    /// What was read.
    pub(crate) found: BlockContent,
    /// The checksum that follows from the data that were read, in hexadecimal digits.
    pub(crate) found_computed_checksum: String,
}

/// The identity of a stamped block.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BlockContent {
    /// Its offset on the logical unit, in bytes.
    pub(crate) address: u64,
    /// How many times it had been written.
    pub(crate) generation: u64,
    /// Its checksum, in hexadecimal digits.
    pub(crate) checksum: String,
}

impl BlockContent {
    fn new(stamp: Stamp, checksum: u64) -> Self {
        let Stamp { address, generation, .. } = stamp;
        Self { address, generation, checksum: hexadecimal(checksum) }
    }
}

fn hexadecimal(checksum: u64) -> String {
    format!("{checksum:016x}")
}

impl Mismatch {
    /// Describes a block of `length` bytes.
    pub(super) fn new(expected: Stamp, found: &Found, length: usize) -> Self {
        Self {
            offset: expected.address,
            kind: found.kind(expected),
            expected: BlockContent::new(expected, expected.checksum(length)),
            found: BlockContent::new(found.stamp, found.checksum),
            found_computed_checksum: hexadecimal(found.computed),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, kind, expected, found, found_computed_checksum } = self;
        write!(
            formatter,
            "offset {offset}: expected generation {} of address {} with checksum {}, found {}: generation {} of address {} \
             with checksum {}",
            expected.generation,
            expected.address,
            expected.checksum,
            kind.words(),
            found.generation,
            found.address,
            found.checksum
        )?;
        if *kind == MismatchKind::Damaged {
            write!(formatter, " where its data have {found_computed_checksum}")?;
        }
        Ok(())
    }
}

/// The verification of a run so far.
#[derive(Default)]
pub(super) struct Verified {
    /// What the ledger had counted when the run ended, before anything else was read back.
    pub(super) during_run: Counts,
    /// What it had counted after the run's own sessions had read everything back.
    pub(super) at_end: Counts,
    /// What it had counted after everything was read back in new sessions.
    pub(super) after_login: Counts,
    /// Reads that failed, and why the first of them did.
    pub(super) unreadable: u64,
    pub(super) cause: Option<FailedAttempt>,
    /// Why reading back ended early.
    pub(super) failure: Option<Failure>,
}

impl Verified {
    /// Whether everything that was written was read back, and was right. Wrong data weigh more than any other failure.
    pub(super) fn outcome(self) -> Result<(), Failure> {
        let Counts { mismatches, first_mismatches, .. } = self.after_login;
        if let Some(first) = first_mismatches.first() {
            return Err(Failure::WrongData { mismatches, first: first.to_string() });
        }
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        match self.cause {
            Some(FailedAttempt { cause, exit }) => {
                Err(Failure::NotReadBack { unreadable: self.unreadable, cause, exit })
            }
            None => Ok(()),
        }
    }

    pub(super) fn summary(&self) -> Verification {
        let Self { during_run, at_end, after_login, .. } = self;
        Verification {
            complete: self.failure.is_none() && self.unreadable == 0,
            blocks_written: after_login.written,
            right_during_run: during_run.right,
            right_at_end: at_end.right.saturating_sub(during_run.right),
            right_after_login: after_login.right.saturating_sub(at_end.right),
            unreadable: self.unreadable,
            unknown_blocks: after_login.unknown,
            mismatches: after_login.mismatches,
            first_mismatches: after_login.first_mismatches.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    const STAMP: Stamp = Stamp { run: 7, address: 8192, generation: 3 };

    fn mismatch(held: Stamp, change: impl FnOnce(&mut [u8])) -> Mismatch {
        let mut block = [0; 512];
        held.fill(&mut block);
        change(&mut block);
        Mismatch::new(STAMP, &STAMP.check(&block).unwrap_err(), 512)
    }

    #[test]
    fn a_mismatch_names_offset_and_both_contents_in_numbers() {
        let earlier = Stamp { generation: 2, ..STAMP };
        let text = mismatch(earlier, |_| ()).to_string();
        let (new, old) = (hexadecimal(STAMP.checksum(512)), hexadecimal(earlier.checksum(512)));
        let expected =
            format!("offset 8192: expected generation 3 of address 8192 with checksum {new}, found ");
        let found =
            format!("an earlier write to this address: generation 2 of address 8192 with checksum {old}");
        assert_eq!(text, expected + &found);
    }

    #[test]
    fn damage_shows_the_checksum_of_the_data_too() {
        let damaged = mismatch(STAMP, |block| block[100] ^= 1);
        assert_eq!((damaged.offset, damaged.kind), (8192, MismatchKind::Damaged));
        assert_eq!(damaged.found, damaged.expected);
        assert_ne!(damaged.found_computed_checksum, damaged.expected.checksum);
        assert!(damaged.to_string().ends_with(&damaged.found_computed_checksum), "{damaged}");
    }

    fn counts(right: u64) -> Counts {
        Counts { right, written: 9, ..Counts::default() }
    }

    #[test]
    fn each_pass_counts_what_it_read_itself() {
        let verified = Verified {
            during_run: counts(5),
            at_end: counts(14),
            after_login: counts(22),
            ..Verified::default()
        };
        let summary = verified.summary();
        assert_eq!((summary.right_during_run, summary.right_at_end, summary.right_after_login), (5, 9, 8));
        assert!(summary.complete && summary.blocks_written == 9);
        assert!(verified.outcome().is_ok());
    }

    #[test]
    fn what_was_not_read_back_is_not_verified() {
        let cause = || Some(FailedAttempt { cause: "gone".to_owned(), exit: Exit::Network });
        let unreadable = Verified { unreadable: 3, cause: cause(), ..Verified::default() };
        assert!(!unreadable.summary().complete);
        assert!(matches!(unreadable.outcome(), Err(Failure::NotReadBack { unreadable: 3, .. })));
        let interrupted =
            Verified { failure: Some(Failure::Interrupted), cause: cause(), ..Verified::default() };
        assert!(!interrupted.summary().complete);
        assert!(matches!(interrupted.outcome(), Err(Failure::Interrupted)));
    }

    #[test]
    fn wrong_data_weigh_more_than_an_interruption() {
        let wrong = mismatch(Stamp { generation: 2, ..STAMP }, |_| ());
        let after_login = Counts { mismatches: 1, first_mismatches: vec![wrong], ..counts(0) };
        let verified = Verified { after_login, failure: Some(Failure::Interrupted), ..Verified::default() };
        let failure = verified.outcome().unwrap_err();
        assert!(failure.to_string().contains("offset 8192: expected generation 3"), "{failure}");
        assert_eq!(Exit::from(&failure), Exit::Other);
    }
}
