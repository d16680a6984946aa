//! A socket that counts the bytes of its session.

use std::io::{IoSlice, IoSliceMut};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Numbers of bytes, and of reads.
#[derive(Debug, Default)]
pub(super) struct Counts {
    read: AtomicUsize,
    written: AtomicUsize,
    /// Reads to the place where the caller wants the data, which took further bytes as well.
    landed_beside: AtomicUsize,
}

impl Counts {
    pub(super) fn read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }

    pub(super) fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }

    pub(super) fn landed_beside(&self) -> usize {
        self.landed_beside.load(Ordering::Relaxed)
    }
}

pub(super) struct CountedStream {
    pub(super) stream: TcpStream,
    pub(super) counts: Arc<Counts>,
}

impl CountedStream {
    pub(super) fn new(stream: TcpStream) -> (Self, Arc<Counts>) {
        let counts = Arc::new(Counts::default());
        (Self { stream, counts: Arc::clone(&counts) }, counts)
    }
}

impl Stream for CountedStream {
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_readable(context)
    }

    fn read_available(&self, places: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let count = self.stream.read_available(places)?;
        self.counts.read.fetch_add(count, Ordering::Relaxed);
        if !places[0].is_empty() && count > places[0].len() {
            self.counts.landed_beside.fetch_add(1, Ordering::Relaxed);
        }
        Ok(count)
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_writable(context)
    }

    fn write_available(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let count = self.stream.write_available(slices)?;
        self.counts.written.fetch_add(count, Ordering::Relaxed);
        Ok(count)
    }

    fn limit_unsent(&self) {
        self.stream.limit_unsent();
    }
}
