//! The lower bound: as many bytes over a socket as the operations take, with memory that is used again and nothing parsed.

use std::io::{ErrorKind, Read, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use iscsi_benches::server;

use super::arguments::{Operations, Pipe};
use crate::Failure;
use crate::exchanges::{Exchange, Exchanges};
use crate::processor_time;
use crate::sample::ClientSample;

/// One sample.
pub(crate) fn exchange(pipe: &Pipe) -> Result<ClientSample, Failure> {
    let mut end = End::new(TcpStream::connect(pipe.portal)?, &pipe.exchanges, pipe.depth)?;
    let Operations { unmeasured, operations } = pipe.operations;
    end.ask(usize::try_from(unmeasured)?)?;
    let (began, used) = (Instant::now(), processor_time::own()?);
    end.ask(usize::try_from(operations)?)?;
    let seconds = began.elapsed().as_secs_f64();
    let cpu_seconds = processor_time::own()?.saturating_sub(used).as_secs_f64();
    Ok(ClientSample { operations, unmeasured, seconds, cpu_seconds })
}

/// Answers requests, as many together as a batch has, until standard input ends.
pub(crate) fn respond(exchanges: Exchanges, depth: usize, batch: usize) -> Result<(), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    server::announce(listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let served = stream
                .map_err(Failure::from)
                .and_then(|stream| End::new(stream, &exchanges, depth)?.answer(batch));
            if let Err(error) = served {
                eprintln!("responder: {error}");
            }
        }
    });
    Ok(server::wait_for_end()?)
}

/// One end of the connection. Its memory is as large as that of an initiator with a buffer for each operation in flight.
struct End {
    stream: TcpStream,
    exchange: Exchange,
    depth: usize,
    requests: Vec<u8>,
    answers: Vec<u8>,
}

impl End {
    fn new(stream: TcpStream, exchanges: &Exchanges, depth: usize) -> Result<Self, Failure> {
        stream.set_nodelay(true)?;
        let exchange = *exchanges.0.first().ok_or("no exchange")?;
        let Exchange { request, answer } = exchange;
        Ok(Self {
            stream,
            exchange,
            depth,
            requests: vec![1; request * depth],
            answers: vec![1; answer * depth],
        })
    }

    /// Keeps as many operations in flight as the depth says: each complete answer is followed by the next request.
    fn ask(&mut self, operations: usize) -> Result<(), Failure> {
        let mut incoming = Incoming::default();
        let (mut sent, mut done) = (self.depth.min(operations), 0);
        self.send_requests(sent)?;
        while done < operations {
            let complete = incoming.read(&mut self.stream, &mut self.answers, self.exchange.answer)?;
            let next = complete.min(operations - sent);
            self.send_requests(next)?;
            (sent, done) = (sent + next, done + complete);
        }
        Ok(())
    }

    fn send_requests(&mut self, count: usize) -> Result<(), Failure> {
        let bytes =
            self.requests.get(..count * self.exchange.request).ok_or("more requests than are in flight")?;
        Ok(self.stream.write_all(bytes)?)
    }

    /// Answers requests in batches of this number, each by one write, until the client closes the connection.
    fn answer(&mut self, batch: usize) -> Result<(), Failure> {
        let (mut incoming, mut waiting) = (Incoming::default(), 0);
        let answers = batch * self.exchange.answer;
        loop {
            match incoming.read(&mut self.stream, &mut self.requests, self.exchange.request) {
                Ok(complete) => waiting += complete,
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            while waiting >= batch {
                self.stream.write_all(self.answers.get(..answers).ok_or("a batch beyond the depth")?)?;
                waiting -= batch;
            }
        }
    }
}

/// Bytes that arrive one behind the other in memory that is used again.
#[derive(Default)]
struct Incoming {
    /// The place of the next byte.
    place: usize,
    /// Bytes of an incomplete request or answer.
    part: usize,
}

impl Incoming {
    /// Reads once. Returns how many pieces of this length have become complete.
    fn read(&mut self, stream: &mut impl Read, memory: &mut [u8], length: usize) -> std::io::Result<usize> {
        let count = stream.read(memory.get_mut(self.place..).unwrap_or_default())?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.place = (self.place + count) % memory.len();
        let bytes = self.part + count;
        self.part = bytes % length;
        Ok(bytes / length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_complete_when_their_last_byte_has_arrived() {
        let (mut incoming, mut memory) = (Incoming::default(), [0; 6]);
        let mut stream: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(incoming.read(&mut stream, &mut memory, 3).unwrap(), 2);
        assert_eq!(incoming.read(&mut stream, &mut memory, 3).unwrap(), 0);
        assert_eq!((incoming.part, memory), (2, [7, 8, 3, 4, 5, 6]));
        let end = incoming.read(&mut stream, &mut memory, 3).unwrap_err();
        assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn requests_are_answered_alone_and_in_batches() {
        let exchanges: Exchanges = "48:1000".parse().unwrap();
        for batch in [1, 4] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let mut client =
                End::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap(), &exchanges, 4).unwrap();
            let mut server = End::new(listener.accept().unwrap().0, &exchanges, 4).unwrap();
            let server = thread::spawn(move || server.answer(batch).unwrap());
            client.ask(64).unwrap();
            drop(client);
            server.join().unwrap();
        }
    }
}
