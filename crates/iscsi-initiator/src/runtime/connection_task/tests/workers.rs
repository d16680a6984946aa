//! Runtimes with other workers, which may submit requests while the task works.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::{Builder, Runtime};

use super::*;

/// Counts how often it is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn runtime(workers: Option<usize>) -> Runtime {
    let mut builder = workers.map_or_else(Builder::new_current_thread, |workers| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(workers);
        builder
    });
    builder.enable_all().build().unwrap()
}

/// Polls a task by hand, with requests before each poll. Returns the requests that were sent by each poll, and how often the
/// task has woken itself.
async fn sent_by_polls(requests: &[usize]) -> Vec<(usize, usize)> {
    let (mut task, link, mut peer) = session(10, LIMITS, Parameters::default()).await;
    let (wakes, mut replies, mut sent) = (Arc::new(Wakes::default()), Vec::new(), Vec::new());
    let waker = Waker::from(Arc::clone(&wakes));
    for count in requests {
        replies.extend(fill(&link, *count).await);
        wakes.0.store(0, Ordering::Relaxed);
        assert!(task.poll(&mut Context::from_waker(&waker)).is_pending());
        sent.push((peer.opcodes().await.len(), wakes.0.load(Ordering::Relaxed)));
    }
    sent
}

/// While responses are outstanding and other workers may have more to submit, the task lets them pass once; the first
/// request, and one on a single thread, leaves at once.
#[test]
fn requests_of_several_workers_leave_together() {
    const CASES: [(Option<usize>, [(usize, usize); 4]); 3] = [
        (None, [(1, 0), (1, 0), (1, 0), (0, 0)]),
        (Some(1), [(1, 0), (1, 0), (1, 0), (0, 0)]),
        (Some(2), [(1, 0), (0, 1), (2, 0), (0, 0)]),
    ];
    std::thread::scope(|scope| {
        for (workers, sent) in CASES {
            scope.spawn(move || {
                assert_eq!(runtime(workers).block_on(sent_by_polls(&[1, 1, 1, 0])), sent, "{workers:?}");
            });
        }
    });
}
