//! A client that sends any bytes, and checks the form of every reply.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Numbers of commands.
pub(super) const READ: u16 = 0;
pub(super) const WRITE: u16 = 1;
pub(super) const DISCONNECT: u16 = 2;
pub(super) const FLUSH: u16 = 3;
pub(super) const TRIM: u16 = 4;
pub(super) const CACHE: u16 = 5;
pub(super) const WRITE_ZEROES: u16 = 6;
pub(super) const BLOCK_STATUS: u16 = 7;

/// Flags of commands.
pub(super) const FUA: u16 = 1;
pub(super) const NO_HOLE: u16 = 2;
pub(super) const DONT_FRAGMENT: u16 = 4;
pub(super) const ONE: u16 = 8;
pub(super) const FAST_ZERO: u16 = 16;
pub(super) const PAYLOAD: u16 = 32;

/// Error codes.
pub(super) const EPERM: u32 = 1;
pub(super) const EIO: u32 = 5;
pub(super) const EINVAL: u32 = 22;
pub(super) const ENOSPC: u32 = 28;
pub(super) const ENOTSUP: u32 = 95;
pub(super) const ESHUTDOWN: u32 = 108;

/// The form of requests and replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Simple,
    Structured,
    Extended,
}

/// A connection to a server.
pub(super) struct Client {
    pub(super) stream: UnixStream,
    form: Form,
    /// A byte that was received to see whether there is one.
    ahead: Option<u8>,
}

/// A reply: an error code, 0 for none, and the data or the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) cookie: u64,
    pub(super) error: u32,
    pub(super) data: Vec<u8>,
}

impl Client {
    /// Connects, and exchanges the greetings.
    pub(super) fn connect(socket: &Path) -> Self {
        let mut stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let mut greeting = [0; 18];
        stream.read_exact(&mut greeting).unwrap();
        assert_eq!(greeting[..16], *b"NBDMAGICIHAVEOPT");
        stream.write_all(&[0, 0, 0, 3]).unwrap();
        Self { stream, form: Form::Simple, ahead: None }
    }

    /// Sends an option, and gives the types and data of the replies.
    pub(super) fn option(&mut self, option: u32, data: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        self.stream.write_all(&[&b"IHAVEOPT"[..], &option.to_be_bytes(), &length, data].concat()).unwrap();
        let mut replies = Vec::new();
        loop {
            assert_eq!(self.u64(), 0x0003_e889_0455_65a9);
            assert_eq!(self.u32(), option);
            let kind = self.u32();
            let length = self.u32();
            replies.push((kind, self.bytes(length.try_into().unwrap())));
            if kind == 1 || kind & 0x8000_0000 != 0 {
                return replies;
            }
        }
    }

    /// Chooses an export with replies in this form, and `base:allocation` where there can be contexts.
    pub(super) fn go(mut self, name: &str, form: Form) -> Self {
        match form {
            Form::Simple => {}
            Form::Structured => assert_eq!(self.option(8, &[]), [(1, vec![])]),
            Form::Extended => assert_eq!(self.option(11, &[]), [(1, vec![])]),
        }
        let name = [&u32::try_from(name.len()).unwrap().to_be_bytes()[..], name.as_bytes()].concat();
        if form != Form::Simple {
            let query = [&name[..], &[0, 0, 0, 1, 0, 0, 0, 15], b"base:allocation"].concat();
            assert_eq!(self.option(10, &query).len(), 2);
        }
        assert_eq!(self.option(7, &[&name[..], &[0, 0]].concat()).last(), Some(&(1, vec![])));
        self.form = form;
        self
    }

    /// Chooses the default export with structured replies, but without `base:allocation`.
    pub(super) fn go_without_contexts(mut self) -> Self {
        assert_eq!(self.option(8, &[]), [(1, vec![])]);
        assert_eq!(self.option(7, &[0; 6]).last(), Some(&(1, vec![])));
        self.form = Form::Structured;
        self
    }

    /// Sends a request, with data behind it.
    pub(super) fn send(&mut self, command: u16, flags: u16, cookie: u64, range: (u64, u64), data: &[u8]) {
        let bytes = self.request(command, flags, cookie, range);
        self.stream.write_all(&[&bytes[..], data].concat()).unwrap();
    }

    /// The header of a request.
    pub(super) fn request(&self, command: u16, flags: u16, cookie: u64, range: (u64, u64)) -> Vec<u8> {
        let (magic, length) = match self.form {
            Form::Extended => (0x21e4_1c71_u32, range.1.to_be_bytes().to_vec()),
            _ => (0x2560_9513, u32::try_from(range.1).unwrap().to_be_bytes().to_vec()),
        };
        let (flags, command) = (flags.to_be_bytes(), command.to_be_bytes());
        let head = [&magic.to_be_bytes()[..], &flags, &command, &cookie.to_be_bytes()].concat();
        [&head[..], &range.0.to_be_bytes(), &length].concat()
    }

    /// Receives a reply; that of a read has `length` bytes of data.
    pub(super) fn receive(&mut self, length: usize) -> Reply {
        let magic = self.u32();
        match (self.form, magic) {
            (Form::Simple, 0x6744_6698) => {
                let (error, cookie) = (self.u32(), self.u64());
                let data = if error == 0 { self.bytes(length) } else { Vec::new() };
                Reply { cookie, error, data }
            }
            (Form::Structured, 0x668e_33ef) | (Form::Extended, 0x6e8a_278c) => self.chunk(),
            (form, magic) => panic!("0x{magic:08x} in the form {form:?}"),
        }
    }

    /// The only chunk of a reply.
    fn chunk(&mut self) -> Reply {
        let kind = self.u32();
        assert_eq!(kind >> 16, 1, "the last chunk");
        let cookie = self.u64();
        let length = if self.form == Form::Extended {
            self.u64();
            self.u64()
        } else {
            self.u32().into()
        };
        let payload = self.bytes(length.try_into().unwrap());
        let (error, data) = match kind & 0xffff {
            0 => (0, payload),
            1 | 6 => (0, payload[8..].to_vec()),
            5 => (0, payload[4..].to_vec()),
            0x8001 => (u32::from_be_bytes(payload[..4].try_into().unwrap()), payload[6..].to_vec()),
            kind => panic!("chunk of type {kind}"),
        };
        Reply { cookie, error, data }
    }

    /// Sends a request, and receives its reply.
    pub(super) fn call(&mut self, command: u16, flags: u16, range: (u64, u64), data: &[u8]) -> Reply {
        const COOKIE: u64 = 0x0123_4567_89ab_cdef;
        self.send(command, flags, COOKIE, range, data);
        let length = if command == READ { usize::try_from(range.1).unwrap() } else { 0 };
        let reply = self.receive(length);
        assert_eq!(reply.cookie, COOKIE);
        reply
    }

    /// The error code of a request.
    #[track_caller]
    pub(super) fn error(&mut self, command: u16, flags: u16, range: (u64, u64)) -> u32 {
        self.call(command, flags, range, &[]).error
    }

    /// Writes; expects no error.
    #[track_caller]
    pub(super) fn write(&mut self, offset: u64, data: &[u8]) {
        let flags = if self.form == Form::Extended { PAYLOAD } else { 0 };
        let reply = self.call(WRITE, flags, (offset, data.len() as u64), data);
        assert_eq!(reply.error, 0, "{reply:?}");
    }

    /// Reads; expects no error.
    #[track_caller]
    pub(super) fn read(&mut self, offset: u64, length: u64) -> Vec<u8> {
        let reply = self.call(READ, 0, (offset, length), &[]);
        assert_eq!(reply.error, 0, "{}", String::from_utf8_lossy(&reply.data));
        reply.data
    }

    /// Whether the server closes the connection, whatever it sends before.
    pub(super) fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => true,
            Err(error) => matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        }
    }

    /// Whether there is something to receive; waits for it or for the end.
    pub(super) fn has_more(&mut self) -> bool {
        let mut byte = [0];
        if self.ahead.is_none() && self.stream.read(&mut byte).is_ok_and(|count| count > 0) {
            self.ahead = Some(byte[0]);
        }
        self.ahead.is_some()
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let mut place = &mut bytes[..];
        if let Some(byte) = self.ahead.take_if(|_| length > 0) {
            place[0] = byte;
            place = &mut place[1..];
        }
        self.stream.read_exact(place).unwrap();
        bytes
    }

    fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.bytes(4).try_into().unwrap())
    }

    fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.bytes(8).try_into().unwrap())
    }
}
