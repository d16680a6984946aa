//! Heap allocations of a login, counted by an allocator separately for initiator and target.

#![allow(clippy::unwrap_used, reason = "tests fail so")]

use allocation_counter::measure;
use iscsi_benches::{InMemoryLogin, Part, Proofs, Watch};

/// Allocations of each half.
#[derive(Debug, Default)]
struct Counted {
    initiator: u64,
    target: u64,
}

impl Watch for Counted {
    fn watch<Output>(&mut self, part: Part, work: impl FnOnce() -> Output) -> Output {
        let mut output = None;
        let counted = measure(|| output = Some(work()));
        *match part {
            Part::Initiator(_) => &mut self.initiator,
            Part::Target => &mut self.target,
        } += counted.count_total;
        output.unwrap()
    }
}

fn count(proofs: Proofs) -> Counted {
    let mut counted = Counted::default();
    assert!(InMemoryLogin::new(proofs).unwrap().run(&mut counted).is_some(), "{proofs:?}: refused");
    counted
}

/// Most allocations of a whole login by initiator and target, in the order of [`Proofs::ALL`]: texts with their keys,
/// challenges, responses, the table of parameters.
const BOUNDS: [(u64, u64); 5] = [(3, 7), (5, 16), (5, 16), (7, 17), (7, 17)];

#[test]
fn a_login_allocates_no_more_than_stated() {
    for ((name, proofs), (initiator, target)) in Proofs::ALL.into_iter().zip(BOUNDS) {
        let counted = count(proofs);
        assert!(counted.initiator <= initiator && counted.target <= target, "{name}: {counted:?}");
    }
}
