//! The TCP connections of a capture.

use std::path::{Path, PathBuf};

use crate::packets::{self, Segment};
use crate::stream::Stream;

/// The sender of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// The side that opened the connection.
    Initiator,
    /// The side that listened.
    Target,
}

/// The bytes that each side of a connection sent.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    initiator: Vec<u8>,
    target: Vec<u8>,
}

impl Connection {
    pub(crate) fn bytes(&self, side: Side) -> &[u8] {
        match side {
            Side::Initiator => &self.initiator,
            Side::Target => &self.target,
        }
    }
}

/// The capture files of this folder, by name.
pub(crate) fn capture_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "pcap")).collect();
    files.sort();
    files
}

/// The connections of a capture file in the order in which they were opened.
pub(crate) fn connections(path: &Path) -> Vec<Connection> {
    reassemble(packets::read(path)).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
}

struct Open {
    initiator_port: u16,
    target_port: u16,
    initiator: Stream,
    target: Option<Stream>,
}

/// Assigns segments to connections. A connection whose beginning was not captured is an error.
pub(crate) fn reassemble(segments: Vec<Segment>) -> Result<Vec<Connection>, String> {
    let mut open: Vec<Open> = Vec::new();
    for segment in segments {
        if segment.syn && segment.acknowledgment.is_none() {
            open.push(Open {
                initiator_port: segment.from,
                target_port: segment.to,
                initiator: Stream::new(segment.sequence),
                target: None,
            });
            continue;
        }
        let ports = (segment.from, segment.to);
        // The most recent connection, because ports may be reused.
        let connection = open.iter_mut().rev().find(|connection| {
            let forth = (connection.initiator_port, connection.target_port);
            ports == forth || ports == (forth.1, forth.0)
        });
        connection.ok_or("a connection was open before the capture began")?.take(&segment)?;
    }
    open.into_iter().map(Open::close).collect()
}

impl Open {
    fn take(&mut self, segment: &Segment) -> Result<(), String> {
        if segment.from == self.target_port && segment.syn {
            self.target.get_or_insert(Stream::new(segment.sequence));
            return Ok(());
        }
        let Some(target) = self.target.as_mut() else {
            return if segment.payload.is_empty() { Ok(()) } else { Err("data before the SYN".to_owned()) };
        };
        let own_is_initiator = segment.from == self.initiator_port;
        let (own, other) =
            if own_is_initiator { (&mut self.initiator, target) } else { (target, &mut self.initiator) };
        own.push(segment.sequence, &segment.payload, segment.fin);
        if let Some(acknowledgment) = segment.acknowledgment {
            other.acknowledge(acknowledgment);
        }
        Ok(())
    }

    fn close(self) -> Result<Connection, String> {
        let target = self.target.ok_or("a connection was refused")?;
        Ok(Connection { initiator: self.initiator.join()?, target: target.join()? })
    }
}
