//! Tags of requests that ended without their answer, whose late PDUs are dropped.

use std::collections::VecDeque;

use iscsi_pdu::InitiatorTaskTag;

/// The most tags: as many as requests are in flight at a time, twice.
const MOST: usize = 512;

/// The tags of requests that were concluded before the target answered them: aborted tasks, and task management functions
/// without an answer in time. A PDU that names one of them is no error of the target (TMF-13).
#[derive(Clone, Debug, Default)]
pub(super) struct StrayTags(VecDeque<InitiatorTaskTag>);

impl StrayTags {
    /// Adds a tag. The oldest one makes place for it if there are too many.
    pub(super) fn add(&mut self, itt: InitiatorTaskTag) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(itt);
    }

    /// Whether a request with this tag ended without its answer.
    pub(super) fn contains(&self, itt: InitiatorTaskTag) -> bool {
        self.0.contains(&itt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_tags_are_kept() {
        let mut tags = StrayTags::default();
        (0..=512).for_each(|tag| tags.add(InitiatorTaskTag(tag)));
        let known: Vec<_> = (0..=513).filter(|tag| tags.contains(InitiatorTaskTag(*tag))).collect();
        assert_eq!((known.first(), known.last(), known.len()), (Some(&1), Some(&512), 512));
    }
}
