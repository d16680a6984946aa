//! Requests of the transmission phase.

use std::fmt;

/// The form of the headers of requests, which the negotiation determines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderForm {
    /// 28 bytes, with a length of 32 bits.
    Compact,
    /// 32 bytes, with a length of 64 bits.
    Extended,
}

impl HeaderForm {
    /// Returns the length of a header in bytes.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Compact => 28,
            Self::Extended => 32,
        }
    }

    const fn magic(self) -> u32 {
        match self {
            Self::Compact => 0x2560_9513,
            Self::Extended => 0x21e4_1c71,
        }
    }
}

/// The type of a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandType(pub u16);

impl CommandType {
    /// Returns a range.
    pub const READ: Self = Self(0);
    /// Writes the data behind the header.
    pub const WRITE: Self = Self(1);
    /// Ends the connection; there is no reply.
    pub const DISCONNECT: Self = Self(2);
    /// Makes all acknowledged writes stable.
    pub const FLUSH: Self = Self(3);
    /// The content of a range is no longer needed.
    pub const TRIM: Self = Self(4);
    /// A range is read soon.
    pub const CACHE: Self = Self(5);
    /// Makes a range zeros.
    pub const WRITE_ZEROES: Self = Self(6);
    /// Returns the state of the blocks of a range.
    pub const BLOCK_STATUS: Self = Self(7);

    /// Returns the name of the command, if it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::READ => "read",
            Self::WRITE => "write",
            Self::DISCONNECT => "disconnect",
            Self::FLUSH => "flush",
            Self::TRIM => "trim",
            Self::CACHE => "cache",
            Self::WRITE_ZEROES => "write zeroes",
            Self::BLOCK_STATUS => "block status",
            _ => return None,
        })
    }
}

impl fmt::Display for CommandType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "command {}", self.0),
        }
    }
}

impl fmt::Debug for CommandType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The flags of a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandFlags(pub u16);

impl CommandFlags {
    /// The data are stable before the reply.
    pub const FUA: Self = Self(1);
    /// Zeros keep their place on the medium.
    pub const NO_HOLE: Self = Self(1 << 1);
    /// The data of the reply come in one chunk.
    pub const DONT_FRAGMENT: Self = Self(1 << 2);
    /// One descriptor of a block status is enough.
    pub const ONE_DESCRIPTOR: Self = Self(1 << 3);
    /// Zeroing fails if it is not faster than writing.
    pub const FAST_ZERO: Self = Self(1 << 4);
    /// The length is that of the data behind the header; only with extended headers.
    pub const PAYLOAD_LENGTH: Self = Self(1 << 5);

    /// Returns whether all of these flags are set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Returns whether no other flags than these are set.
    #[must_use]
    pub const fn is_within(self, flags: Self) -> bool {
        self.0 & !flags.0 == 0
    }
}

impl fmt::Debug for CommandFlags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{:04x}", self.0)
    }
}

/// A header that is none, so that the place of the next one is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The header does not begin as one of the agreed form does.
    #[error("client sent a request with magic 0x{found:08x} instead of 0x{expected:08x}")]
    Magic {
        /// The first four bytes.
        found: u32,
        /// The magic number of the agreed form.
        expected: u32,
    },
    /// The header is incomplete.
    #[error("client sent {found} of the {expected} bytes of a request")]
    Truncated {
        /// The number of bytes.
        found: usize,
        /// The length of a header.
        expected: usize,
    },
}

/// A request. Nothing in it is checked beyond its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The flags.
    pub flags: CommandFlags,
    /// The type.
    pub command: CommandType,
    /// The client's number of the request, which the reply repeats.
    pub cookie: u64,
    /// The first byte of the range.
    pub offset: u64,
    /// The length of the range, or of the data behind the header, in bytes.
    pub length: u64,
}

impl Request {
    /// Reads a header of this form; bytes behind it are ignored.
    ///
    /// # Errors
    /// [`RequestError`]: the stream cannot be used further.
    pub fn decode(form: HeaderForm, bytes: &[u8]) -> Result<Self, RequestError> {
        let truncated = RequestError::Truncated { found: bytes.len(), expected: form.length() };
        let mut fields = Fields(bytes.get(..form.length()).ok_or(truncated)?);
        let found = fields.u32();
        if found != form.magic() {
            return Err(RequestError::Magic { found, expected: form.magic() });
        }
        Ok(Self {
            flags: CommandFlags(fields.u16()),
            command: CommandType(fields.u16()),
            cookie: fields.u64(),
            offset: fields.u64(),
            length: match form {
                HeaderForm::Compact => fields.u32().into(),
                HeaderForm::Extended => fields.u64(),
            },
        })
    }

    /// Returns the number of bytes behind the header: those of a write, whatever its flags are, and of any request that says so
    /// in the extended form.
    #[must_use]
    pub const fn payload_length(&self, form: HeaderForm) -> u64 {
        let is_stated =
            matches!(form, HeaderForm::Extended) && self.flags.contains(CommandFlags::PAYLOAD_LENGTH);
        if is_stated || matches!(self.command, CommandType::WRITE) { self.length } else { 0 }
    }
}

/// The fields of a message, from the front; those behind its end are zero.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk() {
            Some((field, rest)) => {
                self.0 = rest;
                *field
            }
            None => [0; N],
        }
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take())
    }

    fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.take())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A write with FUA of `length` bytes at 2^40, cookie 7.
    fn header(form: HeaderForm, length: u64) -> Vec<u8> {
        let mut bytes = form.magic().to_be_bytes().to_vec();
        bytes.extend([0, 1, 0, 1]);
        bytes.extend(7_u64.to_be_bytes());
        bytes.extend((1_u64 << 40).to_be_bytes());
        match form {
            HeaderForm::Compact => bytes.extend(u32::try_from(length).unwrap().to_be_bytes()),
            HeaderForm::Extended => bytes.extend(length.to_be_bytes()),
        }
        bytes
    }

    #[test]
    fn requests_of_both_forms_are_read() {
        for (form, length) in [(HeaderForm::Compact, u32::MAX.into()), (HeaderForm::Extended, u64::MAX)] {
            let bytes = header(form, length);
            assert_eq!(bytes.len(), form.length());
            let expected = Request {
                flags: CommandFlags::FUA,
                command: CommandType::WRITE,
                cookie: 7,
                offset: 1 << 40,
                length,
            };
            assert_eq!(Request::decode(form, &bytes), Ok(expected));
        }
    }

    #[test]
    fn a_request_cut_off_anywhere_is_an_error() {
        for form in [HeaderForm::Compact, HeaderForm::Extended] {
            let bytes = header(form, 0);
            for found in 0..bytes.len() {
                let error = RequestError::Truncated { found, expected: form.length() };
                assert_eq!(Request::decode(form, &bytes[..found]), Err(error));
            }
        }
    }

    #[test]
    fn a_request_of_the_other_form_is_an_error() {
        let bytes = header(HeaderForm::Extended, 0);
        let error = RequestError::Magic { found: 0x21e4_1c71, expected: 0x2560_9513 };
        assert_eq!(Request::decode(HeaderForm::Compact, &bytes), Err(error));
        let mut bytes = header(HeaderForm::Compact, 0);
        bytes.extend([0; 4]);
        let error = RequestError::Magic { found: 0x2560_9513, expected: 0x21e4_1c71 };
        assert_eq!(Request::decode(HeaderForm::Extended, &bytes), Err(error));
    }

    #[test]
    fn data_follow_writes_and_what_says_so_in_the_extended_form() {
        let request = |command, flags| Request { flags, command, cookie: 0, offset: 0, length: 5 };
        let none = CommandFlags(0);
        let stated = CommandFlags::PAYLOAD_LENGTH;
        for (command, flags, compact, extended) in [
            (CommandType::WRITE, none, 5, 5),
            (CommandType::WRITE, stated, 5, 5),
            (CommandType::READ, none, 0, 0),
            (CommandType::READ, stated, 0, 5),
            (CommandType(99), none, 0, 0),
            (CommandType(99), stated, 0, 5),
        ] {
            let request = request(command, flags);
            assert_eq!(request.payload_length(HeaderForm::Compact), compact, "{request:?}");
            assert_eq!(request.payload_length(HeaderForm::Extended), extended, "{request:?}");
        }
    }

    #[test]
    fn every_command_has_a_name_of_its_own_and_unknown_ones_have_a_number() {
        let names: BTreeSet<_> = (0..=7).map(|number| CommandType(number).name()).collect();
        assert_eq!((names.len(), names.contains(&None)), (8, false));
        assert_eq!(CommandType::WRITE_ZEROES.to_string(), "write zeroes");
        assert_eq!(format!("{:?}", CommandType(8)), "command 8");
    }

    #[test]
    fn flags_are_compared_with_those_that_are_set_and_those_that_are_permitted() {
        let both = CommandFlags(CommandFlags::FUA.0 | CommandFlags::NO_HOLE.0);
        assert!(both.contains(CommandFlags::FUA) && !CommandFlags::FUA.contains(both));
        assert!(CommandFlags::FUA.is_within(both) && both.is_within(both) && CommandFlags(0).is_within(both));
        assert!(!both.is_within(CommandFlags::FUA) && !CommandFlags::FAST_ZERO.is_within(both));
    }
}
