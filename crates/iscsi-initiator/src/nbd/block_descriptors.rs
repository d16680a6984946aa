//! The states of consecutive blocks, in the context `base:allocation`.

use super::reply::ReplyForm;

/// The state of the bytes that a descriptor covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockState(pub u32);

impl BlockState {
    /// There is a place on the medium for them, and their content is not known.
    pub const DATA: Self = Self(0);
    /// There is no place on the medium for them.
    pub const HOLE: Self = Self(1);
    /// They read as zeros.
    pub const ZERO: Self = Self(2);

    /// Returns the state of bytes that are mapped or not, and known to read as zeros or not.
    #[must_use]
    pub const fn new(is_mapped: bool, reads_zeros: bool) -> Self {
        let hole = if is_mapped { 0 } else { Self::HOLE.0 };
        let zero = if reads_zeros { Self::ZERO.0 } else { 0 };
        Self(hole | zero)
    }
}

/// A list of lengths and states, in the form in which it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockDescriptors {
    form: ReplyForm,
    bytes: Vec<u8>,
    count: u32,
}

impl BlockDescriptors {
    /// The most descriptors of a list. The client asks for the rest.
    pub const MOST: u32 = 1024;

    /// The longest range of a descriptor with 32 bits, a multiple of every block size up to 64 KiB.
    const MOST_COMPACT: u64 = 0xffff_0000;

    /// Makes an empty list for replies of this form.
    #[must_use]
    pub const fn new(form: ReplyForm) -> Self {
        Self { form, bytes: Vec::new(), count: 0 }
    }

    /// Adds a range of `length` bytes. Returns whether more may follow: `false` when the list is full, or the range did not fit in a
    /// descriptor with 32 bits and was cut off.
    pub fn push(&mut self, length: u64, state: BlockState) -> bool {
        if length == 0 || self.count == Self::MOST {
            return self.count < Self::MOST;
        }
        self.count += 1;
        let is_complete = match self.form {
            ReplyForm::Extended => {
                self.bytes.extend(length.to_be_bytes());
                self.bytes.extend(u64::from(state.0).to_be_bytes());
                true
            }
            _ => self.push_compact(length, state),
        };
        is_complete && self.count < Self::MOST
    }

    fn push_compact(&mut self, length: u64, state: BlockState) -> bool {
        let fitting = u32::try_from(length.min(Self::MOST_COMPACT)).unwrap_or(u32::MAX);
        self.bytes.extend(fitting.to_be_bytes());
        self.bytes.extend(state.0.to_be_bytes());
        length <= Self::MOST_COMPACT
    }

    /// Returns the number of descriptors.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Returns the bytes behind the head of the reply.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes behind the head of the reply.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_those_of_the_blocks() {
        assert_eq!(BlockState::new(true, false), BlockState::DATA);
        assert_eq!(BlockState::new(false, false), BlockState::HOLE);
        assert_eq!(BlockState::new(true, true), BlockState::ZERO);
        assert_eq!(BlockState::new(false, true), BlockState(3));
    }

    #[test]
    fn descriptors_have_the_width_of_their_form() {
        let bytes = |form| {
            let mut descriptors = BlockDescriptors::new(form);
            assert!(descriptors.push(512, BlockState::ZERO) && descriptors.push(0, BlockState::HOLE));
            assert_eq!(descriptors.count(), 1);
            descriptors.into_bytes()
        };
        assert_eq!(bytes(ReplyForm::Structured), [0, 0, 2, 0, 0, 0, 0, 2]);
        assert_eq!(bytes(ReplyForm::Extended), [0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    }

    #[test]
    fn a_range_beyond_32_bits_ends_a_compact_list() {
        let most = 0xffff_0000_u64;
        let push = |form, length| {
            let mut descriptors = BlockDescriptors::new(form);
            let goes_on = descriptors.push(length, BlockState::DATA);
            (goes_on, descriptors.into_bytes())
        };
        assert_eq!(push(ReplyForm::Structured, most), (true, vec![0xff, 0xff, 0, 0, 0, 0, 0, 0]));
        assert_eq!(push(ReplyForm::Structured, most + 1), (false, vec![0xff, 0xff, 0, 0, 0, 0, 0, 0]));
        assert!(push(ReplyForm::Extended, u64::MAX).0);
    }

    #[test]
    fn a_full_list_takes_no_more() {
        let mut descriptors = BlockDescriptors::new(ReplyForm::Structured);
        for _ in 1..BlockDescriptors::MOST {
            assert!(descriptors.push(512, BlockState::DATA));
        }
        assert!(!descriptors.push(512, BlockState::DATA));
        assert!(!descriptors.push(512, BlockState::DATA));
        assert_eq!((descriptors.count(), descriptors.bytes().len()), (1024, 8192));
    }
}
