//! Executions of operations at the target, and their agreement with what the user was told.

use super::run::World;
use super::{Action, BlockStamp, Operation, Told, Violation};
use crate::ram_disk::Execution;

/// PERSISTENT RESERVE OUT.
const RESERVE: u8 = 0x5f;

impl World<'_> {
    /// Checks that every write and registration ran as often as its user may believe.
    pub(super) fn check_executions(&self) -> Result<(), Violation> {
        let executed: Vec<u32> = self.target.engine.executions().iter().filter_map(number_of).collect();
        for (operation, told) in self.initiator.told() {
            let times = executed.iter().filter(|number| **number == operation.number).count();
            let (least, most) = self.bounds(*operation, *told);
            if times < least || times > most {
                return Err(Violation::Executed { operation: operation.number, times, least, most });
            }
        }
        Ok(())
    }

    fn bounds(&self, operation: Operation, told: Told) -> (usize, usize) {
        let is_shared = self.setup.variant.recovery.is_some_and(|policy| policy.is_shared);
        let most = match operation.action {
            _ if told == Told::NotSent => 0,
            Action::Register => 1,
            Action::Write { .. } if is_shared => 1,
            Action::Write { .. } => usize::MAX,
            _ => return (0, usize::MAX),
        };
        (usize::from(told == Told::Done), most)
    }
}

/// The operation whose data a command brought.
fn number_of(execution: &Execution) -> Option<u32> {
    if execution.operation == RESERVE {
        let [_, _, _, _, _, _, _, _, _, _, _, _, number @ ..] = execution.data;
        return Some(u32::from_be_bytes(number));
    }
    BlockStamp::operation_of(&execution.data)
}
