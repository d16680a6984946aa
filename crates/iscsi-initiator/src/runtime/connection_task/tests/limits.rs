//! Time limits.

use super::*;

/// LGO-07: a request and a logout without an answer end the session at their limits, not before and not after.
#[tokio::test(start_paused = true)]
async fn lgo_07_limits_of_requests_and_of_the_logout() {
    let (task, link, _peer) = session(1, LIMITS, Parameters::default()).await;
    let begin = Instant::now();
    let reply = submit(&link, Transfer::None).await;
    tokio::spawn(task.run());
    let late = Error::Timeout { operation: "TEST", limit: HOUR };
    assert_eq!(reply.outcome().await.unwrap_err(), late);
    // The target does not answer the ping that follows, either.
    assert_eq!((begin.elapsed().as_secs(), link.end_reason()), (3605, Some(late)));

    let limits = Limits { logout: Duration::from_secs(7), ..LIMITS };
    let (task, link, _peer) = session(1, limits, Parameters::default()).await;
    let running = tokio::spawn(task.run());
    // The limit of a logout does not apply before its request.
    tokio::time::sleep(HOUR).await;
    assert_eq!(link.end_reason(), None);
    let begin = Instant::now();
    link.log_out();
    running.await.unwrap();
    let late = Error::Timeout { operation: "logout", limit: limits.logout };
    assert_eq!((begin.elapsed().as_secs(), link.end_reason()), (7, Some(late)));
}

/// CMD-08: an answer reaches its caller, and with it the limit of the request is gone.
#[tokio::test(start_paused = true)]
async fn cmd_08_a_request_that_was_answered_has_no_limit() {
    let (task, link, mut peer) = session(1, LIMITS, Parameters::default()).await;
    let reply = submit(&link, Transfer::Read(8)).await;
    tokio::spawn(task.run());
    let Some(InitiatorPdu::ScsiCommand(command)) = peer.next().await else { panic!("no command") };
    peer.send(data_in(command.itt, 0, &bytes::Bytes::from_static(&[7; 8]))).await;
    let finished = reply.outcome().await.unwrap();
    assert!(matches!(&finished, Outcome::Good(data) if data[..] == [7; 8]), "{finished:?}");
    tokio::time::sleep(2 * HOUR).await;
    assert_eq!(link.end_reason(), None);
}
