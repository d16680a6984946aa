//! PDUs as a capture file: one TCP connection, one packet for each PDU.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use etherparse::PacketBuilder;
use iscsi_pdu::{Digests, WirePdu};
use pcap_file::pcap::{PcapPacket, PcapWriter};

use crate::judged::Judged;

/// The port by which the dissector knows iSCSI.
pub(crate) const TARGET: u16 = 3260;
const INITIATOR: u16 = 50_000;
const ADDRESSES: [[u8; 4]; 2] = [[127, 0, 0, 1], [127, 0, 0, 2]];

/// The connection so far.
pub(crate) struct CaptureFile {
    writer: PcapWriter<File>,
    /// Next sequence numbers of initiator and target.
    sequence: [u32; 2],
    packets: u32,
}

impl CaptureFile {
    /// Begins with the three packets that open the connection.
    pub(crate) fn create(path: &Path) -> Self {
        let writer = PcapWriter::new(File::create(path).unwrap()).unwrap();
        let mut file = Self { writer, sequence: [1000, 2000], packets: 0 };
        file.write(0, &[], Tcp::syn);
        file.sequence[0] += 1;
        file.write(1, &[], |packet| packet.syn().ack(1001));
        file.sequence[1] += 1;
        file.write(0, &[], |packet| packet.ack(2001));
        file
    }

    /// Adds a PDU from the side that sends such.
    pub(crate) fn push(&mut self, pdu: &Judged, digests: Digests) {
        let octets = WirePdu::new(pdu.encode(), digests).unwrap().parts().concat();
        self.push_octets(pdu.side(), &octets);
    }

    /// Adds any octets; side 0 is the initiator.
    pub(crate) fn push_octets(&mut self, side: usize, octets: &[u8]) {
        let acknowledgment = self.sequence[1 - side];
        self.write(side, octets, |packet| packet.ack(acknowledgment).psh());
        self.sequence[side] += u32::try_from(octets.len()).unwrap();
    }

    fn write(&mut self, side: usize, payload: &[u8], flags: impl FnOnce(Tcp) -> Tcp) {
        let ports = [INITIATOR, TARGET];
        let builder = PacketBuilder::ethernet2([2; 6], [2; 6])
            .ipv4(ADDRESSES[side], ADDRESSES[1 - side], 64)
            .tcp(ports[side], ports[1 - side], self.sequence[side], 65_535);
        let mut packet = Vec::new();
        flags(builder).write(&mut packet, payload).unwrap();
        self.packets += 1;
        let time = Duration::from_millis(self.packets.into());
        let length = u32::try_from(packet.len()).unwrap();
        self.writer.write_packet(&PcapPacket::new(time, length, &packet)).unwrap();
    }
}

type Tcp = etherparse::PacketBuilderStep<etherparse::TcpHeader>;
