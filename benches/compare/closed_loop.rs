//! Closed loop: a fixed number of concurrent attempts, each followed by the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;

use crate::Failure;
use crate::arguments::Amount;
use crate::processor_time;
use crate::sample::ClientSample;

/// The repeated operation.
pub(crate) trait Attempt: Clone + Send + 'static {
    fn attempt(&self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Makes attempts that are not measured, then the measured ones. The first failure ends the measurement with an error.
pub(crate) async fn measure<A: Attempt>(attempt: &A, amount: Amount) -> Result<ClientSample, Failure> {
    let Amount { concurrency, unmeasured, logins } = amount;
    run(attempt, concurrency, unmeasured).await?;
    let (began, used) = (Instant::now(), processor_time::own()?);
    run(attempt, concurrency, logins).await?;
    let seconds = began.elapsed().as_secs_f64();
    let cpu_seconds = processor_time::own()?.saturating_sub(used).as_secs_f64();
    Ok(ClientSample { operations: logins, unmeasured, seconds, cpu_seconds })
}

async fn run<A: Attempt>(attempt: &A, concurrency: u32, count: u64) -> Result<(), Failure> {
    let begun = Arc::new(AtomicU64::new(0));
    let mut places = JoinSet::new();
    for _ in 0..concurrency {
        places.spawn(one_behind_another(attempt.clone(), Arc::clone(&begun), count));
    }
    while let Some(ended) = places.join_next().await {
        ended??;
    }
    Ok(())
}

async fn one_behind_another<A: Attempt>(
    attempt: A,
    begun: Arc<AtomicU64>,
    count: u64,
) -> Result<(), Failure> {
    while begun.fetch_add(1, Ordering::Relaxed) < count {
        attempt.attempt().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    /// Counts attempts, and fails at one of them.
    #[derive(Clone)]
    struct Counted {
        made: Arc<AtomicU64>,
        fails_at: u64,
    }

    impl Attempt for Counted {
        async fn attempt(&self) -> Result<(), Failure> {
            tokio::task::yield_now().await;
            let number = self.made.fetch_add(1, Ordering::Relaxed);
            if number == self.fails_at { Err("refused".into()) } else { Ok(()) }
        }
    }

    fn run_counted(fails_at: u64) -> (Result<ClientSample, Failure>, u64) {
        let counted = Counted { made: Arc::default(), fails_at };
        let amount = Amount { concurrency: 8, unmeasured: 10, logins: 100 };
        let runtime = Builder::new_current_thread().build().unwrap();
        let sample = runtime.block_on(measure(&counted, amount));
        (sample, counted.made.load(Ordering::Relaxed))
    }

    #[test]
    fn as_many_attempts_are_made_as_were_asked_for() {
        let (sample, made) = run_counted(u64::MAX);
        assert_eq!(made, 110);
        assert_eq!(sample.unwrap().operations, 100);
    }

    #[test]
    fn a_failure_is_no_sample() {
        assert_eq!(run_counted(50).0.unwrap_err().to_string(), "refused");
    }
}
