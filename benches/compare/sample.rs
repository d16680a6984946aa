//! Result of one run of one client.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Failure;

/// The result as the client prints it, in a line of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClientSample {
    /// Logins, reads or writes measured.
    pub(crate) operations: u64,
    /// Those before them.
    pub(crate) unmeasured: u64,
    /// The duration of the measured operations.
    pub(crate) seconds: f64,
    /// Processor time of the client meanwhile, its own and the kernel's for it.
    pub(crate) cpu_seconds: f64,
}

/// The sample with the processor time of the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    /// Processor time of the client per operation, in microseconds.
    pub(crate) client_us: f64,
    /// Processor time of the target per operation, in microseconds.
    pub(crate) target_us: f64,
}

impl Sample {
    /// The target's time counts for all operations of the client: it is read before the first and behind the last.
    pub(crate) fn new(client: ClientSample, target: Duration) -> Self {
        let ClientSample { operations, unmeasured, seconds, cpu_seconds } = client;
        Self {
            per_second: count(operations) / seconds,
            client_us: cpu_seconds * 1e6 / count(operations),
            target_us: target.as_secs_f64() * 1e6 / count(operations + unmeasured),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "nobody waits for 2^53 operations")]
const fn count(operations: u64) -> f64 {
    operations as f64
}

/// Tells it to who started this process.
pub(crate) fn print(sample: &ClientSample) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(sample)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_time_is_shared_by_all_operations() {
        let client = ClientSample { operations: 200, unmeasured: 50, seconds: 0.5, cpu_seconds: 0.01 };
        let sample = Sample::new(client, Duration::from_millis(25));
        let expected = Sample { per_second: 400.0, client_us: 50.0, target_us: 100.0 };
        assert_eq!(sample, expected);
    }
}
