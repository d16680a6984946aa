//! The PDUs of one direction of a connection.

use bytes::BytesMut;
use iscsi_pdu::{Decoder, Digests, Error, InitiatorPdu, RawPdu, TargetPdu};

use crate::agreement::Agreement;
use crate::connection::{Connection, Side};

/// A PDU and the bytes from which it was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CapturedPdu {
    pub(crate) side: Side,
    pub(crate) digests: Digests,
    pub(crate) raw: RawPdu,
    /// The bytes from the header to the last digest.
    pub(crate) bytes: Vec<u8>,
}

impl CapturedPdu {
    /// Decodes the typed PDU and encodes it.
    pub(crate) fn encoded(&self) -> Result<RawPdu, Error> {
        let raw = self.raw.clone();
        Ok(match self.side {
            Side::Initiator => InitiatorPdu::decode(raw)?.encode(),
            Side::Target => TargetPdu::decode(raw)?.encode(),
        })
    }
}

/// Splits the bytes that `side` sent into PDUs, `piece` bytes at a time. Remaining bytes are an error.
pub(crate) fn cut(connection: &Connection, side: Side, piece: usize) -> Result<Vec<CapturedPdu>, String> {
    let agreement = Agreement::of(connection);
    let bytes = connection.bytes(side);
    let mut cutter = Cutter::new(side, agreement);
    for piece in bytes.chunks(piece) {
        cutter.stream.extend_from_slice(piece);
        cutter.fed += piece.len();
        cutter.take_all(bytes)?;
    }
    if cutter.decoder.is_idle(&cutter.stream) {
        return Ok(cutter.pdus);
    }
    Err(format!("{side:?}: the stream ends inside PDU {}", cutter.pdus.len()))
}

struct Cutter {
    side: Side,
    agreement: Agreement,
    decoder: Decoder,
    digests: Digests,
    stream: BytesMut,
    /// Number of bytes added to `stream`, and of bytes of complete PDUs removed from it.
    fed: usize,
    taken: usize,
    pdus: Vec<CapturedPdu>,
}

impl Cutter {
    fn new(side: Side, agreement: Agreement) -> Self {
        Self {
            side,
            agreement,
            decoder: Decoder::new(8192),
            digests: Digests::default(),
            stream: BytesMut::new(),
            fed: 0,
            taken: 0,
            pdus: Vec::new(),
        }
    }

    fn take_all(&mut self, bytes: &[u8]) -> Result<(), String> {
        let wrong = |count, error| format!("PDU {count}: {error}");
        while let Some(raw) =
            self.decoder.decode(&mut self.stream).map_err(|error| wrong(self.pdus.len(), error))?
        {
            let end = self.fed - self.stream.len();
            let bytes = bytes[self.taken..end].to_vec();
            self.taken = end;
            self.pdus.push(CapturedPdu { side: self.side, digests: self.digests, raw, bytes });
            self.enter_full_feature();
        }
        Ok(())
    }

    /// Digests begin with the first PDU after the login (RFC 7143, 13.1).
    fn enter_full_feature(&mut self) {
        if self.pdus.len() == self.agreement.rounds {
            self.digests = self.agreement.digests;
            self.decoder.set_full_feature(self.digests, self.agreement.limit(self.side));
        }
    }
}
