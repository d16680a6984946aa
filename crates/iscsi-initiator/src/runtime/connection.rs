//! One TCP connection that carries PDUs.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use iscsi_pdu::{Digests, EncodedPdu, Portal, RawPdu};
use tokio::net::TcpStream;

use crate::error::Error;
use crate::wire::{Inbox, Outbox};

/// A connection with its buffers. Dropping it closes the socket.
pub(crate) struct Connection {
    stream: TcpStream,
    inbox: Inbox,
    outbox: Outbox,
    digests: Digests,
    portal: Portal,
}

impl Connection {
    /// A connection in full feature phase, with the digests that are in force for what it sends.
    pub(crate) fn new(stream: TcpStream, inbox: Inbox, digests: Digests, portal: Portal) -> Self {
        Self { stream, inbox, outbox: Outbox::default(), digests, portal }
    }

    /// The portal that the connection leads to.
    pub(crate) const fn portal(&self) -> &Portal {
        &self.portal
    }

    /// Bytes waiting to be sent.
    pub(crate) fn unsent(&self) -> usize {
        self.outbox.bytes()
    }

    /// Queues a PDU for sending.
    pub(crate) fn enqueue(&mut self, raw: RawPdu) -> Result<(), Error> {
        self.outbox.push(EncodedPdu::new(raw, self.digests)?);
        Ok(())
    }

    /// Sends as much as the socket accepts without waiting.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let written = self.outbox.write_to(|slices| self.stream.try_write_vectored(slices));
        written.map_err(|error| Error::lost(&self.portal, &error))
    }

    /// The next PDU that has been received.
    pub(crate) fn next_pdu(&mut self) -> Result<Option<RawPdu>, Error> {
        Ok(self.inbox.next_pdu()?)
    }

    /// Waits until the socket can be read, or written if PDUs are queued, then reads and writes.
    ///
    /// # Cancel safety
    /// A future that is dropped has lost nothing: received bytes are in the inbox.
    pub(crate) async fn make_progress(&mut self) -> Result<(), Error> {
        poll_fn(|context| self.poll_progress(context)).await
    }

    fn poll_progress(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let written = self.poll_write(context)?;
        let read = self.poll_read(context)?;
        if written.is_ready() { written.map(Ok) } else { read.map(Ok) }
    }

    /// Ready when something was sent.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.unsent() == 0 {
            return Poll::Pending;
        }
        ready!(self.stream.poll_write_ready(context)).map_err(|error| Error::lost(&self.portal, &error))?;
        Poll::Ready(self.flush())
    }

    /// Ready when something was read. Space is only allocated when the socket is readable.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            ready!(self.stream.poll_read_ready(context))
                .map_err(|error| Error::lost(&self.portal, &error))?;
            match self.stream.try_read_buf(self.inbox.with_space()) {
                Ok(0) => return Poll::Ready(Err(Error::lost(&self.portal, &self.inbox.end_of_stream()))),
                Ok(_) => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(Error::lost(&self.portal, &error))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};
    use iscsi_pdu::{Bhs, Opcode};
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    /// A connection and the other end of its connection.
    async fn connection() -> (Connection, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let portal = listener.local_addr().unwrap().to_string().parse().unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let connection = Connection::new(stream, Inbox::new(), Digests::default(), portal);
        (connection, listener.accept().await.unwrap().0)
    }

    impl Connection {
        fn enter_full_feature(&mut self, digests: Digests, max_data_segment_length: u32) {
            self.digests = digests;
            self.inbox.enter_full_feature(digests, max_data_segment_length);
        }
    }

    fn pdu(opcode: Opcode, length: u32) -> RawPdu {
        RawPdu::with_data(Bhs::new(opcode), Bytes::from(vec![7; length as usize]))
    }

    /// Sends a PDU of the target, with the digests that are in force at the target.
    async fn send(peer: &mut TcpStream, raw: RawPdu, digests: Digests) {
        let mut bytes = BytesMut::new();
        EncodedPdu::new(raw, digests).unwrap().append_to(&mut bytes);
        peer.write_all(&bytes).await.unwrap();
    }

    async fn receive(connection: &mut Connection) -> Result<RawPdu, Error> {
        loop {
            if let Some(raw) = connection.next_pdu()? {
                return Ok(raw);
            }
            connection.make_progress().await?;
        }
    }

    const BOTH: Digests = Digests { header: true, data: true };

    /// The segment limit is 8192 bytes during login, then the declared one. One byte more is refused.
    #[tokio::test]
    async fn pdu_12_dig_02_limits_and_digests_begin_with_full_feature_phase() {
        for (limit, full_feature) in [(8192, false), (512, true), (65_536, true)] {
            let (mut connection, mut peer) = connection().await;
            let digests = if full_feature { BOTH } else { Digests::default() };
            if full_feature {
                connection.enter_full_feature(digests, limit);
            }
            send(&mut peer, pdu(Opcode::NOP_IN, limit), digests).await;
            assert_eq!(receive(&mut connection).await.unwrap().data.len(), limit as usize);
            send(&mut peer, pdu(Opcode::NOP_IN, limit + 1), digests).await;
            let error = receive(&mut connection).await.unwrap_err();
            let (field, length, limit) = ("DataSegmentLength", limit + 1, limit);
            assert_eq!(error, iscsi_pdu::Error::TooLong { field, length, limit }.into());
        }
    }

    /// A target that does not send the negotiated digests.
    #[tokio::test]
    async fn dig_02_agreed_digests_are_demanded_both_ways() {
        let (mut connection, mut peer) = connection().await;
        connection.enter_full_feature(BOTH, 8192);
        connection.enqueue(pdu(Opcode::NOP_OUT, 0)).unwrap();
        // A header and its digest.
        assert_eq!(connection.unsent(), 52);
        send(&mut peer, pdu(Opcode::NOP_IN, 8), Digests::default()).await;
        assert!(receive(&mut connection).await.is_err());
    }

    /// PDUs that do not fit into the socket buffer are sent as the target reads, while its PDUs are received.
    #[tokio::test]
    async fn progress_is_made_both_ways() {
        use tokio::io::AsyncReadExt as _;
        const PDU: usize = 48 + (1 << 20);
        let (mut connection, mut peer) = connection().await;
        connection.enter_full_feature(Digests::default(), 8192);
        (0..20).for_each(|_| connection.enqueue(pdu(Opcode::DATA_OUT, 1 << 20)).unwrap());
        assert_eq!(connection.unsent(), 20 * PDU);
        send(&mut peer, pdu(Opcode::NOP_IN, 3), Digests::default()).await;
        assert_eq!(receive(&mut connection).await.unwrap().data.len(), 3);
        let drain = async {
            while connection.unsent() > 0 {
                connection.make_progress().await.unwrap();
            }
        };
        let mut received = vec![0; 20 * PDU];
        tokio::join!(drain, async { peer.read_exact(&mut received).await.unwrap() });
        assert!(
            received
                .chunks(PDU)
                .all(|pdu| pdu[0] == Opcode::DATA_OUT.0 && pdu[48..].iter().all(|byte| *byte == 7))
        );
    }

    /// Without anything to send or to read there is no progress, and no busy loop.
    #[tokio::test(start_paused = true)]
    async fn progress_waits() {
        let (mut connection, _theirs) = connection().await;
        let waited =
            tokio::time::timeout(std::time::Duration::from_secs(1), connection.make_progress()).await;
        assert!(waited.is_err());
    }

    #[tokio::test]
    async fn the_end_of_the_stream_between_pdus_and_inside_one() {
        for (sent, reason) in [(0, "closed by the target"), (47, "closed by the target inside a PDU")] {
            let (mut connection, mut peer) = connection().await;
            peer.write_all(&vec![0; sent]).await.unwrap();
            drop(peer);
            let error = receive(&mut connection).await.unwrap_err();
            let Error::ConnectionLost { reason: said, portal } = &error else { panic!("{error}") };
            assert_eq!((said.as_str(), portal), (reason, connection.portal()));
        }
    }

    /// A reset is told apart from an orderly close.
    #[tokio::test]
    async fn a_connection_that_is_reset() {
        let (mut connection, peer) = connection().await;
        peer.set_zero_linger().unwrap();
        drop(peer);
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        let error = receive(&mut connection).await.unwrap_err();
        let Error::ConnectionLost { reason, .. } = &error else { panic!("{error}") };
        assert!(reason.to_lowercase().contains(&reset.to_string()), "{reason}");
    }
}
