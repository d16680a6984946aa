//! One TCP connection that carries PDUs.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use iscsi_pdu::{Digests, EncodedPdu, Portal, RawPdu};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, lookup_host};

use crate::error::Error;
use crate::wire::Inbox;

/// The most addresses of one host name that are tried: a redirection can name any host.
const MAX_ADDRESSES: usize = 4;

async fn open(portal: &Portal) -> io::Result<TcpStream> {
    let addresses = lookup_host((portal.host.as_str(), portal.port)).await?;
    let addresses: Vec<_> = addresses.take(MAX_ADDRESSES).collect();
    let stream = TcpStream::connect(&*addresses).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A connection with its buffers. Dropping it closes the socket.
pub(crate) struct Connection<S = TcpStream> {
    pub(super) stream: S,
    pub(super) inbox: Inbox,
    /// Buffer for sending a PDU of the login.
    login_pdu: BytesMut,
    pub(super) digests: Digests,
    pub(super) portal: Portal,
}

impl Connection {
    /// Opens a connection.
    pub(crate) async fn connect(portal: &Portal) -> Result<Self, Error> {
        let stream = open(portal).await.map_err(|error| Error::connect(portal, &error))?;
        Ok(Self {
            stream,
            inbox: Inbox::for_login(),
            login_pdu: BytesMut::new(),
            digests: Digests::default(),
            portal: portal.clone(),
        })
    }

    /// The portal that the connection leads to.
    pub(crate) const fn portal(&self) -> &Portal {
        &self.portal
    }

    /// Full feature phase begins: digests and the segment length that the initiator declared come into force (DIG-02).
    pub(crate) fn enter_full_feature(&mut self, digests: Digests, max_data_segment_length: u32) {
        self.login_pdu = BytesMut::new();
        self.digests = digests;
        self.inbox.enter_full_feature(digests, max_data_segment_length);
    }

    /// The next PDU that has been received.
    pub(crate) fn next_pdu(&mut self) -> Result<Option<RawPdu>, Error> {
        Ok(self.inbox.next_pdu()?)
    }

    /// Sends a PDU of a login completely, then waits for the next PDU of the target.
    ///
    /// # Cancel safety
    /// After the future is dropped the connection must not be used further: the PDU may be sent in part.
    pub(crate) async fn exchange(&mut self, raw: RawPdu) -> Result<RawPdu, Error> {
        self.send_whole(raw).await?;
        loop {
            if let Some(pdu) = self.next_pdu()? {
                return Ok(pdu);
            }
            poll_fn(|context| self.poll_read(context)).await?;
        }
    }

    /// Sends a PDU of a login by one write; it is small enough to be copied into one buffer.
    async fn send_whole(&mut self, raw: RawPdu) -> Result<(), Error> {
        self.login_pdu.clear();
        EncodedPdu::new(raw, self.digests)?.append_to(&mut self.login_pdu);
        self.stream.write_all(&self.login_pdu).await.map_err(|error| Error::lost(&self.portal, &error))
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
    use bytes::Bytes;
    use iscsi_pdu::{Bhs, Opcode};
    use tokio::net::TcpListener;

    use super::*;

    /// A connection and the other end of its connection.
    async fn connection() -> (Connection, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let portal = listener.local_addr().unwrap().to_string().parse().unwrap();
        let connection = Connection::connect(&portal).await.unwrap();
        assert_eq!(connection.portal(), &portal);
        (connection, listener.accept().await.unwrap().0)
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

    /// A login sends its request completely, and waits for the whole response.
    #[tokio::test]
    async fn log_01_an_exchange_of_a_login() {
        use tokio::io::AsyncReadExt as _;
        let (mut connection, mut peer) = connection().await;
        let target = async {
            let mut request = vec![0; 48 + 8];
            peer.read_exact(&mut request).await.unwrap();
            send(&mut peer, pdu(Opcode::LOGIN_RESPONSE, 600), Digests::default()).await;
            request
        };
        let request = pdu(Opcode::LOGIN_REQUEST, 5);
        let exchange = async { tokio::join!(connection.exchange(request), target) };
        let patience = std::time::Duration::from_secs(10);
        let (answer, request) = tokio::time::timeout(patience, exchange).await.unwrap();
        assert_eq!(answer.unwrap().data.len(), 600);
        // Padded, without digests.
        assert_eq!(request[48..], [7, 7, 7, 7, 7, 0, 0, 0]);
    }
}
