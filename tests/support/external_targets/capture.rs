//! Recording of loopback traffic.

use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::daemon::Daemon;
use super::dissection::Dissection;
use super::patience::{PATIENCE, wait_for};
use super::program::Program;

const DUMPCAP: Program = Program { name: "dumpcap", package: "tshark" };

/// Datagrams that mark both ends of a record. The filter takes them in; no iSCSI dissector looks at them.
const BEGIN_MARK: &[u8] = b"the record begins here";
const END_MARK: &[u8] = b"the record ends here";

/// A running record of one port.
///
/// `dumpcap` says that it listens before it does, and writes its file about twice a second. Therefore both ends are
/// marked by a datagram: the record has begun when the first has arrived in the file, and it is complete when the
/// second has.
pub struct Capture {
    // Before the folder: the daemon goes before its files.
    daemon: Daemon,
    port: u16,
    folder: TempDir,
}

impl Capture {
    /// Begins to record everything to and from this TCP port of loopback; when this returns, nothing is missed any
    /// more. Takes up to half a second.
    #[must_use]
    pub fn start(port: u16) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let daemon = spawn(port, folder.path());
        let mut capture = Self { daemon, port, folder };
        capture.mark(BEGIN_MARK);
        capture
    }

    /// Ends the record and hands it to the reader. Takes up to half a second.
    #[must_use]
    pub fn stop(mut self) -> Dissection {
        self.mark(END_MARK);
        assert!(self.daemon.interrupt(PATIENCE), "dumpcap does not end: {}", self.daemon.log());
        Dissection::new(record_in(self.folder.path()), self.port, Some(self.folder))
    }

    /// Sends a mark until it has arrived in the file.
    fn mark(&mut self, mark: &[u8]) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free UDP port");
        let record = record_in(self.folder.path());
        let arrived = wait_for(PATIENCE, || {
            socket.send_to(mark, (Ipv4Addr::LOCALHOST, self.port)).expect("loopback takes datagrams");
            let seen = fs::read(&record).is_ok_and(|bytes| contains(&bytes, mark));
            (seen || self.daemon.has_ended()).then_some(seen)
        });
        assert!(
            arrived == Some(true),
            "dumpcap does not record; who is not root has to be in the group of those who may (sudo dpkg-reconfigure \
             wireshark-common; sudo adduser $USER wireshark): {}",
            self.daemon.log()
        );
    }
}

fn record_in(folder: &Path) -> PathBuf {
    folder.join("record.pcap")
}

fn spawn(port: u16, folder: &Path) -> Daemon {
    let mut command = DUMPCAP.command();
    let filter = format!("tcp port {port} or udp port {port}");
    // A buffer of 64 MiB, for bursts that come faster than they are written; -P: pcap, the simpler format.
    command.args(["-q", "-P", "-B", "64", "-i", "lo", "-f", &filter, "-w"]).arg(record_in(folder));
    Daemon::spawn(command, folder)
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}
