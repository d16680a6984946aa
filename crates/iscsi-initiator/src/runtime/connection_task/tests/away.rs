//! The task of a session whose target is away.

use std::pin::pin;

use super::*;
use crate::runtime::{Attempt, Redial};

/// A target that nobody can connect to; counts the attempts.
#[derive(Default)]
struct Away(AtomicUsize);

impl<S: Stream> Redial<S> for Away {
    fn log_in(&self, _: Option<Portal>) -> Attempt<'_, S> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let portal = "127.0.0.1:3260".parse().unwrap();
        Box::pin(async { Err(Error::Connect { portal, reason: "refused".to_owned() }) })
    }
}

/// Thousands of sessions wait for the same target: each is polled once for an attempt, when its pause is over, until it is given
/// up.
#[tokio::test(start_paused = true)]
async fn a_session_that_waits_is_polled_once_for_each_attempt() {
    let ((stream, peer), policy) = (connect(Digests::default()).await, RecoveryPolicy::default());
    drop(peer);
    let (mut task, _link) = session_over(stream, 1, LIMITS, Parameters::default(), Digests::default());
    let away = Arc::new(Away::default());
    task.redial = Some(Arc::clone(&away) as Arc<dyn Redial<TcpStream>>);
    task.shared.0.lock().nexus = Nexus::new(policy, None, 0, Duration::ZERO);
    let (began, mut running, mut polls) = (Instant::now(), pin!(task.run()), 0);
    poll_fn(|context| {
        polls += 1;
        running.as_mut().poll(context)
    })
    .await;
    let (time, attempts) = (began.elapsed(), away.0.load(Ordering::Relaxed));
    assert!(time.abs_diff(policy.loss_timeout) < Duration::from_secs(1), "{time:?}");
    assert!((20..50).contains(&attempts), "{attempts}");
    // And when the connection ends, when commands begin to fail, and at the end.
    assert!(polls <= attempts + 4, "{polls} polls for {attempts} attempts");
}
