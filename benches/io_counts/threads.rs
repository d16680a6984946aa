//! Processor time of an operation by one session and by several, on one thread and on two.

use std::env;
use std::net::SocketAddr;
use std::process::Command;

use iscsi_benches::io::{Client, Failure, GATHERING_TARGET, Operation, Portal, Workload};
use iscsi_benches::server::Server;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// Samples of each setting, taken by turns.
const SAMPLES: usize = 9;
/// Operations in flight of a session, which the target answers together.
const DEPTH: usize = 32;
/// Operations of each in a sample, by all sessions together.
const ROUNDS: u64 = 4000;
/// Rounds before that.
const WARM_UP: u64 = 100;
/// The most processor time of an operation, as a multiple of one session on one thread.
const MOST: f64 = 1.25;

/// Sessions, and worker threads of the runtime.
const SETTINGS: [(usize, usize); 3] = [(1, 1), (1, 2), (8, 2)];

/// Prints a table with medians. False if several threads take too much.
pub(crate) fn measure() -> Result<bool, Failure> {
    let server = Server::start(&["--serve", &DEPTH.to_string(), "0"])?;
    let mut samples = SETTINGS.map(|_| Vec::new());
    for _ in 0..SAMPLES {
        for ((sessions, threads), samples) in SETTINGS.into_iter().zip(&mut samples) {
            samples.push(sample(server.address(), sessions, threads)?);
        }
    }
    println!("sessions  threads  ns of the processor per 4 KiB read  beside the first");
    let medians = samples.map(median);
    let mut is_within = true;
    for ((sessions, threads), median) in SETTINGS.into_iter().zip(medians) {
        let ratio = median / medians.first().copied().unwrap_or(median);
        println!("{sessions:8}  {threads:7}  {median:34.0}  {ratio:16.2}");
        is_within &= ratio <= MOST;
    }
    Ok(is_within)
}

/// Nanoseconds of one operation, by a process of its own.
fn sample(address: SocketAddr, sessions: usize, threads: usize) -> Result<f64, Failure> {
    let arguments = ["--threaded".to_owned(), address.to_string(), sessions.to_string(), threads.to_string()];
    let output = Command::new(env::current_exe()?).args(arguments).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The client: prints the nanoseconds of processor time that an operation took. The data are compared outside of them.
pub(crate) fn run(address: SocketAddr, sessions: usize, threads: usize) -> Result<(), Failure> {
    let mut builder = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    let runtime = builder.worker_threads(threads).enable_all().build()?;
    let workload = Workload { operation: Operation::Read, length: 4096, depth: DEPTH, digests: false };
    let portal = Portal { address, target: GATHERING_TARGET.to_owned(), lun: 0 };
    let rounds = ROUNDS / sessions as u64;
    let nanoseconds = runtime.block_on(async {
        let mut clients = Vec::new();
        for _ in 0..sessions {
            clients.push(Client::log_in(&portal, workload, 0).await?);
        }
        let clients = run_all(clients, WARM_UP).await?;
        let before = processor_time()?;
        let clients = run_all(clients, rounds).await?;
        let after = processor_time()?;
        for mut client in clients {
            client.verify().await?;
            client.log_out().await?;
        }
        Ok::<_, Failure>(after - before)
    })?;
    let operations = i64::try_from(rounds)? * i64::try_from(sessions * DEPTH)?;
    println!("{}", nanoseconds / operations);
    Ok(())
}

/// All sessions at the same time.
async fn run_all(clients: Vec<Client>, rounds: u64) -> Result<Vec<Client>, Failure> {
    let mut running = JoinSet::new();
    for mut client in clients {
        running.spawn(async move { client.run(rounds).await.map(|()| client) });
    }
    let mut clients = Vec::new();
    while let Some(ended) = running.join_next().await {
        clients.push(ended??);
    }
    Ok(clients)
}

/// Processor time of this process so far, in nanoseconds.
fn processor_time() -> Result<i64, Failure> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    Ok((usage.user_time() + usage.system_time()).num_microseconds() * 1000)
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}
