//! Cases of the measurement: each combination of target, authentication, placement and concurrency.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::contender::Contender;

/// The authentication of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Authentication {
    /// Nobody anything
    None,
    /// The initiator, by CHAP with MD5
    Chap,
    /// Both
    Mutual,
}

impl Authentication {
    pub(crate) const ALL: [Self; 3] = [Self::None, Self::Chap, Self::Mutual];

    /// True if the initiator authenticates itself.
    pub(crate) fn is_forward(self) -> bool {
        self != Self::None
    }

    /// True if the target authenticates itself.
    pub(crate) fn is_reverse(self) -> bool {
        self == Self::Mutual
    }

    /// The name as an argument, and as the suffix of the name of the target that requires it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Chap => "chap",
            Self::Mutual => "mutual",
        }
    }
}

impl fmt::Display for Authentication {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "no authentication",
            Self::Chap => "CHAP",
            Self::Mutual => "mutual CHAP",
        })
    }
}

/// The target of both initiators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TargetKind {
    /// The target of Debian's package tgt
    Tgtd,
    /// The RAM-disk target of this repository's tests
    Embedded,
}

impl TargetKind {
    pub(crate) const ALL: [Self; 2] = [Self::Tgtd, Self::Embedded];
}

impl fmt::Display for TargetKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tgtd => "tgtd",
            Self::Embedded => "the embedded target",
        })
    }
}

/// On which processors client and target run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Placement {
    /// Both on one and the same: for processor time
    Pinned,
    /// Each on one of its own
    Apart,
    /// Placed by the system: for rates
    Unpinned,
}

impl Placement {
    pub(crate) const ALL: [Self; 3] = [Self::Pinned, Self::Apart, Self::Unpinned];
    /// Those of logins, where processors of their own make each login wait for two wake-ups.
    pub(crate) const OF_LOGINS: [Self; 2] = [Self::Pinned, Self::Unpinned];
}

impl fmt::Display for Placement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pinned => "pinned to one processor",
            Self::Apart => "each pinned to a processor of its own",
            Self::Unpinned => "unpinned",
        })
    }
}

/// One case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) placement: Placement,
    pub(crate) target: TargetKind,
    pub(crate) authentication: Authentication,
    /// Logins at a time.
    pub(crate) concurrency: u32,
}

impl Case {
    /// The contenders that can run the case. A replay can neither answer a new challenge nor have two sessions of one ISID, so
    /// there is one without authentication, at one login at a time.
    pub(crate) fn contenders(self) -> &'static [Contender] {
        let is_replayed = self.authentication == Authentication::None && self.concurrency == 1;
        if is_replayed { &Contender::WITH_REPLAY } else { &Contender::OF_LOGINS }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { placement, target, authentication, concurrency } = self;
        write!(formatter, "{target}, {placement}, {authentication}, {concurrency} at a time")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_single_logins_without_authentication_are_replayed() {
        let case = |authentication, concurrency| Case {
            placement: Placement::Pinned,
            target: TargetKind::Tgtd,
            authentication,
            concurrency,
        };
        let is_replayed = |case: Case| case.contenders().contains(&Contender::Replay);
        assert!(is_replayed(case(Authentication::None, 1)));
        assert!(!is_replayed(case(Authentication::None, 8)));
        assert!(!is_replayed(case(Authentication::Chap, 1)) && !is_replayed(case(Authentication::Mutual, 1)));
    }
}
