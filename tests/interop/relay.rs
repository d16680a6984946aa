//! A relay between the program and a target that holds one answer of a login back.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use iscsi_pdu::{BHS_LENGTH, Bhs};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

/// The limit for an answer that usually takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Carries one connection, PDU by PDU up to the answer that it holds back, and everything once that is let go.
/// Dropping it closes the connection.
pub(crate) struct Relay {
    portal: SocketAddr,
    holding: oneshot::Receiver<()>,
    release: Arc<Notify>,
    runtime: Runtime,
}

impl Relay {
    /// A relay to this target that holds its answer of this number back. In a mutual login the first answer chooses CHAP,
    /// the second has the target's challenge, and the third has its CHAP response.
    pub(crate) fn holding_answer(number: usize, target: SocketAddr) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let portal = listener.local_addr().unwrap();
        let (held, holding) = oneshot::channel();
        let release = Arc::new(Notify::new());
        let gate = Gate { number, held, release: Arc::clone(&release) };
        runtime.spawn(carry(listener, target, gate));
        Self { portal, holding, release, runtime }
    }

    /// The address of the relay.
    pub(crate) const fn portal(&self) -> SocketAddr {
        self.portal
    }

    /// Waits for the answer. `false` if the connection ends before, or none comes.
    pub(crate) fn holds(&mut self) -> bool {
        let held = self.runtime.block_on(async { timeout(PATIENCE, &mut self.holding).await });
        matches!(held, Ok(Ok(())))
    }

    /// Passes the answer on, now or as soon as it is there.
    pub(crate) fn let_go(&self) {
        self.release.notify_one();
    }
}

/// The answer to hold, and the event that it waits for.
struct Gate {
    number: usize,
    held: oneshot::Sender<()>,
    release: Arc<Notify>,
}

async fn carry(listener: TcpListener, target: SocketAddr, gate: Gate) -> io::Result<()> {
    let (mut initiator, _) = listener.accept().await?;
    let mut target = TcpStream::connect(target).await?;
    // In a login, initiator and target take turns.
    for _ in 1..gate.number {
        pass(&mut initiator, &mut target).await?;
        pass(&mut target, &mut initiator).await?;
    }
    pass(&mut initiator, &mut target).await?;
    let answer = pdu(&mut target).await?;
    // If the receiver is gone, the test has failed already.
    let _ = gate.held.send(());
    gate.release.notified().await;
    initiator.write_all(&answer).await?;
    copy_bidirectional(&mut initiator, &mut target).await.map(drop)
}

async fn pass(from: &mut TcpStream, to: &mut TcpStream) -> io::Result<()> {
    to.write_all(&pdu(from).await?).await
}

/// One PDU with its padding. There are no digests during a login.
async fn pdu(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut header = [0; BHS_LENGTH];
    stream.read_exact(&mut header).await?;
    let bhs = Bhs::from_bytes(header);
    let data = bhs.data_segment_length().next_multiple_of(4);
    let mut bytes = header.to_vec();
    bytes.resize(BHS_LENGTH + bhs.ahs_length() + usize::try_from(data).unwrap(), 0);
    stream.read_exact(&mut bytes[BHS_LENGTH..]).await?;
    Ok(bytes)
}
