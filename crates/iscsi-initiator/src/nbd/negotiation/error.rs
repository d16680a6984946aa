//! Errors of a negotiation: those that end the connection, and those that answer an option.

use super::super::option::{HandshakeFlags, MOST_OPTIONS, MOST_SKIPPED, OptionType};
use super::super::option_reply::OptionReplyType;

/// A negotiation that cannot go on; the server closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NegotiationError {
    /// The client set a flag that the server does not know.
    #[error("client sent unknown flags {0:?}")]
    Flags(HandshakeFlags),
    /// The header of an option does not begin with `IHAVEOPT`.
    #[error("client sent an option with magic 0x{0:016x}")]
    Magic(u64),
    /// The data of an option are too long to be read past.
    #[error("client sent {option:?} with {length} bytes of data, of which {most} are the most", most = MOST_SKIPPED)]
    TooLong {
        /// The option.
        option: OptionType,
        /// The length of its data.
        length: u32,
    },
    /// The client sent an option whose reply it does not understand: it takes no part in fixed newstyle negotiation.
    #[error("client without fixed newstyle negotiation sent {0:?}")]
    NotFixed(OptionType),
    /// The client sent too many options.
    #[error("client sent more than {most} options", most = MOST_OPTIONS)]
    TooManyOptions,
    /// The client chose an export that does not exist, in a way that permits no reply.
    #[error("client chose an export that does not exist")]
    UnknownExport,
    /// Not as many bytes were given as are wanted: a mistake of the caller.
    #[error("caller: {found} bytes instead of {wanted}")]
    Length {
        /// The number of bytes.
        found: usize,
        /// The number of bytes wanted.
        wanted: usize,
    },
}

/// An option that is answered with an error.
pub(super) struct OptionError(pub(super) OptionReplyType, pub(super) &'static str);

pub(super) const MALFORMED: OptionError =
    OptionError(OptionReplyType::INVALID, "the data of the option are malformed");
pub(super) const WITHOUT_DATA: OptionError = OptionError(OptionReplyType::INVALID, "the option has no data");
pub(super) const NO_SUCH_EXPORT: OptionError =
    OptionError(OptionReplyType::UNKNOWN, "there is no such export");
pub(super) const TOO_BIG: OptionError = OptionError(OptionReplyType::TOO_BIG, "the option is too long");
pub(super) const NO_TLS: OptionError = OptionError(OptionReplyType::POLICY, "this server does not use TLS");
pub(super) const UNKNOWN_OPTION: OptionError =
    OptionError(OptionReplyType::UNSUPPORTED, "the option is unknown");
pub(super) const NOT_STRUCTURED: OptionError =
    OptionError(OptionReplyType::INVALID, "structured replies have to be agreed on first");
pub(super) const EXTENDED: OptionError = OptionError(
    OptionReplyType::EXTENDED_HEADERS_REQUIRED,
    "extended headers were agreed on, which include structured replies",
);
