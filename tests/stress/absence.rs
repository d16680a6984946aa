//! The time in which a target is away.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A listener at the address of a target that is gone. It closes every connection, and notes when it came.
pub(crate) struct Absence {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    listener: JoinHandle<Vec<Instant>>,
}

/// When connections came, in order.
pub(crate) struct Attempts(Vec<Instant>);

impl Absence {
    pub(crate) fn begin(address: SocketAddr) -> Self {
        let (listener, is_over) = (TcpListener::bind(address).unwrap(), Arc::default());
        let over = Arc::clone(&is_over);
        Self { address, is_over, listener: thread::spawn(move || listen(&listener, &over)) }
    }

    pub(crate) fn end(self) -> Attempts {
        self.is_over.store(true, Ordering::Relaxed);
        // Has the listener look.
        let _ = TcpStream::connect(self.address);
        Attempts(self.listener.join().unwrap())
    }
}

fn listen(listener: &TcpListener, is_over: &AtomicBool) -> Vec<Instant> {
    let mut times = Vec::new();
    loop {
        let connection = listener.accept();
        if is_over.load(Ordering::Relaxed) {
            return times;
        }
        times.push(Instant::now());
        drop(connection);
    }
}

impl Attempts {
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The most of them within a time of this length.
    pub(crate) fn most_within(&self, length: Duration) -> usize {
        let until = |end: Instant| self.0.partition_point(|time| *time < end);
        let within = |(before, first): (usize, &Instant)| until(*first + length) - before;
        self.0.iter().enumerate().map(within).max().unwrap_or(0)
    }
}
