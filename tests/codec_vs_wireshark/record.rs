//! PDUs as packets in a pcap file: one TCP connection for each setting of the digests.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use etherparse::{PacketBuilder, PacketBuilderStep, TcpHeader};
use iscsi_tests::external_targets::Dissection;
use pcap_file::pcap::{PcapPacket, PcapWriter};
use tempfile::TempDir;

/// The target's port, the one IANA assigned.
const TARGET_PORT: u16 = 3260;

/// The file in its folder.
const NAME: &str = "record.pcap";

/// Bytes of a TCP segment, the default of RFC 9293 (3.7.1); a longer PDU takes several.
const SEGMENT: usize = 536;

/// The sender of a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Initiator,
    Target,
}

/// A record that is being written.
pub(crate) struct Record {
    file: PcapWriter<File>,
    /// Frames so far; tshark counts from 1.
    frames: u64,
    initiator_port: u16,
    /// The next sequence number of the initiator and of the target.
    next: [u32; 2],
}

impl Record {
    /// An empty record.
    fn create(path: &Path) -> Self {
        let file = PcapWriter::new(File::create(path).unwrap()).unwrap();
        Self { file, frames: 0, initiator_port: 40_000, next: [0; 2] }
    }

    /// A new TCP connection: SYN, SYN and ACK, ACK.
    pub(crate) fn connect(&mut self) {
        self.initiator_port += 1;
        self.next = [1_000, 5_000];
        let syn = self.header(Sender::Initiator).syn();
        self.write(syn, &[]);
        self.next[0] += 1;
        let syn = self.header(Sender::Target).syn().ack(self.next[0]);
        self.write(syn, &[]);
        self.next[1] += 1;
        self.segment(Sender::Initiator, &[]);
    }

    /// Bytes of the stream in as many segments as they take; the number of the last frame.
    pub(crate) fn bytes(&mut self, sender: Sender, bytes: &[u8]) -> u64 {
        for segment in bytes.chunks(SEGMENT) {
            self.segment(sender, segment);
        }
        self.frames
    }

    fn segment(&mut self, sender: Sender, bytes: &[u8]) {
        let header = self.header(sender).psh().ack(self.next[1 - sender as usize]);
        self.write(header, bytes);
        self.next[sender as usize] += u32::try_from(bytes.len()).unwrap();
    }

    fn header(&self, sender: Sender) -> PacketBuilderStep<TcpHeader> {
        let (initiator, target) = ((1, self.initiator_port), (2, TARGET_PORT));
        let (from, to) = if sender == Sender::Initiator { (initiator, target) } else { (target, initiator) };
        PacketBuilder::ethernet2([2, 0, 0, 0, 0, from.0], [2, 0, 0, 0, 0, to.0])
            .ipv4([192, 0, 2, from.0], [192, 0, 2, to.0], 64)
            .tcp(from.1, to.1, self.next[sender as usize], u16::MAX)
    }

    fn write(&mut self, header: PacketBuilderStep<TcpHeader>, bytes: &[u8]) {
        let mut frame = Vec::new();
        header.write(&mut frame, bytes).unwrap();
        let length = u32::try_from(frame.len()).unwrap();
        // One millisecond apart.
        let packet = PcapPacket::new(Duration::from_millis(self.frames), length, &frame);
        self.file.write_packet(&packet).unwrap();
        self.frames += 1;
    }
}

/// A record in a folder of its own.
pub(crate) struct ScratchRecord {
    folder: TempDir,
    pub(crate) record: Record,
}

impl ScratchRecord {
    /// An empty one.
    pub(crate) fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::create(&folder.path().join(NAME));
        Self { folder, record }
    }

    /// The dissection of the record.
    pub(crate) fn dissection(&self) -> Dissection {
        Dissection::of(&self.folder.path().join(NAME), TARGET_PORT)
    }
}
