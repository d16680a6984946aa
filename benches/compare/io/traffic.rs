//! The bytes of an operation in both directions, counted by a relay.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use iscsi_benches::io::{Client, Portal, Workload};

use crate::Failure;
use crate::arguments::Runtime;
use crate::exchanges::{Exchange, Exchanges};

/// Bytes relayed at a time.
const LARGEST: usize = 1 << 18;
/// Rounds that are counted, after as many others.
const ROUNDS: usize = 2;

/// Bytes that have passed.
#[derive(Default)]
struct Passed {
    requests: AtomicUsize,
    answers: AtomicUsize,
}

/// The bytes that one operation of the library exchanges with this target.
pub(crate) fn record(portal: &Portal, workload: Workload) -> Result<Exchanges, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let relayed = Portal { address: listener.local_addr()?, ..portal.clone() };
    let passed = Arc::new(Passed::default());
    let relay = thread::spawn({
        let (passed, target) = (Arc::clone(&passed), portal.address);
        move || relay(&listener.accept()?.0, &TcpStream::connect(target)?, &passed)
    });
    let operations = ROUNDS * workload.depth;
    let exchange = Runtime::CurrentThread.build()?.block_on(async {
        let mut client = Client::log_in(&relayed, workload, 0).await?;
        client.run(ROUNDS as u64).await?;
        let before = (passed.requests.load(Ordering::SeqCst), passed.answers.load(Ordering::SeqCst));
        client.run(ROUNDS as u64).await?;
        let request = (passed.requests.load(Ordering::SeqCst) - before.0) / operations;
        let answer = (passed.answers.load(Ordering::SeqCst) - before.1) / operations;
        client.log_out().await?;
        Ok::<_, Failure>(Exchange { request, answer })
    })?;
    relay.join().map_err(|_| "the relay panicked")??;
    Ok(Exchanges(vec![exchange]))
}

fn relay(initiator: &TcpStream, target: &TcpStream, passed: &Passed) -> std::io::Result<()> {
    thread::scope(|scope| {
        let requests = scope.spawn(|| pass(initiator, target, &passed.requests));
        pass(target, initiator, &passed.answers)?;
        requests.join().unwrap_or(Ok(()))
    })
}

/// Bytes are counted before they are sent on: who has received them finds them counted.
fn pass(mut from: &TcpStream, mut to: &TcpStream, count: &AtomicUsize) -> std::io::Result<()> {
    to.set_nodelay(true)?;
    let mut bytes = vec![0; LARGEST];
    loop {
        let length = from.read(&mut bytes)?;
        count.fetch_add(length, Ordering::SeqCst);
        if length == 0 {
            return to.shutdown(Shutdown::Write);
        }
        to.write_all(bytes.get(..length).unwrap_or_default())?;
    }
}
