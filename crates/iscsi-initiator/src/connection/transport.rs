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

#[cfg(test)]
mod tests {
    use bytes::{BufMut as _, Bytes};
    use iscsi_pdu::{Bhs, Opcode};
    use tokio::net::TcpListener;

    use super::*;

    /// A transport and the other end of its connection.
    async fn transport() -> (Transport, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let portal = listener.local_addr().unwrap().to_string().parse().unwrap();
        let transport = Transport::connect(&portal).await.unwrap();
        assert_eq!(transport.portal(), &portal);
        (transport, listener.accept().await.unwrap().0)
    }

    fn pdu(opcode: Opcode, length: u32) -> RawPdu {
        RawPdu::with_data(Bhs::new(opcode), Bytes::from(vec![7; length as usize]))
    }

    /// Sends a PDU of the target, with digests if the target thinks that they are in force.
    async fn send(theirs: &mut TcpStream, raw: RawPdu, digests: Digests) {
        let mut bytes = BytesMut::new();
        EncodedPdu::new(raw, digests).unwrap().append_to(&mut bytes);
        theirs.write_all(&bytes).await.unwrap();
    }

    async fn receive(transport: &mut Transport) -> Result<RawPdu, Error> {
        loop {
            if let Some(raw) = transport.next_pdu()? {
                return Ok(raw);
            }
            transport.make_progress().await?;
        }
    }

    const BOTH: Digests = Digests { header: true, data: true };

    /// During login 8192 bytes, whatever this initiator will declare; then what it has declared. One more is refused.
    #[tokio::test]
    async fn pdu_12_dig_02_limits_and_digests_begin_with_full_feature_phase() {
        for (limit, full_feature) in [(8192, false), (512, true), (65_536, true)] {
            let (mut transport, mut theirs) = transport().await;
            let digests = if full_feature { BOTH } else { Digests::default() };
            if full_feature {
                transport.enter_full_feature(digests, limit);
            }
            send(&mut theirs, pdu(Opcode::NOP_IN, limit), digests).await;
            assert_eq!(receive(&mut transport).await.unwrap().data.len(), limit as usize);
            send(&mut theirs, pdu(Opcode::NOP_IN, limit + 1), digests).await;
            let error = receive(&mut transport).await.unwrap_err();
            let (field, length, limit) = ("DataSegmentLength", limit + 1, limit);
            assert_eq!(error, iscsi_pdu::Error::TooLong { field, length, limit }.into());
        }
    }

    /// A target that does not send the digests that were agreed on.
    #[tokio::test]
    async fn dig_02_agreed_digests_are_demanded_both_ways() {
        let (mut transport, mut theirs) = transport().await;
        transport.enter_full_feature(BOTH, 8192);
        transport.enqueue(pdu(Opcode::NOP_OUT, 0)).unwrap();
        // A header and its digest.
        assert_eq!(transport.unsent(), 52);
        send(&mut theirs, pdu(Opcode::NOP_IN, 8), Digests::default()).await;
        assert!(receive(&mut transport).await.is_err());
    }

    /// What does not fit the socket leaves as the target reads, together with what it sends meanwhile.
    #[tokio::test]
    async fn progress_is_made_both_ways() {
        use tokio::io::AsyncReadExt as _;
        const PDU: usize = 48 + (1 << 20);
        let (mut transport, mut theirs) = transport().await;
        transport.enter_full_feature(Digests::default(), 8192);
        (0..20).for_each(|_| transport.enqueue(pdu(Opcode::DATA_OUT, 1 << 20)).unwrap());
        assert_eq!(transport.unsent(), 20 * PDU);
        send(&mut theirs, pdu(Opcode::NOP_IN, 3), Digests::default()).await;
        assert_eq!(receive(&mut transport).await.unwrap().data.len(), 3);
        let drain = async {
            while transport.unsent() > 0 {
                transport.make_progress().await.unwrap();
            }
        };
        let mut received = vec![0; 20 * PDU];
        tokio::join!(drain, async { theirs.read_exact(&mut received).await.unwrap() });
        assert!(
            received
                .chunks(PDU)
                .all(|pdu| pdu[0] == Opcode::DATA_OUT.0 && pdu[48..].iter().all(|byte| *byte == 7))
        );
    }

    /// Without anything to send or to read there is no progress, and nothing spins.
    #[tokio::test(start_paused = true)]
    async fn progress_waits() {
        let (mut transport, _theirs) = transport().await;
        let waited = tokio::time::timeout(std::time::Duration::from_secs(1), transport.make_progress()).await;
        assert!(waited.is_err());
    }

    #[tokio::test]
    async fn the_end_of_the_stream_between_pdus_and_inside_one() {
        for (sent, reason) in [(0, "closed by the target"), (47, "closed by the target inside a PDU")] {
            let (mut transport, mut theirs) = transport().await;
            theirs.write_all(&vec![0; sent]).await.unwrap();
            drop(theirs);
            let error = receive(&mut transport).await.unwrap_err();
            let Error::ConnectionLost { reason: said, portal } = &error else { panic!("{error}") };
            assert_eq!((said.as_str(), portal), (reason, transport.portal()));
        }
    }

    /// Room is made when less than an eighth of a read is left, or less than the PDU at the front needs.
    #[tokio::test]
    async fn room_for_a_read() {
        let (mut transport, _theirs) = transport().await;
        transport.enter_full_feature(Digests::default(), 1 << 20);
        let room = |left: usize, transport: &mut Transport| {
            // Whole headers without data: nothing more is wanted for the first.
            transport.inbox = BytesMut::with_capacity(READ_LENGTH);
            let filled = transport.inbox.capacity() - left;
            transport.inbox.put_bytes(0, filled);
            transport.make_room();
            transport.inbox.capacity() - transport.inbox.len()
        };
        assert_eq!(room(READ_LENGTH / 8, &mut transport), READ_LENGTH / 8);
        assert!(room(READ_LENGTH / 8 - 1, &mut transport) >= READ_LENGTH);
        assert!(room(0, &mut transport) >= READ_LENGTH);
        // A PDU of which a whole MiB is missing.
        transport.inbox = BytesMut::with_capacity(READ_LENGTH);
        transport.inbox.put_slice(&[Opcode::DATA_IN.0, 0, 0, 0, 0, 0x10, 0, 0]);
        transport.inbox.put_bytes(0, 40);
        assert_eq!(transport.next_pdu().unwrap(), None);
        transport.make_room();
        assert!(transport.inbox.capacity() - transport.inbox.len() >= 1 << 20);
    }
}
