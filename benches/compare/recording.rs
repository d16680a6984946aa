//! A relay that takes down one login of the library.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::Failure;
use crate::arguments::Runtime;
use crate::case::Authentication;
use crate::closed_loop::Attempt as _;
use crate::library::Library;
use crate::stage::Stage;
use crate::transcript::Transcript;

/// Bytes read at a time.
const LARGEST: usize = 8192;

/// The requests of the library to this target, and the sizes of its answers, from the first request to the Logout Response.
pub(crate) fn record(stage: &Stage, authentication: Authentication) -> Result<Transcript, Failure> {
    Runtime::CurrentThread.build()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let portal = listener.local_addr()?.to_string();
        let relay = tokio::spawn(relay(listener, stage.portal()));
        Library::new(&portal, &stage.target(authentication), authentication)?.attempt().await?;
        relay.await?
    })
}

async fn relay(listener: TcpListener, target: SocketAddr) -> Result<Transcript, Failure> {
    let (initiator, _) = listener.accept().await?;
    let target = TcpStream::connect(target).await?;
    initiator.set_nodelay(true)?;
    target.set_nodelay(true)?;
    Ok(take_down(initiator, target).await?)
}

async fn take_down(mut initiator: TcpStream, mut target: TcpStream) -> std::io::Result<Transcript> {
    let (mut requests, mut answers) = (vec![0; LARGEST], vec![0; LARGEST]);
    let mut transcript = Transcript::default();
    loop {
        tokio::select! {
            length = initiator.read(&mut requests) => match requests.get(..length?).unwrap_or_default() {
                [] => return Ok(transcript),
                bytes => {
                    transcript.add_request(bytes);
                    target.write_all(bytes).await?;
                }
            },
            length = target.read(&mut answers) => match answers.get(..length?).unwrap_or_default() {
                [] => return Ok(transcript),
                bytes => {
                    transcript.add_answer(bytes.len());
                    initiator.write_all(bytes).await?;
                }
            },
        }
    }
}
