//! The place of netlink on systems that do not have it.

use std::io;

use super::netlink_message::{Attributes, Received};

/// Cannot be opened.
pub(super) enum NetlinkSocket {}

impl NetlinkSocket {
    pub(super) fn open() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn family(&mut self, _name: &str) -> io::Result<u16> {
        match *self {}
    }

    pub(super) fn call<T>(
        &mut self,
        _family: u16,
        _command: (u8, u8),
        _attributes: Attributes,
        _read: impl Fn(Received<'_>) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        match *self {}
    }
}
