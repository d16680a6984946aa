//! A socket to the families of generic netlink.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::netlink::{GENERIC, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, sendto, socket_with,
};

use super::netlink_message::{Answer, Attributes, CONTROL, MOST_BYTES, Received, Request, split_answer};

/// The command that looks a family up, its version, and its attributes.
const GET_FAMILY: (u8, u8) = (3, 1);
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;

/// The limit for one datagram of an answer. To disconnect, the kernel waits for the server, which answers at once.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// The most datagrams that are read for one request; real answers have one or two.
const MOST_DATAGRAMS: usize = 16;

/// A socket through which one request is made at a time. Requests block the thread until the kernel has carried them out.
pub(super) struct NetlinkSocket {
    socket: OwnedFd,
    sequence: u32,
}

impl NetlinkSocket {
    /// # Errors
    /// The kernel has no generic netlink, or forbids it.
    pub(super) fn open() -> io::Result<Self> {
        let socket =
            socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(GENERIC))?;
        bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(ANSWER_LIMIT))?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Returns the number of the family with this name.
    ///
    /// # Errors
    /// `NotFound` if the kernel does not have it.
    pub(super) fn family(&mut self, name: &str) -> io::Result<u16> {
        let attributes = Attributes::default().text(FAMILY_NAME, name);
        let number =
            self.call(CONTROL, GET_FAMILY, attributes, |answer| Ok(answer.u16(FAMILY_ID)?))?.flatten();
        number.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// Sends a command, and returns what `read` makes of its answer; `None` if there is only the acknowledgement.
    ///
    /// # Errors
    /// The error number with which the kernel refused the command, or an answer that cannot be read.
    pub(super) fn call<T>(
        &mut self,
        family: u16,
        (command, version): (u8, u8),
        attributes: Attributes,
        read: impl Fn(Received<'_>) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = Request { family, command, version, sequence: self.sequence, attributes };
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(&self.socket, &request.encode(), SendFlags::empty(), &kernel)?;
        let mut buffer = vec![0; MOST_BYTES];
        let mut found = None;
        for _ in 0..MOST_DATAGRAMS {
            let (_, length) = recv(&self.socket, &mut buffer[..], RecvFlags::TRUNC)?;
            let mut datagram =
                buffer.get(..length).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
            while let Some((sequence, answer)) = split_answer(&mut datagram)? {
                match answer {
                    // The rest of an earlier request that was given up.
                    _ if sequence != self.sequence => {}
                    Answer::Done => return Ok(found),
                    Answer::Refused(number) => return Err(io::Error::from_raw_os_error(number)),
                    Answer::Data(data) => found = Some(read(data)?),
                }
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "kernel: the answer has no end"))
    }
}
