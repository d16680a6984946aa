//! Requests that are not sent yet, and the bound on unsolicited data in front of them.

use std::collections::VecDeque;

use iscsi_pdu::InitiatorTaskTag;

/// The bytes of unsolicited data that may be sent in front of a waiting request that has no data itself.
const MOST_AHEAD: u32 = 256 << 10;

/// The requests that are not sent yet, in order.
///
/// Commands leave in the order of submission, each followed by its unsolicited data. A request without data would
/// therefore wait for those of all writes in front of it. Unsolicited data are optional (RFC 7143, 4.2.5.2): while such a
/// request waits, the writes in front of it send a bounded number of bytes unasked, and the target requests the rest.
#[derive(Clone, Debug, Default)]
pub(super) struct Backlog {
    queue: VecDeque<Waiting>,
    /// The number of requests in the queue that have no write data.
    without_data: usize,
    /// The bytes of unsolicited data that left since one of these waits.
    ahead: u32,
}

#[derive(Clone, Debug)]
struct Waiting {
    itt: InitiatorTaskTag,
    has_data: bool,
}

impl Backlog {
    /// The number of requests.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Adds a request at the end.
    pub(super) fn push(&mut self, itt: InitiatorTaskTag, has_data: bool) {
        self.queue.push_back(Waiting { itt, has_data });
        self.without_data += usize::from(!has_data);
    }

    /// Adds a request without data at the front.
    pub(super) fn push_front(&mut self, itt: InitiatorTaskTag) {
        self.queue.push_front(Waiting { itt, has_data: false });
        self.without_data += 1;
    }

    /// The first request for which `is_next` is true.
    pub(super) fn find(&self, is_next: impl Fn(InitiatorTaskTag) -> bool) -> Option<InitiatorTaskTag> {
        self.queue.iter().map(|waiting| waiting.itt).find(|itt| is_next(*itt))
    }

    /// Removes the request that comes next.
    pub(super) fn pop(&mut self) -> Option<InitiatorTaskTag> {
        let Waiting { itt, has_data } = self.queue.pop_front()?;
        self.removed(has_data);
        Some(itt)
    }

    fn removed(&mut self, has_data: bool) {
        self.without_data -= usize::from(!has_data);
        if self.without_data == 0 {
            self.ahead = 0;
        }
    }

    /// Removes this request, wherever it is; false if it is not in the queue.
    pub(super) fn remove(&mut self, itt: InitiatorTaskTag) -> bool {
        let place = self.queue.iter().position(|waiting| waiting.itt == itt);
        let removed = place.and_then(|place| self.queue.remove(place));
        removed.inspect(|waiting| self.removed(waiting.has_data)).is_some()
    }

    /// The most bytes of unsolicited data that the request removed last may have.
    pub(super) const fn most_unsolicited(&self) -> u32 {
        if self.without_data == 0 { u32::MAX } else { MOST_AHEAD - self.ahead }
    }

    /// Takes note of the unsolicited data of the request removed last.
    pub(super) const fn note_unsolicited(&mut self, bytes: u32) {
        if self.without_data > 0 {
            self.ahead += bytes;
        }
    }

    /// Removes all requests.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Gives the memory back if there are no requests.
    pub(super) fn release(&mut self) {
        if self.queue.is_empty() {
            *self = Self::default();
        }
    }
}
