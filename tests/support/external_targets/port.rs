//! Free ports of 127.0.0.1.

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// All below 32768, where Linux begins to take the ports of outgoing connections. Such a connection could otherwise sit
/// on the port before the daemon does, and a connection attempt that meets its own port succeeds by talking to itself.
const LOWEST: u32 = 10_000;
const COUNT: u32 = 22_000;

/// Ports between the first candidates of two processes with neighbouring ids.
const STRIDE: u32 = 97;

static TRIED: AtomicU32 = AtomicU32::new(0);

/// A TCP port of 127.0.0.1 on which nothing listens, and which this process is not told again until all others have
/// had their turn.
#[must_use]
pub fn free_port() -> u16 {
    (0..COUNT)
        .map(|_| next_candidate())
        .find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        .expect("a free port on 127.0.0.1")
}

fn next_candidate() -> u16 {
    let first = process::id().wrapping_mul(STRIDE);
    let offset = first.wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed)) % COUNT;
    u16::try_from(LOWEST + offset).expect("the highest candidate is a port")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ports_do_not_repeat() {
        let ports: HashSet<u16> = (0..100).map(|_| free_port()).collect();
        assert_eq!(ports.len(), 100);
    }

    #[test]
    fn a_port_in_use_is_passed_over() {
        // Somebody else may take a free port before this does.
        let taken =
            (0..COUNT).find_map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).ok()).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!((0..100).all(|_| free_port() != port));
    }
}
