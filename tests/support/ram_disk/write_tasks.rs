//! The writes in progress on a connection.

use std::collections::{HashMap, VecDeque};

use iscsi_pdu::InitiatorTaskTag;

use super::write_task::WriteTask;

/// The number of aborted tasks for which late data is accepted and discarded.
const MOST_ABORTED: usize = 64;

/// The writes of a connection: as many as the command window allows, and one for each immediate command.
#[derive(Default)]
pub(super) struct WriteTasks {
    live: HashMap<InitiatorTaskTag, WriteTask>,
    aborted: VecDeque<InitiatorTaskTag>,
}

impl WriteTasks {
    pub(super) fn contains(&self, itt: InitiatorTaskTag) -> bool {
        self.live.contains_key(&itt)
    }

    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    pub(super) fn insert(&mut self, task: WriteTask) {
        self.aborted.retain(|itt| *itt != task.itt);
        self.live.insert(task.itt, task);
    }

    pub(super) fn get_mut(&mut self, itt: InitiatorTaskTag) -> Option<&mut WriteTask> {
        self.live.get_mut(&itt)
    }

    pub(super) fn remove(&mut self, itt: InitiatorTaskTag) -> Option<WriteTask> {
        self.live.remove(&itt)
    }

    /// Removes the tasks of a unit, or all; data already under way for them is accepted and discarded.
    pub(super) fn abort(&mut self, concerned: impl Fn(&WriteTask) -> bool) -> Vec<WriteTask> {
        let ended: Vec<_> = self.live.extract_if(|_, task| concerned(task)).map(|entry| entry.1).collect();
        for task in &ended {
            if self.aborted.len() == MOST_ABORTED {
                self.aborted.pop_front();
            }
            self.aborted.push_back(task.itt);
        }
        ended
    }

    pub(super) fn was_aborted(&self, itt: InitiatorTaskTag) -> bool {
        self.aborted.contains(&itt)
    }
}
