//! Reassembly of one direction of a TCP connection.

use std::collections::BTreeMap;

/// Collects segments by sequence number. They may be out of order, duplicated or overlapping.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Sequence number of the first byte.
    first: u32,
    pieces: BTreeMap<usize, Vec<u8>>,
    /// Position of the end of the stream, known from a FIN.
    end: Option<usize>,
    /// Number of bytes that the other side has acknowledged, which must have been captured.
    acknowledged: usize,
}

impl Stream {
    /// Creates a stream whose SYN had this sequence number.
    pub(crate) const fn new(syn: u32) -> Self {
        Self { first: syn.wrapping_add(1), pieces: BTreeMap::new(), end: None, acknowledged: 0 }
    }

    fn offset(&self, sequence: u32) -> usize {
        sequence.wrapping_sub(self.first) as usize
    }

    /// Adds the payload of a segment; of two that begin at the same byte the longer one is kept.
    pub(crate) fn push(&mut self, sequence: u32, payload: &[u8], fin: bool) {
        let at = self.offset(sequence);
        if fin {
            self.end = Some(at + payload.len());
        }
        if payload.is_empty() {
            return;
        }
        let piece = self.pieces.entry(at).or_default();
        let both = piece.len().min(payload.len());
        assert_eq!(piece[..both], payload[..both], "a retransmission differs at byte {at}");
        if piece.len() < payload.len() {
            *piece = payload.to_vec();
        }
    }

    /// Records the other side's acknowledgment. A FIN counts as one byte.
    pub(crate) fn acknowledge(&mut self, acknowledgment: u32) {
        self.acknowledged = self.acknowledged.max(self.offset(acknowledgment));
    }

    /// Returns all bytes, or an error: a gap, an overlap with different bytes, a missing end.
    pub(crate) fn join(self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for (at, piece) in self.pieces {
            let Some(known) = bytes.get(at..) else { return Err(format!("bytes are missing before {at}")) };
            let both = known.len().min(piece.len());
            if known[..both] != piece[..both] {
                return Err(format!("a retransmission differs at byte {at}"));
            }
            bytes.extend_from_slice(&piece[both..]);
        }
        let fin = usize::from(self.end.is_some());
        if self.end.is_some_and(|end| end != bytes.len()) || self.acknowledged > bytes.len() + fin {
            return Err(format!("bytes are missing after {}", bytes.len()));
        }
        Ok(bytes)
    }
}
