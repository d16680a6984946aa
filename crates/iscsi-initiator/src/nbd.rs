//! The NBD protocol of a server: bytes to values and values to bytes, without I/O.
//!
//! NBD exports a range of bytes over a stream. A [`Negotiation`] takes the bytes that a client sends before its first request,
//! and ends with the export and the [`ReplyForm`] that the two sides agreed on. Then [`Request::decode`] reads requests, and the
//! methods of [`ReplyForm`] make the heads of replies. The numbers are those of the
//! [protocol description](https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md).
//!
//! ```
//! use iscsi_initiator::nbd::{CommandType, HeaderForm, ReplyForm, Request};
//! let mut bytes = [0; 28];
//! bytes[..4].copy_from_slice(&0x2560_9513_u32.to_be_bytes());
//! bytes[15] = 7;
//! bytes[27] = 100;
//! let request = Request::decode(HeaderForm::Compact, &bytes)?;
//! assert_eq!((request.command, request.cookie, request.length), (CommandType::READ, 7, 100));
//! let head = ReplyForm::Simple.data(request.cookie, request.offset, 100);
//! assert_eq!(head.len(), 16);
//! # Ok::<(), iscsi_initiator::nbd::RequestError>(())
//! ```

mod block_descriptors;
mod error_code;
mod export_info;
mod meta_context;
mod negotiation;
mod option;
mod option_reply;
mod reply;
mod request;
mod transmission_flags;

pub use block_descriptors::{BlockDescriptors, BlockState};
pub use error_code::ErrorCode;
pub use export_info::{BlockSizes, ExportInfo};
pub use meta_context::{ALLOCATION, ContextId};
pub use negotiation::{Agreement, Negotiation, NegotiationError, Step};
pub use option::{
    HandshakeFlags, MOST_CONTEXT_QUERIES, MOST_NAME_LENGTH, MOST_OPTION_LENGTH, MOST_OPTIONS, OptionType,
};
pub use option_reply::{InfoType, OptionReplyType};
pub use reply::{ReplyForm, ReplyHead};
pub use request::{CommandFlags, CommandType, HeaderForm, Request, RequestError};
pub use transmission_flags::TransmissionFlags;
