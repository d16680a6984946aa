//! One TCP connection that carries PDUs.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use iscsi_pdu::{Decoder, Digests, EncodedPdu, RawPdu};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, lookup_host};

use super::outbox::Outbox;
use crate::{Error, Portal};

/// Largest data segment during login, both ways (RFC 7143, 6.3).
const LOGIN_SEGMENT_LENGTH: u32 = 8192;
/// Room for one read when the decoder does not ask for more: answers to a login are small.
const LOGIN_READ_LENGTH: usize = 1024;
const READ_LENGTH: usize = 8192;

/// Addresses of one host name that are tried: a redirection names hosts whose owner nobody knows.
const MAX_ADDRESSES: usize = 4;

async fn open(portal: &Portal) -> io::Result<TcpStream> {
    let addresses = lookup_host((portal.host.as_str(), portal.port)).await?;
    let addresses: Vec<_> = addresses.take(MAX_ADDRESSES).collect();
    let stream = TcpStream::connect(&*addresses).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A connection with its buffers. Dropping it closes the socket.
pub(crate) struct Transport {
    stream: TcpStream,
    decoder: Decoder,
    inbox: BytesMut,
    /// Room to make for one read; less than an eighth of it is not worth one.
    read_length: usize,
    /// A PDU of the login on its way out.
    login_pdu: BytesMut,
    outbox: Outbox,
    digests: Digests,
    portal: Portal,
}

impl Transport {
    /// Opens a connection.
    pub(crate) async fn connect(portal: &Portal) -> Result<Self, Error> {
        let stream = open(portal).await.map_err(|error| Error::connect(portal, &error))?;
        Ok(Self {
            stream,
            decoder: Decoder::new(LOGIN_SEGMENT_LENGTH),
            inbox: BytesMut::new(),
            read_length: LOGIN_READ_LENGTH,
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
        self.read_length = READ_LENGTH;
        self.digests = digests;
        self.decoder.set_full_feature(digests, max_data_segment_length);
    }

    /// Bytes waiting to be sent.
    pub(crate) fn unsent(&self) -> usize {
        self.outbox.bytes()
    }

    /// Puts a PDU behind those waiting to be sent.
    pub(crate) fn enqueue(&mut self, raw: RawPdu) -> Result<(), Error> {
        self.outbox.push(EncodedPdu::new(raw, self.digests)?);
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
        poll_fn(|context| self.poll_progress(context)).await
    }

    fn poll_progress(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let written = self.poll_write(context)?;
        let read = self.poll_read(context)?;
        if written.is_ready() { written.map(Ok) } else { read.map(Ok) }
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
        EncodedPdu::new(raw, self.digests)?.append_to(&mut self.login_pdu);
        self.stream.write_all(&self.login_pdu).await.map_err(|error| Error::lost(&self.portal, &error))
    }

    /// Ready when something was sent.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.unsent() == 0 {
            return Poll::Pending;
        }
        ready!(self.stream.poll_write_ready(context)).map_err(|error| Error::lost(&self.portal, &error))?;
        Poll::Ready(self.flush())
    }

    /// Ready when something was read. Room is made when something is there, not before.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            ready!(self.stream.poll_read_ready(context))
                .map_err(|error| Error::lost(&self.portal, &error))?;
            self.make_room();
            match self.stream.try_read_buf(&mut self.inbox) {
                Ok(0) => return Poll::Ready(Err(Error::lost(&self.portal, &self.end_of_stream()))),
                Ok(_) => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(Error::lost(&self.portal, &error))),
            }
        }
    }

    fn make_room(&mut self) {
        let wanted = self.decoder.bytes_needed(&self.inbox).max(self.read_length / 8);
        if self.inbox.capacity() - self.inbox.len() < wanted {
            self.inbox.reserve(wanted.max(self.read_length));
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
