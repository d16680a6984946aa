//! The end of a session, as its callers learn of it.

use super::*;

/// LGO-08: requests that were sent, that wait for the window and that wait in line all end with the reason.
#[tokio::test]
async fn lgo_08_every_request_is_answered_when_the_session_ends() {
    let (task, link, peer) = session(3, LIMITS, Parameters::default()).await;
    let portal = task.connection.portal.clone();
    let running = tokio::spawn(task.run());
    let replies = fill(&link, usize::MAX).await;
    assert_eq!(replies.len(), 256);
    let waiting = async {
        let waiting = link.submit(request(Transfer::None));
        waiting.await.err()
    };
    let (waiting, ()) = tokio::join!(waiting, async {
        drop(peer);
        running.await.unwrap();
    });
    let over = link.end_reason().unwrap();
    assert!(matches!(&over, Error::ConnectionLost { portal: lost, .. } if *lost == portal), "{over}");
    assert_eq!(waiting.as_ref(), Some(&over));
    for reply in replies {
        assert_eq!(reply.outcome().await.unwrap_err(), over);
    }
    assert_eq!(link.submit(request(Transfer::None)).await.err(), Some(over));
}

/// An error says whether the target has closed the connection, or what the operating system reports.
#[tokio::test]
async fn the_reason_of_a_lost_connection() {
    for is_reset in [false, true] {
        let (task, link, peer) = session(1, LIMITS, Parameters::default()).await;
        if is_reset {
            peer.stream.set_zero_linger().unwrap();
        }
        drop(peer);
        task.run().await;
        let over = link.end_reason().unwrap();
        let Error::ConnectionLost { reason, .. } = &over else { panic!("{over}") };
        assert_eq!(reason == "closed by the target", !is_reset, "{reason}");
    }
}

/// Observes the state that a caller finds when it gets its outcome.
struct Witness {
    pool: IsidPool,
    peer: Mutex<std::net::TcpStream>,
    /// The ISID that a login would have, and whether the connection is closed.
    seen: Mutex<Vec<(Isid, bool)>>,
}

impl Wake for Witness {
    fn wake(self: Arc<Self>) {
        let isid = self.pool.lease(None).unwrap().isid();
        let mut stream = self.peer.lock().unwrap();
        let closed = loop {
            match stream.read(&mut [0; 512]) {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error) => break error.kind() != std::io::ErrorKind::WouldBlock,
            }
        };
        self.seen.lock().unwrap().push((isid, closed));
    }
}

/// NAM-06: a caller that learns of the end finds the connection closed and the ISID free, even the caller that timed
/// out.
#[tokio::test(start_paused = true)]
async fn nam_06_the_isid_is_free_when_the_end_is_known() {
    let (mut task, link, peer) = session(1, LIMITS, Parameters::default()).await;
    let pool = IsidPool::in_memory().unwrap();
    task.lease = pool.lease(None).unwrap();
    let isid = task.lease.isid();
    let peer = Mutex::new(peer.stream.into_std().unwrap());
    let witness = Arc::new(Witness { pool, peer, seen: Mutex::default() });
    let waker = Arc::clone(&witness).into();
    let mut outcomes: Vec<_> =
        fill(&link, 2).await.into_iter().map(|reply| Box::pin(reply.outcome())).collect();
    for outcome in &mut outcomes {
        assert!(outcome.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    task.run().await;
    assert_eq!(*witness.seen.lock().unwrap(), [(isid, true), (isid, true)]);
}

/// A caller that looks between the end of the session and the close of its connection waits on.
#[tokio::test]
async fn nam_06_the_end_is_not_known_before_the_connection_is_closed() {
    let (task, link, _peer) = session(1, LIMITS, Parameters::default()).await;
    let reply = submit(&link, Transfer::None).await;
    task.shared.0.lock().session.fail(Failure::Lost("test".to_owned()));
    let mut outcome = Box::pin(reply.outcome());
    assert!(outcome.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(link.end_reason(), None);
    task.run().await;
    assert_eq!(outcome.await.unwrap_err(), link.end_reason().unwrap());
}

/// A task that is dropped, as with its runtime, has ended too.
#[tokio::test]
async fn callers_learn_of_a_task_that_was_dropped() {
    let (task, link, _peer) = session(1, LIMITS, Parameters::default()).await;
    let reply = submit(&link, Transfer::None).await;
    drop(task);
    let over = Error::SessionEnded("its task has stopped".to_owned());
    assert_eq!(reply.outcome().await.unwrap_err(), over);
    assert_eq!(link.ended().await, over);
}
