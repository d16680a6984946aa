//! Logical units as block devices of the kernel: its NBD driver, configured over generic netlink, and fed through socket
//! pairs by this process.

mod control;
pub(crate) mod daemon;
pub(crate) mod detachment;
pub(crate) mod device;
mod device_settings;
mod device_user;
mod driver;
pub(crate) mod lifecycle;
pub(crate) mod list;
mod login;
mod nbd_family;
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "there is no netlink elsewhere"))]
mod netlink_message;
#[cfg_attr(not(target_os = "linux"), path = "attach/no_netlink_socket.rs")]
mod netlink_socket;
pub(crate) mod placement;
mod registry;
mod sockets;
pub(crate) mod status;
pub(crate) mod time_limits;
mod unit_identity;
mod unit_size;
