//! The server of the plain TCP exchange.

use std::net::Ipv4Addr;
use std::sync::Arc;

use iscsi_benches::server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::Failure;
use crate::arguments::Runtime;
use crate::exchanges::Exchanges;

/// Connections that may wait; as many as at the embedded target.
const BACKLOG: u32 = 1024;

/// Answers until told to end; on one thread, as the embedded target.
pub(crate) fn serve(exchanges: Exchanges) -> Result<(), Failure> {
    Runtime::CurrentThread.build()?.block_on(async {
        let listener = listen()?;
        server::announce(listener.local_addr()?);
        tokio::spawn(accept(listener, Arc::new(exchanges)));
        Ok(tokio::task::spawn_blocking(server::wait_for_end).await??)
    })
}

/// Listens with a longer backlog than `TcpListener::bind`: a connection that exceeds the backlog is only retried after a
/// second.
fn listen() -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.listen(BACKLOG)
}

async fn accept(listener: TcpListener, exchanges: Arc<Exchanges>) {
    let bytes: Arc<[u8]> = vec![0; exchanges.longest()].into();
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, Arc::clone(&exchanges), Arc::clone(&bytes)));
    }
}

/// Waits for the client to close behind the last answer, as a target does behind a logout.
async fn answer(mut stream: TcpStream, exchanges: Arc<Exchanges>, bytes: Arc<[u8]>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut inbox = vec![0; bytes.len()];
    for exchange in &exchanges.0 {
        stream.read_exact(inbox.get_mut(..exchange.request).unwrap_or_default()).await?;
        stream.write_all(bytes.get(..exchange.answer).unwrap_or_default()).await?;
    }
    stream.read(&mut inbox).await.map(drop)
}
