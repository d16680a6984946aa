//! A relay between the session and its target that cuts connections, or holds back what is on them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// The most bytes that are passed on at once.
const PIECE: usize = 16 << 10;
/// The time that a connection to be cut has for the bytes that still pass.
const LAST_BYTES: Duration = Duration::from_millis(100);
/// The time for which the target's side of a connection that has ended is still read.
const LAST_READS: Duration = Duration::from_secs(20);

/// The way in which connections are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As by a process that ends: the end of the stream, behind all that was sent.
    Close,
    /// As by a firewall: what was sent may be lost.
    Reset,
}

/// The end of a connection on the side of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetSide {
    /// The same as on the side of the initiator.
    Same,
    /// The end of the stream, and what the target still sends is read. The user network of QEMU 7.2 aborts the emulator when a
    /// connection is gone while the guest takes no data (`soread: Assertion 'buf_len != 0' failed`).
    EndOfStream,
}

/// An order to the connections that are there.
#[derive(Clone, Copy, Debug)]
enum Order {
    Pass,
    /// To pass so many bytes more in each direction, and to end.
    Cut(Ending, usize),
    /// To hold back what comes, in both directions, for so long, and to pass it on then.
    Hold(Duration),
}

/// A relay. Connections end when it is dropped.
pub(crate) struct Relay {
    portal: SocketAddr,
    orders: watch::Sender<Order>,
    accepted: Arc<AtomicU64>,
    _runtime: Runtime,
}

impl Relay {
    /// A relay on a free port of this address, on a thread of its own.
    pub(crate) fn start(address: SocketAddr, target: SocketAddr, target_side: TargetSide) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
        let (orders, received) = watch::channel(Order::Pass);
        let (portal, accepted) = (listener.local_addr().unwrap(), Arc::<AtomicU64>::default());
        runtime.spawn(accept(listener, (target, target_side), received, Arc::clone(&accepted)));
        Self { portal, orders, accepted, _runtime: runtime }
    }

    pub(crate) const fn portal(&self) -> SocketAddr {
        self.portal
    }

    /// The number of connections so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Cuts the connections that are there, behind so many bytes more of each direction.
    pub(crate) fn cut(&self, ending: Ending, bytes: usize) {
        self.orders.send_replace(Order::Cut(ending, bytes));
    }

    /// Holds back for this time what is on the connections that are there. Later connections work.
    pub(crate) fn hold(&self, time: Duration) {
        self.orders.send_replace(Order::Hold(time));
    }
}

async fn accept(
    listener: TcpListener,
    (target, target_side): (SocketAddr, TargetSide),
    orders: watch::Receiver<Order>,
    accepted: Arc<AtomicU64>,
) {
    loop {
        let Ok((initiator, _)) = listener.accept().await else { continue };
        accepted.fetch_add(1, Ordering::Relaxed);
        let mut orders = orders.clone();
        orders.mark_unchanged();
        // An end of either side is the end of both, which drops them.
        tokio::spawn(async move {
            let Ok(target) = TcpStream::connect(target).await else { return };
            _ = carry(initiator, target, target_side, orders).await;
        });
    }
}

async fn carry(
    initiator: TcpStream,
    target: TcpStream,
    target_side: TargetSide,
    orders: watch::Receiver<Order>,
) -> io::Result<()> {
    for stream in [&initiator, &target] {
        stream.set_nodelay(true)?;
    }
    let (from_initiator, to_initiator) = initiator.into_split();
    let (from_target, to_target) = target.into_split();
    // Neither half is dropped, which would close it, before both directions are at their end.
    let mut out = Direction { from: from_initiator, to: to_target, orders: orders.clone() };
    let mut back = Direction { from: from_target, to: to_initiator, orders };
    let ending = tokio::select! {
        ending = out.carry() => ending,
        ending = back.carry() => ending,
    };
    let is_reset = matches!(ending, Ok(Ending::Reset));
    if is_reset {
        out.from.as_ref().set_zero_linger()?;
    }
    match target_side {
        TargetSide::Same if is_reset => back.from.as_ref().set_zero_linger(),
        TargetSide::Same => Ok(()),
        TargetSide::EndOfStream => {
            drop((out.from, back.to));
            end_stream(out.to, back.from).await
        }
    }
}

/// Ends the stream to the target, and reads what it sends for a while, whether it ends its own or not.
async fn end_stream(mut to: OwnedWriteHalf, mut from: OwnedReadHalf) -> io::Result<()> {
    to.shutdown().await?;
    let reads = async {
        tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
        std::future::pending().await
    };
    timeout(LAST_READS, reads).await.unwrap_or(Ok(()))
}

/// One direction of a connection.
struct Direction {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    orders: watch::Receiver<Order>,
}

impl Direction {
    /// Passes bytes on until the stream ends or is to be cut.
    async fn carry(&mut self) -> io::Result<Ending> {
        let mut piece = vec![0; PIECE];
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.orders.changed() => {
                    let order = *self.orders.borrow_and_update();
                    match order {
                        Order::Pass => {}
                        Order::Hold(time) => sleep(time).await,
                        Order::Cut(ending, bytes) => return self.end(ending, bytes).await,
                    }
                }
                count = self.from.read(&mut piece) => match count? {
                    0 => return Ok(Ending::Close),
                    count => self.to.write_all(&piece[..count]).await?,
                },
            }
        }
    }

    async fn end(&mut self, ending: Ending, bytes: usize) -> io::Result<Ending> {
        let mut from = (&mut self.from).take(bytes as u64);
        tokio::select! {
            copied = tokio::io::copy(&mut from, &mut self.to) => drop(copied?),
            () = sleep(LAST_BYTES) => {}
        }
        Ok(ending)
    }
}
