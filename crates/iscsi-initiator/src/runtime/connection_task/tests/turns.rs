//! Turns of the task: when it asks for another one, and when it lets other workers go first.

use tokio::runtime::{Builder, Runtime};

use super::*;

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
    let ((count, waker), mut replies, mut sent) = (counter(), Vec::new(), Vec::new());
    for requests in requests {
        replies.extend(fill(&link, *requests).await);
        count.take();
        assert!(task.connection.poll(&mut Context::from_waker(&waker)).is_pending());
        sent.push((peer.opcodes().await.len(), count.take()));
    }
    sent
}

/// While responses are outstanding and other workers may have more to submit, the task lets them pass once; the first
/// request, and one on a single thread, leaves at once.
#[test]
fn requests_of_several_workers_leave_together() {
    let at_once = [(1, 0), (1, 0), (1, 0), (0, 0)];
    let together = [(1, 0), (0, 1), (2, 0), (0, 0)];
    std::thread::scope(|scope| {
        for (workers, sent) in [(None, at_once), (Some(1), at_once), (Some(2), together)] {
            scope.spawn(move || {
                assert_eq!(runtime(workers).block_on(sent_by_polls(&[1, 1, 1, 0])), sent, "{workers:?}");
            });
        }
    });
}

/// Two requests end together. Returns the requests that were sent by each of two polls behind the next request of the first
/// caller.
async fn sent_behind_outcomes() -> [usize; 2] {
    let (mut task, link, mut peer) = session(10, LIMITS, Parameters::default()).await;
    let mut poll = || assert!(task.connection.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let mut replies = fill(&link, 2).await;
    poll();
    for stat_sn in 0..2 {
        peer.answer(stat_sn).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    poll();
    assert!(replies.remove(0).now().is_some());
    let _next = fill(&link, 1).await;
    poll();
    let first = peer.opcodes().await.len();
    poll();
    [first, peer.opcodes().await.len()]
}

/// Callers whose requests have ended together were woken together: the next request of one waits once for those of the others,
/// unless they run on the same thread.
#[test]
fn requests_behind_outcomes_leave_together() {
    std::thread::scope(|scope| {
        for (workers, sent) in [(None, [1, 0]), (Some(2), [0, 1])] {
            scope.spawn(move || {
                assert_eq!(runtime(workers).block_on(sent_behind_outcomes()), sent, "{workers:?}");
            });
        }
    });
}

/// The task waits for a socket that is full, and goes on when the target has read.
#[tokio::test]
async fn a_full_socket_is_waited_for() {
    const LENGTH: usize = 1 << 20;
    let mut parameters = Parameters::default();
    parameters.max_send_data_segment_length = 1 << 20;
    parameters.first_burst_length = 1 << 20;
    let (mut task, link, mut peer) = session(32, LIMITS, parameters).await;
    let mut replies = Vec::new();
    for _ in 0..32 {
        replies.push(submit(&link, Transfer::Write(vec![7; LENGTH].into())).await);
    }
    let (count, waker) = counter();
    let mut poll = || {
        assert!(task.connection.poll(&mut Context::from_waker(&waker)).is_pending());
        count.take()
    };
    // Each turn is bounded, so the task may need some.
    let turns = std::iter::repeat_with(&mut poll).take_while(|wakes| *wakes > 0).take(1000).count();
    assert!(turns < 1000, "it does not wait");
    assert_eq!([(); 3].map(|()| poll()), [0; 3]);
    assert!(task.connection.wire.unsent() > 0, "the socket took everything");
    let running = tokio::spawn(task.run());
    assert_eq!(peer.opcodes().await.len(), 32);
    running.abort();
}
