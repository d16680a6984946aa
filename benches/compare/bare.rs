//! The lower bound: a plain TCP exchange with the segment sizes of a login, without encoding or parsing.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Failure;
use crate::arguments;
use crate::closed_loop::{Attempt, measure};
use crate::exchanges::Exchanges;
use crate::sample::ClientSample;

/// One sample.
pub(crate) fn run(exchange: &arguments::Exchange) -> Result<ClientSample, Failure> {
    let bare = Bare {
        portal: exchange.portal,
        bytes: vec![0; exchange.exchanges.longest()].into(),
        exchanges: Arc::new(exchange.exchanges.clone()),
    };
    exchange.runtime.build()?.block_on(measure(&bare, exchange.amount))
}

#[derive(Clone)]
struct Bare {
    portal: SocketAddr,
    exchanges: Arc<Exchanges>,
    /// The first bytes of every request.
    bytes: Arc<[u8]>,
}

impl Attempt for Bare {
    async fn attempt(&self) -> Result<(), Failure> {
        let mut stream = TcpStream::connect(self.portal).await?;
        stream.set_nodelay(true)?;
        let mut inbox = vec![0; self.bytes.len()];
        for exchange in &self.exchanges.0 {
            stream.write_all(self.bytes.get(..exchange.request).unwrap_or_default()).await?;
            stream.read_exact(inbox.get_mut(..exchange.answer).unwrap_or_default()).await?;
        }
        Ok(())
    }
}
