//! The sizes of a login's segments, taken from one login through a relay.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::Failure;
use crate::arguments::Runtime;
use crate::case::Authentication;
use crate::closed_loop::Attempt as _;
use crate::exchanges::{Exchange, Exchanges};
use crate::library::Library;
use crate::stage::Stage;

/// Bytes read at a time.
const LARGEST: usize = 8192;

/// The segment sizes between the library and this target, from the first request to the Logout Response.
pub(crate) fn record(stage: &Stage, authentication: Authentication) -> Result<Exchanges, Failure> {
    Runtime::CurrentThread.build()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let portal = listener.local_addr()?.to_string();
        let relay = tokio::spawn(relay(listener, stage.portal()));
        Library::new(&portal, &stage.target(authentication), authentication)?.attempt().await?;
        relay.await?
    })
}

async fn relay(listener: TcpListener, target: SocketAddr) -> Result<Exchanges, Failure> {
    let (initiator, _) = listener.accept().await?;
    let target = TcpStream::connect(target).await?;
    initiator.set_nodelay(true)?;
    target.set_nodelay(true)?;
    Ok(Exchanges(count(initiator, target).await?))
}

async fn count(mut initiator: TcpStream, mut target: TcpStream) -> std::io::Result<Vec<Exchange>> {
    let (mut requests, mut answers) = (vec![0; LARGEST], vec![0; LARGEST]);
    let mut exchanges = Vec::new();
    loop {
        tokio::select! {
            length = initiator.read(&mut requests) => match length? {
                0 => return Ok(exchanges),
                length => {
                    add_request(&mut exchanges, length);
                    target.write_all(requests.get(..length).unwrap_or_default()).await?;
                }
            },
            length = target.read(&mut answers) => match length? {
                0 => return Ok(exchanges),
                length => {
                    add_answer(&mut exchanges, length);
                    initiator.write_all(answers.get(..length).unwrap_or_default()).await?;
                }
            },
        }
    }
}

/// A login goes by turns: a request begins when the one before is answered.
fn add_request(exchanges: &mut Vec<Exchange>, length: usize) {
    match exchanges.last_mut() {
        Some(last) if last.answer == 0 => last.request += length,
        _ => exchanges.push(Exchange { request: length, answer: 0 }),
    }
}

fn add_answer(exchanges: &mut [Exchange], length: usize) {
    if let Some(last) = exchanges.last_mut() {
        last.answer += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_begins_behind_an_answer() {
        let mut exchanges = Vec::new();
        add_request(&mut exchanges, 48);
        add_request(&mut exchanges, 260);
        add_answer(&mut exchanges, 52);
        add_request(&mut exchanges, 48);
        assert_eq!(exchanges, [Exchange { request: 308, answer: 52 }, Exchange { request: 48, answer: 0 }]);
    }
}
