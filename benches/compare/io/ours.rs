//! The contender `ours`: reads and writes by the library, one spawned task for each operation in flight.

use std::time::Instant;

use iscsi_benches::io::{self, Portal};

use super::arguments::{Client, Operations};
use crate::Failure;
use crate::arguments::Runtime;
use crate::processor_time;
use crate::sample::ClientSample;

/// One sample. The data are compared when the clocks have been read.
pub(crate) fn run(client: &Client) -> Result<ClientSample, Failure> {
    let portal = Portal { address: client.portal, target: client.target.clone(), lun: client.lun };
    let Operations { unmeasured, operations } = client.operations;
    let depth = u64::try_from(client.workload.depth)?;
    // Another generation than that of the sample before.
    let generation = u64::from(std::process::id());
    Runtime::CurrentThread.build()?.block_on(async {
        let mut session = io::Client::log_in(&portal, client.workload, generation).await?;
        session.run(unmeasured / depth).await?;
        let (began, used) = (Instant::now(), processor_time::own()?);
        session.run(operations / depth).await?;
        let seconds = began.elapsed().as_secs_f64();
        let cpu_seconds = processor_time::own()?.saturating_sub(used).as_secs_f64();
        if client.verify {
            session.verify().await?;
        }
        session.log_out().await?;
        Ok(ClientSample { operations, unmeasured, seconds, cpu_seconds })
    })
}
