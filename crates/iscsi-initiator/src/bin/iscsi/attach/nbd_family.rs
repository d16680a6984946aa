//! The commands of the kernel's NBD driver: the family `nbd` of generic netlink.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use super::device_settings::DeviceSettings;
use super::netlink_message::{Attributes, Received};
use super::netlink_socket::NetlinkSocket;

const NAME: &str = "nbd";
const VERSION: u8 = 1;

/// The commands.
const CONNECT: u8 = 1;
const DISCONNECT: u8 = 2;
const RECONFIGURE: u8 = 3;
const STATUS: u8 = 5;

/// The attributes.
const INDEX: u16 = 1;
const SIZE_BYTES: u16 = 2;
const BLOCK_SIZE_BYTES: u16 = 3;
const TIMEOUT: u16 = 4;
const SERVER_FLAGS: u16 = 5;
const CLIENT_FLAGS: u16 = 6;
const SOCKETS: u16 = 7;
const DEAD_CONNECTION_TIMEOUT: u16 = 8;
const DEVICE_LIST: u16 = 9;
const BACKEND_IDENTIFIER: u16 = 10;

/// Within the list of sockets, and within one of its items.
const SOCKET_ITEM: u16 = 1;
const SOCKET_NUMBER: u16 = 1;

/// Within the list of devices, and within one of its items.
const DEVICE_ITEM: u16 = 1;
const DEVICE_INDEX: u16 = 1;
const DEVICE_CONNECTED: u16 = 2;

/// A client flag: the device is removed when it is disconnected.
const DESTROY_ON_DISCONNECT: u64 = 1;

/// The NBD driver of the running kernel.
pub(super) struct NbdFamily {
    socket: NetlinkSocket,
    number: u16,
}

impl NbdFamily {
    /// # Errors
    /// `NotFound` if the driver is not loaded, or cannot be reached from this network namespace.
    pub(super) fn open() -> io::Result<Self> {
        let mut socket = NetlinkSocket::open()?;
        let number = socket.family(NAME)?;
        Ok(Self { socket, number })
    }

    /// Connects a device: the one with this index, or else any that is free. Returns its index. The kernel has handles of
    /// its own to the sockets then.
    ///
    /// # Errors
    /// `EPERM` without `CAP_SYS_ADMIN`, `EBUSY` for a device in use, `EINVAL` for an index that cannot be.
    pub(super) fn connect(
        &mut self,
        index: Option<u32>,
        settings: &DeviceSettings,
        sockets: &[impl AsFd],
    ) -> io::Result<u32> {
        let attributes =
            index.map_or_else(Attributes::default, |index| Attributes::default().u32(INDEX, index));
        let attributes = attributes
            .u64(SIZE_BYTES, settings.size)
            .u64(BLOCK_SIZE_BYTES, settings.block_size)
            .u64(SERVER_FLAGS, settings.server_flags.into());
        let attributes = with_limits(attributes, settings).nested(SOCKETS, &numbers(sockets));
        let answer = self.call(CONNECT, attributes, |answer| Ok(answer.u32(INDEX)?))?.flatten();
        answer.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "kernel: CONNECT names no device"))
    }

    /// Gives a device whose sockets are dead new ones. Its size stays: to change it, kernels from 6.12 on wait for the requests
    /// under way, which wait for the sockets.
    ///
    /// # Errors
    /// `EINVAL` for another backend identifier, or a device that is not connected.
    pub(super) fn replace_sockets(
        &mut self,
        index: u32,
        settings: &DeviceSettings,
        sockets: &[impl AsFd],
    ) -> io::Result<()> {
        let attributes = with_limits(Attributes::default().u32(INDEX, index), settings);
        self.call(RECONFIGURE, attributes.nested(SOCKETS, &numbers(sockets)), |_| Ok(())).map(drop)
    }

    /// Tells the kernel that the unit has another size.
    ///
    /// # Errors
    /// As [`replace_sockets`](Self::replace_sockets).
    pub(super) fn resize(&mut self, index: u32, settings: &DeviceSettings) -> io::Result<()> {
        let attributes = with_limits(Attributes::default().u32(INDEX, index), settings);
        self.call(RECONFIGURE, attributes.u64(SIZE_BYTES, settings.size), |_| Ok(())).map(drop)
    }

    /// Has the device removed when it is disconnected.
    ///
    /// # Errors
    /// As [`replace_sockets`](Self::replace_sockets).
    pub(super) fn remove_at_the_end(&mut self, index: u32, backend: &str) -> io::Result<()> {
        let attributes = Attributes::default().u32(INDEX, index).text(BACKEND_IDENTIFIER, backend);
        self.call(RECONFIGURE, attributes.u64(CLIENT_FLAGS, DESTROY_ON_DISCONNECT), |_| Ok(())).map(drop)
    }

    /// Disconnects a device. Requests that are not answered yet fail, so there should be none.
    ///
    /// # Errors
    /// `EINVAL` for a device that does not exist.
    pub(super) fn disconnect(&mut self, index: u32) -> io::Result<()> {
        self.call(DISCONNECT, Attributes::default().u32(INDEX, index), |_| Ok(())).map(drop)
    }

    /// Returns whether a device is connected, which it also is while its server is dead.
    ///
    /// # Errors
    /// `EINVAL` for a device that does not exist.
    pub(super) fn is_connected(&mut self, index: u32) -> io::Result<bool> {
        let attributes = Attributes::default().u32(INDEX, index);
        Ok(self.call(STATUS, attributes, |answer| connected(answer, index))?.unwrap_or(false))
    }

    fn call<T>(
        &mut self,
        command: u8,
        attributes: Attributes,
        read: impl Fn(Received<'_>) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        self.socket.call(self.number, (command, VERSION), attributes, read)
    }
}

/// Adds the time limits, and the text that has to be the same as at the connection.
fn with_limits(attributes: Attributes, settings: &DeviceSettings) -> Attributes {
    attributes
        .u64(TIMEOUT, settings.timeout.as_secs())
        .u64(DEAD_CONNECTION_TIMEOUT, settings.dead_connection_timeout.as_secs())
        .text(BACKEND_IDENTIFIER, &settings.backend)
}

fn numbers(sockets: &[impl AsFd]) -> Attributes {
    sockets.iter().fold(Attributes::default(), |list, socket| {
        // A handle of this process is never negative.
        let number = socket.as_fd().as_raw_fd().cast_unsigned();
        list.nested(SOCKET_ITEM, &Attributes::default().u32(SOCKET_NUMBER, number))
    })
}

/// Whether the answer to STATUS says that this device is connected.
fn connected(answer: Received<'_>, index: u32) -> io::Result<bool> {
    let Some(list) = answer.nested(DEVICE_LIST)? else { return Ok(false) };
    let Some(device) = list.nested(DEVICE_ITEM)? else { return Ok(false) };
    Ok(device.u32(DEVICE_INDEX)? == Some(index)
        && device.u8(DEVICE_CONNECTED)?.is_some_and(|state| state != 0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::attach::netlink_message::{Answer, Request, split_answer};

    /// Reads attributes as those of an answer of the kernel, which has the form of a request.
    fn received<T>(attributes: Attributes, read: impl FnOnce(Received<'_>) -> T) -> T {
        let answer = Request { family: 0x1c, command: STATUS, version: VERSION, sequence: 1, attributes };
        match split_answer(&mut &answer.encode()[..]) {
            Ok(Some((1, Answer::Data(attributes)))) => read(attributes),
            other => panic!("{other:?}"),
        }
    }

    /// The answer about one device; its state is the first byte of the text.
    fn status(index: u32, state: &str) -> Attributes {
        let device = Attributes::default().u32(DEVICE_INDEX, index).text(DEVICE_CONNECTED, state);
        Attributes::default().nested(DEVICE_LIST, &Attributes::default().nested(DEVICE_ITEM, &device))
    }

    #[test]
    fn a_device_is_connected_if_the_kernel_says_so_of_it() {
        let is_connected = |attributes| received(attributes, |answer| connected(answer, 3)).unwrap();
        assert!(is_connected(status(3, "\u{1}")));
        assert!(!is_connected(status(3, "")));
        assert!(!is_connected(status(4, "\u{1}")));
        assert!(!is_connected(Attributes::default()));
        assert!(!is_connected(Attributes::default().nested(DEVICE_LIST, &Attributes::default())));
    }

    #[test]
    fn sockets_are_named_by_their_numbers() {
        let (socket, _) = std::os::unix::net::UnixStream::pair().unwrap();
        let number = socket.as_raw_fd().cast_unsigned();
        received(numbers(&[socket]), |list| {
            let item = list.nested(SOCKET_ITEM).unwrap().unwrap();
            assert_eq!(item.u32(SOCKET_NUMBER), Ok(Some(number)));
        });
    }

    #[test]
    fn limits_are_told_in_seconds_with_the_name_of_the_unit() {
        let settings = DeviceSettings {
            size: 1 << 20,
            block_size: 512,
            timeout: Duration::from_millis(7900),
            dead_connection_timeout: Duration::from_secs(9),
            server_flags: 1,
            backend: "unit".to_owned(),
        };
        received(with_limits(Attributes::default(), &settings), |attributes| {
            assert_eq!(attributes.find(TIMEOUT), Ok(Some(&7_u64.to_ne_bytes()[..])));
            assert_eq!(attributes.find(DEAD_CONNECTION_TIMEOUT), Ok(Some(&9_u64.to_ne_bytes()[..])));
            assert_eq!(attributes.find(BACKEND_IDENTIFIER), Ok(Some(&b"unit\0"[..])));
        });
    }
}
