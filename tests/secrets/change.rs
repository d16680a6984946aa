//! An endless sequence of changes of a store, each of which changes something.

use crate::credential::TestCredential;

/// One change. `None` stands for the default for targets.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Require(String, u64),
    SetForward(String, TestCredential),
    ClearForward(String),
    SetReverse(Option<String>, TestCredential),
    ClearReverse(Option<String>),
    InheritReverse(String),
}

/// The number of changes for one target, after which the sequence continues with the next.
pub(crate) const CYCLE: u64 = 10;

impl Change {
    /// The change of this number, with a secret of this number.
    pub(crate) fn numbered(number: u64) -> Self {
        let (cycle, credential) = (number / CYCLE, TestCredential::numbered(number));
        let disk = target(cycle);
        match (number % CYCLE, cycle % 3) {
            (0, _) => Self::SetReverse(None, credential),
            (1, _) => Self::Require(disk, number),
            (3 | 5, _) | (8, 1) => Self::SetReverse(Some(disk), credential),
            (4, _) | (8, 2) => Self::ClearReverse(Some(disk)),
            (6, _) => Self::SetForward(target("always"), credential),
            (7, 0) => Self::ClearForward(disk),
            (2 | 7, _) => Self::SetForward(disk, credential),
            (8, _) => Self::InheritReverse(disk),
            _ => Self::ClearReverse(None),
        }
    }
}

/// The name of a target.
pub(crate) fn target(disk: impl std::fmt::Display) -> String {
    format!("iqn.2001-04.com.example:disk-{disk}")
}
