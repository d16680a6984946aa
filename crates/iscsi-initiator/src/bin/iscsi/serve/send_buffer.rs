//! The memory that the kernel keeps for what a client has not taken yet.

use std::os::fd::AsFd;

/// The bytes that a socket takes without a reader: several replies with their data.
const LENGTH: usize = 1 << 20;

/// Lets a Unix socket take more. Without the right to exceed the system's limit, it takes as much as that permits.
pub(crate) fn enlarge(socket: impl AsFd) {
    #[cfg(target_os = "linux")]
    if rustix::net::sockopt::set_socket_send_buffer_size_force(&socket, LENGTH).is_ok() {
        return;
    }
    if let Err(error) = rustix::net::sockopt::set_socket_send_buffer_size(&socket, LENGTH) {
        tracing::debug!(%error, "a socket has a small buffer");
    }
}
