//! PDUs over one TCP connection.

use std::io;

use bytes::{Buf, BytesMut};
use iscsi_pdu::{Decoder, Digests, EncodedPdu, RawPdu};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::ram_disk::fault::Fault;

/// Limit on data segments during login (RFC 7143, 6.3).
const LOGIN_SEGMENT: u32 = 8192;
const READ_SIZE: usize = 65_536;

/// The end of a connection before its time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// The socket failed or the peer left.
    #[error("connection: {0}")]
    Io(#[from] io::Error),
    /// The peer sent bytes that are no PDU, or the target ended the connection.
    #[error("{0}")]
    Fault(#[from] Fault),
}

impl From<iscsi_pdu::Error> for WireError {
    fn from(error: iscsi_pdu::Error) -> Self {
        Self::Fault(error.into())
    }
}

/// A socket with the decoder of its incoming side and the digests of its outgoing one.
pub(crate) struct Wire {
    stream: TcpStream,
    decoder: Decoder,
    input: BytesMut,
    digests: Digests,
    /// Shown every PDU that is received.
    witness: Option<Witness>,
}

/// Sees every PDU received.
pub(crate) type Witness = Box<dyn Fn(&RawPdu) + Send + Sync>;

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            decoder: Decoder::new(LOGIN_SEGMENT),
            input: BytesMut::new(),
            digests: Digests::default(),
            witness: None,
        })
    }

    /// Shows every PDU received from now on to `witness`.
    pub(crate) fn set_witness(&mut self, witness: Witness) {
        self.witness = Some(witness);
    }

    pub(crate) const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Full feature phase begins: digests on, data segments up to `max_recv` bytes.
    pub(crate) const fn set_full_feature(&mut self, digests: Digests, max_recv: u32) {
        self.digests = digests;
        self.decoder.set_full_feature(digests, max_recv);
    }

    /// The next PDU, or `None` when the peer has closed between two of them.
    ///
    /// # Cancel safety
    /// Bytes already received stay in the buffer.
    pub(crate) async fn receive(&mut self) -> Result<Option<RawPdu>, WireError> {
        loop {
            if let Some(raw) = self.decoder.decode(&mut self.input)? {
                if let Some(witness) = &self.witness {
                    witness(&raw);
                }
                return Ok(Some(raw));
            }
            self.input.reserve(self.decoder.bytes_needed(&self.input).max(READ_SIZE));
            match self.stream.read_buf(&mut self.input).await? {
                0 if self.decoder.is_idle(&self.input) => return Ok(None),
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                _ => {}
            }
        }
    }

    /// Sends a PDU.
    ///
    /// # Cancel safety
    /// Not cancel-safe: part of the PDU may have been sent.
    pub(crate) async fn send(&mut self, raw: RawPdu) -> Result<(), WireError> {
        self.send_with(raw, self.digests).await
    }

    /// Sends a PDU with these digests.
    ///
    /// # Cancel safety
    /// Not cancel-safe: part of the PDU may have been sent.
    pub(crate) async fn send_with(&mut self, raw: RawPdu, digests: Digests) -> Result<(), WireError> {
        let pdu = EncodedPdu::new(raw, digests)?;
        let [bhs, ahs, header_digest, data, trailer] = pdu.parts();
        let mut bytes = Buf::chain(bhs, ahs).chain(header_digest).chain(data).chain(trailer);
        Ok(self.stream.write_all_buf(&mut bytes).await?)
    }

    /// Sends bytes that need be no PDU.
    ///
    /// # Cancel safety
    /// Not cancel-safe: part of the bytes may have been sent.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }
}
