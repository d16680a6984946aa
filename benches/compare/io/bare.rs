//! The lower bound: as many bytes over a socket as the operations take, in batches, with memory that is used again and
//! nothing parsed.

use std::io::{ErrorKind, Read as _, Write as _};
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
    let batches = |operations: u64| Ok::<_, Failure>(operations / u64::try_from(pipe.depth)?);
    end.ask(batches(unmeasured)?)?;
    let (began, used) = (Instant::now(), processor_time::own()?);
    end.ask(batches(operations)?)?;
    let seconds = began.elapsed().as_secs_f64();
    let cpu_seconds = processor_time::own()?.saturating_sub(used).as_secs_f64();
    Ok(ClientSample { operations, unmeasured, seconds, cpu_seconds })
}

/// Answers batches until standard input ends.
pub(crate) fn respond(exchanges: Exchanges, depth: usize) -> Result<(), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    server::announce(listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming() {
            if let Err(error) =
                stream.map_err(Failure::from).and_then(|stream| End::new(stream, &exchanges, depth)?.answer())
            {
                eprintln!("responder: {error}");
            }
        }
    });
    Ok(server::wait_for_end()?)
}

/// One end of the connection, with the bytes of a batch.
struct End {
    stream: TcpStream,
    requests: Vec<u8>,
    answers: Vec<u8>,
}

impl End {
    fn new(stream: TcpStream, exchanges: &Exchanges, depth: usize) -> Result<Self, Failure> {
        stream.set_nodelay(true)?;
        let Exchange { request, answer } = *exchanges.0.first().ok_or("no exchange")?;
        Ok(Self { stream, requests: vec![1; request * depth], answers: vec![1; answer * depth] })
    }

    fn ask(&mut self, batches: u64) -> Result<(), Failure> {
        for _ in 0..batches {
            self.stream.write_all(&self.requests)?;
            self.stream.read_exact(&mut self.answers)?;
        }
        Ok(())
    }

    /// Until the client closes the connection.
    fn answer(&mut self) -> Result<(), Failure> {
        loop {
            match self.stream.read_exact(&mut self.requests) {
                Ok(()) => self.stream.write_all(&self.answers)?,
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
