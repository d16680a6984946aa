//! The processes that are counted, and their target.

use std::hint::black_box;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use iscsi_benches::io::{Client, Failure, GATHERING_TARGET, Portal, Workload};
use iscsi_benches::metered::metered;
use iscsi_benches::server;
use iscsi_pdu::{BHS_LENGTH, Crc32c};
use iscsi_tests::gathering_target::{GatheringConfig, GatheringTarget};
use nix::sys::resource::{UsageWho, getrusage};
use tokio::runtime::Builder;

use crate::strace::{BEGIN, END};

/// Rounds before the count: buffers are there, and every place has been read.
const WARM_UP: u64 = 16;

/// The generation of written data.
const GENERATION: u64 = 1;

/// The target, until standard input ends. It answers so many commands together, after a pause.
pub(crate) fn serve(batch: usize, pause: Duration) -> Result<(), Failure> {
    let mut config = GatheringConfig::new(GATHERING_TARGET.parse()?, batch);
    config.pause = pause;
    let target = GatheringTarget::bind(config)?;
    server::announce(target.address()?);
    thread::spawn(move || target.serve());
    Ok(server::wait_for_end()?)
}

/// The client; prints the page faults of the counted rounds. The data are compared outside of them.
pub(crate) fn run(workload: Workload, address: SocketAddr, rounds: u64) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let portal = Portal { address, target: GATHERING_TARGET.to_owned(), lun: 0 };
    let mut client = runtime.block_on(Client::log_in(&portal, workload, GENERATION))?;
    runtime.block_on(client.run(WARM_UP))?;
    let before = page_faults()?;
    mark(BEGIN);
    metered((), |()| runtime.block_on(client.run(rounds)))?;
    mark(END);
    let after = page_faults()?;
    runtime.block_on(client.verify())?;
    runtime.block_on(client.log_out())?;
    println!("{}", after - before);
    Ok(())
}

/// The CRC library's own work on the PDUs of a read, once it knows the processor.
pub(crate) fn run_crc(length: usize, rounds: u64) {
    let data = vec![0x5a; length];
    let header = [0x5a; BHS_LENGTH];
    _ = black_box(Crc32c::new().update(&data));
    for _ in 0..rounds {
        metered((&header, &data), |(header, data)| {
            for part in [header.as_slice(), header.as_slice(), data.as_slice()] {
                _ = black_box(Crc32c::new().update(black_box(part)));
            }
        });
    }
    println!("0");
}

/// Minor page faults of this process so far.
fn page_faults() -> Result<i64, Failure> {
    Ok(getrusage(UsageWho::RUSAGE_SELF)?.minor_page_faults())
}

/// A system call that the record of `strace` is cut at; the file does not exist.
pub(crate) fn mark(name: &str) {
    _ = black_box(std::fs::metadata(name));
}
