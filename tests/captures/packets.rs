//! The TCP segments of a capture file.

use std::fs;
use std::path::Path;

use etherparse::{SlicedPacket, TransportSlice};
use pcap_parser::{LegacyPcapBlock, LegacyPcapSlice, Linktype, PcapBlockOwned};

/// The fields of a TCP segment that reassembly needs.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) from: u16,
    pub(crate) to: u16,
    pub(crate) sequence: u32,
    pub(crate) acknowledgment: Option<u32>,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
    pub(crate) payload: Vec<u8>,
}

/// Returns the segments of a file in the order of capture. Any other content and truncated packets are errors.
pub(crate) fn read(path: &Path) -> Vec<Segment> {
    let bytes = fs::read(path).unwrap();
    let file = LegacyPcapSlice::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(file.header.network, Linktype::ETHERNET, "{}", path.display());
    file.map(|block| match block {
        Ok(PcapBlockOwned::Legacy(block)) => segment(&block),
        Ok(_) => panic!("{} contains blocks other than packets", path.display()),
        Err(error) => panic!("{}: {error}", path.display()),
    })
    .collect()
}

fn segment(block: &LegacyPcapBlock<'_>) -> Segment {
    assert_eq!(block.caplen, block.origlen, "a packet was cut by the recorder");
    let packet = SlicedPacket::from_ethernet(block.data).unwrap();
    let Some(TransportSlice::Tcp(tcp)) = packet.transport else { panic!("a packet is not TCP") };
    Segment {
        from: tcp.source_port(),
        to: tcp.destination_port(),
        sequence: tcp.sequence_number(),
        acknowledgment: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        payload: tcp.payload().to_vec(),
    }
}
