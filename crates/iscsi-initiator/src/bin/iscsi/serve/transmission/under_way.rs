//! The requests of a connection whose replies are not sent yet, and their bounds.

/// The most requests.
const MOST_REQUESTS: usize = 128;
/// The most bytes that they are charged with.
const MOST_BYTES: usize = 64 << 20;

/// The number of the requests, and the bytes that they are charged with.
#[derive(Default)]
pub(super) struct UnderWay {
    requests: usize,
    bytes: usize,
}

impl UnderWay {
    pub(super) const fn is_empty(&self) -> bool {
        self.requests == 0
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the bounds permit another request. They permit the first one, however long it is.
    pub(super) const fn admits(&self, charge: usize) -> bool {
        self.is_empty() || self.requests < MOST_REQUESTS && self.bytes + charge <= MOST_BYTES
    }

    pub(super) const fn begin(&mut self, charge: usize) {
        self.requests += 1;
        self.bytes += charge;
    }

    pub(super) const fn end(&mut self, charge: usize) {
        self.requests -= 1;
        self.bytes -= charge;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_requests_is_bounded() {
        let mut under_way = UnderWay::default();
        for _ in 0..MOST_REQUESTS {
            assert!(under_way.admits(1));
            under_way.begin(1);
        }
        assert!(!under_way.admits(1));
        under_way.end(1);
        assert!(under_way.admits(1));
        assert_eq!(under_way.bytes(), MOST_REQUESTS - 1);
    }

    #[test]
    fn the_bytes_of_requests_are_bounded_but_for_the_first_one() {
        let mut under_way = UnderWay::default();
        assert!(under_way.is_empty() && under_way.admits(MOST_BYTES + 1));
        under_way.begin(MOST_BYTES - 2);
        assert!(under_way.admits(2) && !under_way.admits(3) && !under_way.is_empty());
        under_way.end(MOST_BYTES - 2);
        assert!(under_way.is_empty() && under_way.bytes() == 0);
    }
}
