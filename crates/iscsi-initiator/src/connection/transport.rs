//! One TCP connection that carries PDUs.

use std::io;

use bytes::BytesMut;
use iscsi_pdu::{Decoder, Digests, RawPdu, WirePdu};
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::TcpStream;

use super::outbox::Outbox;
use crate::{Error, Portal};

/// Largest data segment during login, both ways (RFC 7143, 6.3).
const LOGIN_SEGMENT_LENGTH: u32 = 8192;
/// Room for one read when the decoder does not ask for more.
const READ_LENGTH: usize = 8192;
/// Less room than this is not worth a read.
const LEAST_READ_LENGTH: usize = 1024;

/// A connection with its buffers. Dropping it closes the socket.
pub(crate) struct Transport {
    stream: TcpStream,
    decoder: Decoder,
    inbox: BytesMut,
    /// A PDU of the login on its way out.
    login_pdu: BytesMut,
    outbox: Outbox,
    digests: Digests,
    portal: Portal,
}

impl Transport {
    /// Opens a connection.
    pub(crate) async fn connect(portal: &Portal) -> Result<Self, Error> {
        let stream = TcpStream::connect((portal.host.as_str(), portal.port))
            .await
            .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
            .map_err(|error| Error::connect(portal, &error))?;
        Ok(Self {
            stream,
            decoder: Decoder::new(LOGIN_SEGMENT_LENGTH),
            inbox: BytesMut::new(),
            login_pdu: BytesMut::new(),
            outbox: Outbox::default(),
            digests: Digests::default(),
            portal: portal.clone(),
        })
    }

    /// Where the connection leads.
    pub(crate) const fn portal(&self) -> &Portal {
        &self.portal
    }

    /// Full feature phase begins: digests and our own segment length come into force (DIG-02).
    pub(crate) fn enter_full_feature(&mut self, digests: Digests, max_data_segment_length: u32) {
        self.login_pdu = BytesMut::new();
        self.digests = digests;
        self.decoder.set_full_feature(digests, max_data_segment_length);
    }

    /// Octets waiting to be sent.
    pub(crate) fn unsent(&self) -> usize {
        self.outbox.octets()
    }

    /// Puts a PDU behind those waiting to be sent.
    pub(crate) fn enqueue(&mut self, raw: RawPdu) -> Result<(), Error> {
        self.outbox.push(WirePdu::new(raw, self.digests)?);
        Ok(())
    }

    /// Sends as much as the socket takes at once.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.outbox.write_to(&self.stream).map_err(|error| Error::lost(&self.portal, &error))
    }

    /// The next PDU that is already here.
    pub(crate) fn next_pdu(&mut self) -> Result<Option<RawPdu>, Error> {
        Ok(self.decoder.decode(&mut self.inbox)?)
    }

    /// Waits until the socket can be read, or written if something waits to be sent, and does both.
    ///
    /// # Cancel safety
    /// A future that is dropped has lost nothing: what was read is in the inbox.
    pub(crate) async fn make_progress(&mut self) -> Result<(), Error> {
        let mut interest = Interest::READABLE;
        if self.unsent() > 0 {
            interest = interest.add(Interest::WRITABLE);
        }
        let ready = self.stream.ready(interest).await.map_err(|error| Error::lost(&self.portal, &error))?;
        if ready.is_writable() {
            self.flush()?;
        }
        if ready.is_readable() { self.read() } else { Ok(()) }
    }

    /// Sends everything, then waits for the next PDU: the rhythm of a login.
    ///
    /// # Cancel safety
    /// The connection must not be used further when the future is dropped: the PDU may be half sent.
    pub(crate) async fn exchange(&mut self, raw: RawPdu) -> Result<RawPdu, Error> {
        self.send_whole(raw).await?;
        loop {
            if let Some(pdu) = self.next_pdu()? {
                return Ok(pdu);
            }
            self.make_progress().await?;
        }
    }

    /// A PDU of a login is small: copied together it leaves by one write.
    async fn send_whole(&mut self, raw: RawPdu) -> Result<(), Error> {
        self.login_pdu.clear();
        WirePdu::new(raw, self.digests)?.append_to(&mut self.login_pdu);
        self.stream.write_all(&self.login_pdu).await.map_err(|error| Error::lost(&self.portal, &error))
    }

    fn read(&mut self) -> Result<(), Error> {
        let wanted = self.decoder.octets_wanted(&self.inbox).max(LEAST_READ_LENGTH);
        if self.inbox.capacity() - self.inbox.len() < wanted {
            self.inbox.reserve(wanted.max(READ_LENGTH));
        }
        match self.stream.try_read_buf(&mut self.inbox) {
            Ok(0) => Err(Error::lost(&self.portal, &self.end_of_stream())),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(Error::lost(&self.portal, &error)),
        }
    }

    fn end_of_stream(&self) -> &'static str {
        if self.decoder.is_idle(&self.inbox) {
            "closed by the target"
        } else {
            "closed by the target inside a PDU"
        }
    }
}
