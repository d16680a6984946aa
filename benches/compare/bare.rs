//! The contenders `bare` and `replay`: requests that are ready beforehand, whose answers nobody parses.
//!
//! `bare` sends zeros of the sizes of a login to a responder: the lower bound of a login. `replay` sends the recorded requests of
//! the library to the target itself: a login without the work of the initiator.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Failure;
use crate::arguments::{Amount, Exchange, Replay, Runtime};
use crate::closed_loop::{Attempt, measure};
use crate::sample::ClientSample;
use crate::transcript::{Transcript, Turn};

/// Bytes beyond the longest answer for which there is space: an answer that is too long is noticed.
const BEYOND: usize = 64;
/// The time after which an answer that is not complete is taken to be shorter than the recorded one.
const PATIENCE: Duration = Duration::from_secs(5);

/// One sample of `bare`.
pub(crate) fn run(exchange: &Exchange) -> Result<ClientSample, Failure> {
    let transcript = Transcript::of_zeros(&exchange.exchanges);
    sample(exchange.portal, transcript, exchange.runtime, exchange.amount)
}

/// One sample of `replay`.
pub(crate) fn replay(replay: &Replay) -> Result<ClientSample, Failure> {
    sample(replay.portal, replay.transcript.clone(), replay.runtime, replay.amount)
}

fn sample(
    portal: SocketAddr,
    transcript: Transcript,
    runtime: Runtime,
    amount: Amount,
) -> Result<ClientSample, Failure> {
    let bare = Bare { portal, longest: transcript.sizes().longest(), transcript: Arc::new(transcript) };
    runtime.build()?.block_on(async {
        bare.rehearse(PATIENCE).await?;
        let sample = measure(&bare, amount).await?;
        Ok(ClientSample { unmeasured: sample.unmeasured + 1, ..sample })
    })
}

#[derive(Clone)]
struct Bare {
    portal: SocketAddr,
    transcript: Arc<Transcript>,
    longest: usize,
}

impl Bare {
    /// Makes one attempt in limited time. The measured ones have no timer, as that of the library is not part of the lower bound.
    async fn rehearse(&self, patience: Duration) -> Result<(), Failure> {
        let rehearsed = timeout(patience, self.attempt()).await;
        rehearsed.map_err(|_| "an answer is shorter than the recorded one, or does not come")?
    }
}

impl Attempt for Bare {
    async fn attempt(&self) -> Result<(), Failure> {
        let mut stream = TcpStream::connect(self.portal).await?;
        stream.set_nodelay(true)?;
        let mut inbox = vec![0; self.longest + BEYOND];
        for Turn { request, answer } in &self.transcript.0 {
            stream.write_all(request).await?;
            read(&mut stream, &mut inbox, *answer).await?;
        }
        Ok(())
    }
}

/// Reads an answer, and fails if more comes than its length.
async fn read(stream: &mut TcpStream, inbox: &mut [u8], length: usize) -> Result<(), Failure> {
    let mut count = 0;
    while count < length {
        match stream.read(inbox.get_mut(count..).unwrap_or_default()).await? {
            0 => return Err("the connection ended within an answer".into()),
            more => count += more,
        }
    }
    if count == length {
        Ok(())
    } else {
        Err(format!("an answer of {count} bytes instead of {length}").into())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    /// The result of one attempt whose first answer has this length. The target tells the requests it got.
    fn attempt(transcript: &str, answer: usize) -> (Result<(), String>, Vec<u8>) {
        let transcript: Arc<Transcript> = Arc::new(transcript.parse().unwrap());
        Runtime::CurrentThread.build().unwrap().block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let portal = listener.local_addr().unwrap();
            let target = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 2];
                stream.read_exact(&mut request).await.unwrap();
                stream.write_all(&vec![0; answer]).await.unwrap();
                // Until the client closes.
                let _ = stream.read_to_end(&mut Vec::new()).await;
                request
            });
            let bare = Bare { portal, longest: transcript.sizes().longest(), transcript };
            let result = bare.rehearse(Duration::from_millis(200)).await;
            (result.map_err(|error| error.to_string()), target.await.unwrap())
        })
    }

    #[test]
    fn requests_are_sent_as_recorded_and_answers_have_the_recorded_length() {
        assert_eq!(attempt("4387:100", 100), (Ok(()), vec![0x43, 0x87]));
        assert_eq!(attempt("4387:100", 104).0.unwrap_err(), "an answer of 104 bytes instead of 100");
        assert!(attempt("4387:100", 52).0.unwrap_err().starts_with("an answer is shorter"));
    }
}
