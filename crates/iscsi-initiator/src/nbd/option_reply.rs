//! Replies to options.

use std::fmt;

use super::export_info::ExportInfo;
use super::meta_context::{ALLOCATION, ContextId};
use super::option::OptionType;
use super::transmission_flags::TransmissionFlags;

/// The number with which every reply begins.
const MAGIC: u64 = 0x0003_e889_0455_65a9;

/// What a reply to an option says.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OptionReplyType(pub u32);

impl OptionReplyType {
    /// The last reply, without an error.
    pub const ACK: Self = Self(1);
    /// An export.
    pub const SERVER: Self = Self(2);
    /// A property of an export.
    pub const INFO: Self = Self(3);
    /// A metadata context.
    pub const META_CONTEXT: Self = Self(4);
    /// The option is unknown.
    pub const UNSUPPORTED: Self = Self(0x8000_0001);
    /// The server is not willing.
    pub const POLICY: Self = Self(0x8000_0002);
    /// The option is malformed, or another one has to precede it.
    pub const INVALID: Self = Self(0x8000_0003);
    /// There is no such export.
    pub const UNKNOWN: Self = Self(0x8000_0006);
    /// The server is shutting down.
    pub const SHUTDOWN: Self = Self(0x8000_0007);
    /// The client has to ask for block sizes first.
    pub const BLOCK_SIZE_REQUIRED: Self = Self(0x8000_0008);
    /// The option is too long.
    pub const TOO_BIG: Self = Self(0x8000_0009);
    /// Extended headers were agreed on, which the option contradicts.
    pub const EXTENDED_HEADERS_REQUIRED: Self = Self(0x8000_000a);
}

impl fmt::Debug for OptionReplyType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{:08x}", self.0)
    }
}

/// A property of an export that a client can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InfoType(pub u16);

impl InfoType {
    /// Size and transmission flags; always sent.
    pub const EXPORT: Self = Self(0);
    /// The name.
    pub const NAME: Self = Self(1);
    /// A text for human readers.
    pub const DESCRIPTION: Self = Self(2);
    /// The sizes of requests; always sent.
    pub const BLOCK_SIZE: Self = Self(3);
}

/// Replies to one option, one behind the other.
pub(super) struct OptionReplies {
    option: OptionType,
    bytes: Vec<u8>,
}

impl OptionReplies {
    pub(super) const fn to(option: OptionType) -> Self {
        Self { option, bytes: Vec::new() }
    }

    /// One reply with an error and a text for human readers.
    pub(super) fn error(option: OptionType, kind: OptionReplyType, text: &str) -> Vec<u8> {
        Self::to(option).with(kind, &[text.as_bytes()]).bytes
    }

    /// One reply that says that the option is accepted.
    pub(super) fn acknowledged(self) -> Vec<u8> {
        self.with(OptionReplyType::ACK, &[]).bytes
    }

    pub(super) fn server(self, export: &ExportInfo) -> Self {
        let name = export.name.as_bytes();
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes();
        self.with(OptionReplyType::SERVER, &[&length, name, export.description.as_bytes()])
    }

    /// The properties of an export: those that are always sent, and those asked for.
    pub(super) fn infos(self, export: &ExportInfo, flags: TransmissionFlags, asked: &[InfoType]) -> Self {
        let (size, flags) = (export.size.to_be_bytes(), flags.0.to_be_bytes());
        let mut replies = self.info(InfoType::EXPORT, &[&size, &flags]);
        let sizes = export.block_sizes;
        let [minimum, preferred, maximum] =
            [sizes.minimum, sizes.preferred, sizes.maximum].map(u32::to_be_bytes);
        replies = replies.info(InfoType::BLOCK_SIZE, &[&minimum, &preferred, &maximum]);
        if asked.contains(&InfoType::NAME) {
            replies = replies.info(InfoType::NAME, &[export.name.as_bytes()]);
        }
        if asked.contains(&InfoType::DESCRIPTION) && !export.description.is_empty() {
            replies = replies.info(InfoType::DESCRIPTION, &[export.description.as_bytes()]);
        }
        replies
    }

    fn info(self, kind: InfoType, parts: &[&[u8]]) -> Self {
        let kind = kind.0.to_be_bytes();
        self.with(OptionReplyType::INFO, &[&[&kind[..]], parts].concat())
    }

    pub(super) fn allocation_context(self, id: ContextId) -> Self {
        self.with(OptionReplyType::META_CONTEXT, &[&id.0.to_be_bytes(), ALLOCATION.as_bytes()])
    }

    fn with(mut self, kind: OptionReplyType, parts: &[&[u8]]) -> Self {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        self.bytes.extend(MAGIC.to_be_bytes());
        self.bytes.extend(self.option.0.to_be_bytes());
        self.bytes.extend(kind.0.to_be_bytes());
        self.bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self
    }
}
