//! Heads of replies: everything in front of the data.

use super::block_descriptors::BlockDescriptors;
use super::error_code::ErrorCode;
use super::meta_context::ContextId;
use super::request::HeaderForm;

const SIMPLE: u32 = 0x6744_6698;
const STRUCTURED: u32 = 0x668e_33ef;
const EXTENDED: u32 = 0x6e8a_278c;
/// The chunk is the last one of its reply.
const DONE: u16 = 1;

/// The type of a chunk.
mod chunk {
    pub(super) const NONE: u16 = 0;
    pub(super) const OFFSET_DATA: u16 = 1;
    pub(super) const OFFSET_HOLE: u16 = 2;
    pub(super) const BLOCK_STATUS: u16 = 5;
    pub(super) const BLOCK_STATUS_EXTENDED: u16 = 6;
    pub(super) const ERROR: u16 = 0x8001;
    pub(super) const ERROR_OFFSET: u16 = 0x8002;
}

/// The form of replies, which the negotiation determines. Each method makes the only chunk of a reply, except where it says
/// otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyForm {
    /// 16 bytes and the data, without anything that says where they end.
    Simple,
    /// Chunks with lengths of 32 bits.
    Structured,
    /// Chunks with lengths of 64 bits, in answer to requests with extended headers.
    Extended,
}

/// The bytes in front of the data of a reply, at most 48.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHead {
    bytes: [u8; Self::MOST],
    length: u8,
}

impl ReplyForm {
    /// Returns the form of the headers of requests that goes with this form of replies.
    #[must_use]
    pub const fn requests(self) -> HeaderForm {
        match self {
            Self::Simple | Self::Structured => HeaderForm::Compact,
            Self::Extended => HeaderForm::Extended,
        }
    }

    /// Makes the head of a reply with the data of a read; `length` bytes of data follow.
    #[must_use]
    pub fn data(self, cookie: u64, offset: u64, length: u32) -> ReplyHead {
        match self {
            Self::Simple => simple(cookie, ErrorCode(0)),
            _ => self.chunk(DONE, chunk::OFFSET_DATA, cookie, offset, u64::from(length) + 8).u64(offset),
        }
    }

    /// Makes a chunk that says that `length` bytes of a read are zeros; nothing follows it. `None` in the simple form, in
    /// which zeros are sent as data.
    #[must_use]
    pub fn hole(self, cookie: u64, offset: u64, length: u32) -> Option<ReplyHead> {
        let head = match self {
            Self::Simple => return None,
            _ => self.chunk(DONE, chunk::OFFSET_HOLE, cookie, offset, 12),
        };
        Some(head.u64(offset).u32(length))
    }

    /// Makes a reply without data: the request was carried out.
    #[must_use]
    pub fn done(self, cookie: u64, offset: u64) -> ReplyHead {
        match self {
            Self::Simple => simple(cookie, ErrorCode(0)),
            _ => self.chunk(DONE, chunk::NONE, cookie, offset, 0),
        }
    }

    /// Makes the head of a reply with an error. The text follows it, except in the simple form, which has none, and counts up to
    /// 4096 bytes.
    #[must_use]
    pub fn error(self, cookie: u64, offset: u64, code: ErrorCode, text: &str) -> ReplyHead {
        let length = text_length(text);
        match self {
            Self::Simple => simple(cookie, code),
            _ => {
                self.chunk(DONE, chunk::ERROR, cookie, offset, u64::from(length) + 6).u32(code.0).u16(length)
            }
        }
    }

    /// Makes a reply with an error at one offset of the range, without a text.
    #[must_use]
    pub fn error_at(self, cookie: u64, offset: u64, code: ErrorCode, at: u64) -> ReplyHead {
        match self {
            Self::Simple => simple(cookie, code),
            _ => self.chunk(DONE, chunk::ERROR_OFFSET, cookie, offset, 14).u32(code.0).u16(0).u64(at),
        }
    }

    /// Makes the head of a reply with the state of blocks; the bytes of the descriptors follow. `None` in the simple form.
    #[must_use]
    pub fn block_status(
        self,
        cookie: u64,
        offset: u64,
        context: ContextId,
        descriptors: &BlockDescriptors,
    ) -> Option<ReplyHead> {
        let length = descriptors.bytes().len() as u64;
        match self {
            Self::Simple => None,
            Self::Structured => {
                let head = self.chunk(DONE, chunk::BLOCK_STATUS, cookie, offset, length + 4);
                Some(head.u32(context.0))
            }
            Self::Extended => {
                let head = self.chunk(DONE, chunk::BLOCK_STATUS_EXTENDED, cookie, offset, length + 8);
                Some(head.u32(context.0).u32(descriptors.count()))
            }
        }
    }

    /// The part that all chunks have. The structured form has no field for the offset of the request.
    fn chunk(self, flags: u16, kind: u16, cookie: u64, offset: u64, length: u64) -> ReplyHead {
        let head = ReplyHead::new();
        if self == Self::Extended {
            return head.u32(EXTENDED).u16(flags).u16(kind).u64(cookie).u64(offset).u64(length);
        }
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        head.u32(STRUCTURED).u16(flags).u16(kind).u64(cookie).u32(length)
    }
}

fn simple(cookie: u64, code: ErrorCode) -> ReplyHead {
    ReplyHead::new().u32(SIMPLE).u32(code.0).u64(cookie)
}

/// The bytes of a text that count.
fn text_length(text: &str) -> u16 {
    const MOST: u16 = 4096;
    u16::try_from(text.len()).unwrap_or(MOST).min(MOST)
}

impl ReplyHead {
    const MOST: usize = 48;

    const fn new() -> Self {
        Self { bytes: [0; Self::MOST], length: 0 }
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len()).unwrap_or_default()
    }

    /// Returns their number.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length.into()
    }

    /// Returns `false`: no head is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    fn u16(self, field: u16) -> Self {
        self.with(field.to_be_bytes())
    }

    fn u32(self, field: u32) -> Self {
        self.with(field.to_be_bytes())
    }

    fn u64(self, field: u64) -> Self {
        self.with(field.to_be_bytes())
    }

    /// The longest head, of an error at an offset in the extended form, has 46 bytes.
    #[inline]
    fn with<const N: usize>(mut self, field: [u8; N]) -> Self {
        let start = self.len();
        if let Some(place) = self.bytes.get_mut(start..start + N) {
            place.copy_from_slice(&field);
            self.length += u8::try_from(N).unwrap_or(0);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::block_descriptors::BlockState;
    use super::*;

    const COOKIE: u64 = 0x0102_0304_0506_0708;
    const OFFSET: u64 = 0x1112_1314_1516_1718;

    /// Bytes from hexadecimal digits, with blanks between fields.
    fn hex(text: &str) -> Vec<u8> {
        let digits: String = text.split(' ').collect();
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    }

    #[track_caller]
    fn expect(head: ReplyHead, text: &str) {
        assert_eq!(head.as_bytes(), hex(text));
        assert!(!head.is_empty());
    }

    #[test]
    fn simple_replies_have_an_error_and_the_cookie() {
        let form = ReplyForm::Simple;
        expect(form.data(COOKIE, OFFSET, 512), "67446698 00000000 0102030405060708");
        expect(form.done(COOKIE, OFFSET), "67446698 00000000 0102030405060708");
        expect(form.error(COOKIE, OFFSET, ErrorCode::IO, "text"), "67446698 00000005 0102030405060708");
        expect(form.error_at(COOKIE, OFFSET, ErrorCode::IO, 1), "67446698 00000005 0102030405060708");
        assert_eq!(form.hole(COOKIE, OFFSET, 512), None);
    }

    #[test]
    fn structured_replies_have_the_length_of_what_follows() {
        let form = ReplyForm::Structured;
        let head = "668e33ef 0001";
        expect(
            form.data(COOKIE, OFFSET, 512),
            &format!("{head} 0001 0102030405060708 00000208 1112131415161718"),
        );
        expect(
            form.hole(COOKIE, OFFSET, 512).unwrap(),
            &format!("{head} 0002 0102030405060708 0000000c 1112131415161718 00000200"),
        );
        expect(form.done(COOKIE, OFFSET), &format!("{head} 0000 0102030405060708 00000000"));
        expect(
            form.error(COOKIE, OFFSET, ErrorCode::IO, "text"),
            &format!("{head} 8001 0102030405060708 0000000a 00000005 0004"),
        );
        expect(
            form.error_at(COOKIE, OFFSET, ErrorCode::INVALID, 9),
            &format!("{head} 8002 0102030405060708 0000000e 00000016 0000 0000000000000009"),
        );
    }

    #[test]
    fn extended_replies_repeat_the_offset() {
        let form = ReplyForm::Extended;
        let head = "6e8a278c 0001";
        let asked = "0102030405060708 1112131415161718";
        expect(
            form.data(COOKIE, OFFSET, 512),
            &format!("{head} 0001 {asked} 0000000000000208 1112131415161718"),
        );
        expect(form.done(COOKIE, OFFSET), &format!("{head} 0000 {asked} 0000000000000000"));
        expect(
            form.error(COOKIE, OFFSET, ErrorCode::IO, ""),
            &format!("{head} 8001 {asked} 0000000000000006 00000005 0000"),
        );
        let longest = form.error_at(COOKIE, OFFSET, ErrorCode::IO, u64::MAX);
        expect(longest, &format!("{head} 8002 {asked} 000000000000000e 00000005 0000 ffffffffffffffff"));
        assert!(longest.len() <= ReplyHead::MOST);
    }

    #[test]
    fn block_states_follow_their_context() {
        let descriptors = |form| {
            let mut descriptors = BlockDescriptors::new(form);
            descriptors.push(512, BlockState::DATA);
            descriptors
        };
        let context = ContextId(3);
        let head = |form: ReplyForm| form.block_status(COOKIE, OFFSET, context, &descriptors(form));
        assert_eq!(head(ReplyForm::Simple), None);
        expect(head(ReplyForm::Structured).unwrap(), "668e33ef 0001 0005 0102030405060708 0000000c 00000003");
        expect(
            head(ReplyForm::Extended).unwrap(),
            "6e8a278c 0001 0006 0102030405060708 1112131415161718 0000000000000018 00000003 00000001",
        );
    }

    #[test]
    fn texts_of_errors_count_up_to_their_bound() {
        let length = |text: &str| {
            let head = ReplyForm::Structured.error(0, 0, ErrorCode::IO, text);
            (
                u32::from_be_bytes(head.as_bytes()[16..20].try_into().unwrap()),
                head.as_bytes()[24..26].to_vec(),
            )
        };
        assert_eq!(length(&"x".repeat(4096)), (4102, vec![0x10, 0]));
        assert_eq!(length(&"x".repeat(70_000)), (4102, vec![0x10, 0]));
    }
}
