//! PDUs over one TCP connection.

use std::io;

use bytes::{Buf, BytesMut};
use iscsi_pdu::{Decoder, Digests, EncodedPdu, RawPdu};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::fault::Fault;

/// Limit on data segments during login (RFC 7143, 6.3).
const LOGIN_SEGMENT: u32 = 8192;
const READ_SIZE: usize = 65_536;

/// A socket with the stream cutter of its incoming side and the digests of its outgoing one.
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

    pub(crate) const fn digests(&self) -> Digests {
        self.digests
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
    pub(crate) async fn receive(&mut self) -> Result<Option<RawPdu>, Fault> {
        loop {
            if let Some(raw) = self.decoder.decode(&mut self.input)? {
                if let Some(witness) = &self.witness {
                    witness(&raw);
                }
                return Ok(Some(raw));
            }
            if self.decoder.is_idle(&self.input) {
                // Nothing is kept for what may never come: thousands of idle connections have no buffer.
                self.input = BytesMut::new();
            }
            self.stream.readable().await?;
            self.input.reserve(self.decoder.bytes_needed(&self.input).max(READ_SIZE));
            match self.stream.try_read_buf(&mut self.input) {
                Ok(0) if self.decoder.is_idle(&self.input) => return Ok(None),
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error.into()),
                Ok(_) | Err(_) => {}
            }
        }
    }

    pub(crate) async fn send(&mut self, raw: RawPdu) -> Result<(), Fault> {
        let pdu = EncodedPdu::new(raw, self.digests)?;
        let [bhs, ahs, header_digest, data, trailer] = pdu.parts();
        let mut bytes = Buf::chain(bhs, ahs).chain(header_digest).chain(data).chain(trailer);
        Ok(self.stream.write_all_buf(&mut bytes).await?)
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Shuts down the sending side of the stream and discards input until the peer closes its side.
    pub(crate) async fn shut_down(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        self.input.clear();
        while self.stream.read_buf(&mut self.input).await? > 0 {
            self.input.clear();
        }
        Ok(())
    }
}
